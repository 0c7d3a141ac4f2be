//! What an exporter in a container is handed: the checkpoint, laid out as an archive of it would be.
//! Archives of strangers are unpacked by the library, which refuses what does not belong into one.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use savedmodel::checkpoint;

use crate::{
    domain::model::plan::{CHECKPOINT, OUTPUT},
    ports::Tar,
};

/// Files and folders of this disk by their names below the checkpoint's folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Handed {
    entries: Vec<(String, PathBuf)>,
}

/// Finds what belongs to the checkpoint at `path`; an archive is unpacked into `scratch`.
pub(super) fn hand(path: &Path, scratch: &Path) -> Result<Handed> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut entries = Vec::new();
    if is_archive(path)? {
        fs_err::create_dir_all(scratch)?;
        checkpoint::unpack(path, scratch)?;
        entries.extend(children(scratch)?.into_iter().map(|child| (name(&child), child)));
    } else if path.is_dir() {
        // `.` and `..` have a name only once they are looked up.
        let folder = fs_err::canonicalize(path)?;
        entries.push((name(&folder), folder));
    } else {
        let bundle = name(path);
        let bundle = bundle.strip_suffix(".index").unwrap_or(&bundle);
        let belongs = |file: &String| *file == name(path) || is_part(file, bundle);
        let files = children(path.parent().unwrap_or(Path::new("/")))?.into_iter().map(|file| (name(&file), file));
        entries.extend(files.filter(|(file, _)| belongs(file)));
    }
    Ok(Handed { entries })
}

fn is_archive(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    if path.is_file() {
        fs_err::File::open(path)?.take(2).read_to_end(&mut start)?;
    }
    Ok(start == [0x1f, 0x8b])
}

/// Whether `file` is one of the files of the V2 bundle with this prefix.
fn is_part(file: &str, bundle: &str) -> bool {
    let end = file.strip_prefix(bundle).unwrap_or_default();
    [".index", ".meta"].contains(&end) || end.starts_with(".data-")
}

/// What stands in a folder, sorted.
fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<Result<Vec<PathBuf>>>()?;
    entries.sort();
    Ok(entries)
}

impl Handed {
    /// For the container's root: readable by any user of the image, and an output that any may write into.
    pub fn tar(self) -> Tar {
        Box::new(move |writer| {
            let mut tar = tar::Builder::new(writer);
            folder(&mut tar, OUTPUT.trim_start_matches('/'), 0o777)?;
            folder(&mut tar, CHECKPOINT.trim_start_matches('/'), 0o755)?;
            for (name, path) in &self.entries {
                append(&mut tar, &format!("{}/{name}", CHECKPOINT.trim_start_matches('/')), path)?;
            }
            tar.finish().context("finish the archive")
        })
    }
}

/// Links are followed: what they lead to may not be there in the container.
fn append(tar: &mut tar::Builder<&mut dyn std::io::Write>, name: &str, path: &Path) -> Result<()> {
    let meta = fs_err::metadata(path)?;
    if meta.is_dir() {
        folder(tar, name, 0o755)?;
        for child in children(path)? {
            let below = child.file_name().unwrap_or_default().to_string_lossy();
            append(tar, &format!("{name}/{below}"), &child)?;
        }
        return Ok(());
    }
    if !meta.is_file() {
        bail!("{} is neither a file nor a folder; take it out of the checkpoint's folder", path.display());
    }
    let mut header = header(tar::EntryType::Regular, 0o644);
    header.set_size(meta.len());
    let file = fs_err::File::open(path)?;
    tar.append_data(&mut header, name, file.take(meta.len())).with_context(|| format!("send {}", path.display()))
}

fn folder(tar: &mut tar::Builder<&mut dyn std::io::Write>, name: &str, mode: u32) -> Result<()> {
    let mut header = header(tar::EntryType::Directory, mode);
    Ok(tar.append_data(&mut header, format!("{name}/"), std::io::empty())?)
}

fn header(kind: tar::EntryType, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(1);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names in the tar of `path`, folders with a slash behind, without those that are always there.
    #[track_caller]
    fn check(folder: &Path, path: &str, expected: &[&str]) {
        let mut bytes = Vec::new();
        let handed = hand(&folder.join(path), &folder.join("scratch")).expect("readable");
        handed.tar()(&mut bytes).expect("into memory");
        let mut tar = tar::Archive::new(bytes.as_slice());
        let entries = tar.entries().expect("a tar").map(|entry| entry.expect("an entry"));
        let names: Vec<String> = entries.map(|entry| entry.path().expect("a name").display().to_string()).collect();
        assert_eq!(names[..2], ["output/", "checkpoint/"]);
        let below: Vec<&str> = names[2..].iter().map(|name| name.trim_start_matches("checkpoint/")).collect();
        assert_eq!(below, expected, "{path}");
    }

    #[test]
    fn an_archive_its_folder_and_its_files_are_laid_out_alike() {
        let folder = tempfile::tempdir().expect("temporary folder");
        for name in ["net/checkpoint", "net/sub/x", "m.index", "m.data-00000-of-00001", "m.meta", "m2", "single"] {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().expect("in a folder")).expect("create");
            fs_err::write(path, name).expect("write");
        }
        let inside = ["net/", "net/checkpoint", "net/sub/", "net/sub/x"];
        check(folder.path(), "net", &inside);
        check(folder.path(), "net/sub/..", &inside);
        let bundle = ["m.data-00000-of-00001", "m.index", "m.meta"];
        check(folder.path(), "m", &bundle);
        check(folder.path(), "m.index", &bundle);
        check(folder.path(), "single", &["single"]);

        let packed = std::process::Command::new("tar")
            .args(["-czf", "packed.tar.gz", "net"])
            .current_dir(folder.path())
            .status();
        assert!(packed.expect("run tar").success());
        check(folder.path(), "packed.tar.gz", &inside);
        assert!(folder.path().join("scratch/net/checkpoint").is_file());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
        let told = hand(folder.path(), Path::new("")).expect("readable").tar()(&mut Vec::new());
        assert!(format!("{:#}", told.expect_err("a socket")).contains("is neither a file nor a folder"));
        drop(socket);
    }
}
