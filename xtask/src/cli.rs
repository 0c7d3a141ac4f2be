//! The command line as types; the doc comments are the help text. No logic lives here.

mod bench;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

use crate::domain::{
    model::{self, CheckpointSource, Scores},
    reference::RegistryAddress,
};

pub use bench::{Bench, BenchOptions, Compare, OtherBench};

/// Builds TensorFlow Serving just right for the machines that will run it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Profile of config.toml [default: its `default-profile`]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Configuration to use; its folder is the checkout that is built in [default: this workspace's config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the plan and stop: needs no engine, network or checkout; `=server` has a cluster say what would change
    #[arg(long, global = true, value_name = "plan|server", num_args = 0..=1, require_equals = true,
          default_missing_value = "plan")]
    pub dry_run: Option<DryRun>,
    /// Events and results as NDJSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Show the output of the tools as it comes
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Plain lines instead of progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Stop at once, instead of waiting, where another run works in this checkout
    #[arg(long, global = true)]
    pub no_wait: bool,
}

/// How far a dry run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// To the plan
    Plan,
    /// To a cluster's own dry run
    Server,
}

impl Global {
    pub fn plans(&self) -> bool {
        self.dry_run == Some(DryRun::Plan)
    }

    pub fn asks_server(&self) -> bool {
        self.dry_run == Some(DryRun::Server)
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole story on one offline machine: set up the host, build the sample's servers, export its model, serve and measure it
    Quickstart(Quickstart),
    /// Check every precondition and say how to mend what is missing
    Doctor,
    /// Build the servers: sources, tf-dev image, Bazel, extraction to bin/, proof, receipt
    BuildServers(BuildServers),
    /// Build serving images from the proven binaries, and try each before it gets its name
    BuildImages(BuildImages),
    /// Push serving images to a registry: by digest into manifests/images.lock, with SBOM and provenance at their side
    Push(Push),
    /// Push the exported model as an image that clusters mount or copy from: by digest into manifests/images.lock
    PushModel(PushModel),
    /// Render the Kubernetes objects: digests and node affinity out of manifests/images.lock
    Manifests(Manifests),
    /// Apply the Kubernetes objects to a cluster, and watch until they serve
    Deploy(Deploy),
    /// Take exactly away what deploys put into a cluster
    Undeploy(ClusterArgs),
    /// Show how what was deployed stands, and which version of the model each pod serves
    Status(ClusterArgs),
    /// Export the model: from a checkpoint to a version that TF Serving can serve
    ExportModel(ExportModel),
    /// Bring a SavedModel of your own: checked, with warm-up requests, among the versions that can be served
    ImportModel(ImportModel),
    /// Start the servers of config.toml as local containers and wait until each has answered
    Up(Up),
    /// Remove what `up` started; --all: what `quickstart` left running too
    Down(Down),
    /// Measure servers: pictures in many forms, calls timed and repeated, and a report that says what holds and what is noise
    Bench(Box<Bench>),
    /// Show what a SavedModel is: signatures, ops, variables, labels
    ModelInfo(ModelInfo),
    /// Show what a binary demands: CPU features by function, glibc, libraries
    Inspect(Inspect),
    /// List what this checkout made on the engine and in target/xtask; --execute removes it
    Clean(Clean),
    /// Measure ours against what others do (benches/) and write the figures into docs/measurements.md
    Measure(Measure),
    /// Format, lint and run every test, the ones with a real engine and a real Bazel included
    Test(Test),
    /// Print the completion script of a shell
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Default, Args)]
pub struct Quickstart {
    /// Model of config.toml [default: the profile's]
    #[arg(long, value_name = "NAME", value_parser = model::name)]
    pub model: Option<String>,
}

#[derive(Debug, Default, Args)]
pub struct Up {
    /// Servers of config.toml, such as tf-serving-1cpu; tf-image-resizer is the web app [default: all]
    #[arg(value_name = "SERVER")]
    pub servers: Vec<String>,
    /// Model of config.toml, or of model-data [default: the profile's]
    #[arg(long, value_name = "NAME", value_parser = model::name)]
    pub model: Option<String>,
    /// Its version below model-data/NAME [default: config.toml's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=i64::MAX as u64))]
    pub model_version: Option<u64>,
}

