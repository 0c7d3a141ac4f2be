//! Pictures for warm-up requests: the caller's own, or some that were made up.

use crate::image::{JPEG, PNG};

/// An encoded picture and what people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// For messages.
    pub name: String,
    /// A JPEG or a PNG.
    pub bytes: Vec<u8>,
}

impl Picture {
    /// Some that were made up, the same bytes every time.
    pub fn generated() -> Vec<Self> {
        GENERATED.map(|(name, bytes)| Self { name: name.into(), bytes: bytes.into() }).into()
    }

    /// Whether the graph can decode it, as far as its first bytes tell.
    pub fn is_jpeg_or_png(&self) -> bool {
        self.bytes.starts_with(JPEG) || self.bytes.starts_with(PNG)
    }
}

/// JPEGs of a camera's usual sizes, so that the first real request meets nothing new. They hold waves and blocks (see the
/// test), at quality 85. Files, because what an encoder makes of pixels depends on its version and on the features that other
/// crates of the same build ask it for, and an export shall be the same bytes every time.
const GENERATED: [(&str, &[u8]); 2] = [
    ("generated-299x299.jpg", include_bytes!("picture/generated-299x299.jpg")),
    ("generated-480x360.jpg", include_bytes!("picture/generated-480x360.jpg")),
];

/// RGB pixels with slow and fast changes, from integers alone.
pub fn pixels(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let wave = |at: u32, period: u32| {
            let phase = at % period;
            phase.min(period - phase) * 510 / period
        };
        let block = if (x / 37 + y / 29).is_multiple_of(2) { 48 } else { 0 };
        [wave(x + y, 211), wave(x, 97) / 2 + wave(y, 151) / 2, wave(x * 3 + y, 331) * 3 / 4 + block]
            .map(|value| value.min(255) as u8)
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

#[cfg(test)]
mod tests {
    use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

    use super::*;

    #[test]
    fn generated_pictures_hold_what_they_were_made_of() {
        for (picture, (width, height)) in Picture::generated().iter().zip([(299, 299), (480, 360)]) {
            let decoded = JpegDecoder::new(ZCursor::new(&picture.bytes)).decode().expect("a JPEG");
            let made_of = pixels(width, height);
            assert_eq!(decoded.len(), made_of.len(), "{}", picture.name);
            let off: u64 = decoded.iter().zip(&made_of).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = off as f64 / made_of.len() as f64;
            assert!(mean < 4.0, "{}: {mean} of 255", picture.name);
        }
    }
}
