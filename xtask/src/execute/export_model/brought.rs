//! A SavedModel of somebody else into a version's folder: every file copied and hashed, and warm-up requests made where it
//! has none. What it holds is judged by whoever seals the version.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use savedmodel::{Picture, checkpoint};
use sha2::{Digest, Sha256};

use crate::{
    domain::model::receipt::{self, FileRecord},
    execute::{asked::asked, model_info},
};

const CHUNK: usize = 1 << 20;

/// What is brought.
pub(super) struct Bringing {
    /// A folder or an archive.
    pub from: PathBuf,
    /// A folder that may be made; the caller removes it.
    pub scratch: PathBuf,
    pub model: String,
    /// Make warm-up requests where there are none.
    pub warms_up: bool,
    /// File name and encoded bytes of each warm-up picture; none for pictures that are made up.
    pub pictures: Vec<(String, Vec<u8>)>,
}

/// Brings it into the existing, empty folder `to`.
pub(super) fn bring(
    bringing: Bringing,
    to: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Vec<FileRecord>> {
    let folder = if bringing.from.is_dir() {
        bringing.from.clone()
    } else {
        fs_err::create_dir_all(&bringing.scratch)?;
        checkpoint::unpack(&bringing.from, &bringing.scratch)?;
        only_folder(&bringing.scratch)?
    };
    let (chosen, _) = model_info::choose(&folder)?;
    let within = |path: &Path| fs_err::canonicalize(path);
    if !within(&chosen)?.starts_with(within(if bringing.from.is_dir() { &bringing.from } else { &bringing.scratch })?) {
        bail!("{} is a link that leads elsewhere: refused", chosen.display());
    }
    let folder = chosen;
    let mut paths = Vec::new();
    list(&folder, Path::new(""), &mut paths)?;
    let total = paths.iter().map(|(_, bytes)| bytes).sum();
    let (mut files, mut written) = (Vec::new(), 0);
    for (path, _) in paths.iter().filter(|(path, _)| path != receipt::PATH) {
        let file = copy(&folder, path, to, &mut |bytes| progress(written + bytes, total))?;
        written += file.bytes;
        files.push(file);
    }
    files.extend(warmed_up(&bringing, to)?);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Warm-up requests, where there are none and the model takes pictures.
fn warmed_up(bringing: &Bringing, to: &Path) -> Result<Option<FileRecord>> {
    let path = to.join(savedmodel::WARM_UP_FILE);
    if path.exists() || !bringing.warms_up {
        return Ok(None);
    }
    let Some(asked) = asked(&savedmodel::info(to)?.signatures) else { return Ok(None) };
    let pictures = match bringing.pictures.as_slice() {
        [] => Picture::generated(),
        given => given.iter().map(|(name, bytes)| Picture { name: name.clone(), bytes: bytes.clone() }).collect(),
    };
    let bytes = savedmodel::warm_up_requests(&bringing.model, (&asked.signature, &asked.input), &pictures);
    fs_err::create_dir_all(path.parent().unwrap_or(to))?;
    fs_err::write(&path, &bytes)?;
    let sha256 = Some(format!("{:x}", Sha256::digest(&bytes)));
    Ok(Some(FileRecord { path: savedmodel::WARM_UP_FILE.into(), bytes: bytes.len() as u64, sha256 }))
}

/// Archives mostly hold one folder, and that folder the model or its versions.
fn only_folder(folder: &Path) -> Result<PathBuf> {
    let entries = fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    match entries.as_slice() {
        [only] if only.is_dir() && !is_version(only) => only_folder(only),
        _ => Ok(folder.to_owned()),
    }
}

fn is_version(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<u64>().is_ok())
}

/// Every file below `inside`, sorted, with its size; links are refused, since what they lead to may be anything.
fn list(folder: &Path, inside: &Path, paths: &mut Vec<(String, u64)>) -> Result<()> {
    let mut entries = fs_err::read_dir(folder.join(inside))?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs_err::DirEntry::file_name);
    for entry in entries {
        let (kind, path) = (entry.file_type()?, inside.join(entry.file_name()));
        if kind.is_dir() {
            list(folder, &path, paths)?;
        } else if kind.is_file() {
            let shown = path.to_str().with_context(|| format!("{}: its name is no text", path.display()))?;
            paths.push((shown.to_owned(), entry.metadata()?.len()));
        } else {
            bail!("{} is neither a file nor a folder: refused", entry.path().display());
        }
    }
    Ok(())
}

fn copy(folder: &Path, path: &str, to: &Path, progress: &mut dyn FnMut(u64)) -> Result<FileRecord> {
    let target = to.join(path);
    fs_err::create_dir_all(target.parent().unwrap_or(to))?;
    let (mut from, mut into) = (fs_err::File::open(folder.join(path))?, fs_err::File::create(&target)?);
    let (mut hash, mut chunk, mut bytes) = (Sha256::new(), vec![0; CHUNK], 0);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok(FileRecord { path: path.into(), bytes, sha256: Some(format!("{:x}", hash.finalize())) });
        }
        into.write_all(&chunk[..read])?;
        hash.update(&chunk[..read]);
        bytes += read as u64;
        progress(bytes);
    }
}
