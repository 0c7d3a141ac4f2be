//! A version of the model on this disk, as `export-model` or somebody else left it there.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::Folders;
use crate::domain::model::receipt::{self, ModelReceipt};

/// A version that can be served.
pub(super) struct Version {
    pub folder: PathBuf,
    /// A model that somebody else put there has none.
    pub receipt: Option<ModelReceipt>,
}

/// The version in `folder`, from the root, which has to be of `model`.
pub(super) fn find(folder: &str, model: &str, profile: &str, folders: &Folders) -> Result<Version> {
    let path = folders.root.join(folder);
    if !path.join("saved_model.pb").is_file() {
        bail!("there is no model in {folder}: run `cargo xtask export-model --profile {profile}` first");
    }
    let receipt = fs_err::read(path.join(receipt::PATH)).ok();
    let receipt = receipt.and_then(|text| serde_json::from_slice::<ModelReceipt>(&text).ok());
    if let Some(other) = receipt.as_ref().filter(|receipt| receipt.model != model) {
        bail!(
            "{folder} was exported as model `{}`, and [model] of config.toml says `{model}`: export it again with another \
             --version",
            other.model
        );
    }
    Ok(Version { folder: path, receipt })
}

impl Version {
    /// What everybody who meets the model has to know.
    pub fn notice(&self) -> Option<&str> {
        self.receipt.as_ref()?.notice.as_deref()
    }
}
