//! Pictures as Inception-v3 sees them: the middle of each dimension, resized bilinearly, -1 to 1.

use super::{Side, cut};
use crate::{
    graph::{Scope, Tensor},
    inception_v3::SIZE,
};

/// One side of the margin that is cut off: a sixteenth, which leaves the middle 0.875 of each dimension.
const MARGIN: i32 = 16;

/// A picture [height,width,3] to an image [299,299,3].
pub fn of_picture(scope: &Scope<'_>, picture: &Tensor<u8>) -> Tensor<f32> {
    let image = unit(&scope.enter("unit"), picture);
    let image = central_crop(&scope.enter("central_crop"), &image);
    let image = scope.enter("resize").resize_bilinear(&image, SIZE as i32, SIZE as i32);
    centre(&scope.enter("centre"), &image)
}

/// Pixels [n,299,299,3] to images.
pub fn of_pixels(scope: &Scope<'_>, pixels: &Tensor<u8>) -> Tensor<f32> {
    let images = unit(&scope.enter("unit"), pixels);
    centre(&scope.enter("centre"), &images)
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
        Side { begin, length }
    });
    cut(scope, image, &sides)
}
