//! Symbol versions such as `GLIBC_2.34`, compared as numbers within their family.
//! Where they come from (`elf`) and what a base offers (`base`) is not known here.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A symbol version; `GLIBC_2.9` comes before `GLIBC_2.34`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SymbolVersion {
    text: String,
}

impl SymbolVersion {
    /// What stands before the number: `GLIBC` of `GLIBC_2.34`; the whole text where there is no number.
    pub fn family(&self) -> &str {
        self.split().0
    }

    /// The version as the file spells it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has a number, so that "highest" means something (`GLIBC_PRIVATE` has none).
    pub fn is_numbered(&self) -> bool {
        !self.split().1.is_empty()
    }

    fn split(&self) -> (&str, &str) {
        match self.text.rsplit_once('_') {
            Some((family, number)) if is_number(number) => (family, number),
            _ => (&self.text, ""),
        }
    }
}

/// The highest numbered version of each family.
pub fn highest<'a>(versions: impl IntoIterator<Item = &'a SymbolVersion>) -> BTreeMap<String, SymbolVersion> {
    let mut maxima: BTreeMap<String, SymbolVersion> = BTreeMap::new();
    for version in versions.into_iter().filter(|version| version.is_numbered()) {
        match maxima.get(version.family()) {
            Some(known) if known >= version => {}
            _ => {
                maxima.insert(version.family().into(), version.clone());
            }
        }
    }
    maxima
}

fn is_number(text: &str) -> bool {
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Compares dotted numbers part by part, of any length: a longer run of digits without leading zeros is larger.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    let parts = |text: &str| -> Vec<(usize, String)> {
        let trimmed = text.split('.').map(|part| part.trim_start_matches('0'));
        trimmed.map(|part| (part.len(), part.to_owned())).collect()
    };
    parts(left).cmp(&parts(right))
}

impl Ord for SymbolVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((family, number), (other_family, other_number)) = (self.split(), other.split());
        family
            .cmp(other_family)
            .then_with(|| compare_numbers(number, other_number))
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for SymbolVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<String> for SymbolVersion {
    fn from(text: String) -> Self {
        Self { text }
    }
}

impl From<&str> for SymbolVersion {
    fn from(text: &str) -> Self {
        Self { text: text.into() }
    }
}

impl From<SymbolVersion> for String {
    fn from(version: SymbolVersion) -> Self {
        version.text
    }
}

impl fmt::Display for SymbolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> SymbolVersion {
        text.into()
    }

    #[test]
    fn numbers_compare_as_numbers() {
        assert!(version("GLIBC_2.9") < version("GLIBC_2.34"));
        assert!(version("GLIBC_2.2.5") < version("GLIBC_2.3"));
        assert!(version("GLIBC_2.3") < version("GLIBC_2.3.4"));
        assert!(version("GLIBCXX_3.4.9") < version("GLIBCXX_3.4.30"));
        assert!(version("V_99999999999999999999998") < version("V_99999999999999999999999"));
    }

    #[test]
    fn family_is_what_precedes_the_number() {
        assert_eq!(version("CXXABI_1.3.13").family(), "CXXABI");
        assert_eq!(version("NCURSES6_TINFO_5.0.19991023").family(), "NCURSES6_TINFO");
        assert_eq!(version("GLIBC_PRIVATE").family(), "GLIBC_PRIVATE");
        assert_eq!(version("libcudart.so.12").family(), "libcudart.so.12");
        assert!(!version("GLIBC_ABI_DT_RELR").is_numbered());
        assert!(!version("X_1..2").is_numbered());
    }

    #[test]
    fn highest_is_found_per_family() {
        let needed = ["GLIBC_2.4", "GLIBC_2.34", "GLIBC_PRIVATE", "CXXABI_1.3.13", "CXXABI_1.3"].map(version);
        let maxima: Vec<String> = highest(&needed).values().map(ToString::to_string).collect();
        assert_eq!(maxima, ["CXXABI_1.3.13", "GLIBC_2.34"]);
    }
}
