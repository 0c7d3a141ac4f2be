//! A cursor over the fields of one protobuf message that copies nothing.
//! Only the values of checkpoints are read with it: they are megabytes long and lie in the message as they are wanted.

/// A message that ends in the middle of a field, or a field of a kind that protobuf does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// One field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// The fields of a message, in the order in which they stand.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Malformed> {
        let key = varint(&mut self.rest).ok_or(Malformed)?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut self.rest).ok_or(Malformed)?),
            1 => Value::Fixed64(self.array()?),
            2 => {
                let length = varint(&mut self.rest).ok_or(Malformed)?;
                Value::Bytes(self.bytes(usize::try_from(length).map_err(|_| Malformed)?)?)
            }
            5 => Value::Fixed32(self.array()?),
            _ => return Err(Malformed),
        };
        Ok((key >> 3, value))
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes(N)?.try_into().map_err(|_| Malformed)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Takes a base-128 number off the front of `bytes`; none where it is cut off or longer than 64 bits.
pub fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        let part = u64::from(byte & 0x7f);
        let shift = 7 * index as u32;
        if index == 9 && part > 1 {
            return None;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Some(value);
        }
    }
    None
}

/// Appends a base-128 number.
pub fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let mut rest = bytes.as_slice();
            assert_eq!((varint(&mut rest), rest), (Some(value), &[][..]));
            assert_eq!(varint(&mut &bytes[..bytes.len() - 1]), None, "cut off");
        }
        assert_eq!(varint(&mut [0xff; 10].as_slice()), None, "more than 64 bits");
    }

    #[test]
    fn a_cut_field_ends_the_message() {
        let mut fields = Fields::new(&[0x0a, 2, b'h', b'i', 0x10, 5, 0x1d, 1, 2]);
        assert_eq!(fields.next(), Some(Ok((1, Value::Bytes(b"hi")))));
        assert_eq!(fields.next(), Some(Ok((2, Value::Varint(5)))));
        assert_eq!(fields.next(), Some(Err(Malformed)));
        assert_eq!(fields.next(), None);
    }
}
