//! What the questions come to: the one form in which statistics hand over to reports.

use serde::{Deserialize, Serialize};

/// An answer to one of the questions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// `quality`, `formats`, `scaling`, `servers`, `flags`, `load`.
    pub id: String,
    /// The question in words.
    pub question: String,
    /// The answer in words, with its intervals; what could not be asked, and why.
    pub verdict: String,
    pub state: State,
    /// Single findings, most important first.
    pub findings: Vec<Finding>,
    /// In the order of the page.
    pub plots: Vec<Plot>,
    /// What the reader should know before believing.
    pub cautions: Vec<String>,
}

/// Letters after which a shortened verdict ends with its sentence.
const ENOUGH: usize = 240;

impl Answered {
    /// The first sentences of the verdict, and what is left of it.
    pub fn in_short(&self) -> (&str, &str) {
        let mut ends = self.verdict.match_indices(". ").map(|(at, _)| at + 1);
        self.verdict.split_at(ends.find(|end| *end >= ENOUGH).unwrap_or(self.verdict.len()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There is an effect beyond the margin.
    Effect,
    /// There is none beyond the margin.
    None,
    /// The measurements allow neither word.
    Open,
    /// The conditions to ask it were not there.
    NotMeasured,
    /// Of findings: a number beside the question, which decides nothing.
    Told,
}

/// A number with its interval and what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable key, by which two reports are compared: `servers/ratio/cpu-standard/cpu-optimized`.
    pub key: String,
    pub words: String,
    pub value: f64,
    /// 95 %.
    pub low: f64,
    pub high: f64,
    /// Of `value`: `ratio`, `ms`, `ms/MP`, `share`, `1/s`.
    pub unit: String,
    pub state: State,
}

/// A plot as data: kinds and axes by name, drawn by the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// Also the name of its CSV file.
    pub id: String,
    pub title: String,
    /// What one sees in it, in a sentence.
    pub caption: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    /// Lines across the plot: a wanted latency, equality.
    pub lines: Vec<Line>,
    /// Bars of all series on top of each other instead of side by side.
    pub stacked: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    pub title: String,
    pub log: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    pub kind: Kind,
    /// Index of the server whose colour it has in all plots; none: its own.
    pub server: Option<u32>,
    pub points: Vec<At>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Line,
    Dots,
    Bars,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct At {
    pub x: X,
    pub y: f64,
    /// Of `y`, 95 %; none where there is no interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// What the pointer shows.
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum X {
    Number(f64),
    Name(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// On the y axis; if not, on the x axis.
    pub horizontal: bool,
    pub at: f64,
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_verdicts_end_with_a_sentence_in_short() {
        let sentence = "This takes 1.5 times what that takes. ";
        let answered = |verdict: String| Answered {
            id: String::new(),
            question: String::new(),
            verdict,
            state: State::Open,
            findings: Vec::new(),
            plots: Vec::new(),
            cautions: Vec::new(),
        };
        let long = answered(sentence.repeat(20));
        let (short, rest) = long.in_short();
        assert!(short.ends_with("takes.") && (240..300).contains(&short.len()), "{short}");
        assert_eq!(format!("{short}{rest}"), long.verdict);
        assert_eq!(answered(sentence.into()).in_short(), (sentence, ""));
    }
}
