//! From an encoded picture to what a network takes: decoding, and what preparing it needs; how is the networks' own.

mod efficientnet_lite0;
mod inception_v3;

use crate::{
    graph::{Element, Scope, Tensor, Text},
    network::Network,
};

/// What a PNG begins with.
pub const PNG: &[u8] = b"\x89PNG";
/// What a JPEG begins with.
pub const JPEG: &[u8] = b"\xff\xd8\xff";

/// JPEG or PNG bytes to an image [size,size,3] as the network takes it.
pub fn preprocess(network: Network, scope: &Scope<'_>, contents: &Tensor<Text>) -> Tensor<f32> {
    let picture = decode(&scope.enter("decode"), contents);
    match network {
        Network::InceptionV3 => inception_v3::of_picture(scope, &picture),
        Network::EfficientNetLite0 => efficientnet_lite0::of_picture(scope, &picture),
    }
}

/// Pixels [n,size,size,3] of 0 to 255 to images: what is left once decoding and resizing are done elsewhere.
pub fn preprocess_pixels(network: Network, scope: &Scope<'_>, pixels: &Tensor<u8>) -> Tensor<f32> {
    match network {
        Network::InceptionV3 => inception_v3::of_pixels(scope, pixels),
        Network::EfficientNetLite0 => efficientnet_lite0::of_pixels(scope, pixels),
    }
}

/// Anything that is no PNG is left to the JPEG decoder, whose message says what is wrong with it.
fn decode(scope: &Scope<'_>, contents: &Tensor<Text>) -> Tensor<u8> {
    let is_png = scope.enter("is_png").starts_with(contents, PNG);
    let (other, png) = scope.switch(contents, &is_png);
    scope.merge(&scope.decode_jpeg(&other), &scope.decode_png(&png))
}

/// What is kept of a dimension.
struct Side {
    begin: Tensor<i32>,
    length: Tensor<i32>,
}

/// The part of an image [height,width,3] that two sides mark out.
fn cut<T: Element>(scope: &Scope<'_>, image: &Tensor<T>, [vertical, horizontal]: &[Side; 2]) -> Tensor<T> {
    let begin = scope.pack([&vertical.begin, &horizontal.begin, &scope.scalar("first_channel", 0)]);
    let size = scope.pack([&vertical.length, &horizontal.length, &scope.scalar("all_channels", -1)]);
    scope.slice(image, &begin, &size)
}
