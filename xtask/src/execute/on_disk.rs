//! A version of the model on this disk, as `export-model` or somebody else left it there.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use savedmodel::{DataType, ModelInfo, Signature};

use super::Folders;
use crate::domain::model::{
    Asked,
    receipt::{self, ModelReceipt},
};

/// The method of signatures that take tensors; the others take tf.Examples.
const PREDICT: &str = "tensorflow/serving/predict";

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
        bail!(
            "there is no model in {folder}: run `cargo xtask export-model --profile {profile} --model {model}` first, or \
             `import-model` for one of your own"
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

/// The signature that takes encoded pictures and answers classes with scores; the exporters' own before any other.
pub(super) fn asked(info: &ModelInfo) -> Option<Asked> {
    let fits = |signature: &Signature| {
        let answers = ["classes", "scores"].iter().all(|name| signature.outputs.contains_key(*name));
        let mut inputs = signature.inputs.iter();
        let input = inputs.next().filter(|_| inputs.next().is_none() && answers && signature.method == PREDICT)?;
        (input.1.dtype == DataType::STRING).then(|| input.0.clone())
    };
    let named = info.signatures.get_key_value(Asked::default().signature.as_str());
    let all = named.into_iter().chain(&info.signatures);
    all.filter_map(|(name, signature)| Some(Asked { signature: name.clone(), input: fits(signature)? })).next()
}

impl Version {
    /// How it is asked about a picture; none where it cannot be.
    pub fn asked(&self) -> Result<Option<Asked>> {
        let info = savedmodel::info(&self.folder);
        Ok(asked(&info.with_context(|| format!("read the model in {}", self.folder.display()))?))
    }

    /// What everybody who meets the model has to know.
    pub fn notice(&self) -> Option<&str> {
        self.receipt.as_ref()?.notice.as_deref()
    }
}
