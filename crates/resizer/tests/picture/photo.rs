//! Pictures with the spectrum of photographs, from a number alone.

use image::{Rgb, RgbImage};

/// Octaves of noise, each half as strong as the one twice as coarse (1/f, as photographs are), with some hard edges.
pub fn photo_like(width: u32, height: u32, seed: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let light = noise(x, y, seed);
        let tint = noise(y / 2 + 999, x / 2, seed);
        let edge = if (x / 97 + y / 61) % 5 == 0 { 45.0 } else { 0.0 };
        let red = 120.0 + 150.0 * light + edge;
        let green = 110.0 + 140.0 * light + 40.0 * tint;
        let blue = 100.0 + 120.0 * light - 60.0 * tint + edge;
        Rgb([red, green, blue].map(|value| value.clamp(0.0, 255.0) as u8))
    })
}

fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let octave = |octave: u32| {
        let cell = 256 >> octave;
        let (left, top) = (x / cell, y / cell);
        let (u, v) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t * t * (3.0 - 2.0 * t);
        let at = |x, y| lattice(x, y, octave + seed * 31);
        let upper = mix(at(left, top), at(left + 1, top), u);
        let lower = mix(at(left, top + 1), at(left + 1, top + 1), u);
        mix(upper, lower, v) * cell as f32 / 256.0
    };
    (0..9).map(octave).sum()
}

/// From -0.5 to 0.5, the same for the same place.
fn lattice(x: u32, y: u32, layer: u32) -> f32 {
    let hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ layer.wrapping_mul(0xc2b2_ae3d);
    let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    (((hash ^ (hash >> 12)) >> 16) & 0xffff) as f32 / 65_535.0 - 0.5
}

/// As a camera saves it: quality 92, colour at half the size.
pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 92);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    let side = |side| u16::try_from(side).expect("a picture that JPEG takes");
    let (width, height) = picture.dimensions();
    let colour = jpeg_encoder::ColorType::Rgb;
    encoder.encode(picture.as_raw(), side(width), side(height), colour).expect("memory takes all that is written");
    bytes
}
