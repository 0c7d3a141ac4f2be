//! A model's signatures: `get_model_metadata.proto` and the parts of `meta_graph.proto` it carries.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::{Message, Oneof};

use super::{
    predict::ModelSpec,
    tensor::{TensorProto, TensorShapeProto},
};

/// What `PredictionService.GetModelMetadata` takes.
#[derive(Clone, PartialEq, Message)]
pub struct GetModelMetadataRequest {
    /// The model.
    #[prost(message, optional, tag = "1")]
    pub model_spec: Option<ModelSpec>,
    /// `signature_def` is the only field there is.
    #[prost(string, repeated, tag = "2")]
    pub metadata_field: Vec<String>,
}

/// What it gives.
#[derive(Clone, PartialEq, Message)]
pub struct GetModelMetadataResponse {
    /// The version that answered.
    #[prost(message, optional, tag = "1")]
    pub model_spec: Option<ModelSpec>,
    /// By the fields asked for.
    #[prost(btree_map = "string, message", tag = "2")]
    pub metadata: BTreeMap<String, Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub struct Any {
    /// Ends with the message's full name.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// That message.
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
}

/// What stands under `signature_def`.
#[derive(Clone, PartialEq, Message)]
pub struct SignatureDefMap {
    /// By the signature's name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub signature_def: BTreeMap<String, SignatureDef>,
}

/// One way to call the model.
#[derive(Clone, PartialEq, Message)]
pub struct SignatureDef {
    /// By input key.
    #[prost(btree_map = "string, message", tag = "1")]
    pub inputs: BTreeMap<String, TensorInfo>,
    /// By output key.
    #[prost(btree_map = "string, message", tag = "2")]
    pub outputs: BTreeMap<String, TensorInfo>,
    /// `tensorflow/serving/predict`, `…/classify`, `…/regress`.
    #[prost(string, tag = "3")]
    pub method_name: String,
    /// Values of inputs that may be left out.
    #[prost(btree_map = "string, message", tag = "4")]
    pub defaults: BTreeMap<String, TensorProto>,
}

/// What is known of an input or an output.
#[derive(Clone, PartialEq, Message)]
pub struct TensorInfo {
    /// Where it is in the graph.
    #[prost(oneof = "Encoding", tags = "1")]
    pub encoding: Option<Encoding>,
    /// A number of [`crate::DataType`].
    #[prost(int32, tag = "2")]
    pub dtype: i32,
    /// -1 for sizes that are open.
    #[prost(message, optional, tag = "3")]
    pub tensor_shape: Option<TensorShapeProto>,
}

/// How a tensor is stored; sparse ones are not read.
#[derive(Clone, PartialEq, Oneof)]
pub enum Encoding {
    /// A dense tensor's name in the graph.
    #[prost(string, tag = "1")]
    Name(String),
}
