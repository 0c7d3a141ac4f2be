//! Puts an event into words, the noun first, and colours the words that warn.
//! The same sentences serve the terminal and plain text; what is left out or held back is decided there.

use std::time::Duration;

use console::Style;

use super::table;
use super::units::{bytes, duration, percent};
use crate::domain::bazel_output::{Phase, RunningAction};
use crate::domain::event::Event;

/// Colours, or their absence.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    pub on: bool,
}

impl Paint {
    pub fn error(self, text: &str) -> String {
        self.apply(Style::new().red().bold(), text)
    }

    fn warning(self, text: &str) -> String {
        self.apply(Style::new().yellow(), text)
    }

    fn good(self, text: &str) -> String {
        self.apply(Style::new().green(), text)
    }

    fn apply(self, style: Style, text: &str) -> String {
        if self.on { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }
}

/// The lines an event becomes; a result has none because it goes bare to stdout.
pub fn sentences(event: &Event, paint: Paint, width: Option<u16>) -> Vec<String> {
    match event {
        Event::Note { text } => lines(text),
        Event::Warning { text } => {
            let mut told = lines(text).into_iter();
            let first = paint.warning(&format!("warning: {}", told.next().unwrap_or_default()));
            std::iter::once(first).chain(told.map(|line| format!("  {line}"))).collect()
        }
        Event::StepStarted { variant, step } => vec![format!("{} started", subject(variant.as_deref(), step))],
        Event::StepFinished { variant, step, seconds } => {
            let took = duration(Duration::try_from_secs_f64(*seconds).unwrap_or_default());
            vec![paint.good(&format!("{} finished in {took}", subject(variant.as_deref(), step)))]
        }
        Event::Phase { variant, phase } => vec![format!("{variant}: {}", phase_name(*phase))],
        Event::Progress { variant, done, total, slowest, eta_seconds, .. } => {
            let mut parts = vec![format!("{done}/{total} actions")];
            parts.extend(eta_seconds.map(|eta| format!("about {} left", duration(Duration::from_secs(eta)))));
            parts.extend(slowest.as_ref().map(|slowest| format!("slowest: {}", running(slowest))));
            vec![format!("{variant}: {}", parts.join(", "))]
        }
        Event::Working { step, line } => vec![format!("{}: {}", clean(step), clean(line))],
        Event::Bytes { what, done, total } => vec![format!("{}: {}", clean(what), transferred(*done, *total))],
        Event::Measured { what, done, total } => {
            vec![format!("measured {}%: {}", percent(*done, *total), clean(what))]
        }
        Event::LogLine { variant, line } => vec![format!("{variant} | {}", clean(line))],
        Event::FirstError { variant, text, log } => {
            let mut told = vec![paint.error(&format!("{variant}: first error"))];
            told.extend(lines(text).into_iter().map(|line| format!("  {line}")));
            told.push(format!("  whole log: {log}"));
            told
        }
        Event::Stalled { variant, seconds, action } => {
            let span = duration(Duration::from_secs(*seconds));
            let what = action.as_ref().map(|action| format!(", still at {}", clean(action))).unwrap_or_default();
            vec![paint.warning(&format!("{variant}: no progress for {span}{what}"))]
        }
        Event::RunAgain { variant, jobs, reason } => {
            let jobs = if *jobs == 1 { "1 job".to_owned() } else { format!("{jobs} jobs") };
            vec![paint.warning(&format!("{variant}: runs again with {jobs}: {}", clean(reason)))]
        }
        Event::Failed { variant, text } => {
            let mut told = lines(text).into_iter();
            let first = paint.error(&format!("{variant}: failed: {}", told.next().unwrap_or_default()));
            std::iter::once(first).chain(told.map(|line| format!("  {line}"))).collect()
        }
        Event::Rebuild { variant, reason } => vec![format!("{variant}: to be rebuilt: {}", clean(reason))],
        Event::UpToDate { variant, reason } => vec![paint.good(&format!("{variant}: up to date: {}", clean(reason)))],
        Event::Result { .. } => Vec::new(),
        Event::Table { title, headers, rows } => table::draw(title, headers, rows, width),
    }
}

/// `Compiling x.cc (34s)`.
pub fn running(action: &RunningAction) -> String {
    if action.seconds == 0 {
        return clean(&action.action);
    }
    format!("{} ({})", clean(&action.action), duration(Duration::from_secs(action.seconds)))
}

/// `1.2 GiB of 3.4 GiB (35%)`.
pub fn transferred(done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total == done => bytes(done),
        Some(total) => format!("{} of {} ({}%)", bytes(done), bytes(total), percent(done, total)),
        None => bytes(done),
    }
}

/// The phase as a participle.
pub fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Loading => "loading",
        Phase::Analysing => "analysing",
        Phase::Building => "building",
    }
}

/// Text from a tool or a stranger, without what could move the cursor or change colours.
pub fn clean(text: &str) -> String {
    console::strip_ansi_codes(text).replace('\t', " ").chars().filter(|c| !c.is_control()).collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(clean).collect()
}

fn subject(variant: Option<&str>, step: &str) -> String {
    match variant {
        Some(variant) => format!("{variant}: {}", clean(step)),
        None => clean(step),
    }
}
