//! What is to be measured, as plain data: it comes as JSON, stands at the head of every record, and decides whether an
//! interrupted run may go on.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// Everything that decides what is measured. Two runs of one experiment are repetitions of each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Of every order and every arrival that chance decides.
    pub seed: u64,
    /// What the servers are asked for.
    pub model: Model,
    /// At least one; in the order of reports.
    pub servers: Vec<Server>,
    /// What is sent.
    pub pictures: Pictures,
    /// Which derivatives are made of each picture.
    pub cells: Cells,
    /// How often each is asked.
    pub repetitions: Repetitions,
    /// How hard servers are pressed; none to leave that question out.
    pub load: Option<Load>,
    /// The smallest ratio of two times that is worth a word, less one: 0.05 for 5 %. Differences below it are none.
    pub margin: f64,
}

/// A model, and what it calls its inputs and outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub name: String,
    /// None: the version that the server chooses.
    pub version: Option<i64>,
    pub signature: String,
    /// Input of encoded pictures.
    pub input: String,
    /// Output of labels.
    pub classes: String,
    /// Output of scores.
    pub scores: String,
    /// A signature that takes the same picture as raw uint8 pixels, shape `[1, height, width, 3]`, and so decodes nothing:
    /// the control of questions about decoding.
    pub pixels: Option<PixelsSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelsSignature {
    pub signature: String,
    pub input: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub name: String,
    /// `grpc://host:port` or `http://host:port`; where servers are started anew between repetitions, their first.
    pub address: String,
    /// What is known of it, for the table of conditions: `image`, `cpus`, `memory`, `digest`, ...
    pub facts: BTreeMap<String, String>,
    /// What was built: two servers that differ in `flags` alone answer the question of build flags.
    pub build: Option<Build>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// `cpu` or `gpu`.
    pub device: String,
    /// Name of the flags: `standard`, `optimized`, or another variant's.
    pub flags: String,
    /// Limit of the container; none for all there are.
    pub cpus: Option<String>,
    /// Whether a GPU's part is only simulated, so that nothing about GPUs may be concluded.
    pub simulated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Pictures {
    /// Made by the program: this many, from the experiment's seed. They have no labels.
    Generated { count: u32, width: u32, height: u32 },
    /// Files of this machine, in this order, each with its sha256 and, where known, its true label.
    Files(Vec<PictureFile>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureFile {
    pub path: PathBuf,
    pub sha256: String,
    pub label: Option<String>,
}

/// The grid below one picture: the original as it is, and every size in every format, JPEG in every quality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cells {
    /// Sides of the square boxes that derivatives fit in, in pixels, as the web app makes them.
    pub sizes: Vec<u32>,
    /// `jpeg`, `png`, `webp`.
    pub formats: Vec<String>,
    /// JPEG qualities, 1 to 100.
    pub qualities: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repetitions {
    /// Outer repetitions, between which servers are started anew: 1 or more.
    pub restarts: u32,
    /// Calls of each cell and server within one: 1 or more.
    pub calls: u32,
    /// Calls of each server that are thrown away after each start.
    pub warm_up: u32,
}

/// Load on one server at a time, with one derivative of every picture in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Closed loop: how many callers that each wait for their answer.
    pub concurrency: Vec<u32>,
    /// Open loop: fractions of the best throughput of the closed loop, e.g. 0.5, 0.7, 0.9, 1.1.
    pub rates: Vec<f64>,
    /// Open loop: how calls arrive.
    pub arrivals: Vec<Arrivals>,
    /// Of each point, in seconds.
    pub seconds: f64,
    /// Answers are wanted within this, milliseconds at the 99th percentile; none to leave that word out.
    pub slo_ms: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// As independent clients come.
    Poisson,
}
