//! A table in a file that can be read anywhere: the index first, then only the blocks that are wanted.

use std::{
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use fs_err::File;

use super::{CHECKSUM, FOOTER, Handle, TRAILER, block::Block, footer, masked};
use crate::{
    checksummed,
    error::{BlockFault, Error, Result},
};

/// An open table and its index.
#[derive(Debug)]
pub struct Table {
    pub path: PathBuf,
    file: File,
    length: u64,
    footer: [u8; FOOTER],
    /// A key not before the block's last one, and where the block lies; in key order.
    blocks: Vec<(Vec<u8>, Handle)>,
}

impl Table {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let length = file.metadata().map_err(Error::io(path))?.len();
        let no_table = || Error::file(path, "not a checkpoint table: its last bytes are no table footer");
        let at = length.checked_sub(FOOTER as u64).ok_or_else(no_table)?;
        let mut bytes = [0; FOOTER];
        file.file().read_exact_at(&mut bytes, at).map_err(Error::io(path))?;
        let (_, index) = footer(&bytes).ok_or_else(no_table)?;
        let mut table = Self { path: path.to_owned(), file, length, footer: bytes, blocks: Vec::new() };
        table.blocks = table.read_index(index)?;
        Ok(table)
    }

    fn read_index(&self, handle: Handle) -> Result<Vec<(Vec<u8>, Handle)>> {
        let mut bytes = Vec::new();
        let block = self.read(handle, &mut bytes)?;
        let fault = |fault| Error::block(&self.path, handle.offset, fault);
        let mut records = block.records();
        let mut blocks = Vec::new();
        let mut end = 0;
        while let Some((key, mut value)) = records.next().map_err(fault)? {
            let handle = Handle::take(&mut value).ok_or_else(|| fault(BlockFault::Malformed("a handle is cut off")))?;
            // Blocks that overlap would make a small file take for ever.
            if handle.offset < end {
                return Err(fault(BlockFault::Malformed("the blocks it points to overlap")));
            }
            end = handle.offset.saturating_add(handle.size);
            blocks.push((key.to_vec(), handle));
        }
        Ok(blocks)
    }

    pub fn blocks(&self) -> impl ExactSizeIterator<Item = Handle> {
        self.blocks.iter().map(|(_, handle)| *handle)
    }

    /// The block in which `key` stands if it is in the table at all.
    pub fn block_of(&self, key: &[u8]) -> Option<usize> {
        let at = self.blocks.partition_point(|(last, _)| last.as_slice() < key);
        (at < self.blocks.len()).then_some(at)
    }

    /// Reads the block with this number into `bytes`, which keep their room from block to block.
    pub fn block<'b>(&self, number: usize, bytes: &'b mut Vec<u8>) -> Result<(u64, Block<'b>)> {
        let handle = self.blocks[number].1;
        Ok((handle.offset, self.read(handle, bytes)?))
    }

    fn read<'b>(&self, handle: Handle, bytes: &'b mut Vec<u8>) -> Result<Block<'b>> {
        let fault = |fault| Error::block(&self.path, handle.offset, fault);
        // Held against the file before anything is allocated.
        let size = handle.size.checked_add(TRAILER as u64);
        let inside = |size: &u64| handle.offset.checked_add(*size).is_some_and(|end| end <= self.length);
        let size = size.filter(inside).ok_or_else(|| fault(BlockFault::Truncated))?;
        let bytes = room(bytes, size as usize);
        let (checked, stored) = bytes.split_at_mut(bytes.len() - CHECKSUM);
        let crc = checksummed::read_exact_at(&self.file, checked, handle.offset).map_err(Error::io(&self.path))?;
        let at = handle.offset + checked.len() as u64;
        self.file.file().read_exact_at(stored, at).map_err(Error::io(&self.path))?;
        if masked(crc).to_le_bytes() != *stored {
            return Err(fault(BlockFault::Checksum));
        }
        Block::open_checked(bytes).map_err(fault)
    }

    /// The checksums of all data blocks and the footer: what tells this table from any other without reading it all.
    pub fn checksums(&self) -> Result<Vec<u8>> {
        let mut all = self.footer.to_vec();
        for handle in self.blocks() {
            let at = handle.offset.checked_add(handle.size);
            let at = at.ok_or_else(|| Error::block(&self.path, handle.offset, BlockFault::Truncated))?;
            let mut trailer = [0; TRAILER];
            self.file.file().read_exact_at(&mut trailer, at).map_err(Error::io(&self.path))?;
            all.extend_from_slice(&trailer);
        }
        Ok(all)
    }
}

/// The first `size` bytes of a buffer, which grows where it must and is never cleared: it is about to be overwritten.
pub fn room(bytes: &mut Vec<u8>, size: usize) -> &mut [u8] {
    if bytes.len() < size {
        bytes.resize(size, 0);
    }
    &mut bytes[..size]
}
