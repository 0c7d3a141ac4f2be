//! The values of one tensor message as little-endian bytes, whichever of protobuf's ways they were written in.
//! Floats that lie packed are handed on where they lie.

use std::borrow::Cow;

use crate::{
    error::TensorFault,
    tensor::DataType,
    wire::{Fields, Malformed, Value, varint},
};

/// Numbers of the fields of a TensorProto.
const CONTENT: u64 = 4;

/// All values of `message`, a TensorProto whose dtype is known from elsewhere (V1 checkpoints leave it out).
pub fn values(message: &[u8], dtype: DataType) -> Result<Cow<'_, [u8]>, TensorFault> {
    let wanted = field_of(dtype).ok_or(TensorFault::Unreadable(dtype))?;
    let mut values = Cow::Borrowed(&[][..]);
    for field in Fields::new(message) {
        match field.map_err(malformed)? {
            (CONTENT, Value::Bytes(bytes)) => append(&mut values, Cow::Borrowed(bytes)),
            (field, value) if field == wanted => append(&mut values, read(value, dtype)?),
            _ => {}
        }
    }
    Ok(values)
}

fn malformed(_: Malformed) -> TensorFault {
    TensorFault::Malformed("a field is cut off")
}

/// The field that holds values of a dtype.
fn field_of(dtype: DataType) -> Option<u64> {
    Some(match dtype {
        DataType::FLOAT => 5,
        DataType::DOUBLE => 6,
        DataType::INT32 | DataType::UINT8 | DataType::INT16 | DataType::INT8 => 7,
        DataType::INT64 => 10,
        DataType::BOOL => 11,
        _ => return None,
    })
}

/// One occurrence of the field: a packed run, or a single value.
fn read(value: Value<'_>, dtype: DataType) -> Result<Cow<'_, [u8]>, TensorFault> {
    match (value, dtype) {
        (Value::Bytes(packed), DataType::FLOAT) if packed.len().is_multiple_of(4) => Ok(Cow::Borrowed(packed)),
        (Value::Bytes(packed), DataType::DOUBLE) if packed.len().is_multiple_of(8) => Ok(Cow::Borrowed(packed)),
        (Value::Fixed32(one), DataType::FLOAT) => Ok(Cow::Owned(one.to_vec())),
        (Value::Fixed64(one), DataType::DOUBLE) => Ok(Cow::Owned(one.to_vec())),
        (_, DataType::FLOAT | DataType::DOUBLE) => Err(TensorFault::Malformed("its floats have another length")),
        (Value::Bytes(mut packed), _) => {
            let mut bytes = Vec::new();
            while !packed.is_empty() {
                let number = varint(&mut packed).ok_or(TensorFault::Malformed("a number is cut off"))?;
                put(&mut bytes, number, dtype)?;
            }
            Ok(Cow::Owned(bytes))
        }
        (Value::Varint(one), _) => {
            let mut bytes = Vec::new();
            put(&mut bytes, one, dtype)?;
            Ok(Cow::Owned(bytes))
        }
        _ => Err(TensorFault::Malformed("its values are of another kind than its dtype")),
    }
}

/// A number in as many bytes as its dtype has; one that has no place there is refused.
fn put(bytes: &mut Vec<u8>, number: u64, dtype: DataType) -> Result<(), TensorFault> {
    // Negative numbers are written as 64-bit two's complement.
    let signed = number as i64;
    let outside = || TensorFault::Malformed("a number is too large for its dtype");
    match dtype {
        DataType::INT32 => bytes.extend(i32::try_from(signed).map_err(|_| outside())?.to_le_bytes()),
        DataType::INT16 => bytes.extend(i16::try_from(signed).map_err(|_| outside())?.to_le_bytes()),
        DataType::INT8 => bytes.extend(i8::try_from(signed).map_err(|_| outside())?.to_le_bytes()),
        DataType::UINT8 => bytes.extend(u8::try_from(signed).map_err(|_| outside())?.to_le_bytes()),
        DataType::BOOL => bytes.push(u8::from(number != 0)),
        _ => bytes.extend(signed.to_le_bytes()),
    }
    Ok(())
}

fn append<'a>(values: &mut Cow<'a, [u8]>, more: Cow<'a, [u8]>) {
    if values.is_empty() {
        *values = more;
    } else {
        values.to_mut().extend_from_slice(&more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &[u8], dtype: DataType, expected: Result<&[u8], TensorFault>) {
        assert_eq!(values(message, dtype).as_deref(), expected.as_ref().map(|bytes| *bytes));
    }

    #[test]
    fn packed_single_and_raw_values_are_the_same() {
        let two = [1.5f32.to_le_bytes(), (-2f32).to_le_bytes()].concat();
        check(&[&[0x2a, 8][..], &two].concat(), DataType::FLOAT, Ok(&two));
        check(&[&[0x2d][..], &two[..4], &[0x2d], &two[4..]].concat(), DataType::FLOAT, Ok(&two));
        check(&[&[0x22, 8][..], &two].concat(), DataType::FLOAT, Ok(&two));
        check(&[0x3a, 2, 7, 9], DataType::UINT8, Ok(&[7, 9]));
        check(&[0x38, 7, 0x38, 9], DataType::INT16, Ok(&[7, 0, 9, 0]));
        check(&[0x58, 1], DataType::BOOL, Ok(&[1]));
        check(&[], DataType::INT64, Ok(&[]));
    }

    #[test]
    fn negative_numbers_are_sixty_four_bits_long() {
        let minus_one = [&[0xff; 9][..], &[1]].concat();
        check(&[&[0x38][..], &minus_one].concat(), DataType::INT8, Ok(&[0xff]));
        check(&[&[0x3a, 10][..], &minus_one].concat(), DataType::INT32, Ok(&[0xff; 4]));
        check(&[&[0x50][..], &minus_one].concat(), DataType::INT64, Ok(&[0xff; 8]));
        let outside = TensorFault::Malformed("a number is too large for its dtype");
        check(&[&[0x38][..], &minus_one].concat(), DataType::UINT8, Err(outside));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        check(&[0x2a, 3, 0, 0, 0], DataType::FLOAT, Err(TensorFault::Malformed("its floats have another length")));
        check(&[0x2a, 8, 0], DataType::FLOAT, Err(TensorFault::Malformed("a field is cut off")));
        check(&[], DataType::STRING, Err(TensorFault::Unreadable(DataType::STRING)));
    }
}
