//! Tensors as values: their type, their shape, their elements in row-major order. `wire` turns them into messages and back.

mod wire;

use bytes::Bytes;

/// The type of a tensor's elements, by TensorFlow's numbers; references and quantized, complex and opaque types are not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "TensorFlow's own names")]
pub enum DataType {
    Float = 1,
    Double = 2,
    Int32 = 3,
    Uint8 = 4,
    Int16 = 5,
    Int8 = 6,
    String = 7,
    Int64 = 9,
    Bool = 10,
    Bfloat16 = 14,
    Uint16 = 17,
    Half = 19,
    Uint32 = 22,
    Uint64 = 23,
    /// None of the above.
    Other = 0,
}

const TYPES: [(DataType, &str); 14] = [
    (DataType::Float, "DT_FLOAT"),
    (DataType::Double, "DT_DOUBLE"),
    (DataType::Int32, "DT_INT32"),
    (DataType::Uint8, "DT_UINT8"),
    (DataType::Int16, "DT_INT16"),
    (DataType::Int8, "DT_INT8"),
    (DataType::String, "DT_STRING"),
    (DataType::Int64, "DT_INT64"),
    (DataType::Bool, "DT_BOOL"),
    (DataType::Bfloat16, "DT_BFLOAT16"),
    (DataType::Uint16, "DT_UINT16"),
    (DataType::Half, "DT_HALF"),
    (DataType::Uint32, "DT_UINT32"),
    (DataType::Uint64, "DT_UINT64"),
];

impl DataType {
    /// From gRPC.
    pub fn from_number(number: i32) -> Self {
        TYPES.iter().find(|(known, _)| *known as i32 == number).map_or(Self::Other, |(known, _)| *known)
    }

    /// From REST, e.g. `DT_FLOAT`.
    pub fn from_name(name: &str) -> Self {
        TYPES.iter().find(|(_, known)| *known == name).map_or(Self::Other, |(known, _)| *known)
    }

    /// TensorFlow's spelling.
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|(known, _)| *known == self).map_or("DT_INVALID", |(_, name)| name)
    }
}

/// Elements of one type; smaller types are widened without loss.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Float, half, bfloat16.
    Floats(Vec<f32>),
    /// Double, and every number of REST with a fraction.
    Doubles(Vec<f64>),
    /// All integers. Of `DT_UINT64` what exceeds `i64` is refused.
    Integers(Vec<i64>),
    /// Truth values.
    Bools(Vec<bool>),
    /// Strings, which may be any bytes.
    Strings(Vec<Bytes>),
    /// `DT_UINT8` in one piece, e.g. pixels: sent without a copy, and read by servers without looking at each.
    Bytes(Bytes),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Doubles(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Bools(values) => values.len(),
            Self::Strings(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A tensor whose elements are as many as its shape says.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    dtype: DataType,
    shape: Vec<usize>,
    values: Values,
}

/// Why bytes or values are no tensor.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct TensorError(pub(crate) String);

impl Tensor {
    /// A tensor.
    ///
    /// # Errors
    /// Where the values are of another type or number than `dtype` and `shape` say.
    pub fn new(dtype: DataType, shape: Vec<usize>, values: Values) -> Result<Self, TensorError> {
        let fits = match &values {
            Values::Floats(_) => matches!(dtype, DataType::Float | DataType::Half | DataType::Bfloat16),
            Values::Doubles(_) => dtype == DataType::Double,
            Values::Bools(_) => dtype == DataType::Bool,
            Values::Strings(_) => dtype == DataType::String,
            Values::Bytes(_) => dtype == DataType::Uint8,
            Values::Integers(_) => matches!(
                dtype,
                DataType::Int8
                    | DataType::Int16
                    | DataType::Int32
                    | DataType::Int64
                    | DataType::Uint8
                    | DataType::Uint16
                    | DataType::Uint32
                    | DataType::Uint64
            ),
        };
        if !fits {
            return Err(TensorError(format!("the values are not of type {}", dtype.name())));
        }
        let count = elements(&shape)?;
        if count != values.len() {
            let found = values.len();
            return Err(TensorError(format!("the shape {shape:?} means {count} values, and there are {found}")));
        }
        Ok(Self { dtype, shape, values })
    }

    /// A vector of strings, e.g. of encoded pictures: what an image model takes.
    pub fn strings(values: impl IntoIterator<Item = Bytes>) -> Self {
        let values: Vec<Bytes> = values.into_iter().collect();
        Self { dtype: DataType::String, shape: vec![values.len()], values: Values::Strings(values) }
    }

    /// A vector of numbers.
    pub fn floats(values: impl IntoIterator<Item = f32>) -> Self {
        let values: Vec<f32> = values.into_iter().collect();
        Self { dtype: DataType::Float, shape: vec![values.len()], values: Values::Floats(values) }
    }

    /// The type on the wire.
    pub fn dtype(&self) -> DataType {
        self.dtype
    }

    /// Sizes by dimension; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements in row-major order.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The strings, if that is what it holds.
    pub fn as_strings(&self) -> Option<&[Bytes]> {
        match &self.values {
            Values::Strings(values) => Some(values),
            _ => None,
        }
    }

    /// The elements as numbers, if they are any.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        match &self.values {
            Values::Floats(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
            Values::Doubles(values) => Some(values.clone()),
            Values::Integers(values) => Some(values.iter().map(|value| *value as f64).collect()),
            Values::Bytes(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
            Values::Bools(_) | Values::Strings(_) => None,
        }
    }
}

/// The number of elements of a shape.
pub(crate) fn elements(shape: &[usize]) -> Result<usize, TensorError> {
    let product = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    product.ok_or_else(|| TensorError(format!("the shape {shape:?} is beyond all memory")))
}
