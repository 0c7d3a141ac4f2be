//! Tensors and their shapes: `tensor.proto`, `tensor_shape.proto`.

use bytes::Bytes;
use prost::Message;

/// Sizes by dimension.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    /// Empty for a scalar.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dim>,
    /// Whether not even the number of dimensions is fixed.
    #[prost(bool, tag = "3")]
    pub unknown_rank: bool,
}

/// One dimension.
#[derive(Clone, PartialEq, Message)]
pub struct Dim {
    /// -1 where it is open.
    #[prost(int64, tag = "1")]
    pub size: i64,
    /// For people.
    #[prost(string, tag = "2")]
    pub name: String,
}

/// A tensor: either `tensor_content`, little-endian and row-major, or one of the lists, whose last value fills the rest.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// A number of [`crate::DataType`].
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Absent means scalar.
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<TensorShapeProto>,
    /// 0.
    #[prost(int32, tag = "3")]
    pub version_number: i32,
    /// All values at once; for strings, varint lengths followed by the strings.
    #[prost(bytes = "bytes", tag = "4")]
    pub tensor_content: Bytes,
    /// `DT_FLOAT`.
    #[prost(float, repeated, tag = "5")]
    pub float_val: Vec<f32>,
    /// `DT_DOUBLE`.
    #[prost(double, repeated, tag = "6")]
    pub double_val: Vec<f64>,
    /// `DT_INT32`, `DT_INT16`, `DT_UINT16`, `DT_INT8`, `DT_UINT8`.
    #[prost(int32, repeated, tag = "7")]
    pub int_val: Vec<i32>,
    /// `DT_STRING`.
    #[prost(bytes = "bytes", repeated, tag = "8")]
    pub string_val: Vec<Bytes>,
    /// `DT_INT64`.
    #[prost(int64, repeated, tag = "10")]
    pub int64_val: Vec<i64>,
    /// `DT_BOOL`.
    #[prost(bool, repeated, tag = "11")]
    pub bool_val: Vec<bool>,
    /// `DT_HALF` and `DT_BFLOAT16`: 16 bits in each.
    #[prost(int32, repeated, tag = "13")]
    pub half_val: Vec<i32>,
    /// `DT_UINT32`.
    #[prost(uint32, repeated, tag = "16")]
    pub uint32_val: Vec<u32>,
    /// `DT_UINT64`.
    #[prost(uint64, repeated, tag = "17")]
    pub uint64_val: Vec<u64>,
}
