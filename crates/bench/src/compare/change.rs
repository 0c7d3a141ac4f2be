//! Whether a finding changed from one report to another, or the difference may be noise.
//!
//! Each interval gives a standard error: its width over 2 × 1.96, for positive numbers on the scale of logarithms, where
//! ratios of times are at home. A change is named where a test of "no further apart than the margin" fails at 5 %, after
//! Holm's correction over all findings of both reports; none where the 90 % interval of the difference lies within the margin.
//! Intervals of two runs on the same pictures share what pictures differ in, so that this errs on the side of noise.

use serde::Serialize;

use super::kept::{Findings, KeptFinding};
use crate::{report::numbers, verdict::State};

/// Half the width of a 95 % interval in standard errors.
const Z95: f64 = 1.959_964;
/// The same of a 90 % interval: what both one-sided tests at 5 % together come to.
const Z90: f64 = 1.644_854;
/// How often a change may be named where there is none, over all findings together.
const LEVEL: f64 = 0.05;

/// A finding in both reports.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    pub key: String,
    pub words: String,
    pub unit: String,
    pub before: Measured,
    pub after: Measured,
    pub scale: Scale,
    /// `Ratio`: after over before. `Difference`: after less before, in the finding's unit. With its 95 % interval.
    pub change: Measured,
    /// Of no change beyond the margin, corrected over all findings.
    pub p: f64,
    /// `Effect`: changed. `None`: unchanged. `Open`: may be noise.
    pub state: State,
}

/// A value with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// How two values are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Both are positive, and no shares.
    Ratio,
    /// Shares, whose margin is in points, and whatever may be zero or less, whose margin is of the value before.
    Difference,
}

/// The changes of all keys in both, most telling first.
pub fn changes(before: &Findings<'_>, after: &Findings<'_>, margin: f64) -> Vec<Change> {
    let pairs = before.iter().filter_map(|(key, old)| after.get(key).map(|new| (*old, *new)));
    let mut changes: Vec<Change> = pairs.filter_map(|(old, new)| change(old, new, margin)).collect();
    holm(&mut changes);
    for change in changes.iter_mut().filter(|change| change.p < LEVEL) {
        change.state = State::Effect;
    }
    let rank = |state: State| match state {
        State::Effect => 0,
        State::Open => 1,
        State::None | State::NotMeasured | State::Told => 2,
    };
    changes.sort_by(|one, other| rank(one.state).cmp(&rank(other.state)).then(one.p.total_cmp(&other.p)));
    changes
}

/// None where one has no value, or the units differ.
fn change(old: &KeptFinding, new: &KeptFinding, margin: f64) -> Option<Change> {
    if old.unit != new.unit {
        return None;
    }
    let (before, after) = (measured(old)?, measured(new)?);
    let positive = [before, after].iter().all(|one| one.value > 0.0 && one.low > 0.0);
    let scale = if positive && old.unit != "share" { Scale::Ratio } else { Scale::Difference };
    let bend = |number: f64| if scale == Scale::Ratio { number.ln() } else { number };
    let back = |number: f64| if scale == Scale::Ratio { number.exp() } else { number };
    let margin = match scale {
        Scale::Ratio => margin.ln_1p(),
        Scale::Difference if old.unit == "share" => margin,
        Scale::Difference => margin * before.value.abs(),
    };
    let error = |one: Measured| (bend(one.high) - bend(one.low)) / (2.0 * Z95);
    let difference = bend(after.value) - bend(before.value);
    let spread = error(before).hypot(error(after));
    let same = difference.abs() + Z90 * spread <= margin;
    Some(Change {
        key: old.key.clone(),
        words: new.words.clone(),
        unit: old.unit.clone(),
        before,
        after,
        scale,
        change: Measured {
            value: back(difference),
            low: back(difference - Z95 * spread),
            high: back(difference + Z95 * spread),
        },
        p: p_value(difference.abs(), spread, margin),
        state: if same { State::None } else { State::Open },
    })
}

