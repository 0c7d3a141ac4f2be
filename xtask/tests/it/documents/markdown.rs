//! A document's parts, as far as these documents use Markdown: fences, code in a line, headings, links.

use std::collections::BTreeMap;

use crate::checkout::workspace;

/// One document.
#[derive(Debug, Clone)]
pub struct Document {
    /// From the workspace's root.
    pub path: String,
    pub text: String,
}

impl Document {
    pub fn read(path: &str) -> Self {
        let text = fs_err::read_to_string(workspace().join(path)).expect("a document is text");
        Self { path: path.into(), text }
    }

    /// Where a line of it is, for people.
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// A block between two lines of backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Of its first line of content, counted from one.
    pub line: usize,
    pub language: String,
    pub text: String,
    /// Number of the `##` section it stands in.
    pub section: usize,
}

/// A line outside fences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'t> {
    pub number: usize,
    pub text: &'t str,
    pub section: usize,
}

pub fn fences(text: &str) -> Vec<Fence> {
    parts(text).0
}

pub fn lines(text: &str) -> Vec<Line<'_>> {
    parts(text).1
}

fn parts(text: &str) -> (Vec<Fence>, Vec<Line<'_>>) {
    let (mut fences, mut lines, mut open, mut section) = (Vec::new(), Vec::new(), None::<Fence>, 0);
    for (at, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some(fence)) => {
                fences.push(fence.clone());
                open = None;
            }
            (Some(language), None) => {
                open = Some(Fence { line: at + 2, language: language.trim().into(), text: String::new(), section });
            }
            (None, Some(fence)) => fence.text += &format!("{line}\n"),
            (None, None) => {
                section += usize::from(line.starts_with("## "));
                lines.push(Line { number: at + 1, text: line, section });
            }
        }
    }
    (fences, lines)
}

/// Code inside a line, as it is read: a bar is written `\|` in tables. None where a span goes over the line's end.
pub fn code(line: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = line.split('`').collect();
    let spans = parts.iter().skip(1).step_by(2).map(|span| span.replace("\\|", "|"));
    (parts.len() % 2 == 1).then(|| spans.collect())
}

/// Targets of links and pictures of a line, code left out.
pub fn links(line: &str) -> Vec<String> {
    let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("");
    let targets = plain.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()));
    targets.collect()
}

/// What links may name behind a `#`: headings as GitHub spells them.
pub fn anchors(text: &str) -> Vec<String> {
    let headings = lines(text).into_iter().filter_map(|line| {
        let heading = line.text.trim_start_matches('#');
        (heading.len() < line.text.len()).then(|| heading.strip_prefix(' '))?
    });
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let spelled = headings.map(|heading| {
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        let name: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let earlier = seen.entry(name.clone()).or_default();
        *earlier += 1;
        if *earlier == 1 { name } else { format!("{name}-{}", *earlier - 1) }
    });
    spelled.collect()
}

#[test]
fn parts_of_a_document_are_told_apart() {
    let text = "# A `b`: c, D\n[x](y.md#z) `[no](link)` ![p](q.png)\n```sh\n# no heading\n```\n## A b c d\n```toml\nk = 1\n```\n";
    let fence = |line, language: &str, text: &str, section| Fence {
        line,
        language: language.into(),
        text: text.into(),
        section,
    };
    assert_eq!(fences(text), [fence(4, "sh", "# no heading\n", 0), fence(8, "toml", "k = 1\n", 1)]);
    assert_eq!(anchors(text), ["a-b-c-d", "a-b-c-d-1"]);
    assert_eq!(links(lines(text)[1].text), ["y.md#z", "q.png"]);
    assert_eq!(code("a `b c` d `e\\|f`"), Some(vec!["b c".into(), "e|f".into()]));
    assert_eq!(code("`cut"), None);
}
