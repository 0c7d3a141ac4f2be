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
