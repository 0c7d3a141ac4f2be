//! Predict and Classify: `model.proto`, `predict.proto`, `classification.proto`, `input.proto`.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

use super::{example::Example, tensor::TensorProto};

/// Which model is meant, or which one answered.
#[derive(Clone, PartialEq, Message)]
pub struct ModelSpec {
    /// The server's name for it.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Absent means the server's choice, usually the highest.
    #[prost(oneof = "VersionChoice", tags = "2, 4")]
    pub version_choice: Option<VersionChoice>,
    /// Empty means `serving_default`.
    #[prost(string, tag = "3")]
    pub signature_name: String,
}

/// One version.
#[derive(Clone, PartialEq, Oneof)]
pub enum VersionChoice {
    /// By number.
    #[prost(message, tag = "2")]
    Version(Int64Value),
    /// By a label that the server's configuration gives.
    #[prost(string, tag = "4")]
    VersionLabel(String),
}

/// `google.protobuf.Int64Value`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Int64Value {
    /// The number.
    #[prost(int64, tag = "1")]
    pub value: i64,
}

/// What `PredictionService.Predict` takes.
#[derive(Clone, PartialEq, Message)]
pub struct PredictRequest {
    /// Model and signature.
    #[prost(message, optional, tag = "1")]
    pub model_spec: Option<ModelSpec>,
    /// By the signature's input keys.
    #[prost(btree_map = "string, message", tag = "2")]
    pub inputs: BTreeMap<String, TensorProto>,
    /// Output keys that are wanted; none means all.
    #[prost(string, repeated, tag = "3")]
    pub output_filter: Vec<String>,
}

/// What it gives.
#[derive(Clone, PartialEq, Message)]
pub struct PredictResponse {
    /// By the signature's output keys.
    #[prost(btree_map = "string, message", tag = "1")]
    pub outputs: BTreeMap<String, TensorProto>,
    /// The version that answered.
    #[prost(message, optional, tag = "2")]
    pub model_spec: Option<ModelSpec>,
}

/// What `PredictionService.Classify` takes.
#[derive(Clone, PartialEq, Message)]
pub struct ClassificationRequest {
    /// Model and signature.
    #[prost(message, optional, tag = "1")]
    pub model_spec: Option<ModelSpec>,
    /// The examples.
    #[prost(message, optional, tag = "2")]
    pub input: Option<Input>,
}

/// Examples, alone or with what they share.
#[derive(Clone, PartialEq, Message)]
pub struct Input {
    /// One of two forms.
    #[prost(oneof = "Kind", tags = "1, 2")]
    pub kind: Option<Kind>,
}

/// The two forms of [`Input`].
#[derive(Clone, PartialEq, Oneof)]
pub enum Kind {
    /// Each example on its own.
    #[prost(message, tag = "1")]
    ExampleList(ExampleList),
    /// Examples that share features.
    #[prost(message, tag = "2")]
    ExampleListWithContext(ExampleListWithContext),
}

/// Examples.
#[derive(Clone, PartialEq, Message)]
pub struct ExampleList {
    /// One result each.
    #[prost(message, repeated, tag = "1")]
    pub examples: Vec<Example>,
}

/// Examples and the features that each of them has.
#[derive(Clone, PartialEq, Message)]
pub struct ExampleListWithContext {
    /// One result each.
    #[prost(message, repeated, tag = "1")]
    pub examples: Vec<Example>,
    /// Joined to every example.
    #[prost(message, optional, tag = "2")]
    pub context: Option<Example>,
}

/// What Classify gives.
#[derive(Clone, PartialEq, Message)]
pub struct ClassificationResponse {
    /// The results.
    #[prost(message, optional, tag = "1")]
    pub result: Option<ClassificationResult>,
    /// The version that answered.
    #[prost(message, optional, tag = "2")]
    pub model_spec: Option<ModelSpec>,
}

/// One entry for each example, in their order.
#[derive(Clone, PartialEq, Message)]
pub struct ClassificationResult {
    /// By example.
    #[prost(message, repeated, tag = "1")]
    pub classifications: Vec<Classifications>,
}

/// The classes of one example.
#[derive(Clone, PartialEq, Message)]
pub struct Classifications {
    /// In the model's order.
    #[prost(message, repeated, tag = "1")]
    pub classes: Vec<Class>,
}

/// One class.
#[derive(Clone, PartialEq, Message)]
pub struct Class {
    /// Its name.
    #[prost(string, tag = "1")]
    pub label: String,
    /// A probability or a logit: the model's matter.
    #[prost(float, tag = "2")]
    pub score: f32,
}