/// Ends that were not finite are as far as can be.
fn measured(finding: &KeptFinding) -> Option<Measured> {
    let value = finding.value?;
    let (low, high) = (finding.low.unwrap_or(f64::NEG_INFINITY), finding.high.unwrap_or(f64::INFINITY));
    Some(Measured { value, low, high })
}

/// How probable so great a difference is where the true one is just the margin.
fn p_value(difference: f64, spread: f64, margin: f64) -> f64 {
    if spread == 0.0 {
        return if difference > margin { 0.0 } else { 1.0 };
    }
    if !spread.is_finite() {
        return 1.0;
    }
    (upper_tail((difference - margin) / spread) + upper_tail((difference + margin) / spread)).min(1.0)
}

/// Holm's correction: the smallest p counts as often as there are tests, the next once less, and none less than the one before.
fn holm(changes: &mut [Change]) {
    changes.sort_by(|one, other| one.p.total_cmp(&other.p));
    let mut least = 0.0_f64;
    let mut left = changes.len() as f64;
    for change in changes {
        least = least.max((change.p * left).min(1.0));
        change.p = least;
        left -= 1.0;
    }
}

/// Probability that a standard normal variable is more than `z`; relative error below 2e-7 (Numerical Recipes' `erfcc`).
fn upper_tail(z: f64) -> f64 {
    const TERMS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let series = TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term);
    let half = 0.5 * t * (series - x * x).exp();
    if z >= 0.0 { half } else { 1.0 - half }
}

/// What a comparison calls a state.
pub const fn word(state: State) -> &'static str {
    match state {
        State::Effect => "Changed",
        State::None => "Unchanged",
        State::Open => "Within noise",
        State::NotMeasured | State::Told => "Not judged",
    }
}

impl Change {
    /// "+12.0 %" of ratios, "+1.20 points" of shares, else the difference in its unit.
    pub fn shown(&self) -> String {
        let (number, unit) = self.number(self.change.value);
        format!("{}{unit}", signed(number))
    }

    /// The same of both ends of the interval.
    pub fn interval(&self) -> String {
        if !self.change.low.is_finite() || !self.change.high.is_finite() {
            return String::from("no interval");
        }
        let (low, unit) = self.number(self.change.low);
        let (high, _) = self.number(self.change.high);
        format!("{} to {}{unit}", signed(low), signed(high))
    }

    /// As people see it: ratios in per cent, shares in points, with the unit that follows.
    fn number(&self, change: f64) -> (f64, String) {
        match self.scale {
            Scale::Ratio => ((change - 1.0) * 100.0, String::from(" %")),
            Scale::Difference if self.unit == "share" => (change * 100.0, String::from(" points")),
            Scale::Difference => (change, format!(" {}", self.unit)),
        }
    }

    /// For a sentence.
    pub fn in_words(&self) -> String {
        format!("{} {} ({})", self.key, self.shown(), self.interval())
    }
}

fn signed(number: f64) -> String {
    format!("{}{}", if number > 0.0 { "+" } else { "" }, numbers::figures(number))
}

#[cfg(test)]
mod tests {
    use super::{p_value, upper_tail};

    #[test]
    fn tails_of_the_normal_distribution_are_those_of_tables() {
        for (z, tail) in [(0.0, 0.5), (1.644_854, 0.05), (1.959_964, 0.025), (3.0, 0.001_349_898), (-1.0, 0.841_344_7)]
        {
            assert!((upper_tail(z) - tail).abs() < 1e-6, "{z}: {}", upper_tail(z));
        }
    }

    #[test]
    fn differences_within_the_margin_are_never_improbable() {
        assert!(p_value(0.04, 0.001, 0.05) > 0.99);
        assert!(p_value(0.06, 0.001, 0.05) < 1e-6);
        assert!(p_value(0.06, f64::INFINITY, 0.05) > 0.99);
        assert_eq!(
            (p_value(0.06, 0.0, 0.05).to_bits(), p_value(0.0, 0.0, 0.0).to_bits()),
            (0.0_f64.to_bits(), 1.0_f64.to_bits())
        );
    }
}
