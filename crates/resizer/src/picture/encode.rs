//! Pixels to bytes. JPEG subsamples colour 4:2:0 with the standard's tables, as Pillow does by default.

use std::fmt;
use std::str::FromStr;

use super::error::PictureError;
use super::pixels::{Channels, Pixels};

/// Format of a derivative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Baseline JPEG, 4:2:0.
    Jpeg,
    /// PNG, lossless, encoded for speed rather than size.
    Png,
    /// WebP, lossless.
    WebP,
}

impl Format {
    /// Longest side that the format takes, in pixels. PNG takes more than any upload here has.
    #[must_use]
    pub fn longest_side(self) -> u32 {
        match self {
            Self::Jpeg => 65_535,
            Self::Png => i32::MAX.unsigned_abs(),
            Self::WebP => 16_384,
        }
    }

    /// Content type of the bytes.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }

    /// What a file name ends with, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
        }
    }
}

/// Pillow's name: JPEG, PNG, WEBP.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WEBP",
        })
    }
}

/// Any case; `jpg` is JPEG too.
impl FromStr for Format {
    type Err = PictureError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.to_ascii_lowercase().as_str() {
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "png" => Ok(Self::Png),
            "webp" => Ok(Self::WebP),
            _ => Err(PictureError::BadRecipe(format!(
                "no derivative is made in format {name:?}; ask for jpeg, png or webp"
            ))),
        }
    }
}

/// Encodes; `quality` counts for JPEG alone.
pub(super) fn encode(pixels: &Pixels, format: Format, quality: u8) -> Result<Vec<u8>, PictureError> {
    match format {
        Format::Jpeg => jpeg(pixels, quality),
        Format::Png => png(pixels),
        Format::WebP => webp(pixels),
    }
}

fn failed(error: &dyn std::error::Error) -> PictureError {
    PictureError::Failed(format!("encoding: {error}"))
}

#[cfg(not(feature = "turbo"))]
fn jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, PictureError> {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    let side = |side: u32| u16::try_from(side).map_err(|error| failed(&error));
    let colour = match pixels.channels {
        Channels::Grey => ColorType::Luma,
        Channels::Rgb => ColorType::Rgb,
    };
    let mut bytes = Vec::with_capacity(pixels.data.len() / 8);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.encode(&pixels.data, side(pixels.width)?, side(pixels.height)?, colour).map_err(|error| failed(&error))?;
    Ok(bytes)
}

#[cfg(feature = "turbo")]
fn jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, PictureError> {
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

    let (format, subsampling) = match pixels.channels {
        Channels::Grey => (PixelFormat::GRAY, Subsamp::Gray),
        Channels::Rgb => (PixelFormat::RGB, Subsamp::Sub2x2),
    };
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let image = Image { pixels: &pixels.data[..], width, pitch: width * format.size(), height, format };
    let encode = || -> turbojpeg::Result<Vec<u8>> {
        let mut compressor = Compressor::new()?;
        compressor.set_quality(i32::from(quality))?;
        compressor.set_subsamp(subsampling)?;
        compressor.compress_to_vec(image)
    };
    encode().map_err(|error| failed(&error))
}

/// A PNG by the fast encoder made for it: some forty times as fast as the default, for a few percent more bytes.
pub(super) fn png(pixels: &Pixels) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::with_capacity(pixels.data.len() / 2);
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width, pixels.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(match pixels.channels {
        Channels::Grey => png::ColorType::Grayscale,
        Channels::Rgb => png::ColorType::Rgb,
    });
    encoder.set_compression(png::Compression::Fast);
    let encode = || -> Result<(), png::EncodingError> {
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels.data)?;
        writer.finish()
    };
    encode().map_err(|error| failed(&error))?;
    Ok(bytes)
}

fn webp(pixels: &Pixels) -> Result<Vec<u8>, PictureError> {
    use image_webp::{ColorType, WebPEncoder};

    let colour = match pixels.channels {
        Channels::Grey => ColorType::L8,
        Channels::Rgb => ColorType::Rgb8,
    };
    let mut bytes = Vec::with_capacity(pixels.data.len() / 2);
    WebPEncoder::new(&mut bytes)
        .encode(&pixels.data, pixels.width, pixels.height, colour)
        .map_err(|error| failed(&error))?;
    Ok(bytes)
}
