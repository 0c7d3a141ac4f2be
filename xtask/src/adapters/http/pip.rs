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
    if !python.exists() {
        let made = run(Command::new("python3").args(["-m", "venv"]).arg(tools)).await;
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