#[derive(Debug, Default, Args)]
pub struct Down {
    /// Everything that `up`, `bench` and `quickstart` started or keep running: quickstart's registry and its data below
    /// target/xtask too. Images, bin/, model-data/ and reports/ stay; `clean` is for those that can be made again
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct BuildServers {
    /// Variants of config.toml, such as cpu-optimized [default: all]
    #[arg(value_name = "VARIANT")]
    pub variants: Vec<String>,
    /// Start no further variant once one has failed
    #[arg(long, conflicts_with = "keep_going")]
    pub fail_fast: bool,
    /// Build the other variants although one has failed (the default)
    #[arg(long)]
    pub keep_going: bool,
}

#[derive(Debug, Args)]
pub struct BuildImages {
    /// Images: variants of config.toml, or names of [images.combined] such as auto [default: all]
    #[arg(value_name = "VARIANT")]
    pub images: Vec<String>,
    /// Start no further image once one has failed
    #[arg(long)]
    pub fail_fast: bool,
}

#[derive(Debug, Default, Args)]
pub struct Push {
    /// Where to: the registry and what stands before `/tf-serving` there, such as 127.0.0.1:5000/demo
    #[arg(long, value_name = "HOST[:PORT]/PREFIX", required_unless_present = "verify")]
    pub registry: Option<RegistryAddress>,
    /// Images by their variants, such as cpu-optimized [default: all]
    #[arg(value_name = "VARIANT")]
    pub variants: Vec<String>,
    /// Tag instead of the images' own; `{name}` stands for an image's name
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Further tag on the same image; may be given again; `{name}` as above
    #[arg(long, value_name = "TAG")]
    pub also_tag: Vec<String>,
    /// Sign each digest with cosign
    #[arg(long)]
    pub sign: bool,
    /// Push nothing: compare manifests/images.lock with the registries it names
    #[arg(long, conflicts_with_all = ["registry", "tag", "also_tag", "sign"])]
    pub verify: bool,
}

#[derive(Debug, Args)]
pub struct PushModel {
    /// Where to: the registry and what stands before `/model-NAME` there, such as 127.0.0.1:5000/demo
    #[arg(long, value_name = "HOST[:PORT]/PREFIX")]
    pub registry: RegistryAddress,
    /// Model of config.toml, or of model-data [default: the profile's]
    #[arg(long, value_name = "NAME", value_parser = model::name)]
    pub model: Option<String>,
    /// The version below model-data/NAME, which is also its tag [default: config.toml's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=i64::MAX as u64))]
    pub version: Option<u64>,
    /// Further tag on the same image; may be given again
    #[arg(long, value_name = "TAG")]
    pub also_tag: Vec<String>,
}

/// What is rendered.
#[derive(Debug, Clone, Default, Args)]
pub struct RenderingArgs {
    /// Folder of manifests/overlays, such as 1cpu; may be given again [default: all]
    #[arg(long, value_name = "NAME")]
    pub overlay: Vec<String>,
    /// Folder of manifests/components to put on top, such as model-pvc; may be given again
    #[arg(long, value_name = "NAME")]
    pub component: Vec<String>,
    /// Model that push-model pushed [default: the profile's]
    #[arg(long, value_name = "NAME", value_parser = model::name)]
    pub model: Option<String>,
    /// Version of the model, as push-model wrote it into the lock [default: the newest there]
    #[arg(long, value_name = "N")]
    pub model_version: Option<u64>,
}

#[derive(Debug, Default, Args)]
pub struct Manifests {
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// Folder for one file an object, replaced as a whole [default: all objects on stdout]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct ClusterArgs {
    /// Context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Instead of the namespace that the manifests name
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
}

#[derive(Debug, Args)]
pub struct Deploy {
    #[command(flatten)]
    pub at: ClusterArgs,
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// Take over fields that others manage
    #[arg(long)]
    pub force_conflicts: bool,
    /// Seconds until the rollout has to be complete
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub timeout: u64,
}

#[derive(Debug, Default, Args)]
pub struct ExportModel {
    /// Model of config.toml [default: the profile's]
    #[arg(long, value_name = "NAME", value_parser = model::name)]
    pub model: Option<String>,
    /// Weights: an archive, a folder or a file of this machine, or an http(s) address [default: config.toml's]
    #[arg(long, value_name = "PATH|URL")]
    pub checkpoint: Option<CheckpointSource>,
    /// Folder of all versions [default: the checkout's model-data/NAME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Number that names the version's folder; one that exists is never touched [default: config.toml's]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=i64::MAX as u64))]
    pub version: Option<u64>,
    /// What scores are: `logits`, as the original exporter has them, or `softmax` [default: config.toml's]
    #[arg(long, value_name = "logits|softmax")]
    pub scores: Option<Scores>,
    /// A picture for the warm-up records; may be given again [default: config.toml's, or generated ones]
    #[arg(long, value_name = "IMAGE")]
    pub warm_up: Vec<PathBuf>,
    /// Use a download that config.toml does not pin, and hold it to that sum from then on
    #[arg(long)]
    pub trust_on_first_use: bool,
}

#[derive(Debug, Args)]
pub struct ImportModel {
    /// A folder with saved_model.pb or with versions, of which the newest is taken, or a .tar or .tar.gz of one
    #[arg(value_name = "DIR|TAR")]
    pub from: PathBuf,
    /// What TF Serving is to call it; its versions lie in model-data/NAME
    #[arg(long, value_name = "NAME", value_parser = model::name)]
    pub model: String,
    /// Number that names the version's folder; one that exists is never touched [default: the one it has there, or 1]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=i64::MAX as u64))]
    pub version: Option<u64>,
    /// A picture for the warm-up requests, where it has none; may be given again [default: generated ones]
    #[arg(long, value_name = "IMAGE", conflicts_with = "no_warm_up")]
    pub warm_up: Vec<PathBuf>,
    /// Make no warm-up requests: for models that answer classes and scores to something else than pictures
    #[arg(long)]
    pub no_warm_up: bool,
}

#[derive(Debug, Args)]
pub struct ModelInfo {
    /// A folder with saved_model.pb, or one with versions, of which the newest is shown
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// An ELF program or library
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Clean {
    /// Remove what is listed
    #[arg(long)]
    pub execute: bool,
}

#[derive(Debug, Args)]
pub struct Measure {
    /// Scripts of benches/ without their `.sh`, such as picture [default: all, which takes hours]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Say what there is to measure, and stop
    #[arg(long, conflicts_with_all = ["rounds", "output"])]
    pub list: bool,
    /// How often everything is measured [default: as each script has it]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1000))]
    pub rounds: Option<u32>,
    /// Write a copy of the document with the figures there, and leave docs/measurements.md alone
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Test {
    /// Only the tests that need neither engine nor network
    #[arg(long)]
    pub offline: bool,
    /// Only tests whose name contains this
    #[arg(value_name = "FILTER")]
    pub filter: Option<String>,
}
