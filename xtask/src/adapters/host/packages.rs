//! Installs packages of the distribution with `apt-get`, asking nothing.
//! Which packages are wanted, and whether the user agreed, is known elsewhere.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, bail};

/// Lines of the package manager's words that an error keeps.
const KEPT_LINES: usize = 15;

/// Brings the package lists up to date and installs the packages. Needs root and a Debian-like system; blocks.
pub fn install(packages: &[&str], say: &mut dyn FnMut(String)) -> Result<()> {
    let Ok(program) = which::which("apt-get") else {
        bail!("there is no apt-get here: install {} with this system's own package manager", packages.join(" "));
    };
    install_with(&program, packages, say)
}

fn install_with(apt_get: &Path, packages: &[&str], say: &mut dyn FnMut(String)) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    // One unreachable list of many fails the update, and may have nothing to do with what we want.
    let (updated, update_words) = run(apt_get, &["update"], say)?;
    if !updated.success() {
        say("apt-get update failed; installing with the lists there are".to_owned());
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends", "--"];
    arguments.extend(packages);
    let (installed, words) = run(apt_get, &arguments, say)?;
    if installed.success() {
        return Ok(());
    }
    let update_words = if updated.success() { String::new() } else { format!("\napt-get update said: {update_words}") };
    bail!(
        "install {names}: apt-get ended with {installed}; run `apt-get install {names}` as root to see why\n\
         apt-get said: {words}{update_words}"
    );
}

/// Runs the program, passing on its lines; it is not tied to our life, as a package half-installed is worse than late.
fn run(apt_get: &Path, arguments: &[&str], say: &mut dyn FnMut(String)) -> Result<(ExitStatus, String)> {
    let (reader, writer) = std::io::pipe().context("make a pipe for apt-get")?;
    let mut command = Command::new(apt_get);
    command
        // Another apt-get, such as the daily one, is waited for.
        .args(["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0", "-q"])
        .args(arguments)
        .env("LC_ALL", "C")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("NEEDRESTART_MODE", "a")
        .env("APT_LISTCHANGES_FRONTEND", "none")
        .stdin(Stdio::null())
        .stdout(writer.try_clone().context("make a pipe for apt-get")?)
        .stderr(writer);
    let mut child = command.spawn().with_context(|| format!("start {}", apt_get.display()))?;
    // The command holds the pipe's other end; as long as it lives we would wait for words that nobody can say.
    drop(command);
    let mut kept = VecDeque::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("read from apt-get")?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            continue;
        }
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(line.clone());
        say(line);
    }
    let status = child.wait().context("wait for apt-get")?;
    Ok((status, kept.make_contiguous().join("\n")))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use tempfile::TempDir;

    use super::*;

    /// A program in place of apt-get that writes down how it was called, then does as told.
    fn stand_in(body: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("apt-get");
        let script =
            format!("#!/bin/sh\nshift 5\necho \"$DEBIAN_FRONTEND $*\" >> {}/calls\n{body}\n", folder.path().display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn install_by(folder: &TempDir, packages: &[&str]) -> (Result<(), String>, Vec<String>) {
        let mut said = Vec::new();
        let done = install_with(&folder.path().join("apt-get"), packages, &mut |line| said.push(line));
        (done.map_err(|error| format!("{error:#}")), said)
    }

    #[test]
    fn the_lists_are_updated_and_the_packages_installed_without_questions() {
        let folder = stand_in("echo \"$1 works\"; echo and errors >&2");
        let (done, said) = install_by(&folder, &["git", "debootstrap"]);
        assert_eq!(done, Ok(()));
        assert_eq!(said, ["update works", "and errors", "install works", "and errors"]);
        let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
        let wanted = "noninteractive update\n\
                      noninteractive install --yes --no-install-recommends -- git debootstrap\n";
        assert_eq!(calls, wanted);
    }

    #[test]
    fn a_failed_update_alone_is_no_failure() {
        let folder = stand_in("[ \"$1\" != update ]");
        let (done, said) = install_by(&folder, &["git"]);
        assert_eq!(done, Ok(()));
        assert!(said[0].contains("apt-get update failed"), "{said:?}");
    }

    #[test]
    fn a_failed_install_tells_both_stories() {
        let folder = stand_in("echo \"E: no $1\" >&2; exit 100");
        let error = install_by(&folder, &["git"]).0.unwrap_err();
        for wanted in ["install git: apt-get ended with exit status: 100", "E: no install", "update said: E: no update"]
        {
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn nothing_wanted_calls_nothing() {
        let folder = stand_in("");
        assert_eq!(install_by(&folder, &[]).0, Ok(()));
        assert!(!folder.path().join("calls").exists());
    }
}
