//! The command line of `bench`; the doc comments are its help.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

use crate::domain::{
    bench::values::{self, Millicpus, Target},
    model,
};

#[derive(Debug, Default, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true)]
pub struct Bench {
    #[command(subcommand)]
    pub other: Option<OtherBench>,
    #[command(flatten)]
    pub options: BenchOptions,
}

#[derive(Debug, Subcommand)]
pub enum OtherBench {
    /// What changed between two reports, and whether it is more than noise: into reports/compare
    Compare(Compare),
}

#[derive(Debug, Args)]
pub struct Compare {
    /// Folder of the earlier report
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// Folder of the later one
    #[arg(value_name = "B")]
    pub after: PathBuf,
    /// Folder for the comparison
    #[arg(long, value_name = "DIR", default_value = "reports/compare")]
    pub output: PathBuf,
}

#[derive(Debug, Default, Args)]
pub struct BenchOptions {
    /// Server of config.toml to measure; may be given again [default: all, which `up` would start; they stay up]
    #[arg(long, value_name = "NAME", help_heading = "What is measured")]
    pub server: Vec<String>,
    /// Instead: serving image, such as cpu-standard, in a container of its own that ends with the bench; may be given again.
    /// Two that differ in their flags answer the question of build flags
    #[arg(long, value_name = "NAME", help_heading = "What is measured", conflicts_with_all = ["server", "target"])]
    pub image: Vec<String>,
    /// Limit of each --image, such as 1 or 0.5 [default: all CPUs]
    #[arg(long, value_name = "N", help_heading = "What is measured", requires = "image")]
    pub cpus: Option<Millicpus>,
    /// Instead: any TensorFlow Serving, at grpc://HOST:PORT or http://HOST:PORT; may be given again. It is never restarted
    #[arg(long, value_name = "NAME=URL", help_heading = "What is measured", conflicts_with = "server")]
    pub target: Vec<Target>,

    /// Model of config.toml, of model-data, or as the target calls it [default: the profile's]
    #[arg(long, value_name = "NAME", value_parser = model::name, help_heading = "The model")]
    pub model: Option<String>,
    /// Signature that takes encoded pictures [default: looked up in the model]
    #[arg(long, value_name = "NAME", help_heading = "The model")]
    pub signature: Option<String>,
    /// Its input of pictures [default: looked up in the model]
    #[arg(long, value_name = "NAME", help_heading = "The model")]
    pub input: Option<String>,
    /// Its output of labels [default: classes]
    #[arg(long, value_name = "NAME", help_heading = "The model")]
    pub classes: Option<String>,
    /// Its output of scores [default: scores]
    #[arg(long, value_name = "NAME", help_heading = "The model")]
    pub scores: Option<String>,

    /// Pictures to send: all below this folder [default: generated ones, which have no labels]
    #[arg(long, value_name = "DIR", help_heading = "What is sent")]
    pub images: Option<PathBuf>,
    /// Their true labels, lines of `file,label` [default: its folder below DIR, or what its name has before `__`]
    #[arg(long, value_name = "FILE.csv", help_heading = "What is sent", requires = "images")]
    pub labels: Option<PathBuf>,
    /// Sides of the boxes that derivatives fit in, pixels [default: 2048,1024,512,256,128]
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = value_parser!(u32).range(16..=8192),
          help_heading = "What is sent")]
    pub sizes: Vec<u32>,
    /// Their formats, of jpeg, png and webp [default: jpeg,png]
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', value_parser = ["jpeg", "png", "webp"],
          help_heading = "What is sent")]
    pub formats: Vec<String>,
    /// Qualities of JPEG, 1 to 100 [default: 75,90]
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = value_parser!(u8).range(1..=100),
          help_heading = "What is sent")]
    pub qualities: Vec<u8>,

    /// Calls of each picture's form and server between two starts [default: 5]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000), help_heading = "How often")]
    pub repetitions: Option<u32>,
    /// How often servers are started anew and all is asked again [default: 3]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1000), help_heading = "How often")]
    pub restarts: Option<u32>,
    /// Little of everything: one picture, one start, few calls, a short load; single options still count
    #[arg(long, help_heading = "How often")]
    pub quick: bool,

    /// Leave the question of load out
    #[arg(long, help_heading = "Load", conflicts_with_all = ["concurrency", "rates", "seconds", "slo_ms"])]
    pub no_load: bool,
    /// Closed loop: how many callers that each wait for their answer [default: 1,2,4,8]
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = value_parser!(u32).range(1..=4096),
          help_heading = "Load")]
    pub concurrency: Vec<u32>,
    /// Open loop: arrivals as shares of the best throughput of the closed loop [default: 0.5,0.7,0.9,1.1]
    #[arg(long, value_name = "X,X", value_delimiter = ',', value_parser = values::rate, help_heading = "Load")]
    pub rates: Vec<f64>,
    /// How long each point of load lasts [default: 5]
    #[arg(long, value_name = "S", value_parser = values::seconds, help_heading = "Load")]
    pub seconds: Option<f64>,
    /// Milliseconds within which 99 of 100 answers are wanted: the report says up to which load they are
    #[arg(long, value_name = "MS", value_parser = values::milliseconds, help_heading = "Load")]
    pub slo_ms: Option<f64>,

    /// The smallest difference of times that is worth a word: 0.05 for 5 % [default: 0.05]
    #[arg(long, value_name = "X", value_parser = values::margin, help_heading = "The report")]
    pub margin: Option<f64>,
    /// Of all that chance decides [default: 1]
    #[arg(long, value_name = "N", help_heading = "The report")]
    pub seed: Option<u64>,
    /// Folder of the report. An interrupted run of the same there goes on; any other report is moved aside
    /// [default: reports/latest]
    #[arg(long, value_name = "DIR", help_heading = "The report")]
    pub output: Option<PathBuf>,
}
