//! A step is one effect of a plan, as plain data; `Display` is the line a person could run or read.
//! Doing it is `execute`'s business, and adding a kind of step means adding a variant here first.

use std::{collections::BTreeMap, fmt};

use crate::domain::{
    dialect::Dialect,
    profile::{BaseImage, BuildImage},
    proof::Contract,
    source::Repository,
    toolchain::{self, BazelBuild, shell_line, shell_quote},
    variant::VariantName,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    CheckOut(CheckOut),
    ReadTree(ReadTree),
    ProvideBase(BaseImage),
    BuildImage(ImageRecipe),
    RunBazel(Box<RunBazel>),
    Extract(Extract),
    Prove(Box<Prove>),
}

/// Bring repositories to their pinned commits below one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOut {
    pub folder: String,
    pub repositories: Vec<Repository>,
}

/// Take a folder of this project as the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTree {
    pub folder: String,
}

/// Build an image from a Dockerfile, with the folder of that file as its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRecipe {
    pub repository: String,
    /// Start of the tag; the recipe's hash follows, so that two recipes never fight over one tag.
    pub tag: String,
    pub image: BuildImage,
    pub network: Option<String>,
}

/// One Bazel build in its own container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunBazel {
    pub variant: VariantName,
    pub image: ImageRecipe,
    pub build: BazelBuild,
    pub dialect: Dialect,
    pub environment: BTreeMap<String, String>,
    pub network: Option<String>,
    pub memory: Option<u64>,
}

/// Stream one file out of the build container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    pub variant: VariantName,
    pub from: String,
    pub to: String,
}

/// Hold the binary against its contract and the image it will run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prove {
    pub variant: VariantName,
    pub binary: String,
    pub contract: Contract,
    pub serving_base: BaseImage,
    /// A folder of the build image that is laid over the serving image's root, with libraries in `opt/serving/lib/`.
    pub libraries: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::CheckOut(step) => step.fmt(f),
            Step::ReadTree(step) => write!(f, "read {}/ and hash it", step.folder),
            Step::ProvideBase(base @ BaseImage::Registry(reference)) => {
                let note = if base.is_pinned() { "" } else { "  # not pinned: no digest in config.toml" };
                write!(f, "docker pull {}{note}", shell_quote(reference))
            }
            Step::ProvideBase(BaseImage::Bootstrap(release)) => {
                write!(
                    f,
                    "debootstrap --variant=minbase {release} ROOT && tar -C ROOT -c . | docker import - debian-base:{release}"
                )
            }
            Step::BuildImage(step) => step.fmt(f),
            Step::RunBazel(step) => step.fmt(f),
            Step::Extract(step) => write!(f, "docker cp -L {}:{} {}", step.variant, step.from, step.to),
            Step::Prove(step) => step.fmt(f),
        }
    }
}

impl fmt::Display for CheckOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, repository) in self.repositories.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            let folder = [self.folder.as_str(), &repository.path].join("/");
            let from = repository.mirror.as_ref().unwrap_or(&repository.url);
            write!(
                f,
                "{separator}git -C {} fetch --depth 1 {} {} && git checkout --detach FETCH_HEAD",
                folder.trim_end_matches('/'),
                shell_quote(from),
                repository.commit
            )?;
        }
        Ok(())
    }
}

impl ImageRecipe {
    /// What people call the image before its recipe has been hashed.
    pub fn name(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }
}

impl fmt::Display for ImageRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "docker build --file {} --build-arg BASE={}", self.image.dockerfile, self.image.base)?;
        for (name, value) in &self.image.args {
            write!(f, " --build-arg {}", shell_quote(&format!("{name}={value}")))?;
        }
        if let Some(network) = &self.network {
            write!(f, " --network {network}")?;
        }
        write!(f, " --tag {} docker/", self.name())
    }
}

impl fmt::Display for RunBazel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.variant.to_string();
        let container = BazelContainer {
            name: &name,
            output_base: &name,
            environment: &self.environment,
            network: self.network.as_deref(),
            memory: self.memory,
            image: &self.image,
            command: &self.build.command(&self.dialect, "$JOBS"),
        };
        container.fmt(f)?;
        if self.build.needs_bazelrc() {
            let headers =
                self.build.remote.headers.iter().map(|(header, variable)| format!("{header} from ${variable}"));
            write!(f, "  # {} holds {}", toolchain::REMOTE_BAZELRC, headers.collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }
}

/// The line of a container in which Bazel runs.
pub(super) struct BazelContainer<'a> {
    pub name: &'a str,
    /// Whose output base it is.
    pub output_base: &'a str,
    pub environment: &'a BTreeMap<String, String>,
    pub network: Option<&'a str>,
    pub memory: Option<u64>,
    pub image: &'a ImageRecipe,
    pub command: &'a [String],
}

impl fmt::Display for BazelContainer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sources, output) = (toolchain::SOURCES, toolchain::OUTPUT_BASE);
        let (disk, downloads) = (toolchain::DISK_CACHE, toolchain::REPOSITORY_CACHE);
        write!(f, "docker run --name {} --workdir {sources}", self.name)?;
        write!(f, " --volume sources:{sources} --volume {}-output-base:{output}", self.output_base)?;
        write!(f, " --volume disk-cache:{disk} --volume repository-cache:{downloads}")?;
        for (name, value) in self.environment {
            write!(f, " --env {}", shell_quote(&format!("{name}={value}")))?;
        }
        if let Some(network) = self.network {
            write!(f, " --network {network}")?;
        }
        if let Some(memory) = self.memory {
            write!(f, " --memory {memory}")?;
        }
        write!(f, " {} {}", self.image.name(), shell_line(self.command))
    }
}

impl fmt::Display for Prove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let demanded: Vec<String> = self.contract.demanded.iter().map(ToString::to_string).collect();
        let demanded = if demanded.is_empty() { "nothing beyond x86-64".into() } else { demanded.join(" ") };
        write!(f, "cargo xtask inspect {}  # demands {demanded}; runs in {}", self.binary, self.serving_base)?;
        self.libraries.iter().try_for_each(|folder| write!(f, " with {folder} of tf-dev"))
    }
}
