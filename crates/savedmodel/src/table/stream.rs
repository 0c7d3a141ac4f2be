//! A table that arrives byte after byte, out of an archive: blocks in file order, with no index to say where each ends.
//! A block tells its own end: a raw one begins with a zero and closes with its restart array, a compressed one begins
//! with its uncompressed length. What the index at the file's end says is compared with what was found.

use std::{io::Read, path::Path};

use super::{
    FOOTER, Handle, RAW, SNAPPY, TRAILER,
    block::{Block, Header, check},
    footer,
};
use crate::{
    error::{BlockFault, Error, Result},
    wire::varint,
};

/// Read at once at least: a header of three bytes is not worth a call.
const CHUNK: usize = 128 * 1024;

/// Reads the blocks of one table, `length` bytes long, from its first byte to its last.
pub struct BlockStream<'p, R> {
    reader: R,
    path: &'p Path,
    length: u64,
    /// Where the block in `bytes` begins.
    offset: u64,
    /// The block, its trailer, and what had to be read beyond to see that.
    bytes: Vec<u8>,
    /// Length of the block and its trailer.
    end: usize,
    seen: Vec<Handle>,
}

impl<'p, R: Read> BlockStream<'p, R> {
    pub fn new(reader: R, path: &'p Path, length: u64) -> Self {
        Self { reader, path, length, offset: 0, bytes: Vec::new(), end: 0, seen: Vec::new() }
    }

    /// Where the next block of records begins, and the block; none once the index has been reached, which is then checked
    /// with all that is left.
    pub fn next(&mut self) -> Result<Option<(u64, Block<'_>)>> {
        let handle = self.advance()?;
        let fault = |fault| Error::block(self.path, handle.offset, fault);
        // TensorFlow writes an empty metaindex, which nothing but the index follows. The block is opened twice because
        // one that is returned cannot be looked at before; only a compressed one makes that felt.
        if Block::open_checked(&self.bytes[..self.end]).map_err(fault)?.is_empty() {
            self.finish(handle)?;
            return Ok(None);
        }
        self.seen.push(handle);
        Block::open_checked(&self.bytes[..self.end]).map(|block| Some((handle.offset, block))).map_err(fault)
    }

    /// Reads the index and the footer and holds them against the blocks that were found.
    fn finish(&mut self, metaindex: Handle) -> Result<()> {
        let index = self.advance()?;
        let fault = |fault| Error::block(self.path, index.offset, fault);
        let block = Block::open_checked(&self.bytes[..self.end]).map_err(fault)?;
        let mut records = block.records();
        let mut found = self.seen.iter();
        while let Some((_, mut value)) = records.next().map_err(fault)? {
            if Handle::take(&mut value).as_ref() != found.next() {
                return Err(fault(BlockFault::Malformed("the index names other blocks than there are")));
            }
        }
        if found.next().is_some() {
            return Err(fault(BlockFault::Malformed("the index names fewer blocks than there are")));
        }
        self.skip_block();
        let what = "not a checkpoint table: its last bytes are no table footer";
        if self.remaining() != FOOTER as u64 {
            return Err(Error::file(self.path, what));
        }
        self.fill(FOOTER)?;
        let bytes = self.bytes.first_chunk().and_then(footer);
        if bytes != Some((metaindex, index)) {
            return Err(Error::file(self.path, what));
        }
        Ok(())
    }

    /// Forgets the current block.
    fn skip_block(&mut self) {
        self.offset += self.end as u64;
        self.bytes.drain(..self.end);
        self.end = 0;
    }

    /// Bytes of the file from the current block on.
    fn remaining(&self) -> u64 {
        self.length - self.offset
    }

    /// Brings the next block into `bytes` and checks it.
    fn advance(&mut self) -> Result<Handle> {
        self.skip_block();
        self.fill(1)?;
        let (size, kind) = match self.bytes[0] {
            0 => (self.raw_block()?, RAW),
            _ => (self.snappy_block()?, SNAPPY),
        };
        self.end = size + TRAILER;
        self.fill(self.end)?;
        check(&self.bytes[..self.end]).map_err(|fault| self.fault(fault))?;
        if self.bytes[size] != kind {
            return Err(self.fault(BlockFault::Compression(self.bytes[size])));
        }
        Ok(Handle { offset: self.offset, size: size as u64 })
    }

    /// Length of an uncompressed block: records up to one that could only be the restart array, then that.
    fn raw_block(&mut self) -> Result<usize> {
        let mut at = 0;
        let mut records = 0;
        loop {
            let room = self.fill_some(at + Header::LONGEST)?;
            // The array's first offset is always 0. A record of these bytes would have an empty key and no value.
            if self.bytes[at..room].starts_with(&[0, 0, 0, 0]) {
                return self.restart_array(at, records);
            }
            let mut rest = &self.bytes[at..room];
            let header =
                Header::take(&mut rest).ok_or_else(|| self.fault(BlockFault::Malformed("a record is cut off")))?;
            at = room - rest.len() + header.unshared + header.value;
            records += 1;
            self.fill(at)?;
        }
    }

