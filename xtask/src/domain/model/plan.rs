//! What `export-model` would do, as plain data; `lines` says it as a person could run or read it.
//! Planning never touches the world: neither checkpoint nor pictures are looked at, and no address is asked.

mod lines;

use std::collections::BTreeMap;

use super::{CheckpointSource, Exporter, Model, Network, Scores, Wheel, file_name};
use crate::domain::{
    dialect::Dialect,
    plan::{self, Plan},
    profile::{BaseImage, Profile},
    settings::{EngineSettings, RemoteSettings, Resources},
    step::{ImageRecipe, Step},
    toolchain::BazelBuild,
};

/// Where a container finds the checkpoint.
pub const CHECKPOINT: &str = "/checkpoint";
/// Where a container leaves exactly one folder named by a number.
pub const OUTPUT: &str = "/output";
/// Where a kept image holds the exporter that was built for it.
const KEPT: &str = "/opt/exporter";
/// Brings a program and its runfiles out of Bazel's folders, which are volumes, into the container itself. Its words are
/// the program's path and the command that asks Bazel for its folder; links are followed, since they lead into volumes.
const KEEP: &str = r#"trap exit INT; bin=$("$@") && mkdir -p /opt/exporter && cp -RL "$bin/$0" /opt/exporter && if [ -e "$bin/$0.runfiles" ]; then cp -RL "$bin/$0.runfiles" /opt/exporter; fi"#;

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
    /// None: a SavedModel is brought as it is.
    Brought(Brought),
}

/// What a SavedModel gets that has no warm-up requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// Make them at all.
    pub warms_up: bool,
    /// Pictures for them; from the root, or absolute.
    pub warm_up: Vec<String>,
}

/// What the exporter in this program is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    pub network: Network,
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

/// An exporter that is built first and kept as an image: with all it needs in the container itself, since images do not
/// hold volumes. It is another container than the one that builds, which has certificates in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildExporter {
    pub sources: Step,
    pub base: BaseImage,
    pub image: ImageRecipe,
    pub build: BazelBuild,
    pub dialect: Dialect,
    pub environment: BTreeMap<String, String>,
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
        "profile `{0}` names no checkpoint for the model `{1}`: set `checkpoint` in [models.{1}] of config.toml, or give --checkpoint PATH|URL"
    )]
    NoCheckpoint(String, String),
    #[error(
        "synthetic weights are made by the native exporter only, an exporter in a container needs a checkpoint: set \
         `checkpoint` in [profiles.{0}.models.{1}] of config.toml, or `exporter = \"native\"`"
    )]
    SyntheticInContainer(String, String),
    #[error(
        "profile `{0}` has no device to build the exporter for: add a [profiles.{0}.devices.cpu] to config.toml, or \
         set another `exporter`"
    )]
    NoDevice(String),
}

