//! How `cargo xtask` and the program that measures speak: JSON, a line each. The first line in is the [`Job`]; after it that
//! program says [`Said`], and where that is a question the next line in is its [`Answer`].

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::experiment::Experiment;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Job {
    /// Measures what is not measured yet, then reports.
    Run {
        experiment: Box<Experiment>,
        /// Folder of the report; made where it is not there.
        output: PathBuf,
        /// Facts that only the caller knows, for the environment: versions, commit, engine.
        facts: BTreeMap<String, String>,
        /// Whether the caller can start servers anew; if not, connections are made anew instead.
        can_renew: bool,
        /// Whether the caller can read counters of the servers' containers.
        can_count: bool,
    },
    /// What changed from one report to another, written into `output` as HTML and JSON.
    Compare { before: PathBuf, after: PathBuf, output: PathBuf },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// `done` of `total` calls or seconds' worth of calls; `what` is done now.
    Progress {
        done: u64,
        total: u64,
        what: String,
    },
    Note(String),
    Warning(String),
    /// Question: start all servers anew and say where they are.
    Renew,
    /// Question: the containers' counters as they stand.
    Count,
    /// The last line: what was found.
    Found(Found),
    /// The last line: it did not work, and the program ends with code 1.
    Failed(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Addresses by server's name.
    Renewed(BTreeMap<String, String>),
    /// Counters by server's name; servers without any are left out.
    Counted(BTreeMap<String, Standing>),
    /// It could not be done; the run stops with these words.
    Failed(String),
}

/// A container's counters since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub cpu_seconds: f64,
    pub throttled_periods: u64,
    pub throttled_seconds: f64,
}

/// What people see at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// It was all measured before.
    pub up_to_date: bool,
    /// `report.html`, `report.json`, CSV files.
    pub files: Vec<PathBuf>,
    /// A line each: question, and the verdict in short.
    pub verdicts: Vec<(String, String)>,
    /// Headers and rows for the terminal: a server a row.
    pub headers: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// What the reader should know before believing: failed calls, throttling, a generator that could not keep pace.
    pub cautions: Vec<String>,
}
