//! The `savedmodel` library in the executor's words; a fake stands in where tests are about policy and not about graphs.
//! All of it blocks: callers run it beside the runtime.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use savedmodel::{ExportOptions, ModelInfo, NamedTensors, Picture, checkpoint, synthetic};

use crate::domain::model::{Scores, receipt::FileRecord};

/// What an export asks of a library.
pub(crate) trait Exporting: Clone + Send + 'static {
    /// Raised whenever the same weights give another graph.
    fn graph_revision(&self) -> u32;
    /// Identity of a checkpoint on this disk.
    fn fingerprint(&self, checkpoint: &Path) -> Result<String>;
    /// Writes a SavedModel into an existing, empty folder.
    fn export(&self, order: Order, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<FileRecord>>;
    /// Reads what a SavedModel is, after checking all that can be checked.
    fn verify(&self, folder: &Path) -> Result<ModelInfo>;
}

/// Weights that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weights {
    At(PathBuf),
    Synthetic(u64),
}

/// What is to be exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub weights: Weights,
    pub scores: Scores,
    pub label_prefix: String,
    pub model_name: String,
    /// File name and encoded bytes of each warm-up picture.
    pub pictures: Vec<(String, Vec<u8>)>,
}

/// The real one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Library;

impl Exporting for Library {
    fn graph_revision(&self) -> u32 {
        savedmodel::GRAPH_REVISION
    }

    fn fingerprint(&self, checkpoint: &Path) -> Result<String> {
        Ok(checkpoint::fingerprint(checkpoint)?)
    }

    fn export(&self, order: Order, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<FileRecord>> {
        let mut tensors: Box<dyn NamedTensors + Send> = match &order.weights {
            Weights::At(path) => checkpoint::open(path).context("read the checkpoint")?,
            Weights::Synthetic(seed) => synthetic::open(*seed),
        };
        let options = ExportOptions {
            scores: match order.scores {
                Scores::Logits => savedmodel::Scores::Logits,
                Scores::Softmax => savedmodel::Scores::Softmax,
            },
            label_prefix: order.label_prefix,
            model_name: order.model_name,
            pictures: order.pictures.into_iter().map(|(name, bytes)| Picture { name, bytes }).collect(),
        };
        let exported = savedmodel::export(tensors.as_mut(), &options, to, progress)?;
        let record =
            |file: savedmodel::ExportedFile| FileRecord { path: file.path, bytes: file.bytes, sha256: file.sha256 };
        Ok(exported.files.into_iter().map(record).collect())
    }

    fn verify(&self, folder: &Path) -> Result<ModelInfo> {
        Ok(savedmodel::verify(folder)?)
    }
}
