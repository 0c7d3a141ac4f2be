//! Files of this checkout that commands read, measure and remove.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The path without links and `..`; of a file that is not there, as far as it can be told.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    fs_err::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// A whole file; the error names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        bail!("{} is a folder; name a file", path.display());
    }
    Ok(fs_err::read(path)?)
}

/// Bytes of a file, or of all files below a folder; links count as themselves.
pub(crate) fn size(path: &Path) -> u64 {
    let Ok(meta) = fs_err::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    fs_err::read_dir(path).into_iter().flatten().flatten().map(|entry| size(&entry.path())).sum()
}

/// What stands directly in a folder; nothing where there is no such folder.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    fs_err::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Removes a file or a folder; one that is not there is no error.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs_err::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(meta) if meta.is_dir() => Ok(fs_err::remove_dir_all(path)?),
        Ok(_) => Ok(fs_err::remove_file(path)?),
    }
}
