//! The story as sentences on stderr, for logs and for `--no-progress`; results bare on stdout.
//! Progress speaks at most every ten seconds for each variant; everything else speaks at once.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use super::Renderer;
use super::pace::Pace;
use super::sentence::{Paint, sentences};
use super::sink::Sink;
use crate::domain::event::Event;

/// The shortest time between two sentences about the progress of one thing.
const INTERVAL: Duration = Duration::from_secs(10);

/// The plain-text renderer.
pub struct Plain {
    stdout: Sink,
    stderr: Sink,
    verbose: bool,
    paint: Paint,
    spoken: BTreeMap<String, Instant>,
    pace: Pace,
}

impl Plain {
    pub fn new(stdout: Sink, stderr: Sink, verbose: bool, paint: Paint) -> Self {
        Self { stdout, stderr, verbose, paint, spoken: BTreeMap::new(), pace: Pace::default() }
    }

    /// Whether an event is heard now.
    fn heard(&mut self, event: &Event, now: Instant) -> bool {
        match event {
            Event::LogLine { .. } => self.verbose,
            Event::Progress { variant, .. } => self.due(format!("variant {variant}"), now),
            Event::Measured { .. } => self.due("measured".into(), now),
            Event::Working { step, .. } => self.verbose || self.due(format!("step {step}"), now),
            Event::Bytes { what, done, total } => {
                let key = format!("bytes {what}");
                if *total == Some(*done) {
                    self.spoken.remove(&key);
                    return true;
                }
                self.due(key, now)
            }
            _ => true,
        }
    }

    fn due(&mut self, key: String, now: Instant) -> bool {
        let due = self.spoken.get(&key).is_none_or(|last| now.saturating_duration_since(*last) >= INTERVAL);
        if due {
            self.spoken.insert(key, now);
        }
        due
    }
}

impl Renderer for Plain {
    fn event(&mut self, event: &Event, now: Instant) {
        if let Event::Result { line, .. } = event {
            self.stdout.line(line);
            return;
        }
        let left = match event {
            Event::Bytes { what, done, total } => self.pace.left(what, *done, *total, now),
            Event::Measured { done, total, .. } => self.pace.left("measured", *done, Some(*total), now),
            _ => String::new(),
        };
        if self.heard(event, now) {
            for line in sentences(event, self.paint, None) {
                self.stderr.line(&format!("{line}{left}"));
            }
        }
    }

    fn error(&mut self, line: &str) {
        self.stderr.line(line);
    }

    fn finish(&mut self) -> io::Result<()> {
        self.stdout.check()
    }
}
