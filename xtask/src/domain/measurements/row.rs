//! What a bench writes: one JSON object a line, either the version of something that was compared or the values of a case.

use std::fmt;

use serde::Deserialize;
use thiserror::Error;

/// One line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "row", rename_all = "kebab-case")]
pub enum Row {
    Version(Version),
    Case(Case),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// As people call it: `Pillow`.
    pub name: String,
    pub is: String,
}

/// One way of doing something, measured once a round.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// By which other cases of the bench name it.
    pub name: String,
    /// In the words of the table.
    pub case: String,
    /// `s`, `MB`, `uploads/s`, ...
    pub unit: String,
    /// At least one.
    pub values: Vec<f64>,
    /// Name of the case whose median this one's is divided by.
    pub against: Option<String>,
    /// Of that ratio; of the median itself where there is none.
    pub wanted: Option<Wanted>,
    pub note: Option<String>,
}

/// A target: `at most 0.7`, `at least 4`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

impl Wanted {
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "at most {limit}"),
            Self::AtLeast(limit) => write!(f, "at least {limit}"),
        }
    }
}

impl TryFrom<String> for Wanted {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number =
            |words: &str| text.strip_prefix(words)?.trim().parse().ok().filter(|limit: &f64| limit.is_finite());
        let limit = number("at most ").map(Self::AtMost).or_else(|| number("at least ").map(Self::AtLeast));
        limit.ok_or_else(|| format!("`{text}` is no target: write `at most 0.7` or `at least 4`"))
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("row {line}: {words}")]
pub struct RowError {
    line: usize,
    words: String,
}

/// All rows, in their order.
pub fn parse(text: &str) -> Result<Vec<Row>, RowError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| RowError { line: at + 1, words: error.to_string() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_versions_and_cases() {
        let text = concat!(
            r#"{"row":"version","name":"Pillow","is":"13.0.0"}"#,
            "\n\n",
            r#"{"row":"case","name":"a","case":"ours","unit":"s","values":[1,2.5e-1],"against":"b","wanted":"at most 0.7"}"#,
        );
        let rows = parse(text).expect("well-formed");
        assert_eq!(rows[0], Row::Version(Version { name: "Pillow".into(), is: "13.0.0".into() }));
        let Row::Case(case) = &rows[1] else { panic!("{rows:?}") };
        assert_eq!((case.values.as_slice(), case.wanted), ([1.0, 0.25].as_slice(), Some(Wanted::AtMost(0.7))));
        assert_eq!((case.against.as_deref(), case.note.as_deref()), (Some("b"), None));
        assert_eq!(parse("\n"), Ok(Vec::new()));
    }

    #[test]
    fn a_row_that_is_none_is_named_by_its_line() {
        let case = |rest: &str| format!(r#"{{"row":"case","name":"a","case":"a","unit":"s","values":[1]{rest}}}"#);
        for (row, words) in [
            ("{", "EOF"),
            (r#"{"row":"median"}"#, "unknown variant `median`"),
            (&case(r#","vlaue":1"#), "unknown field `vlaue`"),
            (&case(r#","wanted":"<= 1""#), "`<= 1` is no target"),
            (&case(r#","wanted":"at most inf""#), "no target"),
            (r#"{"row":"version","name":"x"}"#, "missing field `is`"),
        ] {
            let error = parse(&format!("\n{row}\n")).expect_err(row).to_string();
            assert!(error.starts_with("row 2: ") && error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_target_is_met_at_its_very_limit() {
        assert!(Wanted::AtMost(1.0).is_met_by(1.0) && !Wanted::AtMost(1.0).is_met_by(1.01));
        assert!(Wanted::AtLeast(20.0).is_met_by(20.0) && !Wanted::AtLeast(20.0).is_met_by(19.0));
        assert_eq!(Wanted::AtLeast(20.0).to_string(), "at least 20");
    }
}
