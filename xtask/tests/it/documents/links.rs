//! Links of documents: files that are there, headings that are there. Addresses of the Internet are not asked for.

use std::path::{Path, PathBuf};

use super::markdown::{Document, anchors, lines, links};
use crate::checkout::workspace;

/// Links that lead nowhere.
pub fn broken(document: &Document) -> Vec<String> {
    let targets = lines(&document.text)
        .into_iter()
        .flat_map(|line| links(line.text).into_iter().map(move |target| (line.number, target)));
    let inside = targets.filter(|(_, target)| !target.contains("://"));
    inside.filter_map(|(line, target)| Some(format!("{}: {}", document.at(line), fault(document, &target)?))).collect()
}

fn fault(document: &Document, target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let file = if path.is_empty() { PathBuf::from(&document.path) } else { beside(document, path) };
    if !path.is_empty() && !workspace().join(&file).exists() {
        return Some(format!("{target}: there is no {}", file.display()));
    }
    let anchor = anchor?;
    let text = if path.is_empty() { document.text.clone() } else { Document::read(&file.display().to_string()).text };
    let known = anchors(&text);
    (!known.iter().any(|known| known == anchor))
        .then(|| format!("{target}: no heading there; there are {}", known.join(" ")))
}

/// A path as it is meant from a document, from the root.
fn beside(document: &Document, path: &str) -> PathBuf {
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let mut parts: Vec<String> = Vec::new();
    for part in folder.join(path).components() {
        match part.as_os_str().to_string_lossy().as_ref() {
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    parts.iter().collect()
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let found = |text: &str| broken(&Document { path: "docs/x.md".into(), text: text.into() });
    let good = "# Here\n[a](../README.md) [b](images.md#the-gate) [c](#here) ![p](images/web-app.png) [w](https://x.example/y#z)\n";
    assert!(found(good).is_empty(), "{:?}", found(good));
    for planted in ["[a](README.md)", "[b](images.md#the-door)", "[c](#there)", "![p](images/none.png)"] {
        assert_eq!(found(planted).len(), 1, "{planted}");
    }
}