/// Plans the export of `inputs.model`.
pub fn export_model(inputs: &Inputs<'_>) -> Result<ExportPlan, ExportPlanError> {
    let Inputs { profile, model, .. } = inputs;
    let checkpoint = model
        .checkpoint
        .clone()
        .ok_or_else(|| ExportPlanError::NoCheckpoint(profile.name.clone(), model.name.clone()))?;
    if matches!(checkpoint, CheckpointSource::Synthetic(_)) && model.exporter != Exporter::Native {
        return Err(ExportPlanError::SyntheticInContainer(profile.name.clone(), model.name.clone()));
    }
    let run = |image: &String, command: Vec<String>| RunExporter {
        image: image.clone(),
        command,
        network: inputs.engine.network.clone(),
        memory: inputs.resources.memory,
    };
    let exporter = match &model.exporter {
        Exporter::Native => PlannedExporter::Native(Native {
            network: model.network,
            scores: model.scores,
            warm_up: model.warm_up.clone(),
        }),
        Exporter::Image { image, command } => PlannedExporter::Image(run(image, command.clone())),
        Exporter::Bazel { label, arguments, kept } => {
            let device = profile.devices.values().next();
            let device = device.ok_or_else(|| ExportPlanError::NoDevice(profile.name.clone()))?;
            let build = BazelBuild {
                startup: profile.bazel.startup.clone(),
                flags: profile.bazel.flags.iter().chain(&device.flags).cloned().collect(),
                // Headers would have to be a file wherever Bazel is asked, and one of these containers is kept as an image.
                remote: RemoteSettings::default(),
                label: label.clone(),
            };
            let image = plan::recipe(profile, device, inputs.engine.network.clone());
            let name = label.rsplit([':', '/']).next().unwrap_or_default();
            let command = [vec![format!("{KEPT}/{name}")], arguments.clone()].concat();
            // A name of one's own tag is taken as it is.
            let is_tagged = kept.rsplit('/').next().is_some_and(|name| name.contains(':'));
            let kept = if is_tagged { kept.clone() } else { format!("{kept}:{}", profile.name) };
            PlannedExporter::Bazel(Box::new(BuildExporter {
                sources: plan::source_step(profile),
                base: image.image.base.clone(),
                image,
                dialect: Dialect::of_version(profile.bazel.version),
                environment: device.environment.clone(),
                jobs: plan::jobs_line(inputs.resources),
                run: run(&kept, command),
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

/// Plans to bring a SavedModel of somebody else, `from` a folder or an archive.
pub fn import_model(profile: &str, model: &Model, from: String, brought: Brought) -> ExportPlan {
    ExportPlan {
        profile: profile.into(),
        model: model.name.clone(),
        version: model.version,
        checkpoint: CheckpointSource::Path(from),
        trust_on_first_use: false,
        exporter: PlannedExporter::Brought(brought),
        output: model.folder(),
    }
}

impl BuildExporter {
    /// What has to be there before it is built, as the plan of no server at all.
    pub fn preparation(&self) -> Plan {
        Plan {
            title: self.build.label.clone(),
            jobs: self.jobs.clone(),
            min_jobs_per_variant: 1,
            sources: self.sources.clone(),
            images: vec![Step::ProvideBase(self.base.clone()), Step::BuildImage(self.image.clone())],
            builds: Vec::new(),
        }
    }

    /// What brings the built exporter into the container that is kept.
    pub fn keep(&self, dialect: &Dialect, jobs: &str) -> Vec<String> {
        let script = ["sh", "-c", KEEP, &self.build.path()].map(String::from);
        script.into_iter().chain(self.build.ask_for_bin(dialect, jobs)).collect()
    }
}

impl ExportPlan {
    /// The version's folder, as people know it.
    pub fn target(&self) -> String {
        format!("{}/{}", self.output.trim_end_matches('/'), self.version)
    }

    /// What is done to a model.
    pub fn verb(&self) -> &'static str {
        if matches!(self.exporter, PlannedExporter::Brought(_)) { "import" } else { "export" }
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

/// A package's wheel, as people know it.
pub fn wheel(package: &Wheel) -> String {
    format!("target/xtask/downloads/{}", wheel_name(package))
}

/// What it is called on this disk.
pub fn wheel_name(package: &Wheel) -> String {
    format!("{}-{}.whl", package.name, package.version)
}

/// A download's place, as people know it.
pub fn download(url: &str) -> String {
    format!("target/xtask/downloads/{}", file_name(url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Model), expected: ExportPlanError) {
        let config = Config::parse(include_str!("../../../../config.toml"), "config.toml").expect("sound");
        let profile = config.profile("sample").expect("known");
        let mut model = profile.models["inception"].clone();
        change(&mut model);
        let (engine, resources) = (&config.engine, &config.resources);
        let output = "model-data".into();
        let inputs = Inputs { profile, model: &model, engine, resources, trust_on_first_use: false, output };
        assert_eq!(export_model(&inputs), Err(expected));
    }

    #[test]
    fn what_cannot_be_exported_is_refused_while_planning() {
        check(|model| model.checkpoint = None, ExportPlanError::NoCheckpoint("sample".into(), "inception".into()));
        let image = Exporter::Image { image: "x".into(), command: Vec::new() };
        check(
            |model| model.exporter = image,
            ExportPlanError::SyntheticInContainer("sample".into(), "inception".into()),
        );
    }
}
