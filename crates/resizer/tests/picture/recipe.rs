//! What a recipe makes: rows, their order, what is equal, formats, servable originals, senseless wishes.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use resizer::picture::{Format, Limits, PictureError, Recipe, Servable, derive};

use super::{lossless, made, pixels};

fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, ((x * y) % 251) as u8]))
}

fn saved(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn rows_come_by_size_then_format_then_quality() {
    let formats = vec![Format::Jpeg, Format::Png, Format::WebP];
    let recipe = Recipe { sizes: vec![16, 40], formats, qualities: vec![75, 90], exact: false };
    let derived = made(&saved(&picture(64, 32), ImageFormat::Png), &recipe);
    let rows: Vec<_> = derived.derivatives.iter().map(|row| (row.size, row.format, row.quality, row.height)).collect();
    let of_size = |size, height| {
        [(Format::Jpeg, Some(75)), (Format::Jpeg, Some(90)), (Format::Png, None), (Format::WebP, None)]
            .map(|(format, quality)| (size, format, quality, height))
    };
    assert_eq!(rows, [of_size(16, 8), of_size(40, 20)].concat());
    for row in &derived.derivatives {
        let decoded = if row.format == Format::Jpeg { None } else { Some(pixels(row)) };
        assert_eq!(decoded.is_none(), row.bytes.starts_with(&[0xff, 0xd8]));
        assert!(row.encode.as_nanos() > 0 && row.decode == derived.original.decode);
    }
    assert_eq!(pixels(&derived.derivatives[2]), pixels(&derived.derivatives[3]));
}

#[test]
fn boxes_larger_than_the_picture_are_the_same_derivative() {
    let derived = made(&saved(&picture(300, 200), ImageFormat::Png), &Recipe::default());
    let same: Vec<_> = derived.derivatives.iter().map(|row| row.same_as).collect();
    assert_eq!(same, [None, Some(0), Some(0), None, None]);
    let sizes: Vec<_> = derived.derivatives.iter().map(|row| (row.width, row.height)).collect();
    assert_eq!(sizes, [(300, 200), (300, 200), (300, 200), (256, 171), (128, 85)]);
    assert_eq!(derived.derivatives[0].bytes, derived.derivatives[2].bytes);
}

#[test]
fn a_derivative_of_the_pictures_own_size_keeps_every_pixel() {
    let original = picture(120, 90);
    for exact in [true, false] {
        let derived = made(&saved(&original, ImageFormat::Png), &lossless(&[512], exact));
        assert_eq!(pixels(&derived.derivatives[0]), original);
    }
}

#[test]
fn servers_get_as_png_what_their_graph_cannot_decode() {
    let original = picture(50, 30);
    for format in [ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP] {
        let derived = made(&saved(&original, format), &Recipe::default());
        let Servable::Png(png) = derived.original.servable else { panic!("{format:?} was to be sent as PNG") };
        assert_eq!(image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap().into_rgb8(), original);
    }
    let derived = made(&saved(&original, ImageFormat::Png), &Recipe::default());
    assert!(matches!(derived.original.servable, Servable::AsUploaded));
}

#[test]
fn recipes_without_sense_are_refused() {
    let bytes = saved(&picture(8, 8), ImageFormat::Png);
    let recipe = Recipe::default();
    let senseless = [
        Recipe { sizes: vec![128, 0], ..recipe.clone() },
        Recipe { qualities: vec![0], ..recipe.clone() },
        Recipe { qualities: vec![101], ..recipe.clone() },
        Recipe { qualities: vec![], ..recipe.clone() },
    ];
    for recipe in senseless {
        assert_eq!(derive(&bytes, &recipe, &Limits::default()).unwrap_err().status(), 400, "{recipe:?}");
    }
    let nothing = Recipe { sizes: vec![], ..recipe };
    assert!(made(&bytes, &nothing).derivatives.is_empty());
}

#[test]
fn sides_that_a_format_cannot_take_are_refused() {
    let long = saved(&RgbImage::new(70_000, 1), ImageFormat::Png);
    let recipe = Recipe { sizes: vec![100_000], ..Recipe::default() };
    let error = derive(&long, &recipe, &Limits::default()).unwrap_err();
    assert!(matches!(error, PictureError::TooLongForFormat { most: 65_535, width: 70_000, .. }), "{error}");
    assert_eq!(made(&long, &lossless(&[100_000], false)).derivatives[0].width, 70_000);
}

#[test]
fn ink_is_seen_the_same_in_both_of_its_spellings() {
    let ink: Vec<u8> =
        (0..64 * 48_u32).flat_map(|at| [at % 64 * 3, at / 64 * 4, 90, at % 64]).map(|v| v as u8).collect();
    let [straight, transformed] = [jpeg_encoder::ColorType::Cmyk, jpeg_encoder::ColorType::CmykAsYcck].map(|kind| {
        let mut bytes = Vec::new();
        jpeg_encoder::Encoder::new(&mut bytes, 98).encode(&ink, 64, 48, kind).unwrap();
        pixels(&made(&bytes, &lossless(&[64], true)).derivatives[0])
    });
    let worst = straight.as_raw().iter().zip(transformed.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(10), "{worst:?}");
    let corner = straight.get_pixel(0, 0);
    assert!(corner[0] > 245 && corner[2] < 175, "no ink but yellow is yellow, not {corner:?}");
}