    /// The number that ends the array is the first that equals the count of offsets before it: a later offset is at
    /// least four times as large, because a record takes four bytes.
    fn restart_array(&mut self, start: usize, records: usize) -> Result<usize> {
        for count in 0..=records.max(1) {
            let at = start + 4 * count;
            self.fill(at + 4)?;
            let number = self.bytes[at..].first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize);
            if count > 0 && number == Some(count) {
                return Ok(at + 4);
            }
        }
        Err(self.fault(BlockFault::Malformed("its restart array does not end")))
    }

    /// Length of a compressed block: elements until they have made as many bytes as its beginning says.
    fn snappy_block(&mut self) -> Result<usize> {
        let room = self.fill_some(5)?;
        let mut rest = &self.bytes[..room];
        let length = varint(&mut rest).filter(|length| *length <= u64::from(u32::MAX));
        let length = length.ok_or_else(|| self.fault(BlockFault::Malformed("it begins with no length")))?;
        let mut at = room - rest.len();
        let mut made = 0;
        while made < length {
            let room = self.fill_some(at + 5)?;
            let (element, makes) = snappy_element(&self.bytes[at..room])
                .ok_or_else(|| self.fault(BlockFault::Snappy("an element is cut off".into())))?;
            at += element;
            made += makes;
            self.fill(at)?;
        }
        Ok(at)
    }

    /// Has at least `length` bytes of the block ready.
    fn fill(&mut self, length: usize) -> Result<()> {
        if self.fill_some(length)? < length { Err(self.fault(BlockFault::Truncated)) } else { Ok(()) }
    }

    /// Has `length` bytes ready, or fewer where the file ends; says how many.
    fn fill_some(&mut self, length: usize) -> Result<usize> {
        if self.bytes.len() < length {
            let wanted = length.max(self.bytes.len() + CHUNK) as u64;
            let wanted = wanted.min(self.remaining()).saturating_sub(self.bytes.len() as u64);
            // `take` grows the buffer by what really comes, not by what a header promises.
            let read = self.reader.by_ref().take(wanted).read_to_end(&mut self.bytes).map_err(Error::io(self.path))?;
            if (read as u64) < wanted {
                return Err(self.fault(BlockFault::Truncated));
            }
        }
        Ok(length.min(self.bytes.len()))
    }

    fn fault(&self, fault: BlockFault) -> Error {
        Error::block(self.path, self.offset, fault)
    }
}

/// Length of the element that begins here and of what it makes.
fn snappy_element(bytes: &[u8]) -> Option<(usize, u64)> {
    let tag = *bytes.first()?;
    let upper = usize::from(tag >> 2);
    let little = |count: usize| {
        bytes.get(1..=count).map(|part| part.iter().rev().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    Some(match tag & 3 {
        0 if upper < 60 => (1 + upper + 1, upper as u64 + 1),
        0 => {
            let length = little(upper - 59)? + 1;
            (1 + (upper - 59) + length, length as u64)
        }
        1 => (2, u64::from(tag >> 2 & 7) + 4),
        2 => (3, upper as u64 + 1),
        _ => (5, upper as u64 + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::builder::TableBuilder;

    fn table(compress: bool, block_size: usize, records: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let mut builder = TableBuilder::new(Vec::new()).with_blocks(block_size, compress);
        for (key, value) in records {
            builder.add(key, value).expect("memory");
        }
        builder.finish().expect("memory")
    }

    fn read(bytes: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut stream = BlockStream::new(bytes, Path::new("t"), bytes.len() as u64);
        let mut all = Vec::new();
        while let Some((_, block)) = stream.next()? {
            let mut records = block.records();
            while let Some((key, value)) = records.next().expect("built well") {
                all.push((key.to_vec(), value.to_vec()));
            }
        }
        Ok(all)
    }

    fn records() -> Vec<(Vec<u8>, Vec<u8>)> {
        let value = |n: usize| (0..n * 7 % 300).map(|i| (i * n / 5) as u8).collect();
        let mut all: Vec<_> = (1..200usize).map(|n| (format!("key-{n:05}").into_bytes(), value(n))).collect();
        all.insert(0, (Vec::new(), vec![10, 0]));
        all
    }

    #[test]
    fn blocks_are_found_without_an_index() {
        for compress in [false, true] {
            for block_size in [1, 50, 1000, 1 << 20] {
                let bytes = table(compress, block_size, &records());
                assert_eq!(read(&bytes).expect("sound"), records(), "{compress} {block_size}");
            }
        }
    }

    #[test]
    fn every_damage_is_noticed() {
        for compress in [false, true] {
            let bytes = table(compress, 1000, &records()[..20]);
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x55;
                // Only the padding of the footer means nothing.
                let padding = bytes.len() - FOOTER + 4..bytes.len() - 8;
                assert!(read(&damaged).is_err() || padding.contains(&at), "byte {at} of {}", bytes.len());
                assert!(read(&bytes[..at]).is_err(), "cut at {at}");
            }
        }
    }
}
