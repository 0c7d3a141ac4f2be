//! Decoded pixels: 8 bits, grey or RGB, rows from the top without gaps.

use super::buffer::Buffer;

/// Channels of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// One byte.
    Grey,
    /// Three bytes.
    Rgb,
}

impl Channels {
    /// Bytes of a pixel.
    pub(super) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

/// A decoded picture.
#[derive(Debug, Clone)]
pub(super) struct Pixels {
    /// Pixels of a row.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// What a pixel is made of.
    pub(super) channels: Channels,
    /// `width * height * channels` bytes.
    pub(super) data: Buffer,
}

impl Pixels {
    /// Width and height.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

/// One byte of a pixel with alpha laid over white.
pub(super) fn over_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    let mixed = (value * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}
