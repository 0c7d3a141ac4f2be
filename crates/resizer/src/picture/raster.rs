//! Plain pixels, for whoever measures decoding or makes pictures of their own.

use bytes::Bytes;

use super::decode::{self, Detail};
use super::encode::{Format, encode};
use super::error::PictureError;
use super::header;
use super::pixels::{Channels, Pixels};
use super::{Limits, contained};

/// RGB, 8 bits, rows from the top without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `height * width * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Raster {
    /// The encoded picture; `quality`, 1 to 100, counts for JPEG alone.
    ///
    /// # Errors
    /// Pixels that are not as many as the sides say; sides of 0 or longer than the format takes; a quality beyond its range.
    pub fn encode(self, format: Format, quality: u8) -> Result<Bytes, PictureError> {
        let Self { width, height, rgb } = self;
        let most = format.longest_side();
        if width.max(height) > most {
            return Err(PictureError::TooLongForFormat { format, most, width, height });
        }
        let expected = width as usize * height as usize * Channels::Rgb.count();
        if rgb.len() != expected || expected == 0 || !(1..=100).contains(&quality) {
            let found = rgb.len();
            let what = format!("{width}x{height} pixels in {found} bytes of RGB at quality {quality} are no picture");
            return Err(PictureError::BadRecipe(what));
        }
        let pixels = Pixels { width, height, channels: Channels::Rgb, data: rgb.into() };
        contained(|| encode(&pixels, format, quality)).map(Bytes::from)
    }
}

/// See [`super::decode`].
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, PictureError> {
    let header = header::read(bytes, limits)?;
    let Pixels { width, height, channels, data } = decode::decode(bytes, &header, Detail::Full, limits)?;
    let rgb = match channels {
        Channels::Rgb => data.to_vec(),
        Channels::Grey => data.iter().flat_map(|grey| [*grey; 3]).collect(),
    };
    Ok(Raster { width, height, rgb })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lossless_formats_give_back_the_pixels() {
        let rgb: Vec<u8> = (0..7 * 5 * 3).map(|value| value * 2).collect();
        let raster = Raster { width: 7, height: 5, rgb };
        for format in [Format::Png, Format::WebP] {
            let bytes = raster.clone().encode(format, 75).expect("a picture");
            assert_eq!(decode(&bytes, &Limits::default()).expect("pixels"), raster, "{format}");
        }
        let jpeg = raster.clone().encode(Format::Jpeg, 95).expect("a picture");
        let decoded = decode(&jpeg, &Limits::default()).expect("pixels");
        assert_eq!((decoded.width, decoded.height, decoded.rgb.len()), (7, 5, raster.rgb.len()));
    }

    #[test]
    fn what_is_no_picture_is_told() {
        let raster = Raster { width: 2, height: 2, rgb: vec![0; 11] };
        let error = raster.encode(Format::Png, 75).expect_err("a byte is missing").to_string();
        assert_eq!(error, "2x2 pixels in 11 bytes of RGB at quality 75 are no picture");
    }
}
