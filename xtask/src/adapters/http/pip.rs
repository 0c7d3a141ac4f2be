//! Packages of PyPI by Python's ordinary client, in an environment of its own: whatever index, proxy and certificates this
//! machine's pip is set up for are used.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::domain::model::Wheel;

/// As much of a failing program's last words as help.
const LAST_LINES: usize = 6;

/// Brings the wheel of `package` into `to`.
pub(super) async fn download(package: &Wheel, tools: &Path, to: &Path) -> Result<PathBuf> {
    let python = tools.join("bin/python");
    // It comes last: an environment without it is one that was cut off while it was made.
    if !tools.join("bin/pip").exists() {
        let made = run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(tools)).await;
        made.context("make an environment for pip; on Debian: apt-get install python3-venv")?;
    }
    let wanted = to.join("requirements.txt");
    fs_err::write(&wanted, format!("{package} --hash=sha256:{}\n", package.pin))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary", ":all:", "--require-hashes", "--dest"]).arg(to).arg("--requirement").arg(&wanted);
    run(&mut pip).await.with_context(|| format!("pip download {package}"))?;
    wheel(to).with_context(|| format!("pip download {package}"))
}

/// The one file that pip left beside what it was told.
fn wheel(folder: &Path) -> Result<PathBuf> {
    let entries = fs_err::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "whl");
    let wheels: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(is_wheel).collect();
    match <[PathBuf; 1]>::try_from(wheels) {
        Ok([wheel]) => Ok(wheel),
        Err(wheels) => bail!("it left {} wheels instead of one", wheels.len()),
    }
}

async fn run(command: &mut Command) -> Result<()> {
    let output =
        command.kill_on_drop(true).output().await.context("start python3; on Debian: apt-get install python3")?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    bail!("{}; it said last:\n  {}", output.status, last.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheels(names: &[&str]) -> Result<PathBuf> {
        let folder = tempfile::tempdir().expect("a folder");
        names.iter().for_each(|name| fs_err::write(folder.path().join(name), "").expect("write"));
        wheel(folder.path())
    }

    #[test]
    fn exactly_one_wheel_is_wanted() {
        let found = wheels(&["requirements.txt", "a-1.whl"]).expect("one");
        assert!(found.ends_with("a-1.whl"));
        assert_eq!(wheels(&["a-1.tar.gz"]).expect_err("none").to_string(), "it left 0 wheels instead of one");
        assert_eq!(wheels(&["a-1.whl", "b-1.whl"]).expect_err("two").to_string(), "it left 2 wheels instead of one");
    }

    #[tokio::test]
    async fn a_client_that_fails_is_told_with_its_last_words() {
        let mut command = Command::new("sh");
        let error = run(command.args(["-c", "seq 20; echo; echo why >&2; exit 3"])).await.expect_err("it fails");
        assert_eq!(error.to_string(), "exit status: 3; it said last:\n  16\n  17\n  18\n  19\n  20\n  why");
    }
}
