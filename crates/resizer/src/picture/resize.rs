//! Lanczos resizing.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::error::PictureError;
use super::pixels::{Channels, Pixels};

/// A copy of `source` with `size` as width and height. `covered` is how much of `source` is picture, in its pixels: a
/// scaled decode rounds up, and to stretch its last part of a pixel to a whole one would shift all others.
pub(super) fn resize(source: &Pixels, covered: (f64, f64), size: (u32, u32)) -> Result<Pixels, PictureError> {
    let kind = match source.channels {
        Channels::Grey => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
    };
    let failed = |error: &dyn std::error::Error| PictureError::Failed(format!("resizing: {error}"));
    let from = ImageRef::new(source.width, source.height, &source.data, kind).map_err(|error| failed(&error))?;
    let mut to = Image::new(size.0, size.1, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    let options = options.crop(0.0, 0.0, covered.0, covered.1);
    Resizer::new().resize(&from, &mut to, &options).map_err(|error| failed(&error))?;
    Ok(Pixels { width: size.0, height: size.1, channels: source.channels, data: to.into_vec().into() })
}
