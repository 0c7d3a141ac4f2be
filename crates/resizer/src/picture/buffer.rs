//! Room for decoded pixels. A large picture is tens of megabytes that are written once and given back: in pages of four
//! kilobytes the kernel would spend as long on handing them out as a resize takes.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

/// From here on huge pages pay, in bytes: several of them fit.
const LARGE: usize = 8 << 20;

/// Bytes, on the heap or in pages of their own.
#[derive(Debug)]
pub(super) enum Buffer {
    Heap(Vec<u8>),
    Pages(MmapMut),
}

impl Buffer {
    /// Zeros.
    pub(super) fn zeroed(length: usize) -> Self {
        if length >= LARGE
            && let Ok(pages) = MmapMut::map_anon(length)
        {
            // A wish: where there are no huge pages, small ones do.
            #[cfg(target_os = "linux")]
            let _ = pages.advise(memmap2::Advice::HugePage);
            return Self::Pages(pages);
        }
        Self::Heap(vec![0; length])
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Heap(bytes)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Pages(pages) => pages,
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Pages(pages) => pages,
        }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::zeroed(self.len());
        copy.copy_from_slice(self);
        copy
    }
}
