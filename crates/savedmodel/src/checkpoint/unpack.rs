//! Unpacking a `.tar.gz` or a plain `.tar` of strangers: nothing is written outside the folder, nothing odd is made, no bomb goes off.

use std::{
    io::{BufReader, Read, Seek},
    path::{Component, Path, PathBuf},
};

use fs_err::File;
use tar::{Archive, EntryType};

use super::archive::{MOST_ENTRIES, unzip};
use crate::error::{Error, Result};

/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Unpacks `archive` into the existing folder `folder`.
///
/// # Errors
/// An entry with an absolute path or `..`, a link that leads out of the folder, a device or pipe, an archive that grows
/// beyond all measure or is damaged. What was unpacked until then stays for the caller to remove.
pub fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let mut start = Vec::new();
    let mut file = File::open(archive).map_err(Error::io(archive))?;
    file.by_ref().take(2).read_to_end(&mut start).map_err(Error::io(archive))?;
    if start == GZIP {
        return unpack_all(unzip(archive)?, archive, folder);
    }
    file.rewind().map_err(Error::io(archive))?;
    unpack_all(Archive::new(BufReader::new(file)), archive, folder)
}

fn unpack_all(mut entries: Archive<impl Read>, archive: &Path, folder: &Path) -> Result<()> {
    entries.set_preserve_permissions(false);
    entries.set_preserve_mtime(false);
    for (number, entry) in entries.entries().map_err(Error::io(archive))?.enumerate() {
        let mut entry = entry.map_err(Error::io(archive))?;
        let name = entry.path().map_err(Error::io(archive))?.into_owned();
        let refuse = |what: &str| Error::Archive {
            file: archive.to_owned(),
            entry: name.display().to_string(),
            what: format!("{what}: refused"),
        };
        if number == MOST_ENTRIES {
            return Err(refuse("is one entry too many"));
        }
        if !stays_inside(Path::new(""), &name) {
            return Err(refuse("leads out of the folder"));
        }
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse | EntryType::Directory => {}
            kind @ (EntryType::Symlink | EntryType::Link) => {
                let target = entry.link_name().map_err(Error::io(archive))?.unwrap_or_default();
                // A hard link is named from the archive's root, a symbolic one from its own folder.
                let from = if kind == EntryType::Link { Path::new("") } else { name.parent().unwrap_or(Path::new("")) };
                if !stays_inside(from, &target) {
                    return Err(refuse(&format!("is a link to {}, out of the folder", target.display())));
                }
            }
            // What tar says about the archive itself.
            EntryType::XGlobalHeader => continue,
            _ => return Err(refuse("is neither a file nor a folder nor a link")),
        }
        // This looks again, at the folders as they really are: a link among them might lead elsewhere.
        let unpacked = entry.unpack_in(folder).map_err(|error| match error.kind() {
            std::io::ErrorKind::Other => refuse(&root_cause(&error)),
            _ => Error::Io { file: folder.join(&name), source: error },
        })?;
        if !unpacked {
            return Err(refuse("leads out of the folder"));
        }
    }
    Ok(())
}

fn root_cause(error: &std::io::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Whether `path`, seen from `from`, is relative and never climbs above the root.
fn stays_inside(from: &Path, path: &Path) -> bool {
    let mut depth = 0usize;
    for part in from.join(PathBuf::from(path)).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    // `..` in a name is refused even where it stays inside: no honest archive has it.
    from.as_os_str().is_empty() || !path.is_absolute()
}
