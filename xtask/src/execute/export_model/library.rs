//! The `savedmodel` library in the executor's words; a fake stands in where tests are about policy and not about graphs.
//! All of it blocks: callers run it beside the runtime.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use savedmodel::{ExportOptions, ModelInfo, NamedTensors, Picture, checkpoint, synthetic::Synthetic};

use crate::domain::model::{Network, Scores, receipt::FileRecord};

/// What an export asks of a library.
pub(crate) trait Exporting: Clone + Send + 'static {
    /// Raised whenever the same weights give another graph.
    fn graph_revision(&self) -> u32;
    /// Identity of a checkpoint on this disk.
    fn fingerprint(&self, checkpoint: &Path) -> Result<String>;
    /// Writes a SavedModel into an existing, empty folder.
    fn export(&self, order: Order, to: &Path, progress: &mut (dyn FnMut(u64, u64) + Send)) -> Result<Vec<FileRecord>>;
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
    pub network: Network,
    pub scores: Scores,
    pub label_prefix: String,
    pub model_name: String,
    /// File name and encoded bytes of each warm-up picture.
    pub pictures: Vec<(String, Vec<u8>)>,
    /// A folder that may be made; the caller removes it.
    pub scratch: PathBuf,
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

    fn export(&self, order: Order, to: &Path, progress: &mut (dyn FnMut(u64, u64) + Send)) -> Result<Vec<FileRecord>> {
        let network = match order.network {
            Network::InceptionV3 => savedmodel::Network::InceptionV3,
            Network::EfficientNetLite0 => savedmodel::Network::EfficientNetLite0,
        };
        let mut tensors: Box<dyn NamedTensors + Send> = match &order.weights {
            Weights::At(path) => open(path, &order.scratch).context("read the checkpoint")?,
            Weights::Synthetic(seed) => Box::new(Synthetic::new(network, *seed)),
        };
        let options = ExportOptions {
            network,
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

/// Reads archives as they stream out, except for those that have their index behind their data.
fn open(path: &Path, scratch: &Path) -> Result<Box<dyn NamedTensors + Send>> {
    if !checkpoint::needs_unpacking(path)? {
        return Ok(checkpoint::open(path)?);
    }
    fs_err::create_dir_all(scratch)?;
    checkpoint::unpack(path, scratch)?;
    Ok(checkpoint::open(&innermost(scratch)?)?)
}

/// Archives mostly hold one folder, and that folder the files.
fn innermost(folder: &Path) -> Result<PathBuf> {
    let mut entries = fs_err::read_dir(folder)?;
    match (entries.next().transpose()?, entries.next()) {
        (Some(only), None) if only.path().is_dir() => innermost(&only.path()),
        _ => Ok(folder.to_owned()),
    }
}
