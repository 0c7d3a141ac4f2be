//! The document's measured sections, each between two lines of its own: `<!-- measured: NAME -->` and `<!-- end -->`.
//! All else in it is somebody's prose, and stays byte for byte.

use std::{collections::BTreeSet, ops::Range};

use thiserror::Error;

use super::DOCUMENT;

const END: &str = "<!-- end -->";

fn begin(name: &str) -> String {
    format!("<!-- measured: {name} -->")
}

/// What stands between two markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub name: String,
    /// Bytes of the document, whole lines.
    inside: Range<usize>,
}

#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum DocumentError {
    #[error(
        "{DOCUMENT} has no place for {0}: put `{begin}` and `{END}` on lines of their own where its figures shall stand",
        begin = begin(.0)
    )]
    Missing(String),
    #[error("{DOCUMENT}:{line}: the section `{name}` is not closed: put `{END}` behind it")]
    Unclosed { name: String, line: usize },
    #[error("{DOCUMENT}:{line}: `{END}` without a section that it would end: take it away")]
    Stray { line: usize },
    #[error("{DOCUMENT}:{line}: there is a section `{name}` already: take one of both away")]
    Twice { name: String, line: usize },
}

/// All sections, in their order.
pub fn sections(document: &str) -> Result<Vec<Section>, DocumentError> {
    let (mut found, mut names) = (Vec::new(), BTreeSet::new());
    let mut open: Option<(&str, usize, usize)> = None;
    let mut at = 0;
    for (number, line) in document.split_inclusive('\n').enumerate() {
        let (line_number, after) = (number + 1, at + line.len());
        let text = line.trim();
        if let Some(name) = text.strip_prefix("<!-- measured: ").and_then(|rest| rest.strip_suffix(" -->")) {
            if let Some((name, line, _)) = open {
                return Err(DocumentError::Unclosed { name: name.to_owned(), line });
            }
            if !names.insert(name) {
                return Err(DocumentError::Twice { name: name.to_owned(), line: line_number });
            }
            open = Some((name, line_number, after));
        } else if text == END {
            let (name, _, inside) = open.take().ok_or(DocumentError::Stray { line: line_number })?;
            found.push(Section { name: name.to_owned(), inside: inside..at });
        }
        at = after;
    }
    match open {
        Some((name, line, _)) => Err(DocumentError::Unclosed { name: name.to_owned(), line }),
        None => Ok(found),
    }
}

/// The lines of one section.
pub fn inside<'d>(document: &'d str, name: &str) -> Result<&'d str, DocumentError> {
    Ok(&document[place(document, name)?])
}

/// The document with other lines in one section; they end with a line break.
pub fn replaced(document: &str, name: &str, lines: &str) -> Result<String, DocumentError> {
    let place = place(document, name)?;
    Ok([&document[..place.start], lines, &document[place.end..]].concat())
}

fn place(document: &str, name: &str) -> Result<Range<usize>, DocumentError> {
    let all = sections(document)?;
    let section = all.into_iter().find(|section| section.name == name);
    section.map(|section| section.inside).ok_or_else(|| DocumentError::Missing(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str =
        "# Title\n<!-- measured: a -->\nold\n<!-- end -->\nProse.\n<!-- measured: b-2 -->\n<!-- end -->";

    #[test]
    fn only_the_lines_between_a_benchs_markers_change() {
        let first = replaced(DOCUMENT, "a", "new\n").expect("it is there");
        assert_eq!(first, DOCUMENT.replace("old", "new"));
        let second = replaced(&first, "b-2", "| x |\n").expect("it is there");
        assert!(second.ends_with("Prose.\n<!-- measured: b-2 -->\n| x |\n<!-- end -->"), "{second}");
        assert_eq!((inside(&second, "a"), inside(&second, "b-2")), (Ok("new\n"), Ok("| x |\n")));
    }

    #[test]
    fn sections_are_found_in_their_order() {
        let names =
            |text| sections(text).expect("well-formed").into_iter().map(|section| section.name).collect::<Vec<_>>();
        assert_eq!(names(DOCUMENT), ["a", "b-2"]);
        assert!(names("No section: `<!-- measured: a -->` within a line is none.\n").is_empty());
        assert_eq!(names(&DOCUMENT.replace('\n', "\r\n")), ["a", "b-2"]);
    }

    #[test]
    fn a_bench_without_a_place_is_told_what_to_write() {
        let error = replaced(DOCUMENT, "b", "x").expect_err("there is b-2 only");
        assert_eq!(error, DocumentError::Missing("b".into()));
        assert!(error.to_string().contains("no place for b: put `<!-- measured: b -->` and `<!-- end -->`"), "{error}");
    }

    #[test]
    fn broken_markers_are_told_with_their_lines() {
        let open = "<!-- measured: a -->\n";
        let unclosed = DocumentError::Unclosed { name: "a".into(), line: 1 };
        assert_eq!(sections(open), Err(unclosed.clone()));
        assert_eq!(sections(&format!("{open}<!-- measured: b -->\n{END}\n")), Err(unclosed));
        assert_eq!(sections(&format!("\n{END}\n")), Err(DocumentError::Stray { line: 2 }));
        let twice = format!("{open}{END}\n{open}{END}\n");
        assert_eq!(sections(&twice), Err(DocumentError::Twice { name: "a".into(), line: 3 }));
        assert!(sections(&twice).expect_err("twice").to_string().starts_with("docs/measurements.md:3: "));
    }
}
