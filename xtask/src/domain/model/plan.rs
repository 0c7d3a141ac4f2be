//! What `export-model` would do, as plain data; `Display` is the lines a person could run or read.
//! Planning never touches the world: neither checkpoint nor pictures are looked at, and no address is asked.

use std::fmt;

use super::{CheckpointSource, Exporter, Model, Scores, file_name};
use crate::domain::{
    dialect::Dialect,
    plan,
    profile::{BaseImage, Profile},
    settings::{EngineSettings, RemoteSettings, Resources},
    step::{ImageRecipe, Step},
    toolchain::{self, BazelBuild, shell_line, shell_quote},
};

/// Where a container finds the checkpoint.
pub const CHECKPOINT: &str = "/checkpoint";
/// Where a container leaves exactly one folder named by a number.
pub const OUTPUT: &str = "/output";

/// Everything `export-model` would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPlan {
    pub profile: String,
    pub model: String,
    pub version: u64,
    pub checkpoint: CheckpointSource,
    /// What is not pinned may be used.
    pub trust_on_first_use: bool,
    pub exporter: PlannedExporter,
    /// The folder of all versions; from the root, or absolute.
    pub output: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedExporter {
    Native(Native),
    Image(RunExporter),
    Bazel(Box<BuildExporter>),
}

/// What the exporter in this program is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    pub scores: Scores,
    /// Pictures for the warm-up records; from the root, or absolute.
    pub warm_up: Vec<String>,
}

/// An exporter that is a command of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunExporter {
    pub image: String,
    /// Empty: the image's own.
    pub command: Vec<String>,
    pub network: Option<String>,
    pub memory: Option<u64>,
}

/// An exporter that is built first. All it needs must be in the container itself, which is kept as an image: volumes
/// hold no more than caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildExporter {
    pub sources: Step,
    pub base: BaseImage,
    pub image: ImageRecipe,
    pub build: BazelBuild,
    pub dialect: Dialect,
    pub environment: std::collections::BTreeMap<String, String>,
    /// How `$JOBS` is found.
    pub jobs: String,
    /// Runs in the kept image.
    pub run: RunExporter,
}

/// What planning needs of the configuration and the command line.
pub struct Inputs<'a> {
    pub profile: &'a Profile,
    /// The profile's, with what the command line says instead.
    pub model: &'a Model,
    pub engine: &'a EngineSettings,
    pub resources: &'a Resources,
    pub trust_on_first_use: bool,
    pub output: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExportPlanError {
    #[error(
        "profile `{0}` names no checkpoint: set `checkpoint` in [model] of config.toml, or give --checkpoint PATH|URL"
    )]
    NoCheckpoint(String),
    #[error(
        "synthetic weights are made by the native exporter only, an exporter in a container needs a checkpoint: set \
         `checkpoint` in [profiles.{0}.model] of config.toml, or `exporter = \"native\"`"
    )]
    SyntheticInContainer(String),
    #[error(
        "profile `{0}` has no device to build the exporter for: add a [profiles.{0}.devices.cpu] to config.toml, or \
         set another `exporter`"
    )]
    NoDevice(String),
}

/// Plans the export of `inputs.model`.
pub fn export_model(inputs: &Inputs<'_>) -> Result<ExportPlan, ExportPlanError> {
    let Inputs { profile, model, .. } = inputs;
    let checkpoint = model.checkpoint.clone().ok_or_else(|| ExportPlanError::NoCheckpoint(profile.name.clone()))?;
    if matches!(checkpoint, CheckpointSource::Synthetic(_)) && model.exporter != Exporter::Native {
        return Err(ExportPlanError::SyntheticInContainer(profile.name.clone()));
    }
    let run = |image: &String, command: Vec<String>| RunExporter {
        image: image.clone(),
        command,
        network: inputs.engine.network.clone(),
        memory: inputs.resources.memory,
    };
    let exporter = match &model.exporter {
        Exporter::Native => PlannedExporter::Native(Native { scores: model.scores, warm_up: model.warm_up.clone() }),
        Exporter::Image { image, command } => PlannedExporter::Image(run(image, command.clone())),
        Exporter::Bazel { label, arguments, kept } => {
            let device = profile.devices.values().next();
            let device = device.ok_or_else(|| ExportPlanError::NoDevice(profile.name.clone()))?;
            let build = BazelBuild {
                startup: profile.bazel.startup.clone(),
                flags: profile.bazel.flags.iter().chain(&device.flags).cloned().collect(),
                // Headers would have to be a file in the container, and the container is kept as an image.
                remote: RemoteSettings::default(),
                label: label.clone(),
            };
            let image = plan::recipe(profile, device, inputs.engine.network.clone());
            let command = [vec![build.binary()], arguments.clone()].concat();
            PlannedExporter::Bazel(Box::new(BuildExporter {
                sources: plan::source_step(profile),
                base: image.image.base.clone(),
                image,
                dialect: Dialect::of_version(profile.bazel.version),
                environment: device.environment.clone(),
                jobs: plan::jobs_line(inputs.resources),
                run: run(kept, command),
                build,
            }))
        }
    };
    Ok(ExportPlan {
        profile: profile.name.clone(),
        model: model.name.clone(),
        version: model.version,
        checkpoint,
        trust_on_first_use: inputs.trust_on_first_use,
        exporter,
        output: inputs.output.clone(),
    })
}

