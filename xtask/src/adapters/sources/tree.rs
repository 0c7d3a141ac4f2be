//! The content of a source tree as one digest and as one deterministic tar, from the same walk over the same files.
//! Where the tree comes from, and who wants the tar, is known elsewhere.

mod walk;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io::{self, Read, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use fs_err as fs;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use crate::ports::COMPLETE;
use walk::{Entry, Kind, walk};

/// Nothing in an archive is newer or older than this; zero is taken for "unknown" by some tools.
const MTIME: u64 = 1;

/// What a tree holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreeDigest {
    /// Over paths, executable bits, contents and link targets; 64 hexadecimal digits.
    pub sha256: String,
    /// Files and symbolic links.
    pub files: u64,
    /// Contents of the files, together.
    pub bytes: u64,
}

/// Reads the whole tree and returns what it holds.
pub fn digest(root: &Path) -> Result<TreeDigest> {
    pass(root, &mut |_, content| Ok(io::copy(content, &mut io::sink()).map(drop)?))
}

/// Writes the tree as a tar that is the same, byte for byte, for the same content. The last entry, which says that
/// all came through, is written only where the content still has the sha256 `expected`.
pub fn archive(root: &Path, expected: &str, writer: impl Write) -> Result<()> {
    let mut tar = tar::Builder::new(writer);
    let mut folders = BTreeSet::new();
    let held = pass(root, &mut |entry, content| append(&mut tar, &mut folders, entry, content))?;
    if held.sha256 != expected {
        bail!("{} changed while it was sent: leave the sources alone and run again", root.display());
    }
    let seal = format!("{}\n", held.sha256);
    let mut header = header(EntryType::Regular, 0o644, seal.len() as u64);
    tar.append_data(&mut header, COMPLETE, seal.as_bytes()).context("write the end of the archive")?;
    tar.into_inner().and_then(|mut writer| writer.flush()).context("write the end of the archive")?;
    Ok(())
}

/// Walks the tree once, hashing what `keep` reads of every entry.
fn pass(root: &Path, keep: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<()>) -> Result<TreeDigest> {
    let mut hasher = Sha256::new();
    let (mut files, mut bytes) = (0, 0);
    walk(root, &mut |entry| {
        // Each part has its length before it, so that no two trees can read alike.
        let path = entry.path.as_os_str().as_bytes();
        hasher.update((path.len() as u64).to_le_bytes());
        hasher.update(path);
        files += 1;
        match &entry.kind {
            Kind::File { executable, length } => {
                hasher.update([if *executable { b'x' } else { b'f' }]);
                hasher.update(length.to_le_bytes());
                bytes += length;
                let full = root.join(&entry.path);
                let file = fs::File::open(&full)?;
                let mut content = Hashing { inner: file.take(*length), hasher: &mut hasher, count: 0 };
                keep(entry, &mut content).with_context(|| format!("read {}", full.display()))?;
                let count = content.count;
                let more = content.inner.into_inner().read(&mut [0])?;
                if count != *length || more != 0 {
                    bail!("{} changed while it was read: leave the sources alone and run again", full.display());
                }
            }
            Kind::Link { target } => {
                let target = target.as_os_str().as_bytes();
                hasher.update(b"l");
                hasher.update((target.len() as u64).to_le_bytes());
                hasher.update(target);
                keep(entry, &mut io::empty())?;
            }
        }
        Ok(())
    })?;
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(TreeDigest { sha256, files, bytes })
}

/// Hands on what it reads, counted and hashed.
struct Hashing<'a, R> {
    inner: R,
    hasher: &'a mut Sha256,
    count: u64,
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    folders: &mut BTreeSet<PathBuf>,
    entry: &Entry,
    content: &mut dyn Read,
) -> Result<()> {
    // Folders are written when something is in them: whoever unpacks should not have to invent their modes.
    let mut above: Vec<_> = entry.path.ancestors().skip(1).filter(|folder| *folder != OsStr::new("")).collect();
    above.reverse();
    for folder in above {
        if folders.insert(folder.to_owned()) {
            tar.append_data(&mut header(EntryType::Directory, 0o755, 0), folder, io::empty())?;
        }
    }
    match &entry.kind {
        Kind::File { executable, length } => {
            let mode = if *executable { 0o755 } else { 0o644 };
            tar.append_data(&mut header(EntryType::Regular, mode, *length), &entry.path, content)?;
        }
        Kind::Link { target } => {
            tar.append_link(&mut header(EntryType::Symlink, 0o777, 0), &entry.path, target)?;
        }
    }
    Ok(())
}

fn header(kind: EntryType, mode: u32, length: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME);
    header.set_size(length);
    header
}

#[cfg(test)]
mod tests;
