//! A checkpoint's bytes, which lie in a file or were taken out of an archive: read alike from any place.

use std::{
    io::{self, Read},
    os::unix::fs::FileExt,
};

use fs_err::File;

use crate::table::reader::room;

/// Where the bytes are.
pub enum Bytes {
    File { file: File, length: u64 },
    Memory(Vec<u8>),
}

impl Bytes {
    pub fn of(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self::File { file, length })
    }

    pub fn length(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// `size` bytes from `at` on, in `buffer` unless they are in memory already. Nothing is allocated for bytes that are
    /// not there.
    pub fn read<'b>(&'b self, at: u64, size: u64, buffer: &'b mut Vec<u8>) -> io::Result<&'b [u8]> {
        let end = at.checked_add(size).filter(|end| *end <= self.length()).ok_or(io::ErrorKind::UnexpectedEof)?;
        match self {
            Self::File { file, .. } => {
                let buffer = room(buffer, size as usize);
                file.file().read_exact_at(buffer, at)?;
                Ok(buffer)
            }
            Self::Memory(bytes) => Ok(&bytes[at as usize..end as usize]),
        }
    }

    /// All of them, one after the other.
    pub fn reader(&self) -> impl Read {
        Rest { bytes: self, at: 0 }
    }
}

struct Rest<'b> {
    bytes: &'b Bytes,
    at: u64,
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.bytes {
            Bytes::File { file, .. } => file.file().read_at(buffer, self.at)?,
            Bytes::Memory(bytes) => (&bytes[self.at as usize..]).read(buffer)?,
        };
        self.at += read as u64;
        Ok(read)
    }
}
