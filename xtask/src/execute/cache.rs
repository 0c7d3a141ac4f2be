//! Small facts that are expensive to ask twice, kept by the image they are about.
//! A cache that cannot be read or written costs time, never a result.

use std::path::PathBuf;

use serde::{Serialize, de::DeserializeOwned};

use super::Folders;

/// One JSON file in `target/xtask/cache/`.
pub(super) struct Cached {
    path: PathBuf,
}

impl Cached {
    /// `what` about the image with this ID.
    pub fn about(folders: &Folders, what: &str, image_id: &str) -> Self {
        let id: String = image_id.trim_start_matches("sha256:").chars().take(16).collect();
        Self { path: folders.cache().join(format!("{what}-{id}.json")) }
    }

    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&fs_err::read(&self.path).ok()?).ok()
    }

    pub fn write<T: Serialize>(&self, value: &T) {
        let write = || {
            fs_err::create_dir_all(self.path.parent()?).ok()?;
            let partial = self.path.with_extension("partial");
            fs_err::write(&partial, serde_json::to_vec(value).ok()?).ok()?;
            fs_err::rename(&partial, &self.path).ok()
        };
        let _ = write();
    }
}
