//! STUB: the public face of the library as xtask will use it; the real crate replaces this file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Raised whenever the same weights would give another graph; part of a receipt's key.
pub const GRAPH_REVISION: u32 = 1;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);
pub type Result<T> = std::result::Result<T, Error>;

/// What `scores` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scores {
    #[default]
    Logits,
    Softmax,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    pub dtype: String,
    pub shape: Vec<u64>,
}

/// Tensors by name, read lazily.
pub trait NamedTensors {
    fn specs(&self) -> &BTreeMap<String, TensorSpec>;
    fn read(&mut self, wanted: &BTreeSet<&str>, take: &mut dyn FnMut(&str, &[u8]) -> Result<()>) -> Result<()>;
}

pub mod checkpoint {
    use super::*;

    /// Opens a `.tar.gz`, a folder, a V1 file, or a V2 prefix or `.index` file.
    pub fn open(path: &Path) -> Result<Box<dyn NamedTensors + Send>> {
        Err(Error(format!("{}: stub", path.display())))
    }

    /// Identifies the content without reading all of it where it has checksums of its own; `sha256:…` of an archive,
    /// `v1:…` or `v2:…` of unpacked checkpoints.
    pub fn fingerprint(path: &Path) -> Result<String> {
        Err(Error(format!("{}: stub", path.display())))
    }

    /// Unpacks a `.tar.gz` into an existing folder; refuses `..`, absolute paths, links that lead out, and bombs.
    pub fn unpack(archive: &Path, folder: &Path) -> Result<()> {
        Err(Error(format!("{} {}: stub", archive.display(), folder.display())))
    }
}

pub mod synthetic {
    use super::*;

    /// Untrained but well-scaled weights for Inception-v3, the same on every platform for the same seed.
    pub fn open(seed: u64) -> Box<dyn NamedTensors + Send> {
        unimplemented!("stub {seed}")
    }
}

/// A picture for the warm-up records: its file name and encoded bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub name: String,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    pub scores: Scores,
    /// Put before every label; says of synthetic weights that they mean nothing.
    pub label_prefix: String,
    /// TF Serving's model name in the warm-up records.
    pub model_name: String,
    /// Empty: generated pictures.
    pub pictures: Vec<Picture>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Below the version folder, with `/`.
    pub path: String,
    pub bytes: u64,
    /// None for `variables.data-*`: `variables.index` holds a checksum of each tensor in it.
    pub sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub files: Vec<ExportedFile>,
    pub variables: usize,
    pub parameters: u64,
}

/// Writes an Inception-v3 SavedModel into the existing, empty folder `to`. `progress` gets bytes written and to write.
pub fn export(
    tensors: &mut dyn NamedTensors,
    options: &ExportOptions,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported> {
    let _ = (tensors.specs(), options, progress);
    Err(Error(format!("{}: stub", to.display())))
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TensorInfo {
    /// `graph_node:0`.
    pub tensor: String,
    /// TensorFlow's own spelling without `DT_`, lower case: `float`, `string`, `uint8`.
    pub dtype: String,
    /// -1 is any; none where even the rank is open.
    pub shape: Option<Vec<i64>>,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Signature {
    pub method: String,
    pub inputs: BTreeMap<String, TensorInfo>,
    pub outputs: BTreeMap<String, TensorInfo>,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Variable {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<u64>,
    pub bytes: u64,
}

/// What a SavedModel is.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ModelInfo {
    pub folder: PathBuf,
    pub tags: Vec<String>,
    pub tensorflow_version: String,
    pub signatures: BTreeMap<String, Signature>,
    /// Nodes of each op, in the graph and its functions.
    pub ops: BTreeMap<String, usize>,
    pub nodes: usize,
    pub functions: usize,
    pub variables: Vec<Variable>,
    pub labels: Vec<String>,
    pub assets: Vec<String>,
    /// Records in `assets.extra/tf_serving_warmup_requests`; none where there is no such file.
    pub warm_up_records: Option<usize>,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Reads what a SavedModel is; `folder` holds `saved_model.pb`.
pub fn info(folder: &Path) -> Result<ModelInfo> {
    Err(Error(format!("{}: stub", folder.display())))
}

/// The same, after checking every checksum, that signatures name tensors of the graph, that each node's inputs exist, and
/// that each variable has its tensor with the right shape.
pub fn verify(folder: &Path) -> Result<ModelInfo> {
    info(folder)
}
