//! Recorded requests, by which TF Serving warms a model up: `prediction_log.proto` and what it holds.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

use super::tensor::TensorProto;

#[derive(Clone, PartialEq, Message)]
pub struct PredictionLog {
    #[prost(oneof = "Log", tags = "2, 6")]
    pub log: Option<Log>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Log {
    #[prost(message, tag = "2")]
    Classify(ClassifyLog),
    #[prost(message, tag = "6")]
    Predict(PredictLog),
}

#[derive(Clone, PartialEq, Message)]
pub struct ClassifyLog {
    #[prost(message, optional, tag = "1")]
    pub request: Option<ClassificationRequest>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PredictLog {
    #[prost(message, optional, tag = "1")]
    pub request: Option<PredictRequest>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ModelSpec {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub signature_name: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct PredictRequest {
    #[prost(message, optional, tag = "1")]
    pub model_spec: Option<ModelSpec>,
    #[prost(btree_map = "string, message", tag = "2")]
    pub inputs: BTreeMap<String, TensorProto>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ClassificationRequest {
    #[prost(message, optional, tag = "1")]
    pub model_spec: Option<ModelSpec>,
    #[prost(message, optional, tag = "2")]
    pub input: Option<Input>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Input {
    #[prost(message, optional, tag = "1")]
    pub example_list: Option<ExampleList>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ExampleList {
    #[prost(message, repeated, tag = "1")]
    pub examples: Vec<Example>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Example {
    #[prost(message, optional, tag = "1")]
    pub features: Option<Features>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Features {
    #[prost(btree_map = "string, message", tag = "1")]
    pub feature: BTreeMap<String, Feature>,
}

/// Only lists of bytes are written.
#[derive(Clone, PartialEq, Message)]
pub struct Feature {
    #[prost(message, optional, tag = "1")]
    pub bytes_list: Option<BytesList>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BytesList {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub value: Vec<Vec<u8>>,
}
