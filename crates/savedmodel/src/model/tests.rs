//! The graph against what is known of the original: its variables, and the ops and attributes TensorFlow 1.5 had.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{labels, proto::graph::NodeDef};

/// Ops with the attributes they had in TensorFlow 1.5, and the version of the graph that made no others.
const OPS: &[(&str, &str)] = &[
    ("Add", "T"),
    ("Assign", "T use_locking validate_shape"),
    ("AvgPool", "T data_format ksize padding strides"),
    ("BiasAdd", "T data_format"),
    ("Cast", "DstT SrcT"),
    ("ConcatV2", "N T Tidx"),
    ("Const", "dtype value"),
    ("Conv2D", "T data_format padding strides use_cudnn_on_gpu"),
    ("DecodeJpeg", "acceptable_fraction channels dct_method fancy_upscaling ratio try_recover_truncated"),
    ("DecodePng", "channels dtype"),
    ("Enter", "T frame_name is_constant parallel_iterations"),
    ("Equal", "T"),
    ("Exit", "T"),
    ("ExpandDims", "T Tdim"),
    ("FloorDiv", "T"),
    ("HashTableV2", "container key_dtype shared_name use_node_name_sharing value_dtype"),
    ("Identity", "T"),
    ("InitializeTableV2", "Tkey Tval"),
    ("Less", "T"),
    ("LookupTableFindV2", "Tin Tout"),
    ("LoopCond", ""),
    ("MatMul", "T transpose_a transpose_b"),
    ("MaxPool", "T data_format ksize padding strides"),
    ("Merge", "N T"),
    ("Mul", "T"),
    ("NextIteration", "T"),
    ("NoOp", ""),
    ("Pack", "N T axis"),
    ("ParseExample", "Ndense Nsparse Tdense dense_shapes sparse_types"),
    ("Placeholder", "dtype shape"),
    ("PlaceholderWithDefault", "dtype shape"),
    ("Range", "Tidx"),
    ("Relu", "T"),
    ("Reshape", "T Tshape"),
    ("ResizeBilinear", "T align_corners"),
    ("RestoreV2", "dtypes"),
    ("Rsqrt", "T"),
    ("SaveV2", "dtypes"),
    ("Shape", "T out_type"),
    ("Slice", "Index T"),
    ("Softmax", "T"),
    ("Squeeze", "T squeeze_dims"),
    ("StridedSlice", "Index T begin_mask ellipsis_mask end_mask new_axis_mask shrink_axis_mask"),
    ("Sub", "T"),
    ("Substr", "T"),
    ("Switch", "T"),
    ("TensorArrayGatherV3", "dtype element_shape"),
    ("TensorArrayReadV3", "dtype"),
    ("TensorArrayScatterV3", "T"),
    ("TensorArrayV3", "clear_after_read dtype dynamic_size element_shape tensor_array_name"),
    ("TensorArrayWriteV3", "T"),
    ("TopKV2", "T sorted"),
    ("VariableV2", "container dtype shape shared_name"),
];

fn nodes(scores: Scores) -> Vec<NodeDef> {
    let meta = servable(&labels::imagenet(""), scores).model.meta_graphs.remove(0);
    meta.graph_def.expect("a graph").node
}

#[test]
fn only_ops_and_attributes_of_tensorflow_1_5_are_used() {
    let known: BTreeMap<&str, &str> = OPS.iter().copied().collect();
    let mut used = BTreeSet::new();
    for node in nodes(Scores::Softmax) {
        let attributes = node.attr.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        assert_eq!(Some(&attributes.as_str()), known.get(node.op.as_str()), "{} {}", node.op, node.name);
        used.insert(node.op);
    }
    assert_eq!(used.len(), OPS.len(), "the table holds what nobody uses");
    assert_eq!(nodes(Scores::Logits).iter().filter(|node| node.op == "Softmax").count(), 0);
}

#[test]
fn variables_are_those_of_the_original_export() {
    let table = include_str!("../../tests/data/inception-v3-variables.json");
    let table: serde_json::Value = serde_json::from_str(table).expect("JSON");
    let listed = table.as_array().expect("a list").iter().map(|variable| {
        let sizes = variable["shape"].as_array().expect("a list").iter().map(|size| size.as_u64().expect("a size"));
        (variable["name_in_savedmodel"].as_str().expect("a name").to_owned(), sizes.collect::<Vec<_>>())
    });
    let listed: BTreeMap<String, Vec<u64>> = listed.collect();
    let declared = servable(&labels::imagenet(""), Scores::Logits).variables;
    let declared: BTreeMap<String, Vec<u64>> = declared.into_iter().map(|(name, spec)| (name, spec.shape.0)).collect();
    assert_eq!(declared.len(), 388);
    assert_eq!(declared, listed);
}

#[test]
fn nodes_come_after_what_they_read_but_for_loops() {
    let nodes = nodes(Scores::Logits);
    let mut seen = BTreeSet::new();
    for node in &nodes {
        for input in &node.input {
            let name = input.trim_start_matches('^').split(':').next().expect("a name");
            let back_edge = node.op == "Merge" && nodes.iter().any(|n| n.name == name && n.op == "NextIteration");
            assert!(seen.contains(name) || back_edge, "{} reads {input}", node.name);
        }
        assert!(seen.insert(node.name.as_str()), "{} is made twice", node.name);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    use prost::Message;
    let bytes = || servable(&labels::imagenet(""), Scores::Logits).model.encode_to_vec();
    assert_eq!(bytes(), bytes());
}
