//! Which files belong to a source tree, and in which order they come.
//! Nothing here reads their contents.

use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use fs_err as fs;

use super::COMPLETE;

/// One file or symbolic link of a tree.
pub(super) struct Entry {
    /// Relative to the tree's root.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    File { executable: bool, length: u64 },
    Link { target: PathBuf },
}

/// Visits every file and link under the root, folder by folder, by name.
///
/// Only one folder's names per level are in memory. Empty folders do not count, as they do not for git.
pub(super) fn walk(root: &Path, visit: &mut dyn FnMut(&Entry) -> Result<()>) -> Result<()> {
    // The root itself may be a link to a folder; below it links are kept as links.
    walk_folder(root, Path::new(""), visit)
}

fn walk_folder(root: &Path, folder: &Path, visit: &mut dyn FnMut(&Entry) -> Result<()>) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        names.push(entry?.file_name());
    }
    names.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    for name in names {
        let path = folder.join(&name);
        let full = root.join(&path);
        let found = fs::symlink_metadata(&full)?;
        let at_top = folder.as_os_str().is_empty();
        if is_foreign(&name, at_top, found.is_symlink()) {
            continue;
        }
        let kind = if found.is_dir() {
            walk_folder(root, &path, visit)?;
            continue;
        } else if found.is_symlink() {
            Kind::Link { target: fs::read_link(&full)? }
        } else if found.is_file() {
            Kind::File { executable: found.permissions().mode() & 0o100 != 0, length: found.len() }
        } else {
            bail!("{} is neither file, folder nor symbolic link: remove it from the sources", full.display());
        };
        visit(&Entry { path, kind })?;
    }
    Ok(())
}

/// What tools leave in a tree and no build reads: git's own, Bazel's links to its outputs, and our seal.
fn is_foreign(name: &OsStr, at_top: bool, is_link: bool) -> bool {
    let bazel_link = is_link && name.as_bytes().starts_with(b"bazel-");
    name == ".git" || at_top && (bazel_link || name == COMPLETE)
}
