//! What a run has to say, as data: the terminal, the plain text and the NDJSON are three readings of it.
//! How an event looks is the report's business; nothing here formats.

use serde::Serialize;
use serde_json::Value;

use crate::domain::bazel_output::{Observation, Phase, RunningAction};

/// One thing said by a run, in the order it happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    Note {
        text: String,
    },
    Warning {
        text: String,
    },
    StepStarted {
        variant: Option<String>,
        step: String,
    },
    StepFinished {
        variant: Option<String>,
        step: String,
        seconds: f64,
    },
    /// Bazel entered a later phase.
    Phase {
        variant: String,
        phase: Phase,
    },
    /// Bazel counted its actions.
    Progress {
        variant: String,
        done: u64,
        total: u64,
        running: u64,
        slowest: Option<RunningAction>,
        eta_seconds: Option<u64>,
    },
    /// A transfer; it is over when `done` equals `total`, so who never knew the total sends it with the last event.
    Bytes {
        what: String,
        done: u64,
        total: Option<u64>,
    },
    /// How far a bench is, and what it measures just now.
    Measured {
        what: String,
        done: u64,
        total: u64,
    },
    /// What a step that counts nothing is doing just now.
    Working {
        step: String,
        line: String,
    },
    /// A line of a tool's output, shown to those who asked for it.
    LogLine {
        variant: String,
        line: String,
    },
    /// The first error of a build and where the whole log lies.
    FirstError {
        variant: String,
        text: String,
        log: String,
    },
    /// Nothing has happened for so long that someone should look.
    Stalled {
        variant: String,
        seconds: u64,
        action: Option<String>,
    },
    /// A build starts over with fewer jobs.
    RunAgain {
        variant: String,
        jobs: u64,
        reason: String,
    },
    /// A variant failed, with all that is known of why.
    Failed {
        variant: String,
        text: String,
    },
    Rebuild {
        variant: String,
        reason: String,
    },
    UpToDate {
        variant: String,
        reason: String,
    },
    /// A result: the line goes bare to stdout, the details to those who read NDJSON.
    Result {
        line: String,
        details: Value,
    },
    Table {
        title: String,
        headers: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

impl Event {
    /// What the reader of Bazel's output observed, told of a variant whose log lies at `log`.
    pub fn from_bazel(variant: &str, log: &str, observation: Observation) -> Self {
        let variant = variant.to_owned();
        match observation {
            Observation::Phase(phase) => Self::Phase { variant, phase },
            Observation::Progress { done, total, running, slowest, eta } => {
                Self::Progress { variant, done, total, running, slowest, eta_seconds: eta.map(|eta| eta.as_secs()) }
            }
            Observation::FirstError { text } => Self::FirstError { variant, text, log: log.to_owned() },
            Observation::Stalled { idle, action, .. } => Self::Stalled { variant, seconds: idle.as_secs(), action },
            Observation::Line { text } => Self::LogLine { variant, line: text },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn observations_become_tagged_events() {
        let slowest = Some(RunningAction { action: "Compiling a.cc".to_owned(), seconds: 34 });
        let eta = Some(Duration::from_secs(130));
        let seen = Observation::Progress { done: 120, total: 340, running: 2, slowest, eta };
        let event = Event::from_bazel("cpu-optimized", "x.log", seen);
        assert_eq!(
            serde_json::to_string(&event).expect("plain data"),
            r#"{"event":"progress","variant":"cpu-optimized","done":120,"total":340,"running":2,"slowest":{"action":"Compiling a.cc","seconds":34},"eta_seconds":130}"#
        );
    }
}
