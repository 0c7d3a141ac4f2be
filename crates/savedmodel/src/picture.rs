//! Pictures for warm-up requests: the caller's own, or some that are made up here.

use jpeg_encoder::{ColorType, Encoder};

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
    /// Some that are made up, the same bytes every time.
    pub fn generated() -> Vec<Self> {
        generated()
    }

    /// Whether the graph can decode it, as far as its first bytes tell.
    pub fn is_jpeg_or_png(&self) -> bool {
        self.bytes.starts_with(JPEG) || self.bytes.starts_with(PNG)
    }
}

/// JPEGs of a camera's usual sizes, so that the first real request meets nothing new. Width and height of each.
const SIZES: [(u16, u16); 2] = [(299, 299), (480, 360)];

/// Pictures of waves and blocks, the same bytes every time.
pub fn generated() -> Vec<Picture> {
    let pictures = SIZES.map(|(width, height)| {
        let mut bytes = Vec::new();
        let encoder = Encoder::new(&mut bytes, 85);
        encoder
            .encode(&pixels(width, height), width, height, ColorType::Rgb)
            .expect("writing to memory does not fail, and the sizes agree");
        Picture { name: format!("generated-{width}x{height}.jpg"), bytes }
    });
    pictures.into()
}

/// RGB pixels with slow and fast changes, from integers alone.
pub fn pixels(width: u16, height: u16) -> Vec<u8> {
    let (width, height) = (u32::from(width), u32::from(height));
    let pixel = |x: u32, y: u32| {
        let wave = |at: u32, period: u32| {
            let phase = at % period;
            phase.min(period - phase) * 510 / period
        };
        let block = if (x / 37 + y / 29).is_multiple_of(2) { 48 } else { 0 };
        [wave(x + y, 211), wave(x, 97) / 2 + wave(y, 151) / 2, wave(x * 3 + y, 331) * 3 / 4 + block]
            .map(|value| value.min(255) as u8)
    };
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            pixels.extend_from_slice(&pixel(x, y));
        }
    }
    pixels
}
