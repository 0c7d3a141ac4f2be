//! Whether a SavedModel holds together, before anybody serves it: checksums, wires, signatures, variables.
//! It stops short of computing: that is TensorFlow's business.

mod restored;

use std::{collections::BTreeMap, path::Path};

use crate::{
    checkpoint::NamedTensors,
    error::{Error, Result},
    graph::by_name,
    info::{self, ModelInfo},
    proto::{
        graph::{Attr, GraphDef, NodeDef},
        meta::MetaGraphDef,
    },
    tensor::{Shape, TensorSpec},
    warm_up,
};

/// Ops that are a variable, with their `dtype` and `shape`.
const VARIABLES: [&str; 3] = ["VariableV2", "Variable", "VarHandleOp"];

/// Reads a SavedModel and checks it.
///
/// # Errors
/// All that is wrong: tensors whose checksum does not fit, signatures and nodes that name what is not there, variables
/// without a value or with another shape, variables that servers will not restore, warm-up requests that are damaged.
pub fn verify(folder: &Path) -> Result<ModelInfo> {
    let meta = info::read_meta_graph(folder)?;
    let bundle = info::bundle(folder)?;
    if let Some(bundle) = &bundle {
        bundle.check()?;
    }
    let mut faults = Vec::new();
    let no_graph = GraphDef::default();
    let graph = meta.graph_def.as_ref().unwrap_or(&no_graph);
    faults.extend(wires(graph));
    faults.extend(signatures(&meta, graph));
    let specs = bundle.as_ref().map(|bundle| bundle.specs().clone()).unwrap_or_default();
    // In models of TensorFlow 2 a bundle's keys are paths of objects, not names of nodes.
    if graph.library.as_ref().is_none_or(|library| library.function.is_empty()) {
        faults.extend(variables(graph, &specs));
    } else {
        faults.extend(restored::unrestored(&meta, graph));
    }
    let warm_up = folder.join(warm_up::FILE);
    if let Ok(bytes) = fs_err::read(&warm_up)
        && warm_up::count(&bytes).is_none()
    {
        faults.push(format!("{} is damaged", warm_up::FILE));
    }
    if !faults.is_empty() {
        return Err(Error::Model { file: folder.to_owned(), faults });
    }
    Ok(info::describe(folder, &meta, bundle.as_ref().map(info::variables).unwrap_or_default()))
}

/// Every input is an output of a node that is there, and no two nodes have one name.
fn wires(graph: &GraphDef) -> Vec<String> {
    let nodes = by_name(graph);
    let mut faults = Vec::new();
    if nodes.len() != graph.node.len() {
        faults.push(format!("{} nodes have a name that another has", graph.node.len() - nodes.len()));
    }
    for node in &graph.node {
        for input in &node.input {
            let name = input.strip_prefix('^').unwrap_or(input).split(':').next().unwrap_or_default();
            if !nodes.contains_key(name) {
                faults.push(format!("node {} reads {input}, which is not there", node.name));
            }
        }
    }
    faults
}

fn signatures(meta: &MetaGraphDef, graph: &GraphDef) -> Vec<String> {
    let nodes = by_name(graph);
    let mut faults = Vec::new();
    if meta.signature_def.is_empty() {
        faults.push("it has no signature".to_owned());
    }
    for (name, signature) in &meta.signature_def {
        for info in signature.inputs.values().chain(signature.outputs.values()) {
            let node = info.name.split(':').next().unwrap_or_default();
            // A composite tensor has no name of its own.
            if !info.name.is_empty() && !nodes.contains_key(node) {
                faults.push(format!("signature {name} names {}, which is not in the graph", info.name));
            }
        }
    }
    faults
}

fn variables(graph: &GraphDef, specs: &BTreeMap<String, TensorSpec>) -> Vec<String> {
    let mut faults = Vec::new();
    for node in graph.node.iter().filter(|node| VARIABLES.contains(&node.op.as_str())) {
        match (specs.get(&node.name), declared_shape(node)) {
            (None, _) => faults.push(format!("variable {} has no value", node.name)),
            (Some(spec), Some(shape)) if spec.shape != shape => {
                faults.push(format!("variable {} is {shape} and its value {}", node.name, spec.shape));
            }
            _ => {}
        }
    }
    faults
}

fn declared_shape(node: &NodeDef) -> Option<Shape> {
    match node.attr.get("shape")?.value.as_ref()? {
        Attr::Shape(shape) => shape.shape(),
        _ => None,
    }
}
