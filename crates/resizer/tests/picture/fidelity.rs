//! How far the fast path is from the exact one, in PSNR and SSIM, on pictures with the spectrum of photographs.

use image::GrayImage;
use image::RgbImage;
use resizer::picture::Recipe;

use super::{lossless, made, pixels};

/// Octaves of noise, each half as strong as the one twice as coarse (so 1/f, as photographs are), with hard edges.
fn photo_like(width: u32, height: u32, seed: u32) -> RgbImage {
    let value = |x: u32, y: u32, octave: u32| {
        let mut hash =
            x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ (octave + seed * 31).wrapping_mul(0xc2b2_ae3d);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
        f32::from(((hash ^ (hash >> 12)) >> 16) as u16) / 65_535.0 - 0.5
    };
    let noise = |x: u32, y: u32| {
        (0..9)
            .map(|octave| {
                let cell = 256 >> octave;
                let (left, top) = (x / cell, y / cell);
                let (u, v) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
                let mix = |a: f32, b: f32, t: f32| a + (b - a) * t * t * (3.0 - 2.0 * t);
                let upper = mix(value(left, top, octave), value(left + 1, top, octave), u);
                let lower = mix(value(left, top + 1, octave), value(left + 1, top + 1, octave), u);
                mix(upper, lower, v) * cell as f32 / 256.0
            })
            .sum::<f32>()
    };
    RgbImage::from_fn(width, height, |x, y| {
        let light = noise(x, y);
        let tint = noise(y / 2 + 999, x / 2);
        let edge = if (x / 97 + y / 61) % 5 == 0 { 45.0 } else { 0.0 };
        let byte = |value: f32| value.clamp(0.0, 255.0) as u8;
        image::Rgb([
            byte(120.0 + 150.0 * light + edge),
            byte(110.0 + 140.0 * light + 40.0 * tint),
            byte(100.0 + 120.0 * light - 60.0 * tint + edge),
        ])
    })
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 92);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    let (width, height) = picture.dimensions();
    encoder.encode(picture.as_raw(), width as u16, height as u16, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

/// Peak signal to noise, dB.
fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    let squares: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    if squares == 0 {
        f64::INFINITY
    } else {
        10.0 * (255.0_f64.powi(2) * a.as_raw().len() as f64 / squares as f64).log10()
    }
}

/// Structural similarity of the grey pictures: Wang et al. 2004 with its constants, mean over windows of 8x8.
fn ssim(a: &RgbImage, b: &RgbImage) -> f64 {
    let grey = |picture: &RgbImage| -> GrayImage { image::DynamicImage::ImageRgb8(picture.clone()).into_luma8() };
    let (a, b) = (grey(a), grey(b));
    let (mut sum, mut windows) = (0.0, 0.0);
    for top in (0..a.height().saturating_sub(7)).step_by(4) {
        for left in (0..a.width().saturating_sub(7)).step_by(4) {
            let [mut x, mut y, mut xx, mut yy, mut xy] = [0.0; 5];
            for (row, column) in (0..8).flat_map(|row| (0..8).map(move |column| (row, column))) {
                let of = |picture: &GrayImage| f64::from(picture.get_pixel(left + column, top + row)[0]);
                let (p, q) = (of(&a), of(&b));
                (x, y, xx, yy, xy) = (x + p, y + q, xx + p * p, yy + q * q, xy + p * q);
            }
            let (x, y) = (x / 64.0, y / 64.0);
            let (xx, yy, xy) = (xx / 64.0 - x * x, yy / 64.0 - y * y, xy / 64.0 - x * y);
            let (c1, c2) = (6.5025, 58.5225);
            sum += (2.0 * x * y + c1) * (2.0 * xy + c2) / ((x * x + y * y + c1) * (xx + yy + c2));
            windows += 1.0;
        }
    }
    sum / windows
}

#[test]
fn the_fast_path_is_within_38_db_of_the_exact_one() {
    let sizes = Recipe::default().sizes;
    for ((width, height), seed) in [(3000, 2000), (2725, 2225), (1500, 2000), (4200, 900)].into_iter().zip(1..) {
        let bytes = jpeg(&photo_like(width, height, seed));
        let [exact, fast] = [true, false].map(|exact| made(&bytes, &lossless(&sizes, exact)));
        for (exact, fast) in exact.derivatives.iter().zip(&fast.derivatives) {
            let (exact_pixels, fast_pixels) = (pixels(exact), pixels(fast));
            let (noise, likeness) = (psnr(&exact_pixels, &fast_pixels), ssim(&exact_pixels, &fast_pixels));
            println!("{width}x{height} in {}: PSNR {noise:.1} dB, SSIM {likeness:.4}", exact.size);
            assert!(noise >= 38.0, "{width}x{height} in {}: {noise:.1} dB", exact.size);
            assert!(likeness >= 0.98, "{width}x{height} in {}: SSIM {likeness:.4}", exact.size);
        }
    }
}

#[test]
fn sizes_close_to_each_other_are_not_made_of_each_other() {
    let bytes = jpeg(&photo_like(1600, 1200, 9));
    let sizes = [1500, 1400, 1300, 1200, 1100, 700];
    let [exact, fast] = [true, false].map(|exact| made(&bytes, &lossless(&sizes, exact)));
    for (exact, fast) in exact.derivatives.iter().zip(&fast.derivatives) {
        assert!(psnr(&pixels(exact), &pixels(fast)) >= 38.0, "in {}", exact.size);
    }
}
