//! A program of this workspace as images want it: by the user's own cargo, linked so that it needs no library, and without
//! a trace of this machine in it.

use std::{
    collections::{BTreeSet, VecDeque},
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{domain::serving_image::receipt::Package, ports::Program};

/// Beside the workspace's own: the flags differ, and either would undo the other's work.
const TARGET_FOLDER: &str = "target/xtask/app";
/// All that is made here. Named together, they agree on the features of what they share, which is compiled once for all of them.
const PROGRAMS: [&str; 3] = ["bench", "place-model", "resizer"];
const KEPT_LINES: usize = 20;

/// Blocks; a second call with nothing changed takes a moment.
pub fn compile(package: &'static str, root: &Path, say: &mut dyn FnMut(String)) -> Result<Program> {
    let target = target()?;
    // The C library goes in, and paths of this user stay out: panics tell where they happened.
    let home = std::env::var("CARGO_HOME").ok().or_else(|| Some(format!("{}/.cargo", std::env::var("HOME").ok()?)));
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    flags.extend(home.map(|home| format!("--remap-path-prefix={home}=/cargo")));
    // What build scripts write is compiled by its whole path; the rest of the workspace is not.
    fs_err::create_dir_all(root.join(TARGET_FOLDER))?;
    let folder = fs_err::canonicalize(root.join(TARGET_FOLDER))?;
    flags.push(format!("--remap-path-prefix={}=/target", folder.display()));
    let mut cargo = cargo(root);
    cargo
        .args(["build", "--release", "--locked", "--color=never", "--config=profile.release.strip=true"])
        .args(PROGRAMS.iter().flat_map(|program| ["--package", program]))
        .args(["--bin", package, "--target", &target, "--target-dir", TARGET_FOLDER])
        // One flag a part: paths may have spaces.
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .stderr(Stdio::piped());
    let mut child = cargo.spawn().context("start cargo")?;
    let mut last = VecDeque::new();
    for line in child.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let line = line.context("read what cargo says")?;
        last.push_back(line.clone());
        if last.len() > KEPT_LINES {
            last.pop_front();
        }
        say(line);
    }
    let ended = child.wait().context("wait for cargo")?;
    if !ended.success() {
        let said: String = last.iter().map(|line| format!("\n  {line}")).collect();
        bail!("cargo build --package {package} ended with {ended}; it said last:{said}");
    }
    let path = root.join(TARGET_FOLDER).join(&target).join("release").join(package);
    let sha256 = format!("{:x}", Sha256::digest(fs_err::read(&path)?));
    let architecture = target.split('-').next().unwrap_or_default().to_owned();
    Ok(Program { path, sha256, architecture, packages: crates(package, &target, root)? })
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).stdin(Stdio::null()).stdout(Stdio::null()).env_remove("RUSTFLAGS");
    cargo
}

/// This machine's own target: the only one that every toolchain has.
fn target() -> Result<String> {
    let told = Command::new("rustc").arg("-vV").output().context("run rustc -vV")?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    if !host.contains("-linux-") {
        bail!(
            "images of the web app and of models hold a Linux program, and the toolchain here makes programs for {host}: run \
             this on Linux, or take [app] out of config.toml"
        );
    }
    Ok(host.to_owned())
}

/// The crates that end up in the program.
fn crates(package: &str, target: &str, root: &Path) -> Result<Vec<Package>> {
    let mut tree = cargo(root);
    tree.args(["tree", "--locked", "--package", package, "--target", target, "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}"])
        .stdout(Stdio::piped());
    let told = tree.output().context("run cargo tree")?;
    if !told.status.success() {
        bail!("cargo tree ended with {}: {}", told.status, String::from_utf8_lossy(&told.stderr).trim());
    }
    Ok(listed(&String::from_utf8_lossy(&told.stdout)))
}

/// Lines of `NAME vVERSION`, some with a note behind; macros run in the compiler and are in no program.
fn listed(tree: &str) -> Vec<Package> {
    let all: BTreeSet<Package> = tree
        .lines()
        .filter(|line| !line.contains("(proc-macro)"))
        .filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            let version = rest.split(' ').next()?;
            Some(Package { name: name.into(), version: version.into(), kind: "cargo".into() })
        })
        .collect();
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_listed_once_and_without_macros() {
        let tree = "resizer v0.1.0 (/work)\naxum v0.8.9\nserde_derive v1.0.229 (proc-macro)\naxum v0.8.9 (*)\n\n";
        let found = listed(tree);
        let found: Vec<_> = found.iter().map(|found| (found.name.as_str(), found.version.as_str())).collect();
        assert_eq!(found, [("axum", "0.8.9"), ("resizer", "0.1.0")]);
    }
}
