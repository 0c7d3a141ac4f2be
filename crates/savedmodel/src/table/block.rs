//! One block: its checksum, its compression, its records. A key shares its beginning with the key before it.

use std::borrow::Cow;

use super::{CHECKSUM, RAW, SNAPPY, TRAILER, checksum};
use crate::{error::BlockFault, wire::varint};

/// Snappy's longest copy makes 64 bytes out of 3; more than that from a block is a lie about its length.
const SNAPPY_RATIO: usize = 64;

/// The records of a block that has been checked and uncompressed.
#[derive(Debug)]
pub struct Block<'a> {
    /// Records only, without the restart array.
    records: Cow<'a, [u8]>,
}

/// Compares the checksum of a block with its trailer.
pub fn check(bytes: &[u8]) -> Result<(), BlockFault> {
    let (checked, crc) = bytes.split_last_chunk::<CHECKSUM>().ok_or(BlockFault::Truncated)?;
    if checksum(checked) == u32::from_le_bytes(*crc) { Ok(()) } else { Err(BlockFault::Checksum) }
}

impl<'a> Block<'a> {
    /// `bytes` is the block with its trailer, whose checksum has been compared.
    pub fn open_checked(bytes: &'a [u8]) -> Result<Self, BlockFault> {
        let end = bytes.len().checked_sub(TRAILER).ok_or(BlockFault::Truncated)?;
        let mut content = match bytes[end] {
            RAW => Cow::Borrowed(&bytes[..end]),
            SNAPPY => Cow::Owned(uncompress(&bytes[..end])?),
            other => return Err(BlockFault::Compression(other)),
        };
        let records = records_end(&content)?;
        match &mut content {
            Cow::Borrowed(bytes) => *bytes = &bytes[..records],
            Cow::Owned(bytes) => bytes.truncate(records),
        }
        Ok(Self { records: content })
    }

    pub fn records(&self) -> Records<'_> {
        Records { rest: &self.records, key: Vec::new(), first: true }
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

fn uncompress(bytes: &[u8]) -> Result<Vec<u8>, BlockFault> {
    let snappy = |error: snap::Error| BlockFault::Snappy(error.to_string());
    let length = snap::raw::decompress_len(bytes).map_err(snappy)?;
    if length > bytes.len().saturating_mul(SNAPPY_RATIO) {
        return Err(BlockFault::Snappy(format!("{} bytes cannot become {length}", bytes.len())));
    }
    snap::raw::Decoder::new().decompress_vec(bytes).map_err(snappy)
}

/// Where the records end: before the restart offsets (4 bytes each) and their number (4 bytes).
fn records_end(content: &[u8]) -> Result<usize, BlockFault> {
    let (before, number) = content.split_last_chunk::<4>().ok_or(BlockFault::Truncated)?;
    let restarts = u32::from_le_bytes(*number) as usize;
    let array = restarts.checked_mul(4).filter(|array| *array > 0);
    array
        .and_then(|array| before.len().checked_sub(array))
        .ok_or(BlockFault::Malformed("its restart array is larger than the block"))
}

/// A key, which is put together anew for each record, and a value, which lies in the block.
pub type Record<'k, 'a> = (&'k [u8], &'a [u8]);

/// The records in order. Each borrows from here, which spares a copy of megabytes, so this is no `Iterator`.
#[derive(Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    key: Vec<u8>,
    first: bool,
}

impl<'a> Records<'a> {
    /// The next key and value.
    pub fn next(&mut self) -> Result<Option<Record<'_, 'a>>, BlockFault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let header = Header::take(&mut self.rest).ok_or(BlockFault::Malformed("a record is cut off"))?;
        let (unshared, rest) = self
            .rest
            .split_at_checked(header.unshared)
            .ok_or(BlockFault::Malformed("a key is longer than the block"))?;
        let (value, rest) =
            rest.split_at_checked(header.value).ok_or(BlockFault::Malformed("a value is longer than the block"))?;
        if header.shared > self.key.len() {
            return Err(BlockFault::Malformed("a key shares more than the key before it has"));
        }
        let ascends = self.first || unshared > &self.key[header.shared..];
        if !ascends {
            return Err(BlockFault::Malformed("its keys do not ascend"));
        }
        self.key.truncate(header.shared);
        self.key.extend_from_slice(unshared);
        self.rest = rest;
        self.first = false;
        Ok(Some((&self.key, value)))
    }
}

/// The three lengths before a record's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub shared: usize,
    pub unshared: usize,
    pub value: usize,
}

impl Header {
    /// The most bytes three 32-bit numbers take.
    pub const LONGEST: usize = 15;

    /// Takes a header off the front of `bytes`; none where it is cut off or absurd.
    pub fn take(bytes: &mut &[u8]) -> Option<Self> {
        let mut length = || varint(bytes).and_then(|length| u32::try_from(length).ok()).map(|length| length as usize);
        Some(Self { shared: length()?, unshared: length()?, value: length()? })
    }
}
