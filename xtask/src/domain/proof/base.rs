//! What the libraries of a serving base offer, so that a server's needs can be held against it.
//! Finding the libraries in an image is the caller's work; here are only their names and versions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::version::{SymbolVersion, highest};
use super::{ProofError, elf};

/// The shared libraries of a serving base with the versions each defines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseLibraries(pub BTreeMap<String, BTreeSet<SymbolVersion>>);

impl BaseLibraries {
    /// Reads several at once.
    #[cfg(test)]
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, ProofError> {
        let mut base = Self::default();
        for (file_name, bytes) in files {
            base.add(file_name, bytes)?;
        }
        Ok(base)
    }

    /// Adds one library, under its file name (which is what the loader looks for) and under the name it gives itself.
    pub fn add(&mut self, file_name: &str, bytes: &[u8]) -> Result<(), ProofError> {
        let facts = elf::parse(bytes)?.facts;
        for name in [Some(file_name), facts.soname.as_deref()].into_iter().flatten() {
            self.0.entry(name.into()).or_default().extend(facts.defined_versions.iter().cloned());
        }
        Ok(())
    }

    /// The versions a library defines; `None` when the base does not have it.
    pub fn versions(&self, library: &str) -> Option<&BTreeSet<SymbolVersion>> {
        self.0.get(library)
    }

    /// The highest version of a family that a library defines.
    pub fn highest(&self, library: &str, family: &str) -> Option<SymbolVersion> {
        highest(self.versions(library)?).remove(family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::proof::fixture::Fixture;

    #[test]
    fn library_is_known_by_file_name_and_by_its_own() {
        let bytes = Fixture::library("libm.so.6", &["GLIBC_2.9", "GLIBC_2.36", "GLIBC_PRIVATE"]).build();
        let base = BaseLibraries::from_files([("libm-2.36.so", bytes.as_slice())]).unwrap();
        assert_eq!(base.versions("libm.so.6"), base.versions("libm-2.36.so"));
        assert_eq!(base.versions("libm.so.6").unwrap().len(), 3);
        assert_eq!(base.highest("libm.so.6", "GLIBC"), Some("GLIBC_2.36".into()));
        assert_eq!(base.highest("libm.so.6", "GLIBCXX"), None);
        assert_eq!(base.versions("libz.so.1"), None);
    }
}
