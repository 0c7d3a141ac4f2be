//! Examples, the features by name that Classify takes: `example.proto`, `feature.proto`.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::{Message, Oneof};

/// One example.
#[derive(Clone, PartialEq, Message)]
pub struct Example {
    /// Its features.
    #[prost(message, optional, tag = "1")]
    pub features: Option<Features>,
}

/// Features by name.
#[derive(Clone, PartialEq, Message)]
pub struct Features {
    /// The names are the model's.
    #[prost(btree_map = "string, message", tag = "1")]
    pub feature: BTreeMap<String, Feature>,
}

/// A list of one type.
#[derive(Clone, PartialEq, Message)]
pub struct Feature {
    /// The list.
    #[prost(oneof = "FeatureKind", tags = "1, 2, 3")]
    pub kind: Option<FeatureKind>,
}

/// The three types of a feature.
#[derive(Clone, PartialEq, Oneof)]
pub enum FeatureKind {
    /// Strings, encoded pictures.
    #[prost(message, tag = "1")]
    BytesList(BytesList),
    /// Numbers.
    #[prost(message, tag = "2")]
    FloatList(FloatList),
    /// Whole numbers.
    #[prost(message, tag = "3")]
    Int64List(Int64List),
}

/// Strings.
#[derive(Clone, PartialEq, Message)]
pub struct BytesList {
    /// The values.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub value: Vec<Bytes>,
}

/// Numbers.
#[derive(Clone, PartialEq, Message)]
pub struct FloatList {
    /// The values.
    #[prost(float, repeated, tag = "1")]
    pub value: Vec<f32>,
}

/// Whole numbers.
#[derive(Clone, PartialEq, Message)]
pub struct Int64List {
    /// The values.
    #[prost(int64, repeated, tag = "1")]
    pub value: Vec<i64>,
}
