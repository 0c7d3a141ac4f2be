//! The comparisons of `benches/`: what a script says of itself here, and below what becomes of the rows that it leaves:
//! figures, a section of Markdown, its place in docs/measurements.md.

pub mod document;
pub mod figures;
pub mod row;
pub mod section;

use thiserror::Error;

/// Folder of the scripts in a checkout.
pub const FOLDER: &str = "benches";
/// Where their figures stand in it.
pub const DOCUMENT: &str = "docs/measurements.md";

/// A script that measures, as its head describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bench {
    /// Of the file, without `.sh`; it stands in the document's markers too.
    pub name: String,
    /// What is compared with what.
    pub about: String,
    /// Programs that it calls beyond a shell's usual ones.
    pub needs: Vec<String>,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{FOLDER}/{0}.sh measures, but its name cannot stand in a marker: use small letters, digits and hyphens")]
pub struct OddName(String);

impl Bench {
    /// Reads the comment that a script begins with; a script without a line `# Measures: ...` in it is none.
    pub fn read(name: &str, script: &str) -> Result<Option<Self>, OddName> {
        let head = || script.lines().take_while(|line| line.starts_with('#'));
        let field =
            |name: &str| head().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "));
        let Some(about) = field("Measures") else { return Ok(None) };
        if name.is_empty() || !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return Err(OddName(name.to_owned()));
        }
        let needs = field("Needs").unwrap_or_default().split_whitespace().map(String::from).collect();
        Ok(Some(Self { name: name.to_owned(), about: about.trim().to_owned(), needs }))
    }

    /// From the checkout's root.
    pub fn script(&self) -> String {
        format!("{FOLDER}/{}.sh", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str =
        "#!/usr/bin/env bash\n# Measures: ours against theirs\n# Needs: docker  skopeo\n# More.\nset -e\n";

    #[test]
    fn a_script_says_in_its_head_what_it_measures_and_needs() {
        let bench = Bench::read("push-2", SCRIPT).expect("a good name").expect("a bench");
        assert_eq!((bench.about.as_str(), bench.script().as_str()), ("ours against theirs", "benches/push-2.sh"));
        assert_eq!(bench.needs, ["docker", "skopeo"]);
        let needless = Bench::read("a", "# Measures: x\n").expect("a good name").expect("a bench");
        assert!(needless.needs.is_empty());
    }

    #[test]
    fn what_says_nothing_in_its_head_is_no_bench() {
        for script in ["", "#!/bin/sh\n# Sourced by others.\n", "set -e\n# Measures: too late\n", "#Measures: x\n"] {
            assert_eq!(Bench::read("a", script), Ok(None), "{script}");
        }
    }

    #[test]
    fn names_that_would_break_a_marker_are_refused() {
        for name in ["", "a b", "a-->", "Ä", "A", "a/b"] {
            assert_eq!(Bench::read(name, SCRIPT), Err(OddName(name.into())));
            assert_eq!(Bench::read(name, "#!/bin/sh\n"), Ok(None), "other files may have any name");
        }
    }
}
