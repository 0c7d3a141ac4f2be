//! Which file is meant: people name a folder, a prefix, an index, a checkpoint or an archive.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use super::{bundle::index_path, torch, zipped};
use crate::error::{Error, Result};

/// The text file that names the newest checkpoint of its folder.
pub const STATE: &str = "checkpoint";

/// A checkpoint's file or files.
#[derive(Debug, PartialEq, Eq)]
pub enum Located {
    Archive(PathBuf),
    V1(PathBuf),
    /// The prefix of its files.
    V2(PathBuf),
    /// What `torch.save` wrote.
    Torch(PathBuf),
    /// A zip file with that in it.
    Zip(PathBuf),
}

pub fn locate(path: &Path) -> Result<Located> {
    match fs_err::metadata(path) {
        Ok(meta) if meta.is_dir() => in_folder(path),
        Ok(_) => file(path),
        Err(_) if index_path(path).exists() => Ok(Located::V2(path.to_owned())),
        Err(error) => Err(Error::Io { file: path.to_owned(), source: error }),
    }
}

fn file(path: &Path) -> Result<Located> {
    let mut start = Vec::new();
    let file = fs_err::File::open(path).map_err(Error::io(path))?;
    file.take(4).read_to_end(&mut start).map_err(Error::io(path))?;
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(Located::Archive(path.to_owned()));
    }
    if start == torch::START {
        return Ok(Located::Torch(path.to_owned()));
    }
    if start == zipped::START {
        return Ok(Located::Zip(path.to_owned()));
    }
    if path.extension().is_some_and(|extension| extension == "index") {
        return Ok(Located::V2(path.with_extension("")));
    }
    Ok(Located::V1(path.to_owned()))
}

/// What the folder's state file names, or the only checkpoint that lies there.
fn in_folder(folder: &Path) -> Result<Located> {
    let state = folder.join(STATE);
    if let Ok(text) = fs_err::read_to_string(&state) {
        let named = named_by(&text).ok_or_else(|| {
            Error::file(&state, "names no checkpoint: a line `model_checkpoint_path: \"...\"` is missing")
        })?;
        // A state file that was moved with its folder may still hold the place of old.
        let path = folder.join(&named);
        let moved = named.file_name().map(|name| folder.join(name)).filter(|_| !exists(&path));
        let path = moved.unwrap_or(path);
        if !exists(&path) {
            return Err(Error::file(&state, format!("names {}, which is not there", named.display())));
        }
        return locate(&path);
    }
    let entries = fs_err::read_dir(folder).map_err(Error::io(folder))?;
    let mut names: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|p| p.is_file()).collect();
    names.sort();
    let is_index = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "index");
    let indices: Vec<&PathBuf> = names.iter().filter(is_index).collect();
    let tables: Vec<&PathBuf> = names.iter().filter(|path| crate::table::reader::Table::open(path).is_ok()).collect();
    match (indices.as_slice(), tables.as_slice()) {
        ([index], _) => Ok(Located::V2(index.with_extension(""))),
        ([], [table]) => Ok(Located::V1((*table).clone())),
        ([], []) => Err(Error::file(folder, "holds no checkpoint: neither a state file `checkpoint` nor a table")),
        _ => {
            Err(Error::file(folder, "holds several checkpoints and no state file `checkpoint`: name the one you mean"))
        }
    }
}

fn exists(path: &Path) -> bool {
    path.exists() || index_path(path).exists()
}

/// The path in a state file's `model_checkpoint_path: "..."`.
pub fn named_by(text: &str) -> Option<PathBuf> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("model_checkpoint_path:"))?;
    let quoted = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    (!quoted.is_empty()).then(|| quoted.replace("\\\"", "\"").replace("\\\\", "\\").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_file_names_the_checkpoint() {
        let text = "model_checkpoint_path: \"model.ckpt-157585\"\nall_model_checkpoint_paths: \"model.ckpt-1\"\n";
        assert_eq!(named_by(text), Some("model.ckpt-157585".into()));
        assert_eq!(named_by("model_checkpoint_path: model"), None);
        assert_eq!(named_by(""), None);
    }
}
