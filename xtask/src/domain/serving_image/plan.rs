//! What `build-images` would do, as plain data; `Display` is the lines a person could run.
//! Planning never touches the world: whether a binary is there is asked later.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{ImageName, ImageSettings, Instead, Server, app};
use crate::domain::{
    plan::{self, PlanError},
    profile::{BaseImage, DeviceToolchain, Profile},
    proof::Feature,
    settings::EngineSettings,
    step::{ImageRecipe, Step},
    toolchain::shell_quote,
    variant::{Device, Variant},
};

/// Where an image without libraries of its own would copy them from: empty in every Debian and Ubuntu.
pub const NO_LIBRARIES: &str = "/srv";
/// Ports inside a container.
pub const GRPC_PORT: u16 = 8500;
pub const REST_PORT: u16 = 8501;
/// The user of every serving image, as its Dockerfile has it.
pub const USER: &str = "65532:65532";

/// Everything `build-images` would do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlan {
    pub title: String,
    pub images: Vec<PlannedImage>,
}

/// What an image is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A model is served.
    Servers,
    /// Servers are compared.
    App,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedImage {
    pub name: ImageName,
    pub content: Content,
    pub repository: String,
    /// Further tags.
    pub aliases: Vec<ImageName>,
    pub profile: String,
    /// The profile in words.
    pub about: String,
    pub device: Device,
    /// Best first.
    pub servers: Vec<Server>,
    /// For CPUs that can run none of the servers; best first.
    pub instead: Vec<Instead>,
    pub dockerfile: String,
    pub args: BTreeMap<String, String>,
    pub base: BaseImage,
    pub libraries: Option<Libraries>,
    pub host_libraries: Vec<String>,
    pub network: Option<String>,
}

/// A folder of the build image that goes with the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libraries {
    pub folder: String,
    pub from: ImageRecipe,
}

/// An image and the variants in it; the web app's has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'a> {
    pub name: ImageName,
    pub variants: Vec<&'a Variant>,
}

/// What planning needs of the configuration.
pub struct Inputs<'a> {
    pub profile: &'a Profile,
    pub choices: &'a [Choice<'a>],
    /// Those a CPU may be sent to instead.
    pub variants: &'a [&'a Variant],
    pub images: &'a ImageSettings,
    pub engine: &'a EngineSettings,
}

/// Plans the images of `inputs.choices`.
pub fn build_images(inputs: &Inputs<'_>) -> Result<ImagePlan, PlanError> {
    let images =
        inputs
            .choices
            .iter()
            .map(|choice| {
                if choice.name == ImageName::app() {
                    app::plan(inputs, &choice.name)
                } else {
                    plan_image(inputs, choice)
                }
            })
            .collect::<Result<_, _>>()?;
    let profile = inputs.profile;
    Ok(ImagePlan { title: format!("build-images, profile {}: {}", profile.name, profile.about), images })
}

fn plan_image(inputs: &Inputs<'_>, choice: &Choice<'_>) -> Result<PlannedImage, PlanError> {
    let profile = inputs.profile;
    let server = |variant: &Variant| Server {
        variant: variant.name.clone(),
        file: variant.binary_name(),
        features: demanded(profile, variant),
    };
    let mut servers: Vec<Server> = choice.variants.iter().map(|variant| server(variant)).collect();
    // The more a server demands, the more it makes of the CPU.
    servers.sort_by_key(|server| std::cmp::Reverse(server.features.len()));
    let first = choice.variants.first().copied();
    let device = first.map_or(Device::Cpu, |variant| variant.device);
    let toolchain = profile.devices.get(&device).ok_or_else(|| PlanError::NoSuchDevice {
        profile: profile.name.clone(),
        variant: first.map_or_else(|| choice.name.to_string(), |variant| variant.name.to_string()),
        device: device.to_string(),
    })?;
    let aliases = inputs.images.aliases.iter().filter(|(_, target)| **target == choice.name);
    Ok(PlannedImage {
        name: choice.name.clone(),
        content: Content::Servers,
        repository: inputs.images.repository.clone(),
        aliases: aliases.map(|(alias, _)| alias.clone()).collect(),
        profile: profile.name.clone(),
        about: profile.about.clone(),
        device,
        instead: instead(inputs, device, &servers),
        servers,
        dockerfile: toolchain.serving.dockerfile.clone(),
        args: toolchain.serving.args.clone(),
        base: toolchain.serving_base.clone(),
        libraries: libraries(inputs, toolchain),
        host_libraries: toolchain.host_libraries.clone(),
        network: inputs.engine.network.clone(),
    })
}

