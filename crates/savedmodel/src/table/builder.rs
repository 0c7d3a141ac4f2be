//! Writes a table byte for byte as TensorFlow does: blocks of about 256 KiB, a restart every 16 records, shortened
//! index keys. Tables written here are never compressed, like TensorFlow's.

use std::io::{self, Write};

use super::{FOOTER, Handle, MAGIC, RAW, SNAPPY, checksum};
use crate::wire::put_varint;

/// A block is closed once it holds this much.
const BLOCK_SIZE: usize = 256 * 1024;
const RESTART_INTERVAL: usize = 16;

/// Writes records, whose keys must ascend, to `out`.
pub struct TableBuilder<W> {
    out: W,
    offset: u64,
    block: BlockBuilder,
    index: BlockBuilder,
    /// The block that was closed last and has no index record yet: how it is shortened depends on the next key.
    pending: Option<Handle>,
    last_key: Vec<u8>,
    block_size: usize,
    compress: bool,
}

impl<W: Write> TableBuilder<W> {
    pub fn new(out: W) -> Self {
        Self {
            out,
            offset: 0,
            block: BlockBuilder::new(RESTART_INTERVAL),
            index: BlockBuilder::new(1),
            pending: None,
            last_key: Vec::new(),
            block_size: BLOCK_SIZE,
            compress: false,
        }
    }

    /// Other blocks than TensorFlow writes today but has written: for what tests read.
    #[cfg(test)]
    pub fn with_blocks(mut self, block_size: usize, compress: bool) -> Self {
        self.block_size = block_size;
        self.compress = compress;
        self
    }

    pub fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        if let Some(handle) = self.pending.take() {
            self.point_to(separator(&self.last_key, key), handle);
        }
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.block.add(key, value);
        if self.block.size() >= self.block_size {
            self.close_block()?;
        }
        Ok(())
    }

    /// Writes what is left, and hands back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.block.is_empty() {
            self.close_block()?;
        }
        let metaindex = self.write(BlockBuilder::new(RESTART_INTERVAL).finish())?;
        if let Some(handle) = self.pending.take() {
            self.point_to(successor(&self.last_key), handle);
        }
        let index = std::mem::replace(&mut self.index, BlockBuilder::new(1)).finish();
        let index = self.write(index)?;
        let mut footer = Vec::with_capacity(FOOTER);
        metaindex.put(&mut footer);
        index.put(&mut footer);
        footer.resize(FOOTER - 8, 0);
        footer.extend_from_slice(&MAGIC.to_le_bytes());
        self.out.write_all(&footer)?;
        Ok(self.out)
    }

    fn close_block(&mut self) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, BlockBuilder::new(RESTART_INTERVAL)).finish();
        self.pending = Some(self.write(block)?);
        Ok(())
    }

    fn point_to(&mut self, key: Vec<u8>, handle: Handle) {
        let mut value = Vec::new();
        handle.put(&mut value);
        self.index.add(&key, &value);
    }

    fn write(&mut self, mut block: Vec<u8>) -> io::Result<Handle> {
        let mut kind = RAW;
        if self.compress {
            block = snap::raw::Encoder::new().compress_vec(&block).map_err(io::Error::other)?;
            kind = SNAPPY;
        }
        let handle = Handle { offset: self.offset, size: block.len() as u64 };
        block.push(kind);
        let crc = checksum(&block);
        block.extend_from_slice(&crc.to_le_bytes());
        self.out.write_all(&block)?;
        self.offset += block.len() as u64;
        Ok(handle)
    }
}

struct BlockBuilder {
    bytes: Vec<u8>,
    restarts: Vec<u32>,
    interval: usize,
    since_restart: usize,
    last_key: Vec<u8>,
}

impl BlockBuilder {
    fn new(interval: usize) -> Self {
        Self { bytes: Vec::new(), restarts: vec![0], interval, since_restart: 0, last_key: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What it would take, restart array included.
    fn size(&self) -> usize {
        self.bytes.len() + 4 * self.restarts.len() + 4
    }

    fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut shared = 0;
        if self.since_restart < self.interval {
            shared = self.last_key.iter().zip(key).take_while(|(a, b)| a == b).count();
        } else {
            self.restarts.push(self.bytes.len() as u32);
            self.since_restart = 0;
        }
        for length in [shared, key.len() - shared, value.len()] {
            put_varint(&mut self.bytes, length as u64);
        }
        self.bytes.extend_from_slice(&key[shared..]);
        self.bytes.extend_from_slice(value);
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.since_restart += 1;
    }

    fn finish(mut self) -> Vec<u8> {
        for restart in &self.restarts {
            self.bytes.extend_from_slice(&restart.to_le_bytes());
        }
        self.bytes.extend_from_slice(&(self.restarts.len() as u32).to_le_bytes());
        self.bytes
    }
}

/// A short key that is not before `last` and before `next`.
fn separator(last: &[u8], next: &[u8]) -> Vec<u8> {
    let at = last.iter().zip(next).take_while(|(a, b)| a == b).count();
    match (last.get(at), next.get(at)) {
        (Some(byte), Some(limit)) if *byte < 0xff && byte + 1 < *limit => {
            let mut key = last[..=at].to_vec();
            key[at] += 1;
            key
        }
        _ => last.to_vec(),
    }
}

/// A short key that is not before `last`.
fn successor(last: &[u8]) -> Vec<u8> {
    match last.iter().position(|byte| *byte != 0xff) {
        Some(at) => {
            let mut key = last[..=at].to_vec();
            key[at] += 1;
            key
        }
        None => last.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_keys_are_as_short_as_they_can_be() {
        assert_eq!(separator(b"abcdef", b"abzz"), b"abd");
        assert_eq!(separator(b"abc", b"abd"), b"abc", "nothing fits between c and d");
        assert_eq!(separator(b"ab", b"abc"), b"ab", "one begins with the other");
        assert_eq!(successor(b"mixed"), b"n");
        assert_eq!(successor(b"\xff\xffa"), b"\xff\xffb");
        assert_eq!(successor(b"\xff"), b"\xff");
    }
}
