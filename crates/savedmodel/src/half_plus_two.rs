//! The smallest model worth asking: y = x / 2 + 2, without variables. Whoever serves it right can load a graph, feed it,
//! run it and answer; whether it can do so fast is another question.

use std::collections::BTreeMap;

use prost::Message;

use crate::{
    graph::Graph,
    model::{info, meta_graph},
    proto::{
        meta::{SavedModel, SignatureDef},
        tensor::TensorShapeProto,
    },
};

/// A `saved_model.pb` whose signature `serving_default` takes `x`, float [N], and answers `y`, float [N].
pub fn half_plus_two() -> Vec<u8> {
    let graph = Graph::new();
    let root = graph.root();
    let any = || TensorShapeProto::known(&[-1]);
    let x = root.placeholder::<f32>("x", any());
    let half = root.mul(&x, &root.scalar("half", 0.5));
    let y = root.add(&half, &root.scalar("two", 2.0));
    let signature = SignatureDef {
        inputs: BTreeMap::from([("x".to_owned(), info(&x, any()))]),
        outputs: BTreeMap::from([("y".to_owned(), info(&y, any()))]),
        method_name: "tensorflow/serving/predict".into(),
    };
    let mut meta = meta_graph(graph);
    meta.signature_def.insert("serving_default".into(), signature);
    SavedModel { saved_model_schema_version: 1, meta_graphs: vec![meta] }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_model_that_can_be_read_and_verified() {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs_err::write(folder.path().join("saved_model.pb"), half_plus_two()).expect("written");
        let info = crate::verify(folder.path()).expect("sound");
        let signature = info.signatures.get("serving_default").expect("one signature");
        assert_eq!(signature.inputs.keys().collect::<Vec<_>>(), ["x"]);
        assert_eq!(signature.outputs.keys().collect::<Vec<_>>(), ["y"]);
        assert!(info.variables.is_empty());
    }
}
