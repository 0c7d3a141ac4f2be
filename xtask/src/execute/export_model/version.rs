//! The version's folder: what stands there already, and how a new one takes its place whole or not at all.
//! A version that stands is never touched; whatever speaks against it is an error that names the way out.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use savedmodel::ModelInfo;

use super::{ExportScene, Exporting};
use crate::{
    domain::{
        model::{
            plan::ExportPlan,
            receipt::{self, ModelReceipt},
        },
        receipt::InputTable,
    },
    execute::{Folders, beside::beside, freshness},
};

/// Where a version goes.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub folder: PathBuf,
    output: PathBuf,
    version: u64,
    /// As people know it.
    pub shown: String,
}

impl Place {
    pub fn of(plan: &ExportPlan, folders: &Folders) -> Self {
        let output = folders.root.join(&plan.output);
        let folder = output.join(plan.version.to_string());
        Self { folder, output, version: plan.version, shown: plan.target() }
    }

    /// The receipt of the version that stands here; none where the place is free.
    pub fn receipt(&self) -> Result<Option<ModelReceipt>> {
        if self.output.exists() && !self.output.is_dir() {
            bail!("{} is a file; name a folder with --output", self.output.display());
        }
        let Ok(meta) = fs_err::symlink_metadata(&self.folder) else { return Ok(None) };
        let foreign = |what: &str| format!("{} {what}; {}", self.shown, self.ways_out());
        if !meta.is_dir() {
            bail!(foreign("is a file and no version's folder"));
        }
        let Ok(text) = fs_err::read(self.folder.join(receipt::PATH)) else {
            bail!(foreign("was not exported by this tool: it has no receipt"));
        };
        Ok(Some(serde_json::from_slice(&text).with_context(|| foreign("has a receipt that cannot be read"))?))
    }

    /// Refuses a version that was made from something else.
    pub fn must_match(&self, receipt: &ModelReceipt, inputs: &InputTable) -> Result<()> {
        let differences = receipt::differences(receipt, inputs);
        if differences.is_empty() {
            return Ok(());
        }
        bail!(
            "{} was made from something else and is not touched: {}; {}",
            self.shown,
            differences.join("; "),
            self.ways_out()
        )
    }

    fn ways_out(&self) -> String {
        format!("export beside it with --version {}, or remove it first", self.next_free())
    }

    fn next_free(&self) -> u64 {
        let entries = fs_err::read_dir(&self.output).into_iter().flatten().flatten();
        let taken = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok());
        taken.max().unwrap_or(self.version).max(self.version).saturating_add(1)
    }

    /// Reads the version that stands here and holds it against its receipt.
    pub async fn verify(&self, receipt: &ModelReceipt, exporting: &impl Exporting) -> Result<ModelInfo> {
        let (folder, receipt, exporting) = (self.folder.clone(), receipt.clone(), exporting.clone());
        let verified = beside(&|_, _| {}, move |_| {
            check_files(&folder, &receipt)?;
            exporting.verify(&folder)
        });
        verified
            .await
            .with_context(|| format!("{} is damaged; remove that folder, and the next run exports it anew", self.shown))
    }

    /// Lets a finished folder take its place.
    pub fn take(&self, finished: &Path) -> Result<()> {
        // Renaming would replace an empty folder, which may be somebody's.
        if fs_err::symlink_metadata(&self.folder).is_ok() {
            bail!("{} has come into being meanwhile and is not touched; run again", self.shown);
        }
        Ok(fs_err::rename(finished, &self.folder)?)
    }
}

/// Size and sum of each file, as far as the receipt knows them.
fn check_files(folder: &Path, receipt: &ModelReceipt) -> Result<()> {
    for file in &receipt.files {
        let path = folder.join(&file.path);
        let bytes = fs_err::metadata(&path)?.len();
        if bytes != file.bytes {
            bail!("{} has {bytes} bytes, its receipt says {}", path.display(), file.bytes);
        }
        if let Some(expected) = &file.sha256 {
            let found = freshness::sha256(&path)?;
            if found != *expected {
                bail!("{} has sha256 {found}, its receipt says {expected}", path.display());
            }
        }
    }
    Ok(())
}

/// A version under way, in a folder that nobody serves; the next run knows where to look for it after a kill.
pub(super) struct Partial {
    pub folder: PathBuf,
    /// For a checkpoint that has to be unpacked.
    pub scratch: PathBuf,
    /// Holds the folder's path, since it may lie outside the checkout.
    note: PathBuf,
}

impl Partial {
    pub fn begin(place: &Place, scene: &ExportScene<'_>) -> Result<Self> {
        let name = format!(".{}.partial-{}-{}", place.version, scene.checkout, scene.run);
        let folder = place.output.join(name);
        let note = scene.folders.partial_note(scene.run);
        fs_err::create_dir_all(scene.folders.work())?;
        fs_err::create_dir_all(&place.output)?;
        fs_err::write(&note, folder.display().to_string())?;
        fs_err::create_dir(&folder)?;
        let scratch = scene.folders.work().join(format!("checkpoint-{}", scene.run));
        Ok(Self { folder, scratch, note })
    }

    /// Leaves nothing behind but what took its place.
    pub fn end(self) {
        // What has been renamed is not there any more; and the error at hand says more than a second one.
        let _ = fs_err::remove_dir_all(&self.folder);
        let _ = fs_err::remove_dir_all(&self.scratch);
        let _ = fs_err::remove_file(&self.note);
    }
}
