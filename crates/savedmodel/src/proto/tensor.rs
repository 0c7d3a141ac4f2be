//! Tensors, their shapes, and the entries that checkpoints list them by: `tensor.proto`, `tensor_shape.proto`,
//! `tensor_slice.proto`, `tensor_bundle.proto`, `saved_tensor_slice.proto`, `versions.proto`.

use prost::Message;

use crate::tensor::Shape;

#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dim>,
    #[prost(bool, tag = "3")]
    pub unknown_rank: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Dim {
    /// -1 where it is open.
    #[prost(int64, tag = "1")]
    pub size: i64,
}

impl TensorShapeProto {
    pub fn known(sizes: &[i64]) -> Self {
        Self { dim: sizes.iter().map(|size| Dim { size: *size }).collect(), unknown_rank: false }
    }

    pub fn unknown() -> Self {
        Self { dim: Vec::new(), unknown_rank: true }
    }

    /// The shape where every size is known.
    pub fn shape(&self) -> Option<Shape> {
        let sizes = self.dim.iter().map(|dim| u64::try_from(dim.size).ok()).collect::<Option<_>>()?;
        (!self.unknown_rank).then_some(Shape(sizes))
    }
}

impl From<&Shape> for TensorShapeProto {
    fn from(shape: &Shape) -> Self {
        let sizes: Vec<i64> = shape.0.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect();
        Self::known(&sizes)
    }
}

#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<TensorShapeProto>,
    #[prost(bytes = "vec", tag = "4")]
    pub tensor_content: Vec<u8>,
    #[prost(float, repeated, tag = "5")]
    pub float_val: Vec<f32>,
    #[prost(int32, repeated, tag = "7")]
    pub int_val: Vec<i32>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
    #[prost(int64, repeated, tag = "10")]
    pub int64_val: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct VersionDef {
    #[prost(int32, tag = "1")]
    pub producer: i32,
    #[prost(int32, tag = "2")]
    pub min_consumer: i32,
}

/// Part of a tensor: one extent a dimension.
#[derive(Clone, PartialEq, Message)]
pub struct TensorSliceProto {
    #[prost(message, repeated, tag = "1")]
    pub extent: Vec<Extent>,
}

/// Without a length it is the whole dimension.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Extent {
    #[prost(int64, tag = "1")]
    pub start: i64,
    #[prost(int64, optional, tag = "2")]
    pub length: Option<i64>,
}

/// The first record of a V1 checkpoint. Its `data` sibling is read without this type, because it may be large.
#[derive(Clone, PartialEq, Message)]
pub struct SavedTensorSlices {
    #[prost(message, optional, tag = "1")]
    pub meta: Option<SavedTensorSliceMeta>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SavedTensorSliceMeta {
    #[prost(message, repeated, tag = "1")]
    pub tensor: Vec<SavedSliceMeta>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SavedSliceMeta {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
    #[prost(int32, tag = "3")]
    pub r#type: i32,
    #[prost(message, repeated, tag = "4")]
    pub slice: Vec<TensorSliceProto>,
}

/// The record of a V2 index whose key is empty.
#[derive(Clone, PartialEq, Message)]
pub struct BundleHeaderProto {
    #[prost(int32, tag = "1")]
    pub num_shards: i32,
    /// 0 little, 1 big.
    #[prost(int32, tag = "2")]
    pub endianness: i32,
    #[prost(message, optional, tag = "3")]
    pub version: Option<VersionDef>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BundleEntryProto {
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
    #[prost(int32, tag = "3")]
    pub shard_id: i32,
    #[prost(int64, tag = "4")]
    pub offset: i64,
    #[prost(int64, tag = "5")]
    pub size: i64,
    /// Masked CRC32C of the tensor's bytes.
    #[prost(fixed32, tag = "6")]
    pub crc32c: u32,
    /// Where not empty, the tensor itself lies in entries of these slices.
    #[prost(message, repeated, tag = "7")]
    pub slices: Vec<TensorSliceProto>,
}
