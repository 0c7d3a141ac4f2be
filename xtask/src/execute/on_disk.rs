//! A version of the model on this disk, as `export-model` or somebody else left it there.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{
    Folders,
    asked::{Signatures, asked},
};
use crate::domain::model::{
    Asked,
    receipt::{self, ModelReceipt},
};

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
        let version = path.file_name().unwrap_or_default().display();
        bail!(
            "there is no model in {folder}: run `cargo xtask export-model --profile {profile} --model {model} --version \
             {version}` first, or `cargo xtask import-model DIR --model {model} --version {version}` for one of your own"
        );
    }
    let receipt = fs_err::read(path.join(receipt::PATH)).ok();
    let receipt = receipt.and_then(|text| serde_json::from_slice::<ModelReceipt>(&text).ok());
    if let Some(other) = receipt.as_ref().filter(|receipt| receipt.model != model) {
        bail!(
            "{folder} was exported as model `{}`, not as `{model}`: export it again with another --version",
            other.model
        );
    }
    Ok(Version { folder: path, receipt })
}

impl Version {
    /// How it is asked about a picture; none where it cannot be.
    pub fn asked(&self) -> Result<Option<Asked>> {
        Ok(asked(&self.signatures()?))
    }

    /// All that it can be asked.
    pub fn signatures(&self) -> Result<Signatures> {
        let info = savedmodel::info(&self.folder);
        Ok(info.with_context(|| format!("read the model in {}", self.folder.display()))?.signatures)
    }

    /// Whether somebody else made it, who may mean something else by the names of its signatures.
    pub fn is_brought(&self) -> bool {
        self.receipt.as_ref().is_none_or(|receipt| receipt.inputs.get("exporter").is_some_and(|name| name == "none"))
    }

    /// What everybody who meets the model has to know.
    pub fn notice(&self) -> Option<&str> {
        self.receipt.as_ref()?.notice.as_deref()
    }
}
