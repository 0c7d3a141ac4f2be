//! What tensors can hold, as Rust types that stand for dtypes, and what attributes can be made of.

use crate::{
    proto::{
        graph::{Attr, ListValue},
        tensor::{TensorProto, TensorShapeProto},
    },
    tensor::DataType,
};

/// Elements that are strings of bytes.
#[derive(Debug, Clone, Copy)]
pub struct Text;
/// A handle of something that lives outside the graph: a table, a tensor array.
#[derive(Debug, Clone, Copy)]
pub struct Resource;

/// A Rust type that stands for a dtype.
pub trait Element {
    const DTYPE: DataType;
}

/// A dtype whose constants can be written down.
pub trait Literal: Element + Sized {
    fn fill(values: Vec<Self>, tensor: &mut TensorProto);
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident),*) => { $(impl Element for $rust { const DTYPE: DataType = DataType::$dtype; })* };
}
elements!(f32 => FLOAT, i32 => INT32, i64 => INT64, u8 => UINT8, bool => BOOL, Text => STRING, Resource => RESOURCE);

impl Literal for f32 {
    fn fill(values: Vec<Self>, tensor: &mut TensorProto) {
        tensor.float_val = values;
    }
}

impl Literal for i32 {
    fn fill(values: Vec<Self>, tensor: &mut TensorProto) {
        tensor.int_val = values;
    }
}

impl Literal for i64 {
    fn fill(values: Vec<Self>, tensor: &mut TensorProto) {
        tensor.int64_val = values;
    }
}

impl From<DataType> for Attr {
    fn from(dtype: DataType) -> Self {
        Self::Type(dtype.0)
    }
}

impl From<bool> for Attr {
    fn from(value: bool) -> Self {
        Self::B(value)
    }
}

impl From<i64> for Attr {
    fn from(value: i64) -> Self {
        Self::I(value)
    }
}

impl From<f32> for Attr {
    fn from(value: f32) -> Self {
        Self::F(value)
    }
}

impl From<&str> for Attr {
    fn from(value: &str) -> Self {
        Self::S(value.as_bytes().to_vec())
    }
}

impl From<TensorProto> for Attr {
    fn from(value: TensorProto) -> Self {
        Self::Tensor(Box::new(value))
    }
}

impl From<TensorShapeProto> for Attr {
    fn from(value: TensorShapeProto) -> Self {
        Self::Shape(value)
    }
}

impl From<Vec<DataType>> for Attr {
    fn from(list: Vec<DataType>) -> Self {
        let r#type = list.into_iter().map(|dtype| dtype.0).collect();
        Self::List(Box::new(ListValue { r#type, ..ListValue::default() }))
    }
}

impl From<&[i64]> for Attr {
    fn from(list: &[i64]) -> Self {
        Self::List(Box::new(ListValue { i: list.to_vec(), ..ListValue::default() }))
    }
}

impl From<Vec<TensorShapeProto>> for Attr {
    fn from(shape: Vec<TensorShapeProto>) -> Self {
        Self::List(Box::new(ListValue { shape, ..ListValue::default() }))
    }
}
