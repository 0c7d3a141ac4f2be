//! Every event as one line of JSON on stdout, for programs; stderr has nothing but errors.
//! Nothing is throttled or left out: who reads this filters.

use std::io;
use std::time::Instant;

use super::Renderer;
use super::sink::Sink;
use crate::domain::event::Event;

/// The NDJSON renderer.
pub struct Json {
    stdout: Sink,
    stderr: Sink,
}

impl Json {
    pub fn new(stdout: Sink, stderr: Sink) -> Self {
        Self { stdout, stderr }
    }
}

impl Renderer for Json {
    fn event(&mut self, event: &Event, _: Instant) {
        match serde_json::to_string(event) {
            Ok(line) => self.stdout.line(&line),
            Err(error) => self.error(&format!("error: write an event as JSON: {error}")),
        }
    }

    fn error(&mut self, line: &str) {
        self.stderr.line(line);
    }

    fn finish(&mut self) -> io::Result<()> {
        self.stdout.check()
    }
}
