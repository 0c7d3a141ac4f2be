//! Variables that were split over machines in training: where each slice belongs, and the whole put together again.
//! Also the keys under which formats file a slice ("ordered code"), by which one can be looked up.

use crate::{
    error::TensorFault,
    proto::tensor::TensorSliceProto,
    tensor::{Shape, TensorSpec},
};

/// Start and length in each dimension; inside its tensor's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    extents: Vec<(u64, u64)>,
    /// As written: a dimension that is taken whole has no length.
    written: Vec<(i64, i64)>,
}

impl Slice {
    /// Understands a slice of a tensor of this shape.
    pub fn of(proto: &TensorSliceProto, shape: &Shape) -> Result<Self, TensorFault> {
        if proto.extent.len() != shape.0.len() {
            return Err(TensorFault::Slices("have another number of dimensions"));
        }
        let mut slice = Self { extents: Vec::new(), written: Vec::new() };
        for (extent, size) in proto.extent.iter().zip(&shape.0) {
            let (start, length) = match extent.length {
                None => (0, *size),
                Some(length) => {
                    let start =
                        u64::try_from(extent.start).map_err(|_| TensorFault::Slices("begin before the tensor"))?;
                    let length = u64::try_from(length).map_err(|_| TensorFault::Slices("have no length"))?;
                    (start, length)
                }
            };
            if start.checked_add(length).is_none_or(|end| end > *size) {
                return Err(TensorFault::Slices("lie outside the tensor"));
            }
            slice.extents.push((start, length));
            slice.written.push((if extent.length.is_some() { extent.start } else { 0 }, extent.length.unwrap_or(-1)));
        }
        Ok(slice)
    }

    pub fn shape(&self) -> Shape {
        Shape(self.extents.iter().map(|(_, length)| *length).collect())
    }

    pub fn is_whole(&self, shape: &Shape) -> bool {
        self.shape() == *shape
    }

    fn overlaps(&self, other: &Self) -> bool {
        let meet = |((a, m), (b, n)): (&(u64, u64), &(u64, u64))| a.max(b) < &(a + m).min(b + n);
        self.extents.iter().zip(&other.extents).all(meet)
    }

    /// The key of this slice of the tensor `name`.
    pub fn key(&self, name: &str) -> Vec<u8> {
        let mut key = vec![0];
        for byte in name.bytes() {
            match byte {
                0 => key.extend([0, 0xff]),
                0xff => key.extend([0xff, 0]),
                other => key.push(other),
            }
        }
        key.extend([0, 1]);
        put_unsigned(&mut key, self.written.len() as u64);
        for (start, length) in &self.written {
            put_signed(&mut key, *start);
            put_signed(&mut key, *length);
        }
        key
    }

    /// Copies the slice's elements to their places in the whole.
    fn place(&self, shape: &Shape, element: usize, from: &[u8], to: &mut [u8]) {
        // Elements that lie side by side in both: the last dimension's extent.
        let Some(((start, length), (size, outer))) = self
            .extents
            .split_last()
            .zip(shape.0.split_last())
            .map(|((last, _), (size, outer))| (*last, (*size as usize, outer)))
        else {
            to.copy_from_slice(from);
            return;
        };
        let run = length as usize * element;
        if run == 0 {
            return;
        }
        let mut position: Vec<u64> = self.extents[..outer.len()].iter().map(|(start, _)| *start).collect();
        for part in from.chunks_exact(run) {
            let row = position.iter().zip(outer).fold(0usize, |row, (at, size)| row * *size as usize + *at as usize);
            let at = (row * size + start as usize) * element;
            to[at..at + run].copy_from_slice(part);
            for (at, (start, length)) in position.iter_mut().zip(&self.extents).rev() {
                *at += 1;
                if *at < start + length {
                    break;
                }
                *at = *start;
            }
        }
    }
}

/// Big-endian without leading zeros, its length before it.
fn put_unsigned(key: &mut Vec<u8>, number: u64) {
    let bytes = number.to_be_bytes();
    let zeros = number.leading_zeros() as usize / 8;
    key.push((8 - zeros) as u8);
    key.extend_from_slice(&bytes[zeros..]);
}

/// One byte from -64 to 63; beyond that the first bits count the bytes, and a negative number has all its bits turned.
fn put_signed(key: &mut Vec<u8>, number: i64) {
    let magnitude = if number < 0 { !number } else { number };
    let bits = 64 - magnitude.leading_zeros() as usize;
    // Each byte carries seven bits, one of which is the sign.
    let length = (bits / 7 + 1).min(10);
    let mut bytes = [0u8; 10];
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    let sign = if number < 0 { 0xff } else { 0 };
    bytes[..2].fill(sign);
    // The header: as many ones as there are bytes, then a zero, turned for negative numbers.
    let mut header = [0u8; 2];
    let ones = u16::MAX.checked_shl(16 - length as u32).unwrap_or(0);
    header.copy_from_slice(&ones.to_be_bytes());
    let start = 10 - length;
    bytes[start] ^= header[0];
    if length > 1 {
        bytes[start + 1] ^= header[1];
    }
    key.extend_from_slice(&bytes[start..]);
}

