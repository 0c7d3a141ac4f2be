//! Tensors to messages and back. Both of TensorFlow's forms are read: `tensor_content`, and the lists by type, in which a last
//! value may stand for all that follow.

use bytes::{Buf, Bytes};

use super::{DataType, Tensor, TensorError, Values, elements};
use crate::proto::tensor::{Dim, TensorProto, TensorShapeProto};

/// The most elements that a short list is repeated to: a few bytes must not become gigabytes.
const MOST_REPEATED: usize = 1 << 24;

impl Tensor {
    /// The message, with its values in the list of their type; bytes are its content as they are.
    ///
    /// # Errors
    /// Where a value does not fit its type on the wire.
    pub fn to_proto(&self) -> Result<TensorProto, TensorError> {
        let dim = self.shape.iter().map(|size| Dim { size: *size as i64, name: String::new() }).collect();
        let mut proto = TensorProto {
            dtype: self.dtype as i32,
            tensor_shape: Some(TensorShapeProto { dim, unknown_rank: false }),
            ..TensorProto::default()
        };
        match (&self.values, self.dtype) {
            (Values::Floats(values), DataType::Half) => {
                proto.half_val = values.iter().map(|value| i32::from(half_from(*value))).collect();
            }
            (Values::Floats(values), DataType::Bfloat16) => {
                proto.half_val = values.iter().map(|value| (value.to_bits() >> 16) as i32).collect();
            }
            (Values::Floats(values), _) => proto.float_val.clone_from(values),
            (Values::Doubles(values), _) => proto.double_val.clone_from(values),
            (Values::Bools(values), _) => proto.bool_val.clone_from(values),
            (Values::Strings(values), _) => proto.string_val.clone_from(values),
            (Values::Bytes(values), _) => proto.tensor_content = values.clone(),
            (Values::Integers(values), DataType::Int64) => proto.int64_val.clone_from(values),
            (Values::Integers(values), DataType::Uint64) => proto.uint64_val = narrowed(values)?,
            (Values::Integers(values), DataType::Uint32) => proto.uint32_val = narrowed(values)?,
            (Values::Integers(values), _) => proto.int_val = narrowed(values)?,
        }
        Ok(proto)
    }

    /// The tensor of a message.
    ///
    /// # Errors
    /// Where its shape is open, its type is not read here, or its values are not as many as its shape says.
    pub fn from_proto(proto: TensorProto) -> Result<Self, TensorError> {
        let dtype = DataType::from_number(proto.dtype);
        if dtype == DataType::Other {
            return Err(TensorError(format!("tensors of type {} are not read", proto.dtype)));
        }
        let shape = proto.tensor_shape.unwrap_or_default();
        if shape.unknown_rank {
            return Err(TensorError("the shape is open".into()));
        }
        let sizes: Option<Vec<usize>> = shape.dim.iter().map(|dim| usize::try_from(dim.size).ok()).collect();
        let sizes = sizes.ok_or_else(|| TensorError("a size of the shape is open".into()))?;
        let count = elements(&sizes)?;
        let values = if proto.tensor_content.is_empty() {
            match dtype {
                DataType::Float => Values::Floats(filled(proto.float_val, count)?),
                DataType::Double => Values::Doubles(filled(proto.double_val, count)?),
                DataType::Bool => Values::Bools(filled(proto.bool_val, count)?),
                DataType::String => Values::Strings(filled(proto.string_val, count)?),
                DataType::Half => Values::Floats(filled(each(&proto.half_val, |bits| half(bits as u16)), count)?),
                DataType::Bfloat16 => {
                    Values::Floats(filled(each(&proto.half_val, |bits| bfloat16(bits as u16)), count)?)
                }
                DataType::Int64 => Values::Integers(filled(proto.int64_val, count)?),
                DataType::Uint32 => Values::Integers(filled(each(&proto.uint32_val, i64::from), count)?),
                DataType::Uint64 => Values::Integers(filled(narrowed(&proto.uint64_val)?, count)?),
                _ => Values::Integers(filled(each(&proto.int_val, i64::from), count)?),
            }
        } else {
            from_content(dtype, proto.tensor_content, count)?
        };
        Self::new(dtype, sizes, values)
    }
}

fn each<T: Copy, U>(values: &[T], with: impl Fn(T) -> U) -> Vec<U> {
    values.iter().map(|value| with(*value)).collect()
}

fn narrowed<T: Copy + TryInto<U>, U>(values: &[T]) -> Result<Vec<U>, TensorError> {
    let narrow = |value: &T| (*value).try_into().map_err(|_| TensorError("a number is beyond its type".into()));
    values.iter().map(narrow).collect()
}

