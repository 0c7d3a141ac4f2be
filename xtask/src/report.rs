//! What people and programs see of a run; the only writer to stdout and stderr.
//! Events come in from any thread; how they look is decided once, by the options, and never by the sender.

mod json;
mod pace;
mod plain;
mod saying;
mod sentence;
mod sink;
mod table;
mod terminal;
mod units;

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::domain::event::Event;
use json::Json;
use plain::Plain;
pub use saying::Started;
use sentence::Paint;
use sink::Sink;
use terminal::Terminal;
pub use units::{bytes, count};

/// What the command line says about the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// NDJSON of every event on stdout and no story.
    pub json: bool,
    /// Show the tools' own lines.
    pub verbose: bool,
    /// Draw bars when stderr is a terminal; otherwise sentences at intervals.
    pub progress: bool,
    /// Colours are wanted (`NO_COLOR` is unset); they still need a terminal.
    pub color: bool,
}

/// Where the report writes, what it knows of the terminal, and its clock: all of it replaceable in tests.
pub struct Surroundings {
    pub stdout: Box<dyn Write + Send>,
    pub stderr: Box<dyn Write + Send>,
    /// The width of the terminal behind stderr, asked at every drawing; none when there is no terminal.
    pub width: Option<Box<dyn Fn() -> u16 + Send + Sync>>,
    /// Turn spinners between events; costs a thread for each.
    pub animated: bool,
    pub clock: Box<dyn Fn() -> Instant + Send>,
}

impl Surroundings {
    /// The process's own.
    pub fn of_process() -> Self {
        let width: Box<dyn Fn() -> u16 + Send + Sync> = Box::new(|| console::Term::stderr().size().1);
        Self {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            width: io::stderr().is_terminal().then_some(width),
            animated: true,
            clock: Box::new(Instant::now),
        }
    }
}

/// The one voice of a run.
pub struct Report {
    voice: Mutex<Voice>,
}

struct Voice {
    renderer: Box<dyn Renderer>,
    clock: Box<dyn Fn() -> Instant + Send>,
    paint: Paint,
}

/// One way of showing events.
trait Renderer: Send {
    fn event(&mut self, event: &Event, now: Instant);
    /// A line for stderr that is no event: an error's.
    fn error(&mut self, line: &str);
    /// Takes bars away and says whether a result was lost on its way out.
    fn finish(&mut self) -> io::Result<()>;
}

impl Report {
    /// A report to the process's own stdout and stderr.
    pub fn new(options: Options) -> Self {
        Self::with_surroundings(options, Surroundings::of_process())
    }

    /// A report to anywhere.
    pub fn with_surroundings(options: Options, around: Surroundings) -> Self {
        let paint = Paint { on: options.color && around.width.is_some() };
        let (stdout, stderr) = (Sink::new(around.stdout), Sink::new(around.stderr));
        let renderer: Box<dyn Renderer> = match around.width {
            _ if options.json => Box::new(Json::new(stdout, stderr)),
            Some(width) if options.progress => {
                Box::new(Terminal::new(stdout, stderr, width, around.animated, options.verbose, paint))
            }
            _ => Box::new(Plain::new(stdout, stderr, options.verbose, paint)),
        };
        Self { voice: Mutex::new(Voice { renderer, clock: around.clock, paint }) }
    }

    /// Says an event.
    pub fn event(&self, event: Event) {
        let mut voice = self.voice();
        let now = (voice.clock)();
        voice.renderer.event(&event, now);
    }

    /// Says why the run failed, with every cause; on stderr in every mode.
    pub fn error(&self, error: &anyhow::Error, advice: Option<&str>) {
        let mut voice = self.voice();
        for (depth, cause) in error.chain().enumerate() {
            let line =
                if depth == 0 { voice.paint.error(&format!("error: {cause}")) } else { format!("  because: {cause}") };
            voice.renderer.error(&line);
        }
        if let Some(advice) = advice {
            voice.renderer.error(&format!("  what to do: {advice}"));
        }
    }

    /// Takes bars away; fails if a result could not be written (a reader that hung up is no failure).
    pub fn finish(&self) -> anyhow::Result<()> {
        use anyhow::Context as _;
        self.voice().renderer.finish().context("write results to stdout")
    }

    fn voice(&self) -> MutexGuard<'_, Voice> {
        // A thread that panicked while speaking must not silence the others.
        self.voice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
