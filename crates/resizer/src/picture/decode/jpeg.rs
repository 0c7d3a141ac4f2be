//! JPEG: its header, and what is the same whoever decodes the pixels.

use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::Detail;
#[cfg(not(feature = "turbo"))]
use super::pure as backend;
#[cfg(feature = "turbo")]
use super::turbo as backend;
use crate::picture::buffer::Buffer;
use crate::picture::colour::ink_to_rgb;
use crate::picture::error::PictureError;
use crate::picture::header::{Header, Kind, Probe};
use crate::picture::memory::DecodeCost;
use crate::picture::pixels::{Channels, Pixels};

/// Each scan of a progressive picture goes over all its coefficients. Cameras and tools write about ten; thousands are
/// an attack on time.
const MOST_SCANS: usize = 64;

/// Samples as a decoder gives them.
pub(super) struct Decoded {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) samples: Samples,
}

pub(super) enum Samples {
    Grey(Buffer),
    Rgb(Buffer),
    /// Cyan, magenta, yellow, black, inverted as Adobe writes them: 255 is no ink.
    Ink(Buffer),
}

pub(super) fn decoder(bytes: &[u8]) -> JpegDecoder<ZCursor<&[u8]>> {
    // The decoder's own limit of 16384 would refuse panoramas that ours on pixels lets through.
    let options = DecoderOptions::new_fast().set_max_width(65_535).set_max_height(65_535);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options.jpeg_set_max_scans(MOST_SCANS))
}

pub(super) fn damaged(reason: impl Into<String>) -> PictureError {
    PictureError::Damaged { format: Kind::Jpeg.name(), reason: reason.into() }
}

pub(super) fn from_decoder(error: &DecodeErrors) -> PictureError {
    match error {
        DecodeErrors::Unsupported(scheme) => {
            PictureError::Unsupported { format: Kind::Jpeg.name(), reason: format!("{scheme:?}") }
        }
        other => damaged(format!("{other}")),
    }
}

/// Reads markers up to the first scan.
pub(in crate::picture) fn header(bytes: &[u8]) -> Result<Header, PictureError> {
    let mut decoder = decoder(bytes);
    decoder.decode_headers().map_err(|error| from_decoder(&error))?;
    let info = decoder.info().ok_or_else(|| damaged("it has no frame"))?;
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let probe = Probe {
        kind: Kind::Jpeg,
        width: info.width.into(),
        height: info.height.into(),
        orientation: orientation.map_or(1, Orientation::to_exif),
    };
    let cost = cost(&probe, info.components.into());
    Ok(Header { probe, profile: decoder.icc_profile(), cost })
}

/// Counts coefficients for every picture, though only those in several scans are kept whole: whether a baseline picture
/// is one of them is known for certain only when it has been read.
fn cost(probe: &Probe, components: u64) -> DecodeCost {
    let padded = |side: u32| u64::from(side) + 32;
    let area = padded(probe.width) * padded(probe.height);
    let channels = if components == 1 { 1 } else { 3 };
    let coefficients = 2 * area * components;
    let rows = padded(probe.width) * components * 512;
    let samples = area * components;
    let converted = if components == 4 { area * 3 } else { 0 };
    DecodeCost { peak: samples + converted + coefficients + rows, kept: samples.max(area * channels), channels }
}

/// Decodes the pixels; ink becomes RGB by the file's profile if it is one for ink.
pub(super) fn decode(bytes: &[u8], header: &Header, detail: Detail) -> Result<Pixels, PictureError> {
    check_scans(bytes)?;
    let Decoded { width, height, samples } = backend::decode(bytes, detail)?;
    let (channels, data) = match samples {
        Samples::Grey(data) => (Channels::Grey, data),
        Samples::Rgb(data) => (Channels::Rgb, data),
        Samples::Ink(data) => (Channels::Rgb, ink_to_rgb(&data, header.profile.as_deref()).into()),
    };
    Ok(Pixels { width, height, channels, data })
}

/// Refuses too many scans, and a file whose end is missing: decoders paint what is missing grey, servers refuse it.
fn check_scans(bytes: &[u8]) -> Result<(), PictureError> {
    // Inside a scan 0xff is followed by 0 or a restart, so these pairs are markers. An embedded thumbnail adds a few.
    let (mut scans, mut last) = (0, 0);
    for at in memchr::memmem::find_iter(bytes, &[0xff, 0xda]) {
        (scans, last) = (scans + 1, at);
    }
    if scans > MOST_SCANS {
        return Err(damaged(format!("it has {scans} scans, and {MOST_SCANS} are plenty")));
    }
    if memchr::memmem::rfind(&bytes[last..], &[0xff, 0xd9]).is_none() {
        return Err(damaged("the file ends before the picture does"));
    }
    Ok(())
}
