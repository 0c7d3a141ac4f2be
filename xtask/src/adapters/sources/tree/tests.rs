//! The digest and the archive of small trees made here.

use std::{
    fs,
    io::Read,
    os::unix::{fs::PermissionsExt, fs::symlink, net::UnixListener},
    path::Path,
};

use tempfile::TempDir;

use super::{archive, digest, walk::walk};
use crate::ports::COMPLETE;

fn sample() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    fs::create_dir_all(at("lib/deep")).unwrap();
    fs::write(at("lib/deep/a.cc"), "int a;\n").unwrap();
    fs::write(at("WORKSPACE"), "").unwrap();
    fs::write(at("tool.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(at("tool.sh"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("deep/a.cc", at("lib/link.cc")).unwrap();
    root
}

fn packed(root: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive(root, &digest(root).unwrap().sha256, &mut bytes).unwrap();
    bytes
}

fn listed(bytes: &[u8]) -> Vec<String> {
    let mut tar = tar::Archive::new(bytes);
    let describe = |entry: tar::Entry<&[u8]>| {
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, 1));
        let target = entry.link_name().unwrap().map(|target| format!(" -> {}", target.display()));
        let path = entry.path().unwrap().display().to_string();
        format!("{:o} {path}{}", header.mode().unwrap(), target.unwrap_or_default())
    };
    tar.entries().unwrap().map(|entry| describe(entry.unwrap())).collect()
}

#[test]
fn the_archive_is_sorted_plain_and_sealed() {
    let root = sample();
    let bytes = packed(root.path());
    assert_eq!(
        listed(&bytes),
        [
            "644 WORKSPACE",
            "755 lib",
            "755 lib/deep",
            "644 lib/deep/a.cc",
            "777 lib/link.cc -> deep/a.cc",
            "755 tool.sh",
            "644 .xtask-complete",
        ]
    );
    let mut tar = tar::Archive::new(bytes.as_slice());
    let mut seal = String::new();
    for entry in tar.entries().unwrap() {
        seal.clear();
        entry.unwrap().read_to_string(&mut seal).unwrap();
    }
    assert_eq!(seal.trim_end(), digest(root.path()).unwrap().sha256);
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let (one, other) = (sample(), sample());
    fs::set_permissions(other.path().join("WORKSPACE"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(packed(one.path()), packed(other.path()));
    let held = digest(one.path()).unwrap();
    assert_eq!((held.files, held.bytes, held.sha256.len()), (4, 17, 64));
}

#[test]
fn a_tree_that_changed_is_not_sealed() {
    let root = sample();
    let before = digest(root.path()).unwrap().sha256;
    fs::write(root.path().join("WORKSPACE"), "edited meanwhile").unwrap();
    let mut bytes = Vec::new();
    let error = format!("{:#}", archive(root.path(), &before, &mut bytes).unwrap_err());
    assert!(error.contains("changed while it was sent"), "{error}");
    assert!(!bytes.windows(COMPLETE.len()).any(|window| window == COMPLETE.as_bytes()));
}

#[test]
fn every_difference_that_matters_changes_the_digest() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 6] = [
        ("content", |root| fs::write(root.join("lib/deep/a.cc"), "int b;\n").unwrap()),
        ("executable bit", |root| {
            fs::set_permissions(root.join("WORKSPACE"), fs::Permissions::from_mode(0o755)).unwrap();
        }),
        ("link target", |root| {
            fs::remove_file(root.join("lib/link.cc")).unwrap();
            symlink("deep/b.cc", root.join("lib/link.cc")).unwrap();
        }),
        ("name", |root| fs::rename(root.join("WORKSPACE"), root.join("WORKSPACE.bazel")).unwrap()),
        ("file for link", |root| {
            fs::remove_file(root.join("lib/link.cc")).unwrap();
            fs::write(root.join("lib/link.cc"), "deep/a.cc").unwrap();
        }),
        ("file more", |root| fs::write(root.join("bazel-notes.txt"), "").unwrap()),
    ];
    let before = digest(sample().path()).unwrap().sha256;
    for (name, change) in changes {
        let root = sample();
        change(root.path());
        assert_ne!(digest(root.path()).unwrap().sha256, before, "{name}");
    }
}

#[test]
fn what_tools_leave_behind_does_not_count() {
    let root = sample();
    let before = digest(root.path()).unwrap();
    fs::create_dir_all(root.path().join("lib/.git/objects")).unwrap();
    fs::write(root.path().join("lib/.git/HEAD"), "x").unwrap();
    fs::create_dir(root.path().join("empty")).unwrap();
    fs::write(root.path().join(COMPLETE), "x").unwrap();
    symlink("/nowhere", root.path().join("bazel-bin")).unwrap();
    assert_eq!(digest(root.path()).unwrap(), before);
    // Deeper down the same name is a source like any other.
    symlink("/nowhere", root.path().join("lib/bazel-bin")).unwrap();
    assert_ne!(digest(root.path()).unwrap(), before);
}

#[test]
fn names_longer_than_a_tar_header_survive() {
    let root = tempfile::tempdir().unwrap();
    let folder = "f".repeat(120);
    fs::create_dir(root.path().join(&folder)).unwrap();
    let name = format!("{folder}/{}", "n".repeat(150));
    fs::write(root.path().join(&name), "x").unwrap();
    symlink("t".repeat(200), root.path().join("link")).unwrap();
    let found = listed(&packed(root.path()));
    assert_eq!(found[1], format!("644 {name}"));
    assert_eq!(found[2], format!("777 link -> {}", "t".repeat(200)));
}

#[test]
fn a_file_that_vanishes_is_named() {
    let root = sample();
    // Gone between the walk's look at the folder and its look at the file.
    let seen = walk(root.path(), &mut |entry| {
        if entry.path == Path::new("WORKSPACE") {
            fs::remove_file(root.path().join("tool.sh")).unwrap();
        }
        Ok(())
    });
    let error = format!("{:#}", seen.unwrap_err());
    assert!(error.contains("tool.sh"), "{error}");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_named() {
    let root = sample();
    let path = root.path().join("tool.sh");
    let grown = super::pass(root.path(), &mut |entry, content| {
        if entry.path == Path::new("tool.sh") {
            fs::write(&path, "#!/bin/sh\necho more\n").unwrap();
        }
        Ok(std::io::copy(content, &mut std::io::sink()).map(drop)?)
    });
    let error = format!("{:#}", grown.unwrap_err());
    assert!(error.contains("tool.sh changed while it was read"), "{error}");
}

#[test]
fn a_tree_that_is_not_there_and_a_thing_that_is_no_file_are_named() {
    let root = sample();
    let error = format!("{:#}", digest(&root.path().join("absent")).unwrap_err());
    assert!(error.contains("absent"), "{error}");
    let _socket = UnixListener::bind(root.path().join("lib/socket")).unwrap();
    let error = format!("{:#}", archive(root.path(), "", std::io::sink()).unwrap_err());
    assert!(error.contains("lib/socket is neither file"), "{error}");
}