/// The list with its last value repeated until there are `count`.
fn filled<T: Clone>(mut values: Vec<T>, count: usize) -> Result<Vec<T>, TensorError> {
    if values.len() < count
        && let Some(last) = values.last().cloned()
    {
        if count > MOST_REPEATED {
            return Err(TensorError(format!("{} values are not repeated {count} times", values.len())));
        }
        values.resize(count, last);
    }
    Ok(values)
}

fn from_content(dtype: DataType, content: Bytes, count: usize) -> Result<Values, TensorError> {
    Ok(match dtype {
        DataType::String => Values::Strings(strings(content, count)?),
        DataType::Float => Values::Floats(numbers(&content, count, f32::from_le_bytes)?),
        DataType::Double => Values::Doubles(numbers(&content, count, f64::from_le_bytes)?),
        DataType::Half => Values::Floats(numbers(&content, count, |bytes| half(u16::from_le_bytes(bytes)))?),
        DataType::Bfloat16 => Values::Floats(numbers(&content, count, |bytes| bfloat16(u16::from_le_bytes(bytes)))?),
        DataType::Bool => Values::Bools(numbers(&content, count, |[byte]| byte != 0)?),
        DataType::Int8 => Values::Integers(numbers(&content, count, |bytes| i8::from_le_bytes(bytes).into())?),
        DataType::Uint8 => Values::Integers(numbers(&content, count, |[byte]| byte.into())?),
        DataType::Int16 => Values::Integers(numbers(&content, count, |bytes| i16::from_le_bytes(bytes).into())?),
        DataType::Uint16 => Values::Integers(numbers(&content, count, |bytes| u16::from_le_bytes(bytes).into())?),
        DataType::Int32 => Values::Integers(numbers(&content, count, |bytes| i32::from_le_bytes(bytes).into())?),
        DataType::Uint32 => Values::Integers(numbers(&content, count, |bytes| u32::from_le_bytes(bytes).into())?),
        DataType::Int64 => Values::Integers(numbers(&content, count, i64::from_le_bytes)?),
        DataType::Uint64 => Values::Integers(narrowed(&numbers(&content, count, u64::from_le_bytes)?)?),
        DataType::Other => return Err(TensorError("tensors of this type are not read".into())),
    })
}

fn numbers<const N: usize, T>(
    content: &[u8],
    count: usize,
    read: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, TensorError> {
    let (chunks, rest) = content.as_chunks::<N>();
    if chunks.len() != count || !rest.is_empty() {
        let (found, wanted) = (content.len(), count.saturating_mul(N));
        return Err(TensorError(format!("tensor_content has {found} bytes, and {wanted} are wanted")));
    }
    Ok(chunks.iter().map(|chunk| read(*chunk)).collect())
}

/// All lengths as varints come first, then all strings.
fn strings(mut content: Bytes, count: usize) -> Result<Vec<Bytes>, TensorError> {
    let damaged = || TensorError("tensor_content ends within a string".into());
    if count > content.len() {
        return Err(damaged());
    }
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        let length = prost::encoding::decode_varint(&mut content).map_err(|_| damaged())?;
        lengths.push(usize::try_from(length).map_err(|_| damaged())?);
    }
    let mut values = Vec::with_capacity(count);
    for length in lengths {
        if length > content.remaining() {
            return Err(damaged());
        }
        values.push(content.split_to(length));
    }
    Ok(values)
}

fn bfloat16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f32::from(bits & 0x3ff);
    match i32::from(bits >> 10 & 0x1f) {
        0 => sign * fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        exponent => sign * (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    }
}

