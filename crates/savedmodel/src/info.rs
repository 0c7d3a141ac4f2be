//! What a SavedModel is, read off its files: signatures, ops, variables, labels. Any SavedModel, not only ours.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use prost::Message;
use serde::Serialize;

use crate::{
    checkpoint::{Bundle, NamedTensors},
    error::{Error, Result},
    graph::by_name,
    proto::{
        graph::{Attr, GraphDef, NodeDef},
        meta::{self, MetaGraphDef, SavedModel},
    },
    tensor::{DataType, Shape},
    warm_up,
};

/// A tensor as a signature names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TensorInfo {
    /// `node:0`.
    pub tensor: String,
    /// Of its elements.
    pub dtype: DataType,
    /// -1 is any size; none where even the rank is open.
    pub shape: Option<Vec<i64>>,
}

/// What can be asked of a model, by the names clients use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// `tensorflow/serving/predict`, `.../classify`, `.../regress`.
    pub method: String,
    /// By the name a request gives them.
    pub inputs: BTreeMap<String, TensorInfo>,
    /// By the name a response gives them.
    pub outputs: BTreeMap<String, TensorInfo>,
}

/// A tensor of `variables/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Of the graph's node, or of the object in models of TensorFlow 2.
    pub name: String,
    /// Of its elements.
    pub dtype: DataType,
    /// Of the whole.
    pub shape: Shape,
    /// Zero for dtypes without a fixed size.
    pub bytes: u64,
}

/// What a SavedModel is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// Where `saved_model.pb` lies.
    pub folder: PathBuf,
    /// What the graph is for: `serve`.
    pub tags: Vec<String>,
    /// The release that wrote it, or that it keeps to.
    pub tensorflow_version: String,
    /// By name.
    pub signatures: BTreeMap<String, Signature>,
    /// How many nodes of each op there are, in the graph and in its functions.
    pub ops: BTreeMap<String, usize>,
    /// In the graph itself.
    pub nodes: usize,
    /// In its library.
    pub functions: usize,
    /// Sorted by name.
    pub variables: Vec<Variable>,
    /// Strings that the graph looks up by number, in order.
    pub labels: Vec<String>,
    /// Files of `assets/` that the graph reads.
    pub assets: Vec<String>,
    /// Recorded requests; none where there are no such files or they are damaged.
    pub warm_up_records: Option<usize>,
    /// Of all files below the folder.
    pub bytes: u64,
}

/// Reads the SavedModel of `folder`, which holds `saved_model.pb`.
///
/// # Errors
/// The files are not there or cannot be decoded.
pub fn info(folder: &Path) -> Result<ModelInfo> {
    let meta = read_meta_graph(folder)?;
    let variables = bundle(folder)?.map(|bundle| variables(&bundle)).unwrap_or_default();
    Ok(describe(folder, &meta, variables))
}

/// The graph for serving: the one with the tag `serve`, or else the first.
pub(crate) fn read_meta_graph(folder: &Path) -> Result<MetaGraphDef> {
    let path = folder.join("saved_model.pb");
    let bytes = fs_err::read(&path).map_err(Error::io(&path))?;
    let model = SavedModel::decode(bytes.as_slice());
    let model = model.map_err(|error| Error::file(&path, format!("no SavedModel: {error}")))?;
    let serves = |meta: &MetaGraphDef| meta.meta_info_def.iter().any(|info| info.tags.iter().any(|tag| tag == "serve"));
    let at = model.meta_graphs.iter().position(serves).unwrap_or(0);
    model.meta_graphs.into_iter().nth(at).ok_or_else(|| Error::file(&path, "a SavedModel without a graph"))
}

/// The variables' values; none where the model has none.
pub(crate) fn bundle(folder: &Path) -> Result<Option<Bundle>> {
    let prefix = folder.join("variables/variables");
    prefix.with_extension("index").exists().then(|| Bundle::open(&prefix)).transpose()
}

pub(crate) fn variables(bundle: &Bundle) -> Vec<Variable> {
    let variable = |(name, spec): (&String, &crate::tensor::TensorSpec)| Variable {
        name: name.clone(),
        dtype: spec.dtype,
        shape: spec.shape.clone(),
        bytes: spec.bytes().unwrap_or(0),
    };
    bundle.specs().iter().map(variable).collect()
}

pub(crate) fn describe(folder: &Path, meta: &MetaGraphDef, variables: Vec<Variable>) -> ModelInfo {
    let no_graph = GraphDef::default();
    let graph = meta.graph_def.as_ref().unwrap_or(&no_graph);
    let functions = graph.library.as_ref().map(|library| library.function.as_slice()).unwrap_or_default();
    let mut ops = BTreeMap::new();
    for node in graph.node.iter().chain(functions.iter().flat_map(|function| &function.node_def)) {
        *ops.entry(node.op.clone()).or_default() += 1;
    }
    let about = meta.meta_info_def.clone().unwrap_or_default();
    let warm_up = fs_err::read(folder.join(warm_up::FILE)).ok();
    ModelInfo {
        folder: folder.to_owned(),
        tags: about.tags,
        tensorflow_version: about.tensorflow_version,
        signatures: meta.signature_def.iter().map(|(name, def)| (name.clone(), signature(def))).collect(),
        nodes: graph.node.len(),
        functions: functions.len(),
        ops,
        variables,
        labels: labels(graph),
        assets: meta.asset_file_def.iter().map(|asset| asset.filename.clone()).collect(),
        warm_up_records: warm_up.and_then(|file| warm_up::count(&file)),
        bytes: size(folder),
    }
}

fn signature(def: &meta::SignatureDef) -> Signature {
    let side = |tensors: &BTreeMap<String, meta::TensorInfo>| {
        tensors.iter().map(|(name, info)| (name.clone(), tensor(info))).collect()
    };
    Signature { method: def.method_name.clone(), inputs: side(&def.inputs), outputs: side(&def.outputs) }
}

fn tensor(info: &meta::TensorInfo) -> TensorInfo {
    let known = info.tensor_shape.as_ref().filter(|shape| !shape.unknown_rank);
    let shape = known.map(|shape| shape.dim.iter().map(|dim| dim.size).collect());
    TensorInfo { tensor: info.name.clone(), dtype: DataType(info.dtype), shape }
}

/// The longest list of strings that fills a look-up table.
fn labels(graph: &GraphDef) -> Vec<String> {
    let nodes = by_name(graph);
    let fills = |node: &&NodeDef| node.op.starts_with("InitializeTable") || node.op.starts_with("LookupTableImport");
    let inputs = graph.node.iter().filter(fills).flat_map(|node| &node.input);
    let lists = inputs.filter_map(|input| strings(nodes.get(input.split(':').next()?)?));
    let longest = lists.max_by_key(Vec::len).unwrap_or_default();
    longest.into_iter().map(|label| String::from_utf8_lossy(&label).into_owned()).collect()
}

fn strings(node: &NodeDef) -> Option<Vec<Vec<u8>>> {
    match node.attr.get("value")?.value.as_ref()? {
        Attr::Tensor(tensor) if tensor.dtype == DataType::STRING.0 => Some(tensor.string_val.clone()),
        _ => None,
    }
}

fn size(path: &Path) -> u64 {
    let Ok(meta) = fs_err::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    fs_err::read_dir(path).into_iter().flatten().flatten().map(|entry| size(&entry.path())).sum()
}
