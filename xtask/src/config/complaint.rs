//! What is wrong with a configuration file, for people: one line a mistake, each with its place.
//! Finding mistakes is `raw`'s business, collecting them is `journal`'s.

use std::fmt;

/// One mistake and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// Counted from one.
    pub line: usize,
    /// Counted from one, in characters.
    pub column: usize,
    pub message: String,
    /// What to write instead, where that can be guessed.
    pub help: Option<String>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        self.help.iter().try_for_each(|help| write!(f, ", {help}"))
    }
}

/// All mistakes of one file, from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaints {
    file: String,
    list: Vec<Complaint>,
}

impl Complaints {
    pub fn new(file: &str, mut list: Vec<Complaint>) -> Self {
        list.sort();
        list.dedup();
        Self { file: file.into(), list }
    }

    pub fn list(&self) -> &[Complaint] {
        &self.list
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for complaint in &self.list {
            writeln!(f, "{}:{complaint}", self.file)?;
        }
        let mistakes = if self.list.len() == 1 { "mistake" } else { "mistakes" };
        write!(f, "{} {mistakes} in {}; nothing was started", self.list.len(), self.file)
    }
}

impl std::error::Error for Complaints {}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(line: usize, column: usize, message: &str, help: Option<&str>) -> Complaint {
        Complaint { line, column, message: message.into(), help: help.map(String::from) }
    }

    #[test]
    fn mistakes_are_told_from_top_to_bottom_and_once() {
        let list = vec![
            complaint(10, 1, "third", None),
            complaint(2, 9, "second", Some("do this")),
            complaint(2, 1, "first", None),
            complaint(10, 1, "third", None),
        ];
        let expected = "c.toml:2:1: first\nc.toml:2:9: second, do this\nc.toml:10:1: third\n\
                        3 mistakes in c.toml; nothing was started";
        assert_eq!(Complaints::new("c.toml", list).to_string(), expected);
    }

    #[test]
    fn one_mistake_is_not_plural() {
        let text = Complaints::new("c.toml", vec![complaint(1, 1, "x", None)]).to_string();
        assert!(text.ends_with("\n1 mistake in c.toml; nothing was started"), "{text}");
    }
}
