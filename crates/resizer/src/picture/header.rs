//! What a file says of itself before anything is decoded: enough to refuse a decompression bomb for its claims alone.

use super::error::PictureError;
use super::memory::DecodeCost;
use super::{Limits, decode};

/// Formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Baseline, extended and progressive, 8 bits.
    Jpeg,
    /// All of it; of an animation the default image.
    Png,
    /// The first frame.
    Gif,
    /// Windows bitmaps.
    Bmp,
    /// The first page; grey, RGB and CMYK.
    Tiff,
    /// Lossy and lossless; of an animation the first frame.
    WebP,
}

impl Kind {
    /// Tells formats by their first bytes; names and content types are only claims.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let begins = |magic: &[u8]| bytes.starts_with(magic);
        match bytes {
            _ if begins(b"\xff\xd8\xff") => Some(Self::Jpeg),
            _ if begins(b"\x89PNG\r\n\x1a\n") => Some(Self::Png),
            _ if begins(b"GIF87a") || begins(b"GIF89a") => Some(Self::Gif),
            _ if begins(b"BM") => Some(Self::Bmp),
            _ if begins(b"II*\0") || begins(b"MM\0*") => Some(Self::Tiff),
            _ if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => Some(Self::WebP),
            _ => None,
        }
    }

    /// Pillow's name of the format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::WebP => "WEBP",
        }
    }

    /// Content type of such a file.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::WebP => "image/webp",
        }
    }

    /// Whether TensorFlow's `decode_jpeg`, which takes JPEG, PNG and GIF, can be sent the file as it is.
    #[must_use]
    pub fn decodes_in_graph(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Gif)
    }
}

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// The format, by its bytes.
    pub kind: Kind,
    /// Width in pixels as stored, before orientation.
    pub width: u32,
    /// Height in pixels as stored, before orientation.
    pub height: u32,
    /// EXIF orientation, 1 to 8; 1 where the file says nothing.
    pub orientation: u8,
}

/// The probe, and what decoding needs to know beside it.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) probe: Probe,
    /// Embedded colour profile.
    pub(super) profile: Option<Vec<u8>>,
    /// Memory of decoding.
    pub(super) cost: DecodeCost,
}

/// Reads the header and holds it against the limits.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    let kind = Kind::of(bytes).ok_or(PictureError::UnknownFormat)?;
    if bytes.len() > limits.bytes {
        return Err(PictureError::TooManyBytes { bytes: bytes.len(), limit: limits.bytes });
    }
    let mut header = match kind {
        Kind::Jpeg => decode::jpeg::header(bytes)?,
        _ => decode::others::header(kind, bytes, limits)?,
    };
    let Probe { width, height, .. } = header.probe;
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged { format: kind.name(), reason: "it has no pixels".into() });
    }
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(PictureError::TooManyPixels { width, height, limit: limits.pixels });
    }
    header.cost.peak = header.cost.peak.saturating_add(bytes.len() as u64); // decoders copy metadata
    header.cost.check(limits)?;
    Ok(header)
}