impl ExportPlan {
    /// The version's folder, as people know it.
    pub fn target(&self) -> String {
        format!("{}/{}", self.output.trim_end_matches('/'), self.version)
    }

    /// What everybody who meets the exported model has to know.
    pub fn notice(&self) -> Option<&'static str> {
        let untrained = matches!(self.checkpoint, CheckpointSource::Synthetic(_));
        untrained
            .then_some("the weights are synthetic and untrained: predictions are meaningless, only timings are real")
    }

    /// Stands before every label, so that the notice reaches those who only see answers.
    pub fn label_prefix(&self) -> &'static str {
        if self.notice().is_some() { "(untrained) " } else { "" }
    }
}

/// A download's place, as people know it.
pub fn download(url: &str) -> String {
    format!("target/xtask/downloads/{}", file_name(url))
}

impl fmt::Display for ExportPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# export-model, profile {}: {} version {}", self.profile, self.model, self.version)?;
        if let CheckpointSource::Url { url, pin } = &self.checkpoint {
            let file = download(url);
            write!(f, "curl --continue-at - --output {file} {}", shell_quote(url))?;
            match (pin, self.trust_on_first_use) {
                (Some(pin), _) => writeln!(f, "\necho '{pin}  {file}' | sha256sum --check")?,
                (None, false) => writeln!(f, "  # sha256 not pinned: first use wants --trust-on-first-use")?,
                (None, true) => writeln!(f, "  # sha256 not pinned: trusted on first use, held to it from then on")?,
            }
        }
        match &self.exporter {
            PlannedExporter::Native(native) => self.native_lines(native, f)?,
            PlannedExporter::Image(run) => {
                writeln!(f, "{}", Step::ProvideBase(BaseImage::Registry(run.image.clone())))?;
                self.run_lines(run, f)?;
            }
            PlannedExporter::Bazel(build) => {
                build.fmt(f)?;
                self.run_lines(&build.run, f)?;
            }
        }
        write!(f, "verify {}", shell_quote(&self.target()))
    }
}

impl ExportPlan {
    fn native_lines(&self, native: &Native, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights = match &self.checkpoint {
            CheckpointSource::Url { url, .. } => download(url),
            CheckpointSource::Path(path) => shell_quote(path),
            CheckpointSource::Synthetic(seed) => format!("synthetic weights of seed {seed}"),
        };
        let pictures = if native.warm_up.is_empty() {
            "generated pictures".into()
        } else {
            native.warm_up.iter().map(|path| shell_quote(path)).collect::<Vec<_>>().join(", ")
        };
        let labels = if self.notice().is_some() { ", each marked as untrained" } else { "" };
        let target = shell_quote(&self.target());
        write!(f, "export {weights} to {target}  # native: {}, labels of ImageNet{labels}", native.scores)?;
        writeln!(f, ", warm-up from {pictures}")
    }

