//! A version's files as the layers of an image: sorted, without owners and times, so that the same files are the same
//! bytes wherever they are packed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use fs_err::File;
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

use crate::domain::{
    model::image::{Layer, PLACER, SUMS},
    reference::Digest,
};

const BUFFER: usize = 1 << 20;
const FILE: u32 = 0o644;
const PROGRAM: u32 = 0o755;
const FOLDER: u32 = 0o755;

/// Writes all layers into `scratch`, the version's files as `place`, `models/NAME/VERSION`; returns the digests of the tars, the lowest first. `progress` hears of bytes.
pub(super) fn write(
    folder: &Path,
    place: &str,
    program: &Path,
    scratch: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Vec<(Digest, PathBuf)>> {
    fs_err::create_dir_all(scratch)?;
    let mut files = BTreeMap::new();
    list(folder, "", &mut files)?;
    let total = files.values().sum();
    let mut done = 0;
    let mut count = |bytes| {
        done += bytes;
        progress(done, total);
    };
    let mut sums = String::new();
    Layer::ALL
        .into_iter()
        .map(|kind| {
            let path = scratch.join(format!("{}.tar", kind.name()));
            let mut layer = TarFile::create(&path)?;
            match kind {
                Layer::Program => drop(layer.file(PLACER, program, PROGRAM, &mut |_| ())?),
                Layer::Variables | Layer::Graph => {
                    for file in files.keys().filter(|file| Layer::of(file) == kind) {
                        let name = format!("{place}/{file}");
                        let sum = layer.file(&name, &folder.join(file), FILE, &mut count)?;
                        sums.push_str(&format!("{sum}  {name}\n"));
                    }
                }
            }
            if kind == Layer::Graph {
                layer.bytes(SUMS, sums.as_bytes())?;
            }
            Ok((layer.finish()?, path))
        })
        .collect()
}

/// Files below a folder with their sizes; what is neither file nor folder belongs in no model.
fn list(folder: &Path, prefix: &str, files: &mut BTreeMap<String, u64>) -> Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().with_context(|| {
            format!("{} has a name that is no UTF-8; models have none such", entry.path().display())
        })?;
        let (kind, name) = (entry.file_type()?, format!("{prefix}{name}"));
        if kind.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.insert(name, entry.metadata()?.len());
        } else {
            bail!("{} is neither a file nor a folder; put the file itself there", entry.path().display());
        }
    }
    Ok(())
}

/// A tar that is hashed while it is written, and enters folders before what is in them.
struct TarFile {
    tar: tar::Builder<Hashed>,
    folders: BTreeSet<String>,
}

impl TarFile {
    fn create(path: &Path) -> Result<Self> {
        let file = io::BufWriter::with_capacity(BUFFER, File::create(path)?);
        Ok(Self { tar: tar::Builder::new(Hashed { file, hash: Sha256::new() }), folders: BTreeSet::new() })
    }

    /// Appends a file and returns its sum.
    fn file(&mut self, name: &str, path: &Path, mode: u32, count: &mut dyn FnMut(u64)) -> Result<String> {
        self.folders_of(name)?;
        let file = File::open(path)?;
        let mut header = header(EntryType::Regular, file.metadata()?.len(), mode);
        let mut content = Counted { file, hash: Sha256::new(), count };
        self.tar.append_data(&mut header, name, &mut content).with_context(|| format!("pack {}", path.display()))?;
        Ok(format!("{:x}", content.hash.finalize()))
    }

    fn bytes(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let mut header = header(EntryType::Regular, content.len() as u64, FILE);
        Ok(self.tar.append_data(&mut header, name, content)?)
    }

    fn folders_of(&mut self, name: &str) -> Result<()> {
        for (at, _) in name.match_indices('/') {
            let folder = &name[..=at];
            if self.folders.insert(folder.to_owned()) {
                self.tar.append_data(&mut header(EntryType::Directory, 0, FOLDER), folder, io::empty())?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Digest> {
        let mut written = self.tar.into_inner()?;
        written.flush()?;
        Ok(Digest::of_hash(written.hash))
    }
}

fn header(kind: EntryType, size: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

struct Hashed {
    file: io::BufWriter<File>,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

struct Counted<'a> {
    file: File,
    hash: Sha256,
    count: &'a mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.hash.update(&into[..read]);
        (self.count)(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of a tar: name, mode, content.
    fn entries(path: &Path) -> Vec<(String, u32, String)> {
        let mut archive = tar::Archive::new(File::open(path).expect("there"));
        let entry = |entry: io::Result<tar::Entry<'_, File>>| {
            let mut entry = entry.expect("an entry");
            let (name, mode) = (entry.path().expect("a path").display().to_string(), entry.header().mode());
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("text");
            assert_eq!((entry.header().mtime().ok(), entry.header().uid().ok()), (Some(0), Some(0)));
            (name, mode.expect("a mode"), content)
        };
        archive.entries().expect("a tar").map(entry).collect()
    }

    fn model() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["1/saved_model.pb", "1/variables/variables.index", "1/assets.extra/a", "place-model"] {
            let path = folder.path().join(file);
            fs_err::create_dir_all(path.parent().expect("below")).expect("made");
            fs_err::write(&path, file).expect("written");
        }
        folder
    }

    fn packed(folder: &Path, into: &str) -> Result<Vec<(Digest, PathBuf)>> {
        let (version, program) = (folder.join("1"), folder.join("place-model"));
        write(&version, "models/m/1", &program, &folder.join(into), &mut |_, _| ())
    }

    #[test]
    fn layers_hold_the_version_its_sums_and_the_program() {
        let folder = model();
        let layers = packed(folder.path(), "a").expect("packed");
        let [program, variables, graph] = &layers[..] else { panic!("{layers:?}") };
        assert_eq!(entries(&program.1), [("place-model".into(), 0o755, "place-model".into())]);
        let names: Vec<String> = entries(&variables.1).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(
            names,
            ["models/", "models/m/", "models/m/1/", "models/m/1/variables/", "models/m/1/variables/variables.index"]
        );
        let graph = entries(&graph.1);
        let names: Vec<&str> = graph.iter().map(|(name, ..)| name.as_str()).collect();
        let below: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("models/m/1/")).collect();
        assert_eq!(below[1..], ["assets.extra/", "assets.extra/a", "saved_model.pb"]);
        let sums = &graph.last().expect("sums").2;
        assert_eq!(sums.lines().count(), 3, "{sums}");
        let sum = Digest::of(b"1/saved_model.pb");
        assert!(sums.contains(&format!("{}  models/m/1/saved_model.pb\n", sum.hex())), "{sums}");
        assert_eq!(Digest::of(&fs_err::read(&program.1).expect("there")), program.0);
    }

    #[test]
    fn the_same_files_are_the_same_bytes() {
        let (one, other) = (model(), model());
        let digests = |folder: &Path, into| -> Vec<Digest> {
            packed(folder, into).expect("packed").into_iter().map(|(digest, _)| digest).collect()
        };
        assert_eq!(digests(one.path(), "a"), digests(other.path(), "b"));
        fs_err::write(other.path().join("1/saved_model.pb"), "another graph").expect("written");
        let (before, after) = (digests(one.path(), "a"), digests(other.path(), "b"));
        assert_eq!((before[0] == after[0], before[1] == after[1], before[2] == after[2]), (true, true, false));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused() {
        let folder = model();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("1/variables/x")).expect("linked");
        let error = packed(folder.path(), "a").expect_err("a link").to_string();
        assert!(error.contains("variables/x is neither a file nor a folder"), "{error}");
    }
}
