//! Short ways to say common things; each is an event like any other.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Options, Report};
use crate::domain::event::Event;

/// A step under way.
pub struct Started {
    variant: Option<String>,
    step: String,
    at: Instant,
}

impl Options {
    /// Colours as the process's environment wants them.
    pub fn for_this_process(json: bool, verbose: bool, progress: bool) -> Self {
        let color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { json, verbose, progress, color }
    }
}

impl Report {
    pub fn note(&self, text: &str) {
        self.event(Event::Note { text: text.into() });
    }

    pub fn warning(&self, text: &str) {
        self.event(Event::Warning { text: text.into() });
    }

    /// A line for stdout, with more for those who read NDJSON.
    pub fn result(&self, line: &str, details: Value) {
        self.event(Event::Result { line: line.into(), details });
    }

    /// A plan is the result of a dry run.
    pub fn plan(&self, text: &str, details: &Value) {
        self.result(text, json!({ "plan": details }));
    }

    pub fn start(&self, variant: Option<&str>, step: &str) -> Started {
        let variant = variant.map(String::from);
        self.event(Event::StepStarted { variant: variant.clone(), step: step.into() });
        Started { variant, step: step.into(), at: Instant::now() }
    }

    /// Returns the seconds since the start.
    pub fn finish_step(&self, started: Started) -> f64 {
        let seconds = started.at.elapsed().as_secs_f64();
        self.event(Event::StepFinished { variant: started.variant, step: started.step, seconds });
        seconds
    }
}
