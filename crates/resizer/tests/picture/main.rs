//! The picture pipeline on honest pictures: what Pillow makes of the same files, sizes, times, formats, fidelity.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking, and tell figures")]

mod fidelity;
mod photo;
mod pillow;
mod recipe;

use resizer::picture::{Derivative, Derived, Format, Limits, Recipe, derive};

/// Derives with default limits.
fn made(bytes: &[u8], recipe: &Recipe) -> Derived {
    derive(bytes, recipe, &Limits::default()).unwrap()
}

/// A PNG of each size: exact pixels to look at.
fn lossless(sizes: &[u32], exact: bool) -> Recipe {
    Recipe { sizes: sizes.to_vec(), formats: vec![Format::Png], qualities: vec![], exact }
}

/// A derivative's pixels as RGB, decoded by the image crate.
fn pixels(derivative: &Derivative) -> image::RgbImage {
    let decoded = image::load_from_memory(&derivative.bytes).unwrap().into_rgb8();
    assert_eq!(decoded.dimensions(), (derivative.width, derivative.height));
    decoded
}
