//! How far the fast path is from the exact one, in PSNR and SSIM, on pictures with the spectrum of photographs.

use image::GrayImage;
use image::RgbImage;
use resizer::picture::Recipe;

use super::photo::{jpeg, photo_like};
use super::{lossless, made, pixels};

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
fn the_fast_path_is_within_45_db_of_the_exact_one() {
    for ((width, height), seed) in [(3000, 2000), (2725, 2225), (1500, 2000), (4200, 900)].into_iter().zip(1..) {
        let bytes = jpeg(&photo_like(width, height, seed));
        // The original's sizes, and such as leave libjpeg-turbo's scaled decodes the least room: 1.4 times the size.
        let longest = width.max(height);
        let tight = [2, 4, 8].map(|fraction| vec![longest / fraction * 5 / 7, longest / fraction / 3]);
        for sizes in [&[Recipe::default().sizes][..], &tight].concat() {
            let [exact, fast] = [true, false].map(|exact| made(&bytes, &lossless(&sizes, exact)));
            for (exact, fast) in exact.derivatives.iter().zip(&fast.derivatives) {
                let (exact_pixels, fast_pixels) = (pixels(exact), pixels(fast));
                let (noise, likeness) = (psnr(&exact_pixels, &fast_pixels), ssim(&exact_pixels, &fast_pixels));
                println!("{width}x{height} in {} of {sizes:?}: PSNR {noise:.1} dB, SSIM {likeness:.4}", exact.size);
                assert!(noise >= 45.0, "{width}x{height} in {}: {noise:.1} dB", exact.size);
                assert!(likeness >= 0.98, "{width}x{height} in {}: SSIM {likeness:.4}", exact.size);
            }
        }
    }
}

#[test]
fn sizes_close_to_each_other_are_not_made_of_each_other() {
    let bytes = jpeg(&photo_like(1600, 1200, 9));
    let sizes = [1500, 1400, 1300, 1200, 1100, 700];
    let [exact, fast] = [true, false].map(|exact| made(&bytes, &lossless(&sizes, exact)));
    for (exact, fast) in exact.derivatives.iter().zip(&fast.derivatives) {
        assert!(psnr(&pixels(exact), &pixels(fast)) >= 45.0, "in {}", exact.size);
    }
}
