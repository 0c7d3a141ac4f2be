//! What was measured, as rows: one JSON object a line, written as it happens, in `records.ndjson`.

pub(crate) mod file;
mod identity;

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    experiment::{Arrivals, Experiment},
};

pub use self::identity::sha256;

/// The record's name in the folder of a report.
pub const FILE: &str = "records.ndjson";

/// One line of the record. The first is `Experiment`; after it rows of a unit of work end with its `Done`, and rows behind
/// the last `Done` are those of an interrupted unit: they are cut off when the run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "row")]
#[expect(clippy::large_enum_variant, reason = "the large one comes once, at the head")]
pub enum Row {
    /// What the record is of. `sha256` is of the experiment without what may differ between runs: the servers' addresses.
    Experiment { experiment: Experiment, sha256: String, begun: String },
    /// The machine and the program, each time the run begins or goes on.
    Environment(Environment),
    /// The generator against a server that does no work.
    SelfCheck(SelfCheck),
    /// A derivative that was made, or the original.
    Plate(Plate),
    /// A call.
    Call(Call),
    /// A point of load.
    Point(Point),
    /// What a server's own counters grew by during a unit of work.
    Counters(Counters),
    /// A unit of work is complete.
    Done { unit: String },
    /// The whole run is; RFC 3339.
    Ended { at: String },
}

/// All that was measured, by kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub experiment: Experiment,
    /// RFC 3339.
    pub begun: String,
    pub environment: Vec<Environment>,
    pub self_checks: Vec<SelfCheck>,
    pub plates: Vec<Plate>,
    pub calls: Vec<Call>,
    pub points: Vec<Point>,
    pub counters: Vec<Counters>,
    /// None: it was interrupted.
    pub ended: Option<String>,
}

impl Record {
    /// Reads a record without changing the file. Rows of a unit that was interrupted do not count. None where there is no
    /// file, or nothing whole in it.
    ///
    /// # Errors
    /// A line that is no row, unless it is the last and was torn in the middle; a first row that is no experiment.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        Ok(file::read(path)?.map(|kept| kept.record))
    }

    /// Rows by kind; none where the first is not the experiment.
    pub fn from_rows(rows: impl IntoIterator<Item = Row>) -> Option<Self> {
        let mut rows = rows.into_iter();
        let Some(Row::Experiment { experiment, begun, .. }) = rows.next() else { return None };
        let mut record = Self::begin(experiment, begun);
        rows.for_each(|row| record.take(row));
        Some(record)
    }

    /// One of which nothing is measured yet.
    fn begin(experiment: Experiment, begun: String) -> Self {
        let (environment, self_checks, plates, calls) = Default::default();
        let (points, counters) = Default::default();
        Self { experiment, begun, environment, self_checks, plates, calls, points, counters, ended: None }
    }

    pub(crate) fn take(&mut self, row: Row) {
        match row {
            Row::Environment(row) => self.environment.push(row),
            Row::SelfCheck(row) => self.self_checks.push(row),
            Row::Plate(row) => self.plates.push(row),
            Row::Call(row) => self.calls.push(row),
            Row::Point(row) => self.points.push(row),
            Row::Counters(row) => self.counters.push(row),
            Row::Ended { at } => self.ended = Some(at),
            Row::Experiment { .. } | Row::Done { .. } => {}
        }
    }
}

/// Facts by name: CPU model, flags, kernel, governor, cgroup quota, load average, program version, git commit, ...
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    pub at: String,
    pub facts: BTreeMap<String, String>,
}

/// What the generator can do where the server costs nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelfCheck {
    /// `grpc` or `rest`.
    pub api: String,
    /// One caller: median and 99th percentile of a call, microseconds.
    pub p50_us: f64,
    pub p99_us: f64,
    /// Calls a second at the best concurrency.
    pub most_per_second: f64,
    /// Open loop at half of that: 99th percentile of how late a call was sent, microseconds.
    pub lag_p99_us: f64,
    /// Of these calls, those not answered as they should be: 0, or nothing that follows is worth much.
    pub wrong: u64,
}

/// What was sent: which picture, made into what.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// Index of the picture.
    pub picture: u32,
    /// Side of the box in pixels; none for the original.
    pub size: Option<u32>,
    /// `jpeg`, `png`, `webp`; of the original what it is; `pixels` for the signature that takes raw pixels.
    pub format: String,
    /// JPEG quality of a derivative.
    pub quality: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plate {
    pub cell: Cell,
    /// The picture's name, for people.
    pub name: String,
    /// Its true label, where known.
    pub label: Option<String>,
    pub width: u32,
    pub height: u32,
    /// Of the encoded picture, or of the raw pixels.
    pub bytes: u64,
    /// Here, one thread, milliseconds: the smallest of several; none for raw pixels.
    pub decode_ms: Option<f64>,
    /// Milliseconds; none for the original.
    pub encode_ms: Option<f64>,
    /// The earlier plate's cell that this equals byte for byte: the box is larger than the picture.
    pub same_as: Option<Cell>,
}

/// A call in the grid: one at a time, servers and cells interleaved by chance within a picture's block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Which start of the servers, from 0.
    pub restart: u32,
    /// Index of the server.
    pub server: u32,
    pub cell: Cell,
    /// Milliseconds from the call to its whole answer.
    pub total_ms: f64,
    /// Milliseconds of messages to bytes and back, in it.
    pub serialize_ms: f64,
    /// Milliseconds that the server says it took, where it does.
    pub server_ms: Option<f64>,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Best first. Written with the first answer of a cell, server and restart; later ones that equal it are `Same`.
    Classes(Vec<(String, f64)>),
    /// The same answer as the first of this cell, server and restart.
    Same,
    /// gRPC's name of what went wrong, and the words.
    Failed { code: String, message: String },
}

/// A server under one load for some seconds. Every call that was to be sent is in `sent` or `dropped`; every one sent is in
/// one of `answered`, `failed`, `late`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub restart: u32,
    pub server: u32,
    pub load: PointLoad,
    /// How long calls were offered.
    pub seconds: f64,
    pub sent: u64,
    pub answered: u64,
    /// By gRPC's names.
    pub failed: BTreeMap<String, u64>,
    /// No answer within the deadline.
    pub late: u64,
    /// Open loop: were due, and never sent because too many were under way.
    pub dropped: u64,
    /// Bytes of pictures sent.
    pub bytes: u64,
    /// Milliseconds of answered calls from the time they were due, which in the open loop is not when they were sent.
    pub latency: Summary,
    /// How late calls were sent, milliseconds.
    pub lag: Summary,
    /// HdrHistogram of latencies in microseconds, V2 deflate, base64.
    pub histogram: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PointLoad {
    Closed { concurrency: u32 },
    Open { per_second: f64, arrivals: Arrivals },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// What grew during a unit of work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    pub unit: String,
    /// Index of the server; none for this process.
    pub server: Option<u32>,
    /// Seconds of CPU.
    pub cpu_seconds: Option<f64>,
    /// Scheduler periods in which it wanted more than its quota.
    pub throttled_periods: Option<u64>,
    pub throttled_seconds: Option<f64>,
    /// Prometheus counters of the server that grew, by name with labels: `:tensorflow:serving:request_latency_sum{...}`, microseconds.
    pub metrics: BTreeMap<String, f64>,
}