/// What the server and the libraries that come with it ask of a CPU.
fn demanded(profile: &Profile, variant: &Variant) -> Vec<Feature> {
    let libraries = profile.devices.get(&variant.device).map(|device| device.serving.cpu_features.clone());
    let own = variant.cpu_features.union(&profile.bazel.cpu_features).copied();
    own.chain(libraries.unwrap_or_default()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn libraries(inputs: &Inputs<'_>, toolchain: &DeviceToolchain) -> Option<Libraries> {
    let folder = toolchain.serving.libraries.clone()?;
    let from = plan::recipe(inputs.profile, toolchain, inputs.engine.network.clone());
    Some(Libraries { folder, from })
}

/// Images of the same device that demand less than every server here.
fn instead(inputs: &Inputs<'_>, device: Device, servers: &[Server]) -> Vec<Instead> {
    let least = servers.last().map_or(0, |server| server.features.len());
    let others = inputs.variants.iter().filter(|variant| variant.device == device);
    let mut others: Vec<Instead> = others
        .map(|variant| Instead {
            reference: format!("{}:{}", inputs.images.repository, variant.name),
            features: demanded(inputs.profile, variant),
        })
        .filter(|other| other.features.len() < least)
        .collect();
    others.sort_by_key(|other| (std::cmp::Reverse(other.features.len()), other.reference.clone()));
    others
}

impl PlannedImage {
    /// What the engine calls it.
    pub fn reference(&self) -> String {
        self.tagged(&self.name)
    }

    /// Every reference, its own first.
    pub fn references(&self) -> Vec<String> {
        std::iter::once(&self.name).chain(&self.aliases).map(|tag| self.tagged(tag)).collect()
    }

    fn tagged(&self, tag: &ImageName) -> String {
        format!("{}:{tag}", self.repository)
    }

    /// Arguments of the Dockerfile that are known while planning.
    pub fn build_args(&self) -> BTreeMap<String, String> {
        let mut args = self.args.clone();
        if self.content == Content::App {
            return args;
        }
        args.insert("HOST_LIBRARIES".into(), self.host_libraries.join(" "));
        let folder = self.libraries.as_ref().map_or(NO_LIBRARIES, |libraries| &libraries.folder);
        args.insert("LIBRARIES".into(), folder.into());
        args
    }
}

impl ImagePlan {
    /// Bases and build images that serving images are made from, each once.
    pub fn preparation(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for image in &self.images {
            let mut wanted = vec![Step::ProvideBase(image.base.clone())];
            if let Some(libraries) = &image.libraries {
                wanted.push(Step::ProvideBase(libraries.from.image.base.clone()));
                wanted.push(Step::BuildImage(libraries.from.clone()));
            }
            for step in wanted {
                if !steps.contains(&step) {
                    steps.push(step);
                }
            }
        }
        steps
    }
}

impl fmt::Display for PlannedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.content == Content::App {
            writeln!(f, "cargo build --release --package {}", app::NAME)?;
        }
        write!(f, "docker build --file {} --build-arg BASE={}", self.dockerfile, self.base)?;
        if let Some(libraries) = &self.libraries {
            write!(f, " --build-arg LIBRARIES_FROM={}", libraries.from.name())?;
        }
        for (name, value) in self.build_args().iter().filter(|(_, value)| !value.is_empty()) {
            write!(f, " --build-arg {}", shell_quote(&format!("{name}={value}")))?;
        }
        if let Some(network) = &self.network {
            write!(f, " --network {network}")?;
        }
        self.references().iter().try_for_each(|reference| write!(f, " --tag {reference}"))?;
        let (files, trial) = match self.content {
            Content::Servers => {
                let files = self.servers.iter().map(|server| format!("bin/{}", server.file));
                (files.collect::<Vec<_>>().join(" "), "one prediction")
            }
            Content::App => (format!("target/.../{}", app::NAME), "its page and one upload"),
        };
        write!(f, " docker/ {files}")?;
        write!(
            f,
            "\ndocker run --user {USER} --read-only --cap-drop ALL --security-opt no-new-privileges {}  # {trial}, or no push",
            self.reference()
        )
    }
}

impl fmt::Display for ImagePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# {}", self.title)?;
        self.preparation().iter().try_for_each(|step| write!(f, "\n{step}"))?;
        self.images.iter().try_for_each(|image| write!(f, "\n{image}"))
    }
}
