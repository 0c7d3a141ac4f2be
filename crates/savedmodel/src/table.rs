//! The table file that V1 checkpoints and the indices of V2 ones are: sorted records in checksummed blocks.
//! Here are the numbers of the format; what the records mean is the checkpoints' business.

pub mod block;
pub mod builder;
pub mod reader;
pub mod stream;

/// Every block is followed by its compression type (1 byte) and a masked CRC32C (4 bytes) over both.
pub const TRAILER: usize = 5;
/// The checksum alone.
const CHECKSUM: usize = 4;
/// Two block handles padded to 40 bytes, then the magic number.
pub const FOOTER: usize = 48;
pub const MAGIC: u64 = 0xdb47_7524_8b80_fb57;

pub const RAW: u8 = 0;
pub const SNAPPY: u8 = 1;

/// Where a block lies, without its trailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    pub offset: u64,
    pub size: u64,
}

impl Handle {
    /// Takes a handle off the front of `bytes`.
    pub fn take(bytes: &mut &[u8]) -> Option<Self> {
        let offset = crate::wire::varint(bytes)?;
        Some(Self { offset, size: crate::wire::varint(bytes)? })
    }

    pub fn put(self, bytes: &mut Vec<u8>) {
        crate::wire::put_varint(bytes, self.offset);
        crate::wire::put_varint(bytes, self.size);
    }
}

/// The two handles of a footer, or none where it is no footer.
pub fn footer(bytes: &[u8; FOOTER]) -> Option<(Handle, Handle)> {
    let (mut handles, magic) = bytes.split_at(FOOTER - 8);
    let metaindex = Handle::take(&mut handles)?;
    let index = Handle::take(&mut handles)?;
    (magic == MAGIC.to_le_bytes()).then_some((metaindex, index))
}

/// A CRC32C as the format stores it, so that checksums of data that hold checksums stay strong.
pub fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The masked CRC32C of `bytes`.
pub fn checksum(bytes: &[u8]) -> u32 {
    // CRC32C is the one that iSCSI uses; the library hands out CRCs of any width as 64 bits.
    masked(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32)
}