/// One tensor on its way from slices to whole. It takes room only for what has come: a shape alone is a mere promise.
#[derive(Debug)]
pub struct Assembly {
    spec: TensorSpec,
    parts: Vec<(Slice, Vec<u8>)>,
    /// Elements that have not come yet.
    missing: u64,
}

impl Assembly {
    pub fn new(spec: &TensorSpec) -> Result<Self, TensorFault> {
        spec.bytes().ok_or(TensorFault::Unreadable(spec.dtype))?;
        Ok(Self { spec: spec.clone(), parts: Vec::new(), missing: spec.shape.elements().unwrap_or(0) })
    }

    /// Takes a slice's values, of which there must be as many as it has room for; gives the whole once it is complete.
    pub fn add(&mut self, slice: &Slice, values: &[u8]) -> Result<Option<Vec<u8>>, TensorFault> {
        let part = TensorSpec { dtype: self.spec.dtype, shape: slice.shape() };
        check_length(&part, values)?;
        let elements = part.shape.elements().unwrap_or(0);
        let missing = self.missing.checked_sub(elements).ok_or(TensorFault::Slices("overlap or come twice"))?;
        if self.parts.iter().any(|(taken, _)| taken.overlaps(slice)) {
            return Err(TensorFault::Slices("overlap or come twice"));
        }
        self.missing = missing;
        self.parts.push((slice.clone(), values.to_vec()));
        Ok((missing == 0).then(|| self.whole()))
    }

    fn whole(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.parts.iter().map(|(_, values)| values.len()).sum()];
        let element = self.spec.dtype.size().unwrap_or(1) as usize;
        for (slice, values) in &self.parts {
            slice.place(&self.spec.shape, element, values, &mut bytes);
        }
        bytes
    }
}

/// Whether there are as many values as the shape wants.
pub fn check_length(spec: &TensorSpec, values: &[u8]) -> Result<(), TensorFault> {
    let size = spec.dtype.size().ok_or(TensorFault::Unreadable(spec.dtype))?;
    let found = values.len() as u64;
    if spec.bytes() == Some(found) {
        return Ok(());
    }
    let wanted = spec.shape.elements().unwrap_or(u64::MAX);
    Err(TensorFault::Values { shape: spec.shape.clone(), wanted, found: found / size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{proto::tensor::Extent, tensor::DataType};

    fn slice(extents: &[(i64, Option<i64>)], shape: &[u64]) -> Result<Slice, TensorFault> {
        let extent = extents.iter().map(|(start, length)| Extent { start: *start, length: *length }).collect();
        Slice::of(&TensorSliceProto { extent }, &Shape(shape.to_vec()))
    }

    #[test]
    fn keys_are_as_tensorflow_files_them() {
        let scalar = slice(&[], &[]).expect("sound");
        assert_eq!(scalar.key("global_step"), b"\0global_step\0\x01\0");
        let whole = slice(&[(0, None); 4], &[1, 2, 3, 4]).expect("sound");
        assert_eq!(whole.key("w"), b"\0w\0\x01\x01\x04\x80\x7f\x80\x7f\x80\x7f\x80\x7f");
        let part = slice(&[(4, Some(3))], &[9]).expect("sound");
        assert_eq!(part.key("w"), b"\0w\0\x01\x01\x01\x84\x83");
    }

    #[test]
    fn larger_numbers_take_more_bytes_and_keep_their_order() {
        let key = |number| {
            let mut key = Vec::new();
            put_signed(&mut key, number);
            key
        };
        assert_eq!((key(63), key(64), key(-64)), (vec![0xbf], vec![0xc0, 0x40], vec![0x40]));
        let numbers = [i64::MIN, -1 << 40, -8193, -8192, -65, -64, -1, 0, 63, 64, 8191, 8192, 1 << 40, i64::MAX];
        assert!(numbers.map(key).is_sorted());
    }

    #[test]
    fn slices_make_a_whole() {
        let spec = TensorSpec { dtype: DataType::UINT8, shape: [2, 2, 3].into() };
        let mut assembly = Assembly::new(&spec).expect("sound");
        let left = slice(&[(0, None), (0, Some(1)), (0, None)], &[2, 2, 3]).expect("sound");
        let right = slice(&[(0, None), (1, Some(1)), (0, None)], &[2, 2, 3]).expect("sound");
        assert_eq!(assembly.add(&right, &[4, 5, 6, 10, 11, 12]), Ok(None));
        assert!(assembly.add(&right, &[4, 5, 6, 10, 11, 12]).is_err(), "twice");
        let whole = vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        assert_eq!(assembly.add(&left, &[1, 2, 3, 7, 8, 9]), Ok(Some(whole)));
    }

    #[test]
    fn slices_outside_are_refused() {
        for extents in [[(0, Some(4))], [(-1, Some(1))], [(3, Some(1))], [(i64::MAX, Some(i64::MAX))], [(0, Some(-1))]]
        {
            assert!(slice(&extents, &[3]).is_err(), "{extents:?}");
        }
        assert!(slice(&[], &[3]).is_err());
    }
}
