//! The graph against what is known of the original: its variables, and the ops and attributes TensorFlow 1.5 had.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::proto::graph::NodeDef;

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
    ("DepthwiseConv2dNative", "T padding strides"),
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
    ("Maximum", "T"),
    ("MaxPool", "T data_format ksize padding strides"),
    ("Mean", "T Tidx keep_dims"),
    ("Merge", "N T"),
    ("Minimum", "T"),
    ("Mul", "T"),
    ("NextIteration", "T"),
    ("NoOp", ""),
    ("Pack", "N T axis"),
    ("ParseExample", "Ndense Nsparse Tdense dense_shapes sparse_types"),
    ("Placeholder", "dtype shape"),
    ("PlaceholderWithDefault", "dtype shape"),
    ("Range", "Tidx"),
    ("Relu", "T"),
    ("Relu6", "T"),
    ("Reshape", "T Tshape"),
    ("ResizeBicubic", "T align_corners"),
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

fn nodes(network: Network, scores: Scores) -> Vec<NodeDef> {
    let meta = servable(network, "", scores).model.meta_graphs.remove(0);
    meta.graph_def.expect("a graph").node
}

#[test]
fn only_ops_and_attributes_of_tensorflow_1_5_are_used() {
    let known: BTreeMap<&str, &str> = OPS.iter().copied().collect();
    let mut used = BTreeSet::new();
    for node in Network::ALL.into_iter().flat_map(|network| nodes(network, Scores::Softmax)) {
        let attributes = node.attr.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        assert_eq!(Some(&attributes.as_str()), known.get(node.op.as_str()), "{} {}", node.op, node.name);
        used.insert(node.op);
    }
    assert_eq!(used.len(), OPS.len(), "the table holds what nobody uses");
    let softmaxes = |network| nodes(network, Scores::Logits).iter().filter(|node| node.op == "Softmax").count();
    assert_eq!(Network::ALL.map(softmaxes), [0, 0]);
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
    let declared = servable(Network::InceptionV3, "", Scores::Logits).variables;
    let declared: BTreeMap<String, Vec<u64>> = declared.into_iter().map(|(name, spec)| (name, spec.shape.0)).collect();
    assert_eq!(declared.len(), 388);
    assert_eq!(declared, listed);
}

#[test]
fn nodes_come_after_what_they_read_but_for_loops() {
    for nodes in Network::ALL.map(|network| nodes(network, Scores::Logits)) {
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
}

#[test]
fn a_revision_of_the_graph_has_the_same_bytes_for_ever() {
    use prost::Message;
    use sha2::{Digest, Sha256};
    // Inception's are those from before there was another network. A sum that changes needs a new revision.
    for (network, scores, sum) in [
        (Network::InceptionV3, Scores::Logits, "3e0b9cc3642f3da98cbfd00d2c6f1cb55131061c866e8b8aacac709b456d041f"),
        (Network::InceptionV3, Scores::Softmax, "c35046c42d4a3c8eed3404523f8248fc075efc0877f8999bedbf59e1815c7675"),
        (
            Network::EfficientNetLite0,
            Scores::Softmax,
            "10e044c3d6d503f7bb1a9692ab69804bb83e61bcd18dae1f93c066c79076d4ca",
        ),
    ] {
        let model = servable(network, "(untrained) ", scores).model.encode_to_vec();
        assert_eq!(format!("{:x}", Sha256::digest(model)), sum, "{network} {scores:?}");
    }
}

#[test]
fn an_efficientnet_has_as_many_parameters_as_its_weights() {
    let declared = servable(Network::EfficientNetLite0, "", Scores::Softmax).variables;
    let parameters: u64 = declared.values().filter_map(|spec| spec.shape.elements()).sum();
    assert_eq!((declared.len(), parameters), (247, 4_694_024));
    let shape = |name: &str| declared[name].shape.0.clone();
    assert_eq!(shape("stem/weights"), [3, 3, 3, 32]);
    assert_eq!(shape("block_0/depthwise/weights"), [3, 3, 32, 1]);
    assert!(!declared.contains_key("block_0/expand/weights"));
    assert_eq!(shape("block_15/project/weights"), [1, 1, 1152, 320]);
    assert_eq!(shape("logits/weights"), [1280, 1000]);
}
