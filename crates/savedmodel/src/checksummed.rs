//! Reading and writing with the CRC32C taken on the way, piece by piece, while each piece is in the processor's cache:
//! for tensors of megabytes that costs half of what two passes do.

use std::{io, os::unix::fs::FileExt};

use crc_fast::{CrcAlgorithm::Crc32Iscsi, Digest};
use fs_err::File;

const PIECE: usize = 1024 << 10;

/// Fills `bytes` from `offset` on; gives their CRC32C.
pub fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<u32> {
    let (mut crc, mut at) = (Digest::new(Crc32Iscsi), offset);
    for piece in bytes.chunks_mut(PIECE) {
        file.file().read_exact_at(piece, at)?;
        crc.update(piece);
        at += piece.len() as u64;
    }
    Ok(crc.finalize() as u32)
}

/// Writes all of `bytes` at `offset`; gives their CRC32C.
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<u32> {
    let (mut crc, mut at) = (Digest::new(Crc32Iscsi), offset);
    for piece in bytes.chunks(PIECE) {
        crc.update(piece);
        file.file().write_all_at(piece, at)?;
        at += piece.len() as u64;
    }
    Ok(crc.finalize() as u32)
}

/// The CRC32C of `size` bytes from `offset` on, of which none is kept.
pub fn of_range(file: &File, offset: u64, size: u64) -> io::Result<u32> {
    let mut piece = vec![0; PIECE.min(size as usize)];
    let (mut crc, mut at, end) = (Digest::new(Crc32Iscsi), offset, offset + size);
    while at < end {
        let length = (end - at).min(PIECE as u64) as usize;
        file.file().read_exact_at(&mut piece[..length], at)?;
        crc.update(&piece[..length]);
        at += length as u64;
    }
    Ok(crc.finalize() as u32)
}
