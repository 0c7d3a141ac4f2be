//! What an exporter in a container left below its output: unpacked warily, and held to be exactly one version.
//! The exporter is a stranger: nothing it writes may lead out of the folder it is unpacked into.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use tar::EntryType;

use crate::domain::model::receipt::{self, FileRecord};

/// TF Serving loads what has one.
const MODEL: &str = "saved_model.pb";
const CHUNK: usize = 1 << 18;
/// Of what was left instead of a version, shown.
const MOST_NAMES: usize = 5;

/// Everything that was left, unpacked.
#[derive(Debug)]
pub(super) struct Left {
    /// Where it was unpacked; once the version is known, the version's folder.
    pub folder: PathBuf,
    /// In the order of their paths, which are seen from the folder.
    pub files: Vec<FileRecord>,
}

/// Unpacks a tar whose entries all begin with the name of one folder, without that name.
pub(super) fn unpack(tar: &mut dyn Read, to: &Path) -> Result<Left> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry.context("read the engine's archive")?;
        let name = entry.path()?.into_owned();
        let refuse = |what: &str| format!("the exporter left {}, {what}: refused", name.display());
        let mut parts = name.components();
        parts.next();
        let inside = parts.as_path();
        if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
            bail!(refuse("which leads out of its folder"));
        }
        let path = to.join(inside);
        match entry.header().entry_type() {
            EntryType::Directory => fs_err::create_dir_all(&path)?,
            EntryType::Regular | EntryType::Continuous => {
                // Not every tar names a folder before what is in it.
                fs_err::create_dir_all(path.parent().unwrap_or(to))?;
                let record = write(&mut entry, &path)?;
                let shown = inside.to_str().with_context(|| refuse("whose name is no text"))?.to_owned();
                files.insert(shown.clone(), FileRecord { path: shown, ..record });
            }
            EntryType::XGlobalHeader => {}
            _ => bail!(refuse("which is neither a file nor a folder")),
        }
    }
    Ok(Left { folder: to.to_owned(), files: files.into_values().collect() })
}

/// Writes a file and hashes it on the way.
fn write(entry: &mut impl Read, path: &Path) -> Result<FileRecord> {
    let mut file = fs_err::File::create(path)?;
    let (mut hash, mut chunk, mut bytes) = (Sha256::new(), vec![0; CHUNK], 0);
    loop {
        let read = entry.read(&mut chunk).with_context(|| format!("receive {}", path.display()))?;
        if read == 0 {
            let sha256 = Some(format!("{:x}", hash.finalize()));
            return Ok(FileRecord { path: String::new(), bytes, sha256 });
        }
        file.write_all(&chunk[..read])?;
        hash.update(&chunk[..read]);
        bytes += read as u64;
    }
}

impl Left {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The one version among it.
    pub fn only_version(self) -> Result<Self> {
        let versions: BTreeSet<&str> = self.files.iter().filter_map(|file| version(&file.path)).collect();
        let name = match versions.iter().collect::<Vec<_>>().as_slice() {
            [] => bail!(
                "it wrote no version below /output (a folder named by a number, with a {MODEL}){}",
                self.instead()
            ),
            [name] => (**name).to_owned(),
            _ => {
                let names: Vec<&str> = versions.into_iter().collect();
                bail!("it wrote {} versions below /output, where one is wanted: {}", names.len(), names.join(", "))
            }
        };
        let own = |file: FileRecord| {
            let path = file.path.strip_prefix(&name)?.strip_prefix('/')?.to_owned();
            // Ours takes the place of one that it may have written.
            (path != receipt::PATH).then_some(FileRecord { path, ..file })
        };
        Ok(Self { folder: self.folder.join(&name), files: self.files.into_iter().filter_map(own).collect() })
    }

    fn instead(&self) -> String {
        let mut names: Vec<&str> = self.files.iter().take(MOST_NAMES).map(|file| file.path.as_str()).collect();
        if self.files.len() > MOST_NAMES {
            names.push("…");
        }
        if names.is_empty() { ": it left nothing there".into() } else { format!(": it left {}", names.join(", ")) }
    }
}

/// The folder of the version whose model this is.
fn version(path: &str) -> Option<&str> {
    let name = path.strip_suffix(MODEL)?.strip_suffix('/')?;
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tar_of;

    fn left(entries: &[(&str, &str)]) -> Result<Left> {
        let folder = tempfile::tempdir().expect("temporary folder");
        unpack(&mut tar_of(entries).as_slice(), folder.path())?.only_version()
    }

    #[track_caller]
    fn check(entries: &[(&str, &str)], expected: &str) {
        let told = match left(entries) {
            Ok(left) => {
                let files: Vec<&str> = left.files.iter().map(|file| file.path.as_str()).collect();
                format!("{}: {}", left.folder.file_name().unwrap_or_default().display(), files.join(" "))
            }
            Err(error) => format!("{error:#}"),
        };
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn exactly_one_version_is_wanted() {
        let (model, variables) = (("output/1/saved_model.pb", "m"), ("output/1/variables/v", "v"));
        check(&[("output/", ""), ("output/log", ""), model, variables], "1: saved_model.pb variables/v");
        check(&[("output/00001/saved_model.pb", "m")], "00001: saved_model.pb");
        check(&[model, ("output/1/assets.extra/export_receipt.json", "")], "1: saved_model.pb");
        check(
            &[model, ("output/22/saved_model.pb", "")],
            "it wrote 2 versions below /output, where one is wanted: 1, 22",
        );
        let none = "it wrote no version below /output (a folder named by a number, with a saved_model.pb): it left";
        check(&[("output/", ""), ("output/1/", "")], &format!("{none} nothing there"));
        check(
            &[("output/saved_model.pb", ""), ("output/x/saved_model.pb", "")],
            &format!("{none} saved_model.pb, x/s"),
        );
    }

    #[test]
    fn what_leads_out_or_is_no_file_is_refused() {
        check(&[("output/../x", "")], "output/../x, which leads out of its folder: refused");
        check(&[("output/1/x -> /etc/passwd", "")], "output/1/x, which is neither a file nor a folder: refused");
        check(&[("output/1/x => output/y", "")], "output/1/x, which is neither a file nor a folder: refused");
        check(&[("output/1/x |", "")], "output/1/x, which is neither a file nor a folder: refused");
    }

    #[test]
    fn files_are_hashed_on_the_way() {
        let left = left(&[("output/7/saved_model.pb", "abc")]).expect("a version");
        assert_eq!(left.bytes(), 3);
        let sha256 = left.files[0].sha256.as_deref();
        assert_eq!(sha256, Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    }
}
