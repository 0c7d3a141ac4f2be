//! JPEG pixels by zune-jpeg.

use zune_jpeg::zune_core::colorspace::ColorSpace;

use super::Detail;
use super::jpeg::{Decoded, Samples, damaged, decoder, from_decoder};
use crate::picture::buffer::Buffer;
use crate::picture::error::PictureError;

/// Decodes all pixels: this decoder knows no fractions of the size.
pub(super) fn decode(bytes: &[u8], _: Detail) -> Result<Decoded, PictureError> {
    let mut decoder = decoder(bytes);
    decoder.decode_headers().map_err(|error| from_decoder(&error))?;
    let info = decoder.info().ok_or_else(|| damaged("it has no frame"))?;
    let stored = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
    // Ink is taken as stored: the decoder's own way to RGB knows no profile.
    let wanted = match (info.components, stored) {
        (1, _) => ColorSpace::Luma,
        (4, ColorSpace::YCCK) => ColorSpace::YCCK,
        (4, _) => ColorSpace::CMYK,
        _ => ColorSpace::RGB,
    };
    let options = decoder.options().jpeg_set_out_colorspace(wanted);
    decoder.set_options(options);
    let size = decoder.output_buffer_size().ok_or_else(|| damaged("it has no frame"))?;
    let mut data = Buffer::zeroed(size);
    decoder.decode_into(&mut data).map_err(|error| from_decoder(&error))?;
    let samples = match wanted {
        ColorSpace::Luma => Samples::Grey(data),
        ColorSpace::RGB => Samples::Rgb(data),
        ColorSpace::YCCK => {
            data.chunks_exact_mut(4).for_each(ycck_to_cmyk);
            Samples::Ink(data)
        }
        _ => Samples::Ink(data),
    };
    Ok(Decoded { width: info.width.into(), height: info.height.into(), samples })
}

/// T.871's way from `YCbCr` to RGB; Adobe's inverted CMY of YCCK is that RGB's complement, and black stays.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte before")]
fn ycck_to_cmyk(pixel: &mut [u8]) {
    let (y, cb, cr) = (f32::from(pixel[0]), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0);
    let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    pixel[0] = 255 - byte(y + 1.402 * cr);
    pixel[1] = 255 - byte(y - 0.344_136 * cb - 0.714_136 * cr);
    pixel[2] = 255 - byte(y + 1.772 * cb);
}
