//! Bytes to pixels, and bytes to what their header says. JPEG, which is most of what people upload, has decoders of its
//! own; the rest comes through the image crate.

pub(super) mod jpeg;
pub(super) mod others;
#[cfg(not(feature = "turbo"))]
mod pure;
mod samples;
mod tiff;
#[cfg(feature = "turbo")]
mod turbo;
mod webp;

use super::error::PictureError;
use super::header::{Header, Kind};
use super::pixels::Pixels;
use super::{Limits, Probe};

/// How much of the picture is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Every pixel.
    Full,
    /// Enough for this width and height, in pixels as stored.
    Enough(u32, u32),
}

/// Decodes to 8 bits, grey or RGB, alpha over white.
pub(super) fn decode(bytes: &[u8], header: &Header, detail: Detail, limits: &Limits) -> Result<Pixels, PictureError> {
    let Probe { kind, width, height, .. } = header.probe;
    let pixels = match kind {
        Kind::Jpeg => jpeg::decode(bytes, header, detail)?,
        _ => others::decode(kind, bytes, limits)?,
    };
    let expected = pixels.width as usize * pixels.height as usize * pixels.channels.count();
    if pixels.data.len() != expected || (detail == Detail::Full && pixels.size() != (width, height)) {
        return Err(PictureError::Failed("decoding: the decoder's pixels are not those of its header".into()));
    }
    Ok(pixels)
}
