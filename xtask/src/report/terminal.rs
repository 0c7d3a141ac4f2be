//! The story on a terminal: one bar for each variant, one line for each transfer or step, sentences above them.
//! Results still go bare to stdout, with the bars out of their way.

mod screen;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Renderer;
use super::pace::Pace;
use super::sentence::{Paint, clean, phase_name, running, sentences, transferred};
use super::sink::Sink;
use super::units::{duration, percent};
use crate::domain::event::Event;
use screen::Screen;

/// Narrower terminals get the numbers without a bar.
const WIDE: u16 = 80;
const TICK: Duration = Duration::from_millis(120);

/// How wide the terminal is now.
pub type Width = Arc<dyn Fn() -> u16 + Send + Sync>;

/// The renderer with bars.
pub struct Terminal {
    stdout: Sink,
    stderr: Sink,
    width: Width,
    animated: bool,
    verbose: bool,
    paint: Paint,
    bars: MultiProgress,
    live: BTreeMap<String, ProgressBar>,
    pace: Pace,
}

impl Terminal {
    pub fn new(
        stdout: Sink,
        stderr: Sink,
        width: Box<dyn Fn() -> u16 + Send + Sync>,
        animated: bool,
        verbose: bool,
        paint: Paint,
    ) -> Self {
        let width: Width = Arc::from(width);
        let screen = Screen::new(stderr.clone(), Arc::clone(&width));
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(screen)));
        Self { stdout, stderr, width, animated, verbose, paint, bars, live: BTreeMap::new(), pace: Pace::default() }
    }

    /// Draws what is under way; true when the event has no sentence of its own as well.
    fn draw(&mut self, event: &Event, now: Instant) -> bool {
        match event {
            Event::StepStarted { variant, step } => {
                let (key, name) = step_key(variant.as_deref(), step);
                // The next step of a variant takes over its line.
                self.remove(&key);
                self.bar(&key).set_message(name);
                true
            }
            Event::StepFinished { variant, step, .. } => {
                self.remove(&step_key(variant.as_deref(), step).0);
                false
            }
            Event::Phase { variant, phase } => {
                let bar = self.bar(&variant_key(variant));
                bar.set_style(spinning());
                bar.set_message(format!("{variant}: {}", phase_name(*phase)));
                true
            }
            Event::Progress { variant, done, total, slowest, eta_seconds, .. } => {
                let mut after = Vec::new();
                after.extend(eta_seconds.map(|eta| format!("{} left", duration(Duration::from_secs(eta)))));
                after.extend(slowest.as_ref().map(running));
                self.count(variant, *done, *total, &after.join("  "));
                true
            }
            Event::Bytes { what, done, total } => {
                let key = format!("bytes {what}");
                let left = self.pace.left(what, *done, *total, now);
                if *total == Some(*done) {
                    self.remove(&key);
                    return false;
                }
                self.bar(&key).set_message(format!("{}: {}{left}", clean(what), transferred(*done, *total)));
                true
            }
            Event::Measured { what, done, total } => {
                let left = self.pace.left("measured", *done, Some(*total), now);
                if done == total {
                    self.remove(&variant_key("bench"));
                } else {
                    self.count("bench", *done, *total, &format!("{}{left}", clean(what)));
                }
                true
            }
            Event::Working { step, line } => {
                let (key, name) = step_key(None, step);
                self.bar(&key).set_message(format!("{name}: {}", clean(line)));
                true
            }
            Event::Failed { variant, .. } => {
                self.remove(&variant_key(variant));
                false
            }
            Event::LogLine { .. } => !self.verbose,
            _ => false,
        }
    }

    fn count(&mut self, variant: &str, done: u64, total: u64, after: &str) {
        let wide = (self.width)() >= WIDE;
        let bar = self.bar(&variant_key(variant));
        let percent = percent(done, total);
        let numbers = format!("[{done}/{total}] {percent}%  {after}");
        if wide {
            bar.set_prefix(variant.to_owned());
            bar.set_message(numbers);
            bar.set_style(counting());
        } else {
            bar.set_message(format!("{variant} {numbers}"));
            bar.set_style(spinning());
        }
        // The last change draws; those before are drawn with it.
        bar.update(|state| {
            state.set_len(total);
            state.set_pos(done.min(total));
        });
    }

    /// The line of a key, drawn anew below the others when there is none.
    fn bar(&mut self, key: &str) -> &ProgressBar {
        let (bars, animated) = (&self.bars, self.animated);
        self.live.entry(key.to_owned()).or_insert_with(|| {
            let bar = bars.add(ProgressBar::new_spinner().with_style(spinning()));
            if animated {
                bar.enable_steady_tick(TICK);
            }
            bar
        })
    }

    fn remove(&mut self, key: &str) {
        if let Some(bar) = self.live.remove(key) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
            if self.live.is_empty() {
                let _ = self.bars.clear();
            }
        }
    }

    /// Says a line above the bars; without bars a plain line, so that the cursor ends where a prompt may stand.
    fn above(&self, line: &str) {
        if self.live.is_empty() {
            self.stderr.line(line);
        } else {
            // The screen never fails: its sink is silent once nobody reads it.
            let _ = self.bars.println(line);
        }
    }
}

impl Renderer for Terminal {
    fn event(&mut self, event: &Event, now: Instant) {
        if let Event::Result { line, .. } = event {
            self.bars.suspend(|| self.stdout.line(line));
            return;
        }
        if !self.draw(event, now) {
            for line in sentences(event, self.paint, Some((self.width)())) {
                self.above(&line);
            }
        }
    }

    fn error(&mut self, line: &str) {
        self.above(line);
    }

    fn finish(&mut self) -> io::Result<()> {
        for key in self.live.keys().cloned().collect::<Vec<_>>() {
            self.remove(&key);
        }
        self.stdout.check()
    }
}

fn variant_key(variant: &str) -> String {
    format!("variant {variant}")
}

/// A variant has one line whatever its step; a step of no variant has its own.
fn step_key(variant: Option<&str>, step: &str) -> (String, String) {
    match variant {
        Some(variant) => (variant_key(variant), format!("{variant}: {}", clean(step))),
        None => (format!("step {step}"), clean(step)),
    }
}

fn spinning() -> ProgressStyle {
    style("{spinner} {wide_msg}")
}

fn counting() -> ProgressStyle {
    style("{spinner} {prefix} {bar:20} {wide_msg}").progress_chars("=> ")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants of this file").tick_chars("-\\|/ ")
}
