//! From an encoded picture to what the network takes: decode, crop the middle, resize, scale.

use crate::{
    graph::{Scope, Tensor, Text},
    inception_v3::SIZE,
};

/// What a PNG begins with.
pub const PNG: &[u8] = b"\x89PNG";
/// What a JPEG begins with.
pub const JPEG: &[u8] = b"\xff\xd8\xff";

/// One side of the margin that is cut off: a sixteenth, which leaves the middle 0.875 of each dimension.
const MARGIN: i32 = 16;

/// JPEG or PNG bytes to an image [299,299,3] between -1 and 1.
pub fn preprocess(scope: &Scope<'_>, contents: &Tensor<Text>) -> Tensor<f32> {
    let image = decode(&scope.enter("decode"), contents);
    let image = unit(&scope.enter("unit"), &image);
    let image = central_crop(&scope.enter("central_crop"), &image);
    let image = scope.enter("resize").resize_bilinear(&image, SIZE as i32, SIZE as i32);
    centre(&scope.enter("centre"), &image)
}

/// Pixels [n,299,299,3] of 0 to 255 to images between -1 and 1: what is left once decoding and resizing are done elsewhere.
pub fn preprocess_pixels(scope: &Scope<'_>, pixels: &Tensor<u8>) -> Tensor<f32> {
    let images = unit(&scope.enter("unit"), pixels);
    centre(&scope.enter("centre"), &images)
}

/// Anything that is no PNG is left to the JPEG decoder, whose message says what is wrong with it.
fn decode(scope: &Scope<'_>, contents: &Tensor<Text>) -> Tensor<u8> {
    let is_png = scope.enter("is_png").starts_with(contents, PNG);
    let (other, png) = scope.switch(contents, &is_png);
    scope.merge(&scope.decode_jpeg(&other), &scope.decode_png(&png))
}

/// 0..255 to 0..1.
fn unit(scope: &Scope<'_>, pixels: &Tensor<u8>) -> Tensor<f32> {
    scope.mul(&scope.cast(pixels), &scope.scalar("scale", 1f32 / 255.0))
}

/// 0..1 to -1..1.
fn centre(scope: &Scope<'_>, images: &Tensor<f32>) -> Tensor<f32> {
    let shifted = scope.sub(images, &scope.scalar("half", 0.5f32));
    scope.mul(&shifted, &scope.scalar("two", 2f32))
}

fn central_crop(scope: &Scope<'_>, image: &Tensor<f32>) -> Tensor<f32> {
    let shape = scope.shape(image);
    let margin = scope.scalar("margin", MARGIN);
    let sides = [0, 1].map(|dimension| {
        let size = scope.element(&shape, dimension);
        let begin = scope.floor_div(&size, &margin);
        let length = scope.sub(&scope.sub(&size, &begin), &begin);
        (begin, length)
    });
    let begin = scope.pack([&sides[0].0, &sides[1].0, &scope.scalar("first_channel", 0)]);
    let size = scope.pack([&sides[0].1, &sides[1].1, &scope.scalar("all_channels", -1)]);
    scope.slice(image, &begin, &size)
}
