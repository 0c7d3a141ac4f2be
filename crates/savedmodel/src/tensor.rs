//! What a tensor is, apart from its values: a dtype and a shape, as TensorFlow's messages number and order them.
//! Nothing here reads or writes.

use std::fmt;

use serde::{Serialize, Serializer};

/// A dtype by the number TensorFlow gives it in `types.proto`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataType(pub i32);

impl DataType {
    /// 32-bit floating point.
    pub const FLOAT: Self = Self(1);
    /// 64-bit floating point.
    pub const DOUBLE: Self = Self(2);
    /// 32-bit signed.
    pub const INT32: Self = Self(3);
    /// 8-bit unsigned.
    pub const UINT8: Self = Self(4);
    /// 16-bit signed.
    pub const INT16: Self = Self(5);
    /// 8-bit signed.
    pub const INT8: Self = Self(6);
    /// Strings of bytes.
    pub const STRING: Self = Self(7);
    /// 64-bit signed.
    pub const INT64: Self = Self(9);
    /// One byte, 0 or 1.
    pub const BOOL: Self = Self(10);
    /// A handle of something outside the graph.
    pub const RESOURCE: Self = Self(20);

    /// Number, name and size of one element in bytes; 0 where elements have no fixed size.
    const ALL: [(i32, &'static str, u64); 24] = [
        (1, "float", 4),
        (2, "double", 8),
        (3, "int32", 4),
        (4, "uint8", 1),
        (5, "int16", 2),
        (6, "int8", 1),
        (7, "string", 0),
        (8, "complex64", 8),
        (9, "int64", 8),
        (10, "bool", 1),
        (11, "qint8", 1),
        (12, "quint8", 1),
        (13, "qint32", 4),
        (14, "bfloat16", 2),
        (15, "qint16", 2),
        (16, "quint16", 2),
        (17, "uint16", 2),
        (18, "complex128", 16),
        (19, "half", 2),
        (20, "resource", 0),
        (21, "variant", 0),
        (22, "uint32", 4),
        (23, "uint64", 8),
        (24, "float8_e5m2", 1),
    ];

    /// Bytes of one element; none where it has no fixed size or the dtype is unknown.
    pub fn size(self) -> Option<u64> {
        Self::ALL.iter().find(|(number, ..)| *number == self.0).map(|(.., size)| *size).filter(|size| *size > 0)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Numbers from 100 on are references to the dtype 100 below.
        let (number, reference) = if self.0 > 100 { (self.0 - 100, "_ref") } else { (self.0, "") };
        match Self::ALL.iter().find(|(known, ..)| *known == number) {
            Some((_, name, _)) => write!(f, "{name}{reference}"),
            None => write!(f, "dtype-{}", self.0),
        }
    }
}

impl fmt::Debug for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DataType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Sizes of the dimensions, outermost first; a scalar has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Shape(pub Vec<u64>);

impl Shape {
    /// How many elements there are; none where the product has no place in 64 bits.
    pub fn elements(&self) -> Option<u64> {
        // A zero anywhere makes the tensor empty, however large the rest is.
        if self.0.contains(&0) {
            return Some(0);
        }
        self.0.iter().try_fold(1u64, |product, size| product.checked_mul(*size))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.0.iter().map(u64::to_string).collect();
        write!(f, "[{}]", sizes.join(","))
    }
}

impl<const N: usize> From<[u64; N]> for Shape {
    fn from(sizes: [u64; N]) -> Self {
        Self(sizes.to_vec())
    }
}

/// Dtype and shape of a tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TensorSpec {
    /// Of its elements.
    pub dtype: DataType,
    /// Of the whole.
    pub shape: Shape,
}

impl TensorSpec {
    /// Bytes of all elements; none where they have no fixed size.
    pub fn bytes(&self) -> Option<u64> {
        self.dtype.size()?.checked_mul(self.shape.elements()?)
    }
}

impl fmt::Display for TensorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dtype, self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_products() {
        let spec = |dtype, shape: &[u64]| TensorSpec { dtype, shape: Shape(shape.to_vec()) };
        assert_eq!(spec(DataType::FLOAT, &[2, 3]).bytes(), Some(24));
        assert_eq!(spec(DataType::FLOAT, &[]).bytes(), Some(4));
        assert_eq!(spec(DataType::INT64, &[u64::MAX, 0]).bytes(), Some(0));
        assert_eq!(spec(DataType::INT64, &[u64::MAX, 2]).bytes(), None);
        assert_eq!(spec(DataType::DOUBLE, &[u64::MAX]).bytes(), None);
        assert_eq!(spec(DataType::STRING, &[2]).bytes(), None);
    }

    #[test]
    fn dtypes_are_spelt_as_tensorflow_spells_them() {
        assert_eq!(DataType::FLOAT.to_string(), "float");
        assert_eq!(DataType(101).to_string(), "float_ref");
        assert_eq!(DataType(77).to_string(), "dtype-77");
        assert_eq!(TensorSpec { dtype: DataType::UINT8, shape: [1, 2].into() }.to_string(), "uint8 [1,2]");
    }
}
