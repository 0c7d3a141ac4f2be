//! Finds the lines that are no TOML, tells each once, and hands back a text without them in which everything else
//! keeps its place. The parser recovers by itself, but one bracket left open makes it complain of every later line.

use toml::de::{DeTable, Error};

use super::journal::Journal;

/// More broken lines than this are not a typing slip but another kind of file.
const ROUNDS: usize = 40;

/// The text with its broken lines blanked, byte for byte as long; each of them is noted.
pub fn repaired(text: &str, journal: &Journal) -> String {
    let mut text = text.to_owned();
    let mut kept: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        let (_, errors) = DeTable::parse_recoverable(&text);
        let starts = errors.iter().map(|error| (start(error, &text), error));
        let fresh = starts.filter(|(at, _)| !kept.contains(&line_start(&text, *at)));
        let Some((at, error)) = fresh.min_by_key(|(at, _)| *at) else { break };
        let (told, message, from, to) = diagnose(&text, at, error);
        journal.syntax(told, message);
        let is_header = text[from..to].trim_start().starts_with('[');
        if is_header || text[from..to].trim().is_empty() {
            // Without its header a table's keys would fall to the table before; the parser makes the best of it.
            kept.push(line_start(&text, at));
        } else {
            let blank: String = text[from..to].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
            text.replace_range(from..to, &blank);
        }
    }
    text
}

/// Where to point, what to say, and which bytes to blank so that the next mistake can be seen.
fn diagnose(text: &str, at: usize, error: &Error) -> (usize, String, usize, usize) {
    let (from, to) = (line_start(text, at), line_end(text, at));
    let line = &text[from..to];
    if error.message() == "duplicate key" {
        let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
        return (at, format!("duplicate key `{key}`"), from, to);
    }
    if error.message().starts_with("invalid multi-line")
        && let Some(opened) = text[..at].rfind("\"\"\"").max(text[..at].rfind("'''"))
    {
        return (opened, "this text is not closed".into(), line_start(text, opened), line_end(text, opened));
    }
    // A line that is fine by itself is not at fault: something above it was left open.
    let is_fine = DeTable::parse(line).is_ok();
    if is_fine
        && !error.message().starts_with("cannot extend")
        && let Some(opener) = opener(text, from)
    {
        let first = &text[opener..line_end(text, opener)];
        let value = first.find('=').map_or(first, |equals| &first[equals + 1..]).trim_start();
        let told = opener + first.len() - value.len();
        return (told, "this value is not closed".into(), opener, from);
    }
    (at, error.message().to_owned(), from, to)
}

/// Start of the last line before `end` that gives a key a value.
fn opener(text: &str, end: usize) -> Option<usize> {
    let mut lines = text[..end].rmatch_indices('\n').map(|(at, _)| line_start(text, at));
    let gives_value = |from: &usize| {
        let line = text[*from..line_end(text, *from)].trim_start();
        !line.starts_with(['#', '[', '"', '\'']) && line.contains('=')
    };
    lines.find(gives_value)
}

fn start(error: &Error, text: &str) -> usize {
    error.span().map_or(text.len(), |span| span.start.min(text.len()))
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1)
}

/// The line break is not part of the line.
fn line_end(text: &str, at: usize) -> usize {
    text.as_bytes()[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, told: &[&str], left: &str) {
        let journal = Journal::default();
        let repaired = repaired(text, &journal);
        assert_eq!(repaired.len(), text.len());
        let complaints = journal.into_complaints(text, "f");
        assert_eq!(complaints.list().iter().map(ToString::to_string).collect::<Vec<_>>(), told);
        let lines: Vec<&str> = repaired.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.join("|"), left);
    }

    #[test]
    fn an_open_bracket_costs_one_line_only() {
        let text = "a = 1\nb = [1, 2\n\n# x\nc = 3\n[d]\ne = [4]\n";
        check(text, &["2:5: this value is not closed"], "a = 1|c = 3|[d]|e = [4]");
        check("b = [\n\"x\",\n[d]\nk = 1\n", &["1:5: this value is not closed"], "[d]|k = 1");
        check("a = 1\nb = [1\n", &["2:7: unclosed array, expected `]`"], "a = 1");
    }

    #[test]
    fn an_open_text_does_not_swallow_the_file() {
        check("a = \"\"\"é\nb = 1\n[c]\nd = 2\n", &["1:5: this text is not closed"], "b = 1|[c]|d = 2");
    }

    #[test]
    fn every_broken_line_is_told() {
        let text = "a = x\nb = 1\nb = 2\nc\n[d\ne = 1\n";
        let told = [
            "1:5: string values must be quoted, expected literal string",
            "3:1: duplicate key `b`",
            "4:2: key with no value, expected `=`",
            "5:3: unclosed table, expected `]`",
        ];
        check(text, &told, "b = 1|[d|e = 1");
    }
}
