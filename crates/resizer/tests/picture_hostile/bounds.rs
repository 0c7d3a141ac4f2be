//! Honest pictures in exactly the memory that the pipeline says it needs.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use resizer::picture::{Format, Limits, PictureError, Recipe, derive};

use super::{alone, pictures, within};

/// Noise that hardly compresses, so that outputs are as long as they get.
fn noise() -> RgbImage {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    RgbImage::from_fn(1900, 1300, |_, _| image::Rgb([byte(), byte(), byte()]))
}

fn jpeg(picture: &RgbImage, progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    encoder.set_progressive(progressive);
    encoder.encode(picture.as_raw(), 1900, 1300, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

fn files() -> Vec<(String, Vec<u8>)> {
    let picture = noise();
    let whole = DynamicImage::ImageRgb8(picture.clone());
    let saved = |picture: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let mut files = vec![
        ("JPEG".to_owned(), jpeg(&picture, false)),
        ("progressive JPEG".to_owned(), jpeg(&picture, true)),
        ("16-bit PNG".to_owned(), saved(&DynamicImage::ImageRgba16(whole.to_rgba16()), ImageFormat::Png)),
        ("16-bit TIFF".to_owned(), saved(&DynamicImage::ImageRgb16(whole.to_rgb16()), ImageFormat::Tiff)),
        ("WebP with alpha".to_owned(), saved(&DynamicImage::ImageRgba8(whole.to_rgba8()), ImageFormat::WebP)),
        ("grey PNG".to_owned(), saved(&DynamicImage::ImageLuma8(whole.to_luma8()), ImageFormat::Png)),
    ];
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP] {
        files.push((format!("{format:?}"), saved(&whole, format)));
    }
    files.extend(
        pictures().into_iter().filter(|(name, _)| name.contains("profile") || name.starts_with("orientation-6")),
    );
    files
}

#[test]
fn no_picture_takes_more_memory_than_it_was_judged_to_need() {
    let _alone = alone();
    let formats = vec![Format::Jpeg, Format::Png, Format::WebP];
    let recipes = [false, true].map(|exact| {
        [Recipe { exact, ..Recipe::default() }, Recipe { formats: formats.clone(), exact, ..Recipe::default() }]
    });
    let files = files();
    derive(&files[0].1, &Recipe::default(), &Limits::default()).unwrap(); // threads and their own memory
    for (name, bytes) in &files {
        for recipe in recipes.as_flattened() {
            let mut limits = Limits { memory: 0, ..Limits::default() };
            // Each refusal says what was missing: first for decoding alone, then for the whole recipe.
            let judged = loop {
                match derive(bytes, recipe, &limits) {
                    Err(PictureError::TooMuchMemory { needed, .. }) => limits.memory = usize::try_from(needed).unwrap(),
                    other => {
                        other.unwrap();
                        break limits.memory;
                    }
                }
            };
            println!("{name}, exact {}, {} formats: {judged} bytes", recipe.exact, recipe.formats.len());
            within(judged, || derive(bytes, recipe, &limits)).unwrap();
        }
    }
}
