//! Ratios of times as findings: measured one by one, judged together.

use crate::{
    questions::{
        evidence::{Evidence, Pair, Time},
        words,
    },
    statistics::{crossed::Ratio, holm},
    verdict::{Finding, State},
};

/// A ratio that waits for its state, as that depends on the others.
pub struct Compared {
    pub key: String,
    /// `x takes`: what stands before the number.
    pub before: String,
    /// `of what y takes`: what stands after it.
    pub after: String,
    pub ratio: Ratio,
}

/// None where no pair was answered.
pub fn compared(
    evidence: &Evidence<'_>,
    key: String,
    words: [String; 2],
    pairs: &[Pair<'_>],
    time: Time,
) -> Option<Compared> {
    let ratio = evidence.ratio(pairs, time, evidence.seed(&key))?;
    let [before, after] = words;
    Some(Compared { key, before, after, ratio })
}

/// Findings in the same order, each with the state that it may have beside the others.
pub fn judged<'a>(compared: impl IntoIterator<Item = &'a Compared>, margin: f64) -> Vec<Finding> {
    let compared: Vec<&Compared> = compared.into_iter().collect();
    let ratios: Vec<&Ratio> = compared.iter().map(|compared| &compared.ratio).collect();
    let states = holm::states(&ratios, margin);
    compared.into_iter().zip(states).map(|(compared, state)| finding(compared, state)).collect()
}

/// One by itself, with that state.
pub fn finding(compared: &Compared, state: State) -> Finding {
    let interval = compared.ratio.interval();
    let Compared { key, before, after, ratio } = compared;
    let said = match state {
        State::Effect | State::NotMeasured | State::Told => "",
        State::None => ": no difference beyond the margin",
        State::Open => ": open",
    };
    Finding {
        key: key.clone(),
        words: format!("{} {} {after}{}{said}.", before, words::times(interval), words::scope(ratio)),
        value: interval.value,
        low: interval.low,
        high: interval.high,
        unit: "ratio".to_owned(),
        state,
    }
}