/// The nearest half; ties go to the even one.
fn half_from(value: f32) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let size = value.abs();
    if size.is_nan() {
        return sign | 0x7e00;
    }
    // Halfway between the largest half and what would follow it.
    if size >= 65_520.0 {
        return sign | 0x7c00;
    }
    let exponent = ((size.to_bits() >> 23) as i32 - 127).max(-14);
    let steps = (size / 2_f32.powi(exponent - 10)).round_ties_even() as u16;
    // In steps of 2^-24 below the normal range; above it the fraction's carry goes into the exponent by itself.
    if exponent == -14 { sign | steps } else { sign | ((((exponent + 14) as u16) << 10) + steps) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proto(dtype: DataType, sizes: &[i64]) -> TensorProto {
        let dim = sizes.iter().map(|size| Dim { size: *size, name: String::new() }).collect();
        let tensor_shape = Some(TensorShapeProto { dim, unknown_rank: false });
        TensorProto { dtype: dtype as i32, tensor_shape, ..TensorProto::default() }
    }

    #[test]
    fn content_and_lists_say_the_same() {
        let listed = TensorProto { float_val: vec![1.0, -2.5], ..proto(DataType::Float, &[1, 2]) };
        let content = [1.0_f32, -2.5].iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let packed = TensorProto { tensor_content: content.into(), ..proto(DataType::Float, &[1, 2]) };
        let listed = Tensor::from_proto(listed).expect("read");
        assert_eq!(listed, Tensor::from_proto(packed).expect("read"));
        assert_eq!(listed.to_f64(), Some(vec![1.0, -2.5]));

        let packed =
            TensorProto { tensor_content: Bytes::from_static(b"\x01\x00\x02abc"), ..proto(DataType::String, &[3]) };
        let strings: Vec<Bytes> = ["a", "", "bc"].into_iter().map(Bytes::from).collect();
        assert_eq!(Tensor::from_proto(packed), Ok(Tensor::strings(strings)));
    }

    #[test]
    fn bytes_go_in_one_piece_and_are_the_numbers_they_hold() {
        let pixels = Bytes::from_static(&[0, 7, 255]);
        let sent = Tensor::new(DataType::Uint8, vec![1, 3], Values::Bytes(pixels.clone())).expect("a tensor");
        let proto = sent.to_proto().expect("a message");
        assert_eq!((&proto.tensor_content, proto.int_val.len()), (&pixels, 0));
        let read = Tensor::from_proto(proto).expect("read");
        assert_eq!(read.values(), &Values::Integers(vec![0, 7, 255]));
        assert_eq!((sent.to_f64(), sent.shape()), (read.to_f64(), read.shape()));
        assert!(Tensor::new(DataType::Int8, vec![3], Values::Bytes(pixels)).is_err(), "bytes have no sign");
    }

    #[test]
    fn a_last_value_stands_for_all_that_follow() {
        let short = TensorProto { int_val: vec![1, 7], ..proto(DataType::Uint8, &[2, 2]) };
        assert_eq!(Tensor::from_proto(short).expect("read").values(), &Values::Integers(vec![1, 7, 7, 7]));
        let endless = TensorProto { int_val: vec![7], ..proto(DataType::Uint8, &[1 << 20, 1 << 20]) };
        assert!(Tensor::from_proto(endless).is_err());
    }

    #[test]
    fn damaged_tensors_are_refused() {
        let content = |bytes: &'static [u8]| Bytes::from_static(bytes);
        for (what, damaged) in [
            ("no values", proto(DataType::Float, &[2])),
            ("too many values", TensorProto { float_val: vec![0.0; 3], ..proto(DataType::Float, &[2]) }),
            ("values of another type", TensorProto { double_val: vec![0.0; 2], ..proto(DataType::Float, &[2]) }),
            ("an open size", TensorProto { float_val: vec![0.0], ..proto(DataType::Float, &[-1]) }),
            ("a shape beyond memory", TensorProto { float_val: vec![0.0], ..proto(DataType::Float, &[i64::MAX, 8]) }),
            ("half a float", TensorProto { tensor_content: content(b"abc"), ..proto(DataType::Float, &[1]) }),
            ("a cut string", TensorProto { tensor_content: content(b"\x05ab"), ..proto(DataType::String, &[1]) }),
            ("a cut length", TensorProto { tensor_content: content(b"\xff"), ..proto(DataType::String, &[1]) }),
            ("a complex type", TensorProto { dtype: 8, ..TensorProto::default() }),
            ("beyond i64", TensorProto { uint64_val: vec![u64::MAX], ..proto(DataType::Uint64, &[1]) }),
        ] {
            assert!(Tensor::from_proto(damaged).is_err(), "{what} was read");
        }
    }

    #[test]
    fn every_type_survives_the_way_there_and_back() {
        let floats = |dtype| Tensor::new(dtype, vec![2], Values::Floats(vec![0.5, -2.0])).expect("fits");
        let mut tensors = vec![floats(DataType::Float), floats(DataType::Half), floats(DataType::Bfloat16)];
        tensors.push(Tensor::new(DataType::Double, vec![], Values::Doubles(vec![0.1])).expect("fits"));
        tensors.push(Tensor::new(DataType::Bool, vec![1, 2], Values::Bools(vec![true, false])).expect("fits"));
        for dtype in [DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64, DataType::Uint8] {
            tensors.push(Tensor::new(dtype, vec![2], Values::Integers(vec![0, 100])).expect("fits"));
        }
        for dtype in [DataType::Uint16, DataType::Uint32, DataType::Uint64] {
            tensors.push(Tensor::new(dtype, vec![0], Values::Integers(vec![])).expect("fits"));
        }
        for tensor in tensors {
            let back = tensor.to_proto().and_then(Tensor::from_proto);
            assert_eq!(back.as_ref(), Ok(&tensor));
        }
    }

    #[test]
    fn every_half_is_itself() {
        for bits in 0..=u16::MAX {
            let value = half(bits);
            assert!(value.is_nan() || half_from(value) == bits, "{bits:#x} is {value}");
        }
        assert_eq!((half_from(1e9), half_from(65_519.0), half_from(1.0 + 1.0 / 2048.0)), (0x7c00, 0x7bff, 0x3c00));
    }
}
