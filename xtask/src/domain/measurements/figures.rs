//! From rows to figures: medians with their spread, ratios of medians, and whether targets are met.

use std::{cmp::Ordering, collections::BTreeMap};

use thiserror::Error;

use super::row::{Case, Row, Version, Wanted};

/// What one run of a bench has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    pub versions: Vec<Version>,
    pub lines: Vec<Line>,
    /// The most values that a case has.
    pub rounds: usize,
}

/// A case, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub case: String,
    pub unit: String,
    pub median: f64,
    pub least: f64,
    pub most: f64,
    pub against: Option<Against>,
    pub wanted: Option<Wanted>,
    pub note: Option<String>,
}

/// What a case is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// In the words of the table.
    pub case: String,
    /// Of the medians; none where the other's is 0.
    pub ratio: Option<f64>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum FiguresError {
    #[error("it left no case to show")]
    NoCase,
    #[error("its case `{0}` has no values")]
    NoValues(String),
    #[error("it has two cases by the name `{0}`")]
    Twice(String),
    #[error("its case `{case}` is held against `{against}`, which it does not have")]
    Against { case: String, against: String },
}

impl Figures {
    pub fn of(rows: Vec<Row>) -> Result<Self, FiguresError> {
        let (mut versions, mut cases) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                Row::Version(version) => versions.push(version),
                Row::Case(case) => cases.push(case),
            }
        }
        if cases.is_empty() {
            return Err(FiguresError::NoCase);
        }
        let mut known = BTreeMap::new();
        for case in &cases {
            let middle = median(&case.values).ok_or_else(|| FiguresError::NoValues(case.name.clone()))?;
            if known.insert(case.name.as_str(), (middle, case.case.as_str())).is_some() {
                return Err(FiguresError::Twice(case.name.clone()));
            }
        }
        let lines = cases.iter().map(|case| line(case, &known)).collect::<Result<_, _>>()?;
        let rounds = cases.iter().map(|case| case.values.len()).max().unwrap_or_default();
        Ok(Self { versions, lines, rounds })
    }
}

fn line(case: &Case, known: &BTreeMap<&str, (f64, &str)>) -> Result<Line, FiguresError> {
    let unknown = |against: &String| FiguresError::Against { case: case.name.clone(), against: against.clone() };
    let against = case.against.as_ref();
    let against = against.map(|name| known.get(name.as_str()).ok_or_else(|| unknown(name))).transpose()?;
    let (median, _) = known[case.name.as_str()];
    Ok(Line {
        case: case.case.clone(),
        unit: case.unit.clone(),
        median,
        least: case.values.iter().copied().fold(f64::INFINITY, f64::min),
        most: case.values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        against: against.map(|(other, words)| Against {
            case: (*words).to_owned(),
            ratio: Some(median / other).filter(|ratio| ratio.is_finite()),
        }),
        wanted: case.wanted,
        note: case.note.clone(),
    })
}

impl Line {
    /// `18.5 s (18.1 to 20.9)`, `19 verdicts`; a spread that does not show is left out.
    pub fn spread(&self) -> String {
        let is_count = [self.median, self.least, self.most].iter().all(|value| value.fract() == 0.0);
        let digits = if is_count { 0 } else { digits(self.median) };
        let [middle, least, most] = [self.median, self.least, self.most].map(|value| format!("{value:.digits$}"));
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        if least == most { format!("{middle}{unit}") } else { format!("{middle}{unit} ({least} to {most})") }
    }

    /// `0.54 of docker push`; empty without one.
    pub fn ratio(&self) -> String {
        let Some(Against { case, ratio: Some(ratio) }) = &self.against else { return String::new() };
        format!("{ratio:.0$} of {case}", digits(*ratio))
    }

    /// `at most 0.7: met`; empty where nothing was wanted.
    pub fn wanted(&self) -> String {
        let verdict = |met| if met { "met" } else { "missed" };
        let words = |wanted: Wanted| format!("{wanted}: {}", self.is_met().map_or("not known", verdict));
        self.wanted.map(words).unwrap_or_default()
    }

    /// Whether what was wanted came about; none where nothing was, or where there is no ratio to tell by.
    pub fn is_met(&self) -> Option<bool> {
        let value = self.against.as_ref().map_or(Some(self.median), |against| against.ratio)?;
        Some(self.wanted?.is_met_by(value))
    }
}

/// Decimals for three digits that count, of 0.001 and more.
fn digits(value: f64) -> usize {
    match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    }
}

/// Of an even number the middle between two.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    let upper = *sorted.get(sorted.len() / 2)?;
    let is_even = sorted.len().is_multiple_of(2);
    Some(if is_even { f64::midpoint(sorted[sorted.len() / 2 - 1], upper) } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, values: &[f64], against: Option<&str>, wanted: Option<Wanted>) -> Row {
        let (case, unit) = (format!("case {name}"), "s".to_owned());
        let (values, against) = (values.to_vec(), against.map(String::from));
        Row::Case(Case { name: name.into(), case, unit, values, against, wanted, note: None })
    }

    #[test]
    fn medians_stand_with_their_spread_and_ratio() {
        let rows = vec![
            case("ours", &[2.5, 1.0, 6.0], Some("theirs"), Some(Wanted::AtMost(0.7))),
            case("theirs", &[4.0, 6.0], None, Some(Wanted::AtMost(3.0))),
        ];
        let figures = Figures::of(rows).expect("sound");
        assert_eq!(figures.rounds, 3);
        let shown = |line: &Line| [line.spread(), line.ratio(), line.wanted()].join(" | ");
        let lines: Vec<String> = figures.lines.iter().map(shown).collect();
        assert_eq!(
            lines,
            ["2.50 s (1.00 to 6.00) | 0.500 of case theirs | at most 0.7: met", "5 s (4 to 6) |  | at most 3: missed"]
        );
    }

    #[test]
    fn three_digits_count_and_one_value_has_no_spread() {
        let shown = |value: f64| Figures::of(vec![case("a", &[value], None, None)]).expect("sound").lines[0].spread();
        let found = [1736.4, 86.31, 7.159, 0.0304, 0.0].map(shown);
        assert_eq!(found, ["1736 s", "86.3 s", "7.16 s", "0.030 s", "0 s"]);
    }

    #[test]
    fn a_ratio_to_nothing_is_none_and_meets_nothing() {
        let rows = vec![case("a", &[1.0], Some("zero"), Some(Wanted::AtLeast(1.0))), case("zero", &[0.0], None, None)];
        let line = &Figures::of(rows).expect("sound").lines[0];
        assert_eq!((line.ratio().as_str(), line.is_met()), ("", None));
        assert_eq!(line.wanted(), "at least 1: not known");
    }

    #[test]
    fn rows_that_do_not_fit_together_are_told() {
        let error = |rows| Figures::of(rows).expect_err("unsound");
        let version = Row::Version(Version { name: "x".into(), is: "1".into() });
        assert_eq!(error(Vec::new()), FiguresError::NoCase);
        assert_eq!(error(vec![version]), FiguresError::NoCase);
        assert_eq!(error(vec![case("a", &[], None, None)]), FiguresError::NoValues("a".into()));
        let twice = vec![case("a", &[1.0], None, None), case("a", &[1.0], None, None)];
        assert_eq!(error(twice), FiguresError::Twice("a".into()));
        let unknown = FiguresError::Against { case: "a".into(), against: "b".into() };
        assert_eq!(error(vec![case("a", &[1.0], Some("b"), None)]), unknown);
    }
}
