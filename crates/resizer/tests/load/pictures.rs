//! Pictures whose derivatives are known beforehand, by hash.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};
use resizer::picture::{Limits, Recipe, derive};

/// A picture and the hashes of all its rows, by key.
pub struct Known {
    pub bytes: Bytes,
    pub hashes: BTreeMap<String, String>,
}

pub fn hash(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Forty pictures, no two alike.
pub fn known(sizes: &str) -> Vec<Known> {
    let sizes = sizes.split(',').map(|side| side.parse().expect("a number")).collect();
    let recipe = Recipe { sizes, ..Recipe::default() };
    (0..40_u16).map(|number| one(number, &recipe)).collect()
}

fn one(number: u16, recipe: &Recipe) -> Known {
    let (width, height) = (160 + number, 120);
    let pixel = |at: u32| {
        let (x, y) = (at % u32::from(width), at / u32::from(width));
        [(x * 255 / u32::from(width)) as u8, (y * 2) as u8, (number * 6) as u8]
    };
    let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height)).flat_map(pixel).collect();
    let mut encoded = Vec::new();
    Encoder::new(&mut encoded, 90).encode(&pixels, width, height, ColorType::Rgb).expect("encode");
    let derived = derive(&encoded, recipe, &Limits::default()).expect("derivatives");
    let rows = derived.derivatives.iter().map(|row| (format!("{0}x{0}", row.size), hash(&row.bytes)));
    let original = (format!("Orig. {width}x{height}"), hash(&encoded));
    Known { hashes: rows.chain([original]).collect(), bytes: encoded.into() }
}
