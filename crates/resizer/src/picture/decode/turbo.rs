//! JPEG pixels by libjpeg-turbo, at a fraction of the size where that is enough.

use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use super::Detail;
use super::jpeg::{Decoded, Samples, damaged};
use crate::picture::buffer::Buffer;
use crate::picture::error::PictureError;

/// Decodes at full size, or at the smallest of 1/2, 1/4 and 1/8 (those with SIMD) that still has `detail`.
pub(super) fn decode(bytes: &[u8], detail: Detail) -> Result<Decoded, PictureError> {
    run(bytes, detail).map_err(|error| damaged(error.to_string()))
}

fn run(bytes: &[u8], detail: Detail) -> turbojpeg::Result<Decoded> {
    let mut decompressor = Decompressor::new()?;
    let header = decompressor.read_header(bytes)?;
    let factor = factor((header.width, header.height), detail);
    decompressor.set_scaling_factor(factor)?;
    let scaled = header.scaled(factor);
    let format = match header.colorspace {
        Colorspace::Gray => PixelFormat::GRAY,
        Colorspace::CMYK | Colorspace::YCCK => PixelFormat::CMYK,
        Colorspace::RGB | Colorspace::YCbCr => PixelFormat::RGB,
    };
    let pitch = scaled.width * format.size();
    let mut data = Buffer::zeroed(pitch * scaled.height);
    let image = Image { pixels: &mut data[..], width: scaled.width, pitch, height: scaled.height, format };
    decompressor.decompress(bytes, image)?;
    let samples = match format {
        PixelFormat::GRAY => Samples::Grey(data),
        PixelFormat::CMYK => Samples::Ink(data),
        _ => Samples::Rgb(data),
    };
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    Ok(Decoded { width: side(scaled.width), height: side(scaled.height), samples })
}

fn factor((width, height): (usize, usize), detail: Detail) -> ScalingFactor {
    let Detail::Enough(least_width, least_height) = detail else { return ScalingFactor::ONE };
    let enough = |factor: &ScalingFactor| {
        factor.scale(width) >= least_width as usize && factor.scale(height) >= least_height as usize
    };
    [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF]
        .into_iter()
        .find(enough)
        .unwrap_or(ScalingFactor::ONE)
}
