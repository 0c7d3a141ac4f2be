//! The pictures that are sent: all below a folder, each with its sum and, where somebody knows it, its label.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use bench_protocol::experiment::{PictureFile, Pictures};
use sha2::{Digest, Sha256};

use crate::{
    domain::bench::{BenchPlan, PlannedPictures, labels},
    report::Report,
};

/// How names of pictures end.
const ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"];

pub(super) fn find(plan: &BenchPlan, root: &Path, report: &Report) -> Result<Pictures> {
    let (folder, labels) = match &plan.pictures {
        PlannedPictures::Generated { count, width, height } => {
            return Ok(Pictures::Generated { count: *count, width: *width, height: *height });
        }
        PlannedPictures::Folder { folder, labels } => (root.join(folder), labels.as_ref().map(|file| root.join(file))),
    };
    if !folder.is_dir() {
        bail!("{} is no folder of pictures: name one with --images", folder.display());
    }
    let mut found = Vec::new();
    walk(&folder, &mut found)?;
    found.sort();
    if found.is_empty() {
        bail!("no file below {} ends like a picture ({})", folder.display(), ENDINGS.join(", "));
    }
    let mut known = labels.as_deref().map(read_labels).transpose()?;
    let mut files = Vec::new();
    for path in found {
        let below = path.strip_prefix(&folder).unwrap_or(&path);
        let label = match &mut known {
            Some(known) => take(known, below),
            None => labels::of_path(below),
        };
        let sha256 = format!("{:x}", Sha256::digest(fs_err::read(&path)?));
        files.push(PictureFile { path, sha256, label });
    }
    tell(&files, known, report);
    Ok(Pictures::Files(files))
}

/// Hidden files and folders are nobody's pictures.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else if ENDINGS.contains(&ending.as_str()) {
            found.push(path);
        }
    }
    Ok(())
}

fn read_labels(file: &Path) -> Result<BTreeMap<String, String>> {
    let text = fs_err::read_to_string(file)?;
    labels::parse(&text)
        .map_err(|error| anyhow!(error))
        .with_context(|| format!("read the labels in {}", file.display()))
}

/// By the path below the folder, or by the name alone.
fn take(known: &mut BTreeMap<String, String>, below: &Path) -> Option<String> {
    let name = below.file_name().map(|name| name.to_string_lossy().into_owned());
    known.remove(&*below.to_string_lossy()).or_else(|| known.remove(&name?))
}

fn tell(files: &[PictureFile], left: Option<BTreeMap<String, String>>, report: &Report) {
    let labelled = files.iter().filter(|file| file.label.is_some()).count();
    report.note(&format!("{} pictures, {labelled} with a label", files.len()));
    if let Some((file, _)) = left.and_then(|left| left.into_iter().next()) {
        report.warning(&format!("some labels are of files that are not there, such as {file}"));
    }
}
