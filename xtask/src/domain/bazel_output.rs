//! Reads what Bazel (0.10 to 7.4) prints while it builds and says what it means: progress, phase, first error, stall.
//! Bytes and the time since the start come in, observations come out; no clock, no file and no terminal here.

mod failure;
mod lines;
mod pace;
mod progress;
mod summary;

use std::time::Duration;

use failure::FirstFailure;
use lines::Lines;
use pace::Pace;
use progress::Status;
pub use progress::{Phase, RunningAction};
pub use summary::Summary;
use summary::Tally;

/// An error is complete when this much time has passed without a further line about it.
const ERROR_SETTLES: Duration = Duration::from_secs(2);

/// One thing worth telling about a running build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// Bazel entered a later phase.
    Phase(Phase),
    /// Bazel counted its actions; the total may still grow.
    Progress { done: u64, total: u64, running: u64, slowest: Option<RunningAction>, eta: Option<Duration> },
    /// The first error with the lines that explain it; said once.
    FirstError { text: String },
    /// Nothing has finished or been said since that moment; said once a stall.
    Stalled { since: Duration, idle: Duration, action: Option<String> },
    /// A cleaned line that is neither blank nor a progress line.
    Line { text: String },
}

/// The incremental reader: feed it chunks as they come, tick it when nothing comes.
#[derive(Debug, Clone)]
pub struct BazelOutput {
    stall_after: Duration,
    lines: Lines,
    pace: Pace,
    tally: Tally,
    failure: FirstFailure,
    phase: Option<Phase>,
    counted: Option<Counted>,
    last_status: String,
    inside_status: bool,
    last_news: Duration,
    last_line: Duration,
    stall_told: bool,
}

/// The latest `[done / total]`, completed by the indented lines that may follow it.
#[derive(Debug, Clone)]
struct Counted {
    done: u64,
    total: u64,
    running: u64,
    slowest: Option<RunningAction>,
}

impl BazelOutput {
    /// A reader that calls five silent minutes a stall.
    pub fn new() -> Self {
        Self::with_stall_after(Duration::from_secs(300))
    }

    /// A reader with its own idea of how long a silence is a stall.
    pub fn with_stall_after(stall_after: Duration) -> Self {
        Self {
            stall_after,
            lines: Lines::default(),
            pace: Pace::default(),
            tally: Tally::default(),
            failure: FirstFailure::default(),
            phase: None,
            counted: None,
            last_status: String::new(),
            inside_status: false,
            last_news: Duration::ZERO,
            last_line: Duration::ZERO,
            stall_told: false,
        }
    }

    /// Takes the next bytes, cut anywhere, that arrived `now` after the start.
    pub fn feed(&mut self, chunk: &[u8], now: Duration) -> Vec<Observation> {
        let mut seen = Vec::new();
        for line in self.lines.push(chunk) {
            self.line(&line, now, &mut seen);
        }
        seen
    }

    /// Notices what only time can tell: a stall, or an error that nothing more will explain.
    pub fn tick(&mut self, now: Duration) -> Vec<Observation> {
        let mut seen = Vec::new();
        if now.saturating_sub(self.last_line) >= ERROR_SETTLES {
            seen.extend(self.failure.settle().map(|text| Observation::FirstError { text }));
        }
        let idle = now.saturating_sub(self.last_news);
        if idle >= self.stall_after && !self.stall_told {
            self.stall_told = true;
            seen.push(Observation::Stalled {
                since: self.last_news,
                idle,
                action: self.slowest().map(|running| running.action.clone()),
            });
        }
        seen
    }

    /// What the whole output said, an unfinished last line included.
    pub fn finish(&self) -> Summary {
        let mut whole = self.clone();
        if let Some(line) = whole.lines.flush() {
            whole.line(&line, whole.last_line, &mut Vec::new());
        }
        whole.tally.summary(whole.failure.text())
    }

    fn line(&mut self, line: &str, now: Duration, seen: &mut Vec<Observation>) {
        self.last_line = now;
        let status = Status::read(line, self.inside_status);
        self.inside_status = status.is_some();
        self.tally.line(line, status.as_ref());
        let plain = if status.is_some() { None } else { Some(line) };
        seen.extend(self.failure.line(plain).map(|text| Observation::FirstError { text }));
        match status {
            Some(Status::Phase(phase)) => {
                self.enter(phase, seen);
                if line != self.last_status {
                    self.news(now);
                    line.clone_into(&mut self.last_status);
                }
            }
            Some(Status::Counted { done, total, running, slowest }) => {
                self.enter(Phase::Building, seen);
                if self.counted.as_ref().is_none_or(|last| (last.done, last.total) != (done, total)) {
                    self.news(now);
                }
                self.pace.observe(now, done, total);
                self.counted = Some(Counted { done, total, running, slowest });
                seen.extend(self.progress());
            }
            // The details under a count tell the slowest action only once more than one is running.
            Some(Status::Detail(Some(action))) => {
                let slower = self.slowest().is_none_or(|known| known.seconds < action.seconds);
                if let Some(counted) = self.counted.as_mut().filter(|_| slower) {
                    counted.slowest = Some(action);
                    seen.extend(self.progress());
                }
            }
            Some(Status::Detail(None)) => {}
            None => {
                self.news(now);
                seen.push(Observation::Line { text: line.to_owned() });
            }
        }
    }

    fn enter(&mut self, phase: Phase, seen: &mut Vec<Observation>) {
        if self.phase < Some(phase) {
            self.phase = Some(phase);
            seen.push(Observation::Phase(phase));
        }
    }

    fn news(&mut self, now: Duration) {
        self.last_news = now;
        self.stall_told = false;
    }

    fn slowest(&self) -> Option<&RunningAction> {
        self.counted.as_ref()?.slowest.as_ref()
    }

    fn progress(&self) -> Option<Observation> {
        let counted = self.counted.as_ref()?;
        Some(Observation::Progress {
            done: counted.done,
            total: counted.total,
            running: counted.running,
            slowest: counted.slowest.clone(),
            eta: self.pace.eta(),
        })
    }
}

impl Default for BazelOutput {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
