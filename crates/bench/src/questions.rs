//! The article's six questions to one record, each with an answer that holds: an effect, none, open, or not measured.
//!
//! A ratio of times is an effect where its interval lies wholly beyond the experiment's margin, and none where it lies wholly
//! within; anything else is open. Nothing here reads files or the clock: the same record, the same answers.

mod cautions;
mod evidence;
mod flags;
mod formats;
mod load;
#[cfg(test)]
mod made;
mod quality;
mod ratios;
mod scaling;
mod servers;
#[cfg(test)]
mod tests;
mod words;

use crate::{
    record::Record,
    verdict::{Answered, State},
};
use evidence::Evidence;

/// All six, in the order of the report: quality, formats, scaling, servers, flags, load.
pub fn answer(record: &Record) -> Vec<Answered> {
    let evidence = Evidence::new(record);
    let questions = [quality::answer, formats::answer, scaling::answer, servers::answer, flags::answer, load::answer];
    questions.map(|question| question(&evidence)).into()
}

/// A question that could not be asked: why, and what to run.
fn not_measured(id: &str, question: &str, verdict: String) -> Answered {
    Answered {
        id: id.to_owned(),
        question: question.to_owned(),
        verdict,
        state: State::NotMeasured,
        findings: Vec::new(),
        plots: Vec::new(),
        cautions: Vec::new(),
    }
}

/// What several findings come to: an effect where one is, none where all say so.
fn together(states: impl IntoIterator<Item = State>) -> State {
    let states: Vec<State> =
        states.into_iter().filter(|state| !matches!(state, State::NotMeasured | State::Told)).collect();
    match states.as_slice() {
        [] => State::NotMeasured,
        states if states.contains(&State::Effect) => State::Effect,
        states if states.iter().all(|state| *state == State::None) => State::None,
        _ => State::Open,
    }
}
