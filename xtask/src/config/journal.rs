//! Collects mistakes while a file is read, so that reading goes on after the first one.
//! It also keeps the consequences of a broken line from being told as mistakes of their own.

use std::{cell::RefCell, collections::BTreeSet, fmt::Display};

use super::{
    complaint::{Complaint, Complaints},
    suggest::did_you_mean,
};

/// Something of the file and the byte where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located<T> {
    pub at: usize,
    pub value: T,
}

/// Mistakes noted so far; shared by all sections of one file.
#[derive(Debug, Default)]
pub struct Journal {
    notes: RefCell<Vec<Note>>,
}

#[derive(Debug)]
struct Note {
    at: usize,
    kind: Kind,
    message: String,
    help: Option<String>,
}

#[derive(Debug)]
enum Kind {
    /// The line is no TOML.
    Syntax,
    /// A key is absent; its name, since a broken line may have held it.
    Missing(String),
    /// TOML that means nothing to us.
    Meaning,
}

impl Journal {
    pub fn syntax(&self, at: usize, message: impl Into<String>) {
        self.note(at, Kind::Syntax, message.into(), None);
    }

    pub fn missing(&self, header: usize, key: &str) {
        self.note(header, Kind::Missing(key.into()), format!("missing key `{key}`"), None);
    }

    pub fn missing_either(&self, header: usize, key: &str, other: &str) {
        self.note(header, Kind::Missing(key.into()), format!("missing key `{key}` or `{other}`"), None);
    }

    pub fn complain(&self, at: usize, message: impl Into<String>) {
        self.note(at, Kind::Meaning, message.into(), None);
    }

    /// Complains of a name that is not among the `known` ones and names the nearest, or else all.
    pub fn unknown<'k>(&self, at: usize, what: &str, name: &str, known: impl IntoIterator<Item = &'k str>) {
        let known: Vec<&str> = known.into_iter().collect();
        let all = || (!known.is_empty()).then(|| format!("known: {}", known.join(", ")));
        let help = did_you_mean(name, &known).or_else(all);
        self.note(at, Kind::Meaning, format!("unknown {what} `{name}`"), help);
    }

    /// The text as `parse` understands it; its error becomes a complaint.
    pub fn parse<T, E: Display>(&self, text: Located<&str>, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        parse(text.value).map_err(|error| self.complain(text.at, error.to_string())).ok()
    }

    fn note(&self, at: usize, kind: Kind, message: String, help: Option<String>) {
        self.notes.borrow_mut().push(Note { at, kind, message, help });
    }

    /// All that is wrong with `text`; empty when nothing was noted.
    pub fn into_complaints(self, text: &str, file: &str) -> Complaints {
        let notes = self.notes.into_inner();
        let places = Places::of(text);
        let broken: BTreeSet<usize> =
            notes.iter().filter(|note| matches!(note.kind, Kind::Syntax)).map(|note| places.find(note.at).0).collect();
        let is_consequence = |note: &Note| match &note.kind {
            Kind::Syntax => false,
            Kind::Missing(key) => broken.iter().any(|line| places.line(*line).contains(key.as_str())),
            Kind::Meaning => broken.contains(&places.find(note.at).0),
        };
        let complaints = notes.iter().filter(|note| !is_consequence(note)).map(|note| {
            let (line, column) = places.find(note.at);
            Complaint { line, column, message: note.message.clone(), help: note.help.clone() }
        });
        Complaints::new(file, complaints.collect())
    }
}

/// Translates bytes to lines and columns.
struct Places<'t> {
    text: &'t str,
    /// Byte at which each line begins.
    starts: Vec<usize>,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column, both from one; the column counts characters. What lies behind the end is at the end.
    fn find(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at);
        let before = self.line(line).char_indices().take_while(|(offset, c)| {
            // A byte order mark is nothing that an editor counts.
            self.starts[line - 1] + offset + c.len_utf8() <= at
        });
        (line, before.filter(|(_, c)| *c != '\u{feff}').count() + 1)
    }

    /// A line by its number, from one, with its line break.
    fn line(&self, number: usize) -> &'t str {
        let end = self.starts.get(number).copied().unwrap_or(self.text.len());
        &self.text[self.starts[number - 1]..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, at: usize, expected: (usize, usize)) {
        assert_eq!(Places::of(text).find(at), expected);
    }

    #[test]
    fn columns_count_characters_from_one() {
        check("", 0, (1, 1));
        check("ab\ncd", 4, (2, 2));
        check("é = 1", 3, (1, 3));
        check("é = 1", 1, (1, 1));
        check("a\r\nb", 3, (2, 1));
        check("a\n", 99, (2, 1));
        check("\u{feff}a = 1", 3, (1, 1));
    }

    #[test]
    fn what_a_broken_line_causes_is_not_told() {
        let text = "commit = abc\nname = 1\n";
        let journal = Journal::default();
        journal.syntax(9, "not quoted");
        journal.complain(9, "no commit");
        journal.missing(0, "commit");
        journal.missing(0, "url");
        let told: Vec<String> = journal.into_complaints(text, "f").list().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["1:1: missing key `url`", "1:10: not quoted"]);
    }
}