    fn run_lines(&self, run: &RunExporter, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "docker create --name export --volume checkpoint:{CHECKPOINT} --volume output:{OUTPUT}")?;
        if let Some(network) = &run.network {
            write!(f, " --network {network}")?;
        }
        if let Some(memory) = run.memory {
            write!(f, " --memory {memory}")?;
        }
        let words = std::iter::once(&run.image).chain(&run.command);
        writeln!(f, " {}", shell_line(words))?;
        let given = match &self.checkpoint {
            CheckpointSource::Url { url, .. } => download(url),
            CheckpointSource::Path(path) => path.clone(),
            CheckpointSource::Synthetic(_) => String::new(),
        };
        if given.ends_with(".tar.gz") || given.ends_with(".tgz") {
            let unpacked = "target/xtask/work/checkpoint";
            writeln!(f, "tar -xzf {} -C {unpacked}", shell_quote(&given))?;
            writeln!(f, "docker cp {unpacked}/. export:{CHECKPOINT}")?;
        } else {
            writeln!(f, "docker cp {} export:{CHECKPOINT}", shell_quote(&given))?;
        }
        writeln!(f, "docker start --attach export")?;
        writeln!(f, "docker cp export:{OUTPUT}/N/. {}  # N: the one version it leaves", shell_quote(&self.target()))
    }
}

/// The lines up to the kept image.
impl fmt::Display for BuildExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}\n{}", self.jobs, self.sources, Step::ProvideBase(self.base.clone()), self.image)?;
        let (sources, disk, downloads) = (toolchain::SOURCES, toolchain::DISK_CACHE, toolchain::REPOSITORY_CACHE);
        write!(f, "docker create --name exporter --workdir {sources}")?;
        write!(f, " --volume disk-cache:{disk} --volume repository-cache:{downloads}")?;
        for (name, value) in &self.environment {
            write!(f, " --env {}", shell_quote(&format!("{name}={value}")))?;
        }
        if let Some(network) = &self.run.network {
            write!(f, " --network {network}")?;
        }
        if let Some(memory) = self.run.memory {
            write!(f, " --memory {memory}")?;
        }
        writeln!(f, " {} {}", self.image.name(), shell_line(&self.build.command(&self.dialect, "$JOBS")))?;
        let folder = match &self.sources {
            Step::CheckOut(step) => &step.folder,
            Step::ReadTree(step) => &step.folder,
            // No other step brings sources.
            _ => sources,
        };
        writeln!(f, "docker cp {folder}/. exporter:{sources}\ndocker start --attach exporter")?;
        writeln!(f, "docker commit exporter {}", shell_quote(&self.run.image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The plan of the shipped file's profile with another model.
    fn plan(profile: &str, change: impl FnOnce(&mut Model)) -> Result<String, ExportPlanError> {
        let config = Config::parse(include_str!("../../../../config.toml"), "config.toml").expect("sound");
        let profile = config.profile(profile).expect("known");
        let mut model = profile.model.clone();
        change(&mut model);
        let (engine, resources) = (&config.engine, &config.resources);
        let output = "out/".into();
        let inputs = Inputs { profile, model: &model, engine, resources, trust_on_first_use: true, output };
        export_model(&inputs).map(|plan| plan.to_string())
    }

    #[test]
    fn a_pin_is_a_line_that_checks_it() {
        let url = "https://host/it's.tar.gz".to_owned();
        let pinned =
            |model: &mut Model| model.checkpoint = Some(CheckpointSource::Url { url, pin: Some("abc".into()) });
        let lines = "curl --continue-at - --output target/xtask/downloads/it_s.tar.gz 'https://host/it'\\''s.tar.gz'\n\
                     echo 'abc  target/xtask/downloads/it_s.tar.gz' | sha256sum --check\n\
                     export target/xtask/downloads/it_s.tar.gz to out/1  # native";
        let plan = plan("sample", pinned).expect("sound");
        assert!(plan.contains(lines), "{plan}");
    }

    #[test]
    fn trust_is_told_in_the_plan() {
        let plan = plan("article", |_| {}).expect("sound");
        assert!(plan.contains("# sha256 not pinned: trusted on first use"), "{plan}");
    }

    #[test]
    fn only_weights_that_exist_are_called_trained() {
        assert!(plan("sample", |_| {}).expect("sound").contains("each marked as untrained"));
        assert!(!plan("article", |_| {}).expect("sound").contains("untrained"));
    }

    #[test]
    fn what_cannot_be_exported_is_refused_while_planning() {
        let error = plan("sample", |model| model.checkpoint = None).expect_err("no weights");
        assert_eq!(error, ExportPlanError::NoCheckpoint("sample".into()));
        let image = Exporter::Image { image: "x".into(), command: Vec::new() };
        let error = plan("sample", |model| model.exporter = image).expect_err("no file");
        assert_eq!(error, ExportPlanError::SyntheticInContainer("sample".into()));
    }
}
