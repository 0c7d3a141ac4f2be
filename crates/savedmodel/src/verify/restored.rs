//! Whether every variable that a signature reads gets its value when the model is loaded. TensorFlow in Python follows the
//! objects of a model of TensorFlow 2, servers run what the graph restores: a variable that only the first knows of is there
//! in every test, and in no request.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    graph::by_name,
    proto::{
        graph::{GraphDef, NodeDef},
        meta::{Collection, MetaGraphDef},
    },
};

const VARIABLE: &str = "VarHandleOp";
/// Signatures that are run when a model is loaded, or not by servers.
const INTERNAL: &str = "__saved_model_";
/// Shown of each signature.
const MOST_NAMES: usize = 3;

/// A fault for each signature that reads variables which neither restoring nor initialising reaches.
pub fn unrestored(meta: &MetaGraphDef, graph: &GraphDef) -> Vec<String> {
    let nodes = by_name(graph);
    let restore = meta.saver_def.iter().map(|saver| saver.restore_op_name.as_str());
    let collections = meta.collection_def.values().filter_map(|collection| collection.kind.as_ref());
    let listed = collections.flat_map(|Collection::NodeList(list)| list.value.iter().map(String::as_str));
    let (internal, served): (Vec<_>, Vec<_>) =
        meta.signature_def.iter().partition(|(name, _)| name.starts_with(INTERNAL));
    let initial = internal.iter().flat_map(|(_, signature)| signature.outputs.values().map(|info| info.name.as_str()));
    let set = variables(restore.chain(listed).chain(initial), &nodes);
    let fault = |(name, signature): (&String, &crate::proto::meta::SignatureDef)| {
        let read = variables(signature.outputs.values().map(|info| info.name.as_str()), &nodes);
        let never: Vec<&str> = read.difference(&set).copied().collect();
        let more = if never.len() > MOST_NAMES { ", …" } else { "" };
        (!never.is_empty()).then(|| {
            format!(
                "signature {name} reads {} of {} variables that nothing restores ({}{more}): servers will not find them. Keras \
                 writes such a model through tf.saved_model.save; write it with keras.export.ExportArchive",
                never.len(),
                read.len(),
                never[..never.len().min(MOST_NAMES)].join(", ")
            )
        })
    };
    served.into_iter().filter_map(fault).collect()
}

/// The variables that these nodes or tensors depend on, by whatever way.
fn variables<'g>(from: impl Iterator<Item = &'g str>, nodes: &BTreeMap<&'g str, &'g NodeDef>) -> BTreeSet<&'g str> {
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting: Vec<&str> = from.map(node_of).collect();
    while let Some(name) = waiting.pop() {
        let Some(node) = nodes.get(name).filter(|_| seen.insert(name)) else { continue };
        if node.op == VARIABLE {
            found.insert(node.name.as_str());
        }
        waiting.extend(node.input.iter().map(|input| node_of(input)));
    }
    found
}

/// `^node` and `node:1` are of `node`.
fn node_of(tensor: &str) -> &str {
    tensor.strip_prefix('^').unwrap_or(tensor).split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::meta::{CollectionDef, NodeList, SaverDef, SignatureDef, TensorInfo};

    fn node(name: &str, op: &str, inputs: &[&str]) -> NodeDef {
        let input = inputs.iter().map(|input| (*input).to_owned()).collect();
        NodeDef { name: name.into(), op: op.into(), input, ..NodeDef::default() }
    }

    /// Three variables, of which the one signature reads all by a call; and what sets them.
    fn faults(restore: &[&str], init: &[&str]) -> Vec<String> {
        let graph = GraphDef {
            node: vec![
                node("a", VARIABLE, &[]),
                node("b", VARIABLE, &[]),
                node("c", VARIABLE, &[]),
                node("serve", "StatefulPartitionedCall", &["a", "b:0", "c"]),
                node("restore", "StatefulPartitionedCall", restore),
                node("init", "NoOp", init),
            ],
            ..GraphDef::default()
        };
        let outputs = [("y".to_owned(), TensorInfo { name: "serve:1".into(), ..TensorInfo::default() })].into();
        let signature = SignatureDef { outputs, ..SignatureDef::default() };
        let init = Collection::NodeList(NodeList { value: vec!["init".into()] });
        let meta = MetaGraphDef {
            saver_def: Some(SaverDef { restore_op_name: "restore".into(), ..SaverDef::default() }),
            collection_def: [("main_op".to_owned(), CollectionDef { kind: Some(init) })].into(),
            signature_def: [("predict".to_owned(), signature)].into(),
            ..MetaGraphDef::default()
        };
        unrestored(&meta, &graph)
    }

    #[test]
    fn a_variable_that_nothing_sets_is_told() {
        assert!(faults(&["a", "b", "c"], &[]).is_empty());
        assert!(faults(&["a", "c"], &["^b"]).is_empty(), "it is initialised");
        let told = faults(&["b"], &[]);
        assert!(
            told[0].starts_with("signature predict reads 2 of 3 variables that nothing restores (a, c):"),
            "{told:?}"
        );
        assert_eq!(told.len(), 1);
    }
}
