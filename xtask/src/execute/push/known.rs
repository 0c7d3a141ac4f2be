//! What layers became when they were packed, so that none is packed twice: a cache, which may go at any time.
//! That a registry has one of them is the registry's own word.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::domain::{oci::Descriptor, reference::Digest};

/// Changes with the way layers are packed.
const SCHEMA: u32 = 1;

/// By the digest of a layer's tar.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Known {
    schema: u32,
    pub layers: BTreeMap<Digest, Descriptor>,
}

impl Known {
    /// What is known; nothing where the file is missing, of another schema or no such file.
    pub fn read(file: &Path) -> Self {
        let known = fs_err::read(file).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        known.filter(|known| known.schema == SCHEMA).unwrap_or(Self { schema: SCHEMA, layers: BTreeMap::new() })
    }

    pub fn write(&self, file: &Path) -> Result<()> {
        let partial = file.with_extension("partial");
        fs_err::write(&partial, serde_json::to_vec(self)?)?;
        Ok(fs_err::rename(partial, file)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci;

    #[test]
    fn what_cannot_be_read_is_not_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("layers.json");
        assert!(Known::read(&file).layers.is_empty());
        let mut known = Known::read(&file);
        known.layers.insert(Digest::of(b"tar"), oci::layer(Digest::of(b"gz"), 2));
        known.write(&file).expect("written");
        assert_eq!(Known::read(&file).layers, known.layers);
        for text in ["", "{", r#"{"schema":0,"layers":{}}"#] {
            fs_err::write(&file, text).expect("write");
            assert!(Known::read(&file).layers.is_empty());
        }
    }
}
