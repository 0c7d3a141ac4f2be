//! PNG, GIF, BMP, TIFF and WebP, through the image crate's decoders.

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, tiff::TiffDecoder, webp::WebPDecoder};
use image::{ImageDecoder, ImageError, ImageResult};

use super::samples::to_pixels;
use super::{tiff, webp};
use crate::picture::Limits;
use crate::picture::error::PictureError;
use crate::picture::header::{Header, Kind, Probe};
use crate::picture::memory::DecodeCost;
use crate::picture::pixels::Pixels;

/// What profiles and texts of a PNG may unpack to, in bytes; its pixels are counted apart.
const METADATA: usize = 4 << 20;

fn open<'a>(kind: Kind, bytes: &'a [u8], limits: &Limits) -> ImageResult<Box<dyn ImageDecoder + 'a>> {
    let allowed = |bytes: usize| {
        let mut allowed = image::Limits::no_limits();
        allowed.max_alloc = Some(bytes as u64);
        allowed
    };
    let input = Cursor::new(bytes);
    let mut decoder: Box<dyn ImageDecoder + 'a> = match kind {
        Kind::Png => return Ok(Box::new(PngDecoder::with_limits(input, allowed(METADATA))?)),
        Kind::Gif => Box::new(GifDecoder::new(input)?),
        Kind::Bmp => Box::new(BmpDecoder::new(input)?),
        // Its own limits stay: ours, given as one number, would let the values of one tag grow to that number thirtyfold.
        // They take pictures of 256 MiB.
        Kind::Tiff => return Ok(Box::new(TiffDecoder::new(input)?)),
        Kind::WebP | Kind::Jpeg => Box::new(WebPDecoder::new(input)?),
    };
    decoder.set_limits(allowed(limits.memory))?;
    Ok(decoder)
}

/// Reads what stands before the pixels.
pub(in crate::picture) fn header(kind: Kind, bytes: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    if kind == Kind::Tiff && tiff::Palette::is_used(bytes) {
        return palette_header(bytes, limits);
    }
    if kind == Kind::WebP && !webp::chunks_fit(bytes) {
        let reason = "a chunk is longer than the file".into();
        return Err(PictureError::Damaged { format: kind.name(), reason });
    }
    let lists = if kind == Kind::Tiff { tiff_lists(bytes, limits)? } else { 0 };
    let told = |error: ImageError| from_decoder(kind, limits, error);
    let mut decoder = open(kind, bytes, limits).map_err(told)?;
    let (width, height) = decoder.dimensions();
    // A tag that cannot be read must not cost the picture.
    let (orientation, profile) = match kind {
        Kind::Tiff => (tiff::orientation(bytes), tiff::profile(bytes)),
        _ => {
            let orientation = decoder.orientation().map_or(1, |orientation| orientation.to_exif());
            (orientation, decoder.icc_profile().unwrap_or(None))
        }
    };
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    let cost = cost(kind, u64::from(width) * u64::from(height), decoder.total_bytes(), channels);
    let cost = DecodeCost { peak: cost.peak.saturating_add(lists), ..cost };
    Ok(Header { probe: Probe { kind, width, height, orientation }, profile, cost })
}

/// Bytes that the lists of the directory will take: 32 for each value as the decoder reads it, and 8 and 8 once it knows
/// what it means.
fn tiff_lists(bytes: &[u8], limits: &Limits) -> Result<u64, PictureError> {
    let damaged = |reason: &str| PictureError::Damaged { format: Kind::Tiff.name(), reason: reason.into() };
    let needed = tiff::listed(bytes).map_err(damaged)?.saturating_mul(48);
    let limit = limits.memory as u64;
    if needed > limit { Err(PictureError::TooMuchMemory { needed, limit }) } else { Ok(needed) }
}

fn palette(bytes: &[u8]) -> Result<tiff::Palette, PictureError> {
    let reason = || "its palette is missing".into();
    tiff::Palette::of(bytes).ok_or_else(|| PictureError::Damaged { format: Kind::Tiff.name(), reason: reason() })
}

/// The header of the same picture in grey, with what colours and a copy of the file take on top.
fn palette_header(bytes: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    let mut header = header(Kind::Tiff, &palette(bytes)?.as_grey, limits)?;
    let colours = 3 * u64::from(header.probe.width) * u64::from(header.probe.height);
    let cost = &mut header.cost;
    *cost = DecodeCost { peak: cost.peak + colours + bytes.len() as u64, kept: colours, channels: 3 };
    Ok(header)
}

/// What each decoder holds beside the samples it hands out.
fn cost(kind: Kind, pixels: u64, samples: u64, channels: u64) -> DecodeCost {
    let beside = match kind {
        Kind::Png | Kind::Bmp | Kind::Jpeg => 0,
        Kind::Gif => samples.saturating_add(pixels), // the frame, and its indices
        Kind::Tiff => samples.saturating_mul(2).saturating_add(pixels.saturating_mul(2)), // a copy, a strip, ink
        Kind::WebP => pixels.saturating_mul(9),      // planes or packed pixels, and a canvas
    };
    DecodeCost { peak: samples.saturating_add(beside), kept: samples, channels }
}

/// Decodes the first frame or page.
pub(super) fn decode(kind: Kind, bytes: &[u8], limits: &Limits) -> Result<Pixels, PictureError> {
    if kind == Kind::Tiff && tiff::Palette::is_used(bytes) {
        let palette = palette(bytes)?;
        return decode(kind, &palette.as_grey, limits).map(|places| palette.look_up(&places));
    }
    let told = |error: ImageError| from_decoder(kind, limits, error);
    let decoder = open(kind, bytes, limits).map_err(told)?;
    let ((width, height), colour) = (decoder.dimensions(), decoder.color_type());
    let size = usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX);
    if size > limits.memory {
        return Err(PictureError::TooMuchMemory { needed: size as u64, limit: limits.memory as u64 });
    }
    let mut samples = vec![0; size];
    decoder.read_image_boxed(&mut samples).map_err(told)?;
    let (channels, data) = to_pixels(colour, samples)
        .ok_or_else(|| PictureError::Unsupported { format: kind.name(), reason: format!("samples are {colour:?}") })?;
    Ok(Pixels { width, height, channels, data: data.into() })
}

fn from_decoder(kind: Kind, limits: &Limits, error: ImageError) -> PictureError {
    let format = kind.name();
    match error {
        ImageError::Unsupported(reason) => PictureError::Unsupported { format, reason: reason.to_string() },
        ImageError::Limits(_) => {
            let limit = limits.memory as u64;
            PictureError::TooMuchMemory { needed: limit.saturating_add(1), limit }
        }
        other => PictureError::Damaged { format, reason: other.to_string() },
    }
}
