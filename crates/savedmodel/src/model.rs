//! The whole servable graph: pictures in, the five likeliest classes out, by three signatures over one set of variables.

use std::collections::BTreeMap;

use crate::{
    graph::{Element, Graph, Resource, Scope, Tensor, Text, Variables},
    image::{preprocess, preprocess_pixels},
    network::Network,
    proto::{
        meta::{Collection, CollectionDef, MetaGraphDef, MetaInfoDef, NodeList, SavedModel, SignatureDef, TensorInfo},
        tensor::TensorShapeProto,
    },
    tensor::TensorSpec,
};

/// Raised whenever the same weights would give another graph.
pub const GRAPH_REVISION: u32 = 1;

/// The release whose ops and attributes the graph keeps to.
const TENSORFLOW: &str = "1.5.0";
/// How many classes are answered.
const TOP: i32 = 5;
/// The feature of a tf.Example that holds the picture.
pub const EXAMPLE_KEY: &str = "image/encoded";

pub const CLASSIFY: &str = "serving_default";
pub const PREDICT_IMAGES: &str = "predict_images";
pub const PREDICT_PIXELS: &str = "predict_pixels";

/// What `scores` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scores {
    /// As the original exporter had it.
    #[default]
    Logits,
    /// Probabilities.
    Softmax,
}

/// A SavedModel without its variables' values, and what these have to be.
pub struct Servable {
    pub model: SavedModel,
    pub variables: BTreeMap<String, TensorSpec>,
}

/// A network as TF Serving serves it; `label_prefix` comes before the classes' names.
pub fn servable(network: Network, label_prefix: &str, scores: Scores) -> Servable {
    let size = i64::from(network.size());
    let graph = Graph::new();
    let root = graph.root();
    let variables = Variables::new(root.clone());
    let labels = network.labels(label_prefix).into_iter().map(String::into_bytes).collect();
    let (table, fill) = root.label_table(labels);

    let examples = root.placeholder::<Text>("tf_example", TensorShapeProto::unknown());
    let pictures = root.parse_example(&examples, EXAMPLE_KEY);
    let map = root.enter("map");
    let prepared = |turn: &Scope<'_>, contents: &Tensor<Text>| preprocess(network, &turn.enter("image"), contents);
    let images = map.map(&pictures, &[size, size, 3], prepared);
    let logits = network.logits(&root, &variables, &images);
    let pictured = answer(&root, &table, &logits, scores);

    // The same network once more: an input of its own is what tells decoding's cost apart.
    let pixel_scope = root.enter("pixels");
    let pixels = pixel_scope.placeholder::<u8>("images", TensorShapeProto::known(&[-1, size, size, 3]));
    let images = preprocess_pixels(network, &pixel_scope, &pixels);
    let logits = network.logits(&pixel_scope, &variables, &images);
    let pixelled = answer(&pixel_scope, &table, &logits, scores);

    let any = TensorShapeProto::known(&[-1]);
    let batch = TensorShapeProto::known(&[-1, size, size, 3]);
    let signature_def = BTreeMap::from([
        signature(CLASSIFY, "classify", ("inputs", info(&examples, TensorShapeProto::unknown())), &pictured),
        // Fed behind the parser, whose input then needs no value.
        signature(PREDICT_IMAGES, "predict", ("images", info(&pictures, any)), &pictured),
        signature(PREDICT_PIXELS, "predict", ("images", info(&pixels, batch)), &pixelled),
    ]);
    let init = root.node("NoOp").named("legacy_init_op").after(&fill).add();
    let init = Collection::NodeList(NodeList { value: vec![init] });
    let saver_def = Some(variables.saver());
    let specs = variables.specs();
    let meta = MetaGraphDef {
        saver_def,
        collection_def: BTreeMap::from([("legacy_init_op".to_owned(), CollectionDef { kind: Some(init) })]),
        signature_def,
        ..meta_graph(graph)
    };
    Servable { model: SavedModel { saved_model_schema_version: 1, meta_graphs: vec![meta] }, variables: specs }
}

/// A graph that is to be served, as yet without signatures.
pub fn meta_graph(graph: Graph) -> MetaGraphDef {
    MetaGraphDef {
        meta_info_def: Some(MetaInfoDef { tags: vec!["serve".into()], tensorflow_version: TENSORFLOW.into() }),
        graph_def: Some(graph.into_def()),
        saver_def: None,
        collection_def: BTreeMap::new(),
        signature_def: BTreeMap::new(),
        asset_file_def: Vec::new(),
    }
}

/// Names and scores of the likeliest classes.
struct Answer {
    classes: Tensor<Text>,
    scores: Tensor<f32>,
}

fn answer(scope: &Scope<'_>, table: &Tensor<Resource>, logits: &Tensor<f32>, scores: Scores) -> Answer {
    let ranked = match scores {
        Scores::Logits => logits.clone(),
        Scores::Softmax => scope.softmax(logits),
    };
    let (scores, indices) = scope.top_k(&ranked, TOP);
    Answer { classes: scope.look_up(table, &scope.cast(&indices), "UNK"), scores }
}

fn signature(name: &str, method: &str, input: (&str, TensorInfo), answer: &Answer) -> (String, SignatureDef) {
    let top = || TensorShapeProto::known(&[-1, i64::from(TOP)]);
    let outputs = [("classes", info(&answer.classes, top())), ("scores", info(&answer.scores, top()))];
    let signature = SignatureDef {
        inputs: BTreeMap::from([(input.0.to_owned(), input.1)]),
        outputs: outputs.map(|(name, info)| (name.to_owned(), info)).into(),
        method_name: format!("tensorflow/serving/{method}"),
    };
    (name.to_owned(), signature)
}

/// What a signature says of a tensor.
pub fn info<T: Element>(tensor: &Tensor<T>, shape: TensorShapeProto) -> TensorInfo {
    TensorInfo { name: tensor.name(), dtype: T::DTYPE.0, tensor_shape: Some(shape) }
}

#[cfg(test)]
mod tests;
