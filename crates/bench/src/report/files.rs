//! Files that appear together: each is written beside its place first, and all are renamed at the end.

use std::path::PathBuf;

use fs_err as fs;

use crate::error::Error;

/// Written, but not yet in place. Dropped without [`Files::finish`], it takes what it wrote away again.
#[derive(Default)]
pub struct Files {
    waiting: Vec<(PathBuf, PathBuf)>,
}

impl Files {
    /// Writes `bytes` beside `path`, whose folder is made where it is not there.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn add(&mut self, path: PathBuf, bytes: Vec<u8>) -> Result<(), Error> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut name = path.clone().into_os_string();
        name.push(".new");
        let beside = PathBuf::from(name);
        self.waiting.push((beside.clone(), path));
        Ok(fs::write(beside, bytes)?)
    }

    /// Puts all in place and says where, in the order they were added.
    ///
    /// # Errors
    /// Where one cannot be renamed.
    pub fn finish(mut self) -> Result<Vec<PathBuf>, Error> {
        for (beside, path) in &self.waiting {
            fs::rename(beside, path)?;
        }
        Ok(std::mem::take(&mut self.waiting).into_iter().map(|(_, path)| path).collect())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for (beside, _) in &self.waiting {
            // What was not written or is in place already is not there.
            let _ = fs::remove_file(beside);
        }
    }
}
