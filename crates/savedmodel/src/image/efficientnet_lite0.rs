//! Pictures as EfficientNet-Lite0 sees them: the square in the middle, resized bicubically, -1 to 1 or a little beyond.

use super::{Side, cut};
use crate::{
    efficientnet_lite0::SIZE,
    graph::{Scope, Tensor},
};

/// The square's side in eighths of the picture's short one.
const EIGHTHS: i32 = 7;

/// A picture [height,width,3] to an image [224,224,3].
pub fn of_picture(scope: &Scope<'_>, picture: &Tensor<u8>) -> Tensor<f32> {
    let square = central_square(&scope.enter("central_square"), picture);
    let resize = scope.enter("resize");
    let image = resize.resize_bicubic(&resize.cast(&square), SIZE as i32, SIZE as i32);
    scale(&scope.enter("scale"), &image)
}

/// Pixels [n,224,224,3] to images.
pub fn of_pixels(scope: &Scope<'_>, pixels: &Tensor<u8>) -> Tensor<f32> {
    let scope = scope.enter("scale");
    scale(&scope, &scope.cast(pixels))
}

/// 0..255 to -127/128..1: what training subtracted and divided by, not ImageNet's mean and deviation.
fn scale(scope: &Scope<'_>, images: &Tensor<f32>) -> Tensor<f32> {
    let shifted = scope.sub(images, &scope.scalar("middle", 127f32));
    scope.mul(&shifted, &scope.scalar("scale", 1f32 / 128.0))
}

fn central_square(scope: &Scope<'_>, picture: &Tensor<u8>) -> Tensor<u8> {
    let shape = scope.shape(picture);
    let [height, width] = [0, 1].map(|dimension| scope.element(&shape, dimension));
    let (one, two) = (scope.scalar("one", 1), scope.scalar("two", 2));
    let eighths = scope.mul(&scope.minimum(&height, &width), &scope.scalar("eighths", EIGHTHS));
    let side = scope.floor_div(&eighths, &scope.scalar("eight", 8));
    // Of one pixel nothing would be left.
    let side = scope.maximum(&side, &one);
    let sides = [height, width].map(|size| {
        let margins = scope.sub(&size, &side);
        Side { begin: scope.floor_div(&scope.add(&margins, &one), &two), length: side.clone() }
    });
    cut(scope, picture, &sides)
}
