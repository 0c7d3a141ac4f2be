//! Configuration plus selection becomes an ordered plan, byte for byte the same each time.
//! Planning never touches the world: no daemon, no network, no checkout, no clock.

use std::{collections::BTreeSet, fmt};

use crate::domain::{
    dialect::Dialect,
    profile::{BaseImage, BazelVersion, DeviceToolchain, Profile},
    proof::{Ceiling, Contract, elf::Architecture},
    settings::{EngineSettings, RemoteSettings, Resources},
    source::Sources,
    step::{CheckOut, Extract, ImageRecipe, Prove, ReadTree, RunBazel, Step},
    toolchain::BazelBuild,
    variant::Variant,
};

/// Everything `build-servers` would do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub title: String,
    /// How `$JOBS` in the lines below is found.
    pub jobs: String,
    /// Variants run side by side only where each gets at least so many jobs.
    pub min_jobs_per_variant: u32,
    /// Done once, before any variant: sources.
    pub sources: Step,
    /// Base and build images, each once.
    pub images: Vec<Step>,
    pub builds: Vec<VariantBuild>,
}

/// The steps of one variant; variants share nothing but caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantBuild {
    pub variant: Variant,
    pub profile: String,
    pub run: RunBazel,
    pub extract: Extract,
    pub prove: Prove,
}

/// What planning needs of the configuration.
pub struct Inputs<'a> {
    pub profile: &'a Profile,
    pub variants: &'a [&'a Variant],
    pub engine: &'a EngineSettings,
    pub resources: &'a Resources,
    pub remote: &'a RemoteSettings,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    #[error(
        "profile `{profile}` cannot build {variant}: it has no [profiles.{profile}.devices.{device}]; add that table \
         to config.toml or leave the variant out"
    )]
    NoSuchDevice { profile: String, variant: String, device: String },
    #[error(
        "profile `{profile}` uses Bazel {version}, which has no flag for [bazel] {setting}; remove that setting from \
         config.toml or choose another profile"
    )]
    NoSuchFlag { profile: String, version: BazelVersion, setting: &'static str },
}

/// Plans the servers of `inputs.variants`.
pub fn build_servers(inputs: &Inputs<'_>) -> Result<Plan, PlanError> {
    let builds = inputs.variants.iter().map(|variant| plan_variant(inputs, variant)).collect::<Result<Vec<_>, _>>()?;
    let recipes: BTreeSet<_> = builds.iter().map(|build| build.run.image.image.name.clone()).collect();
    let recipe = |name: &String| builds.iter().find(|build| build.run.image.image.name == *name).map(|b| &b.run.image);
    let recipes: Vec<&ImageRecipe> = recipes.iter().filter_map(recipe).collect();
    let bases = recipes.iter().map(|recipe| &recipe.image.base);
    let bases: BTreeSet<&BaseImage> = bases.chain(builds.iter().map(|build| &build.prove.serving_base)).collect();
    let images = bases.into_iter().cloned().map(Step::ProvideBase);
    let images = images.chain(recipes.iter().map(|recipe| Step::BuildImage((*recipe).clone()))).collect();
    Ok(Plan {
        title: format!("build-servers, profile {}: {}", inputs.profile.name, inputs.profile.about),
        jobs: jobs_line(inputs.resources),
        min_jobs_per_variant: inputs.profile.min_jobs_per_variant.unwrap_or(inputs.resources.min_jobs_per_variant),
        sources: source_step(inputs.profile),
        images,
        builds,
    })
}

fn plan_variant(inputs: &Inputs<'_>, variant: &Variant) -> Result<VariantBuild, PlanError> {
    let profile = inputs.profile;
    let device = profile.devices.get(&variant.device).ok_or_else(|| PlanError::NoSuchDevice {
        profile: profile.name.clone(),
        variant: variant.name.to_string(),
        device: variant.device.to_string(),
    })?;
    let build = BazelBuild::new(profile, device, variant, inputs.remote);
    let dialect = Dialect::of_version(profile.bazel.version);
    let no_flag =
        |setting| PlanError::NoSuchFlag { profile: profile.name.clone(), version: profile.bazel.version, setting };
    if inputs.remote.cache.as_ref().is_some_and(|url| dialect.remote_cache(url).is_empty()) {
        return Err(no_flag("remote-cache"));
    }
    if inputs.remote.executor.as_ref().is_some_and(|url| dialect.remote_executor(url).is_empty()) {
        return Err(no_flag("remote-executor"));
    }
    if build.needs_bazelrc() && !dialect.takes_remote_headers() {
        return Err(no_flag("headers"));
    }
    let binary = format!("bin/{}", variant.binary_name());
    let network = inputs.engine.network.clone();
    Ok(VariantBuild {
        variant: variant.clone(),
        profile: profile.name.clone(),
        extract: Extract { variant: variant.name.clone(), from: build.binary(), to: binary.clone() },
        prove: Prove {
            variant: variant.name.clone(),
            binary,
            contract: contract(profile, device, variant),
            serving_base: device.serving_base.clone(),
            libraries: device.serving.libraries.clone(),
        },
        run: RunBazel {
            variant: variant.name.clone(),
            image: recipe(profile, device, network.clone()),
            dialect,
            environment: device.environment.clone(),
            memory: inputs.resources.memory,
            build,
            network,
        },
    })
}

/// The build image of a device.
pub(super) fn recipe(profile: &Profile, device: &DeviceToolchain, network: Option<String>) -> ImageRecipe {
    let image = profile.build_images[&device.build_image].clone();
    ImageRecipe { repository: "tf-dev".into(), tag: format!("{}-{}", profile.name, image.name), image, network }
}

/// What the variant and its profile's own flags allow, and thus promise.
fn contract(profile: &Profile, device: &DeviceToolchain, variant: &Variant) -> Contract {
    Contract {
        architecture: Architecture::X86_64,
        demanded: variant.cpu_features.union(&profile.bazel.cpu_features).cloned().collect(),
        ceiling: if variant.exact { Ceiling::Demanded } else { Ceiling::None },
        dispatched: device.dispatched.clone(),
        host_libraries: device.host_libraries.clone(),
    }
}

/// How the sources of a profile are come by.
pub(super) fn source_step(profile: &Profile) -> Step {
    match &profile.sources {
        Sources::Tree(folder) => Step::ReadTree(ReadTree { folder: folder.clone() }),
        Sources::Repositories(repositories) => {
            Step::CheckOut(CheckOut { folder: format!("serving/{}", profile.name), repositories: repositories.clone() })
        }
    }
}

pub(super) fn jobs_line(resources: &Resources) -> String {
    match resources.jobs {
        Some(jobs) => format!("JOBS={jobs}  # [resources] jobs"),
        None => format!("JOBS=min(cores, memory / {} MiB) of the engine", resources.memory_per_job >> 20),
    }
}

impl Plan {
    /// Every step, in the order it would run.
    pub fn steps(&self) -> Vec<Step> {
        let variants = self.builds.iter().flat_map(|build| {
            let run = Step::RunBazel(Box::new(build.run.clone()));
            [run, Step::Extract(build.extract.clone()), Step::Prove(Box::new(build.prove.clone()))]
        });
        std::iter::once(self.sources.clone()).chain(self.images.iter().cloned()).chain(variants).collect()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# {}\n{}", self.title, self.jobs)?;
        self.steps().iter().try_for_each(|step| write!(f, "\n{step}"))
    }
}
