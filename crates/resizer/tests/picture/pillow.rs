//! Held against Pillow: `write_fixtures.py` wrote the files and what Pillow sees in them.

use std::fs;
use std::path::PathBuf;

use image::RgbImage;
use resizer::picture::{Limits, fit, probe};

use super::{lossless, made, pixels};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/picture/data")
}

/// The largest and the mean difference of two pictures' bytes.
fn difference(ours: &RgbImage, theirs: &RgbImage) -> (u8, f64) {
    assert_eq!(ours.dimensions(), theirs.dimensions());
    let differences = || ours.as_raw().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = differences().map(u64::from).sum();
    (differences().max().unwrap_or(0), sum as f64 / ours.as_raw().len() as f64)
}

/// How far from Pillow a file may be, at most and on average. Lossless pixels are equal; JPEG decoders differ in how they
/// round and, more, in how they widen colour; profiles go through other tables.
fn tolerance(name: &str) -> (u8, f64) {
    match name {
        _ if name.starts_with("ink-profile") => (8, 2.0),
        _ if name.contains("-profile.jpg") => (6, 1.0),
        _ if name.contains("-profile") => (3, 0.6),
        _ if name.ends_with(".jpg") => (6, 1.0),
        "lossy.webp" => (3, 1.0),
        _ if name.contains("alpha") || name.contains("-16") || name.contains("ink") => (1, 0.6),
        _ => (0, 0.0),
    }
}

#[test]
fn every_kind_of_picture_is_seen_as_pillow_sees_it() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(data()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".expected.png") || name.ends_with(".json") {
            continue;
        }
        seen += 1;
        let bytes = fs::read(&path).unwrap();
        let expected = image::open(path.with_file_name(format!("{name}.expected.png"))).unwrap().into_rgb8();
        for exact in [true, false] {
            let derived = match resizer::picture::derive(&bytes, &lossless(&[64], exact), &Limits::default()) {
                Ok(derived) => derived,
                Err(error) => {
                    wrong.push(format!("{name}: {error}"));
                    continue;
                }
            };
            let ours = pixels(&derived.derivatives[0]);
            if ours.dimensions() != expected.dimensions() {
                wrong.push(format!("{name}: {:?} instead of {:?}", ours.dimensions(), expected.dimensions()));
                continue;
            }
            let (largest, mean) = difference(&ours, &expected);
            let (most, most_mean) = tolerance(&name);
            if largest > most || mean > most_mean {
                wrong.push(format!("{name}: off by at most {largest}, on average {mean:.2} (exact {exact})"));
            }
        }
    }
    assert!(seen > 40, "only {seen} pictures");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn boxes_are_fitted_as_pillow_fits_them() {
    let rows: Vec<[u32; 5]> = serde_json::from_slice(&fs::read(data().join("sizes.json")).unwrap()).unwrap();
    assert!(rows.len() >= 1500);
    for [width, height, side, fitted_width, fitted_height] in rows {
        assert_eq!(fit(width, height, side), (fitted_width, fitted_height), "{width}x{height} in {side}");
    }
}

#[test]
fn the_original_keeps_the_size_it_is_stored_with() {
    let bytes = fs::read(data().join("orientation-6.jpg")).unwrap();
    let probed = probe(&bytes, &Limits::default()).unwrap();
    assert_eq!((probed.width, probed.height, probed.orientation), (40, 24, 6));
    let derived = made(&bytes, &lossless(&[20], false));
    assert_eq!((derived.original.width, derived.original.height), (40, 24));
    assert_eq!((derived.derivatives[0].width, derived.derivatives[0].height), (12, 20));
}
