//! Samples of any depth, with or without alpha, to 8-bit grey or RGB; inside the buffer they came in.

use image::ColorType;

use crate::picture::pixels::{Channels, over_white};

/// Converts; none for samples of a kind that no decoder gives today.
pub(super) fn to_pixels(colour: ColorType, mut samples: Vec<u8>) -> Option<(Channels, Vec<u8>)> {
    match colour {
        ColorType::L8 => return Some((Channels::Grey, samples)),
        ColorType::Rgb8 => return Some((Channels::Rgb, samples)),
        ColorType::La8 => flatten::<1, 2>(&mut samples, 1, |sample| sample[0]),
        ColorType::Rgba8 => flatten::<3, 4>(&mut samples, 1, |sample| sample[0]),
        ColorType::L16 => flatten::<1, 1>(&mut samples, 2, from_16),
        ColorType::La16 => flatten::<1, 2>(&mut samples, 2, from_16),
        ColorType::Rgb16 => flatten::<3, 3>(&mut samples, 2, from_16),
        ColorType::Rgba16 => flatten::<3, 4>(&mut samples, 2, from_16),
        ColorType::Rgb32F => flatten::<3, 3>(&mut samples, 4, from_float),
        ColorType::Rgba32F => flatten::<3, 4>(&mut samples, 4, from_float),
        _ => return None,
    }
    let channels = if colour.has_color() { Channels::Rgb } else { Channels::Grey };
    Some((channels, samples))
}

/// Rewrites pixels of `FROM` samples, `depth` bytes each, as pixels of `TO` bytes, from the front: a pixel is never
/// longer than it was, so none is overwritten before it has been read. A sample beyond `TO` is alpha.
fn flatten<const TO: usize, const FROM: usize>(samples: &mut Vec<u8>, depth: usize, byte: impl Fn(&[u8]) -> u8) {
    let count = samples.len() / (FROM * depth);
    for pixel in 0..count {
        let mut bytes = [0; FROM];
        let from = &samples[pixel * FROM * depth..][..FROM * depth];
        for (byte_of, sample) in bytes.iter_mut().zip(from.chunks_exact(depth)) {
            *byte_of = byte(sample);
        }
        if FROM > TO {
            let alpha = bytes[TO];
            bytes.iter_mut().for_each(|value| *value = over_white(*value, alpha));
        }
        samples[pixel * TO..][..TO].copy_from_slice(&bytes[..TO]);
    }
    samples.truncate(count * TO);
}

fn from_16(sample: &[u8]) -> u8 {
    let value = u32::from(u16::from_ne_bytes([sample[0], sample[1]]));
    u8::try_from((value + 128) / 257).unwrap_or(u8::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte before; NaN becomes 0")]
fn from_float(sample: &[u8]) -> u8 {
    let value = f32::from_ne_bytes([sample[0], sample[1], sample[2], sample[3]]);
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}
