//! How far it is, said not more often than anyone can read.

use std::time::{Duration, Instant};

use super::plan;
use crate::{experiment::Experiment, protocol::Said};

const BETWEEN: Duration = Duration::from_millis(200);

pub(super) struct Progress {
    done: u64,
    /// Where the unit of work under way began.
    unit: u64,
    total: u64,
    said: Option<Instant>,
}

impl Progress {
    pub(super) fn of(experiment: &Experiment) -> Self {
        Self { done: 0, unit: 0, total: plan::total(experiment), said: None }
    }

    /// A call's worth within a unit of work.
    pub(super) fn step(&mut self, calls: u64) {
        self.done += calls;
    }

    /// A whole unit, however many of its calls there were.
    pub(super) fn did(&mut self, calls: u64) {
        self.unit += calls;
        self.done = self.unit;
    }

    /// What to say now, if it is time to.
    pub(super) fn tell(&mut self, what: &str) -> Option<Said> {
        if self.said.is_some_and(|said| said.elapsed() < BETWEEN) {
            return None;
        }
        self.said = Some(Instant::now());
        Some(Said::Progress { done: self.done.min(self.total), total: self.total, what: what.to_owned() })
    }
}
