//! Files of a few hundred bytes that claim gigapixels, and small ones that unpack to much.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use resizer::picture::{Limits, PictureError, probe};

use super::{alone, outcome, pictures, small_limits, within};

/// What looking at a header may take: tables of decoders, no pixels.
const HEADER: usize = 1 << 20;

fn saved(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::new(8, 8).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn claims(mut bytes: Vec<u8>, at: usize, claim: &[u8]) -> Vec<u8> {
    bytes[at..at + claim.len()].copy_from_slice(claim);
    bytes
}

fn place(bytes: &[u8], pattern: &[u8]) -> usize {
    bytes.windows(pattern.len()).position(|window| window == pattern).unwrap()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    drop(png::Encoder::new(&mut bytes, width, height).write_header().unwrap());
    // A PNG whose data starts but never comes.
    bytes.truncate(place(&bytes, b"IEND") - 4);
    bytes.extend_from_slice(b"\0\0\0\x08IDAT\x78\x9c\0\0\0\0\0\0\0\0\0\0");
    bytes
}

/// One grey strip, said to be deflated, at the file's end.
fn tiff(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x09\0".to_vec();
    let end = 8 + 2 + 9 * 12 + 4;
    let tags =
        [(256, width), (257, height), (258, 8), (259, 8), (262, 1), (273, end), (277, 1), (278, height), (279, 16)];
    for (tag, value) in tags {
        bytes.extend_from_slice(&u16::to_le_bytes(tag));
        bytes.extend_from_slice(&[4, 0, 1, 0, 0, 0]);
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.extend_from_slice(&[0; 4 + 16]);
    bytes
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = pictures().into_iter().find(|(name, _)| name == "colour.jpg").unwrap().1;
    let frame = place(&jpeg, &[0xff, 0xc0]) + 5;
    let gif = b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x02L\x01\0;".to_vec();
    vec![
        ("PNG", png(60_000, 60_000)),
        ("GIF", gif),
        ("TIFF", tiff(60_000, 60_000)),
        ("BMP", claims(saved(ImageFormat::Bmp), 18, &[0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0])),
        ("WebP", claims(saved(ImageFormat::WebP), 21, &(15_999_u32 | 15_999 << 14).to_le_bytes())),
        ("JPEG", claims(jpeg, frame, &[0xff, 0xdc, 0xff, 0xdc])),
    ]
}

#[test]
fn gigapixels_are_refused_for_their_header_alone() {
    let _alone = alone();
    let limits = Limits::default();
    for (format, bomb) in bombs() {
        for outcome in within(HEADER, || [probe(&bomb, &limits).map(drop), outcome(&bomb, &limits)]) {
            let error = outcome.unwrap_err();
            assert!(matches!(error, PictureError::TooManyPixels { .. }), "{format}: {error}");
            assert_eq!(error.status(), 413);
        }
    }
}

#[test]
fn what_needs_more_memory_than_allowed_is_refused_for_its_header_alone() {
    let _alone = alone();
    let limits = Limits { memory: 64 << 20, ..Limits::default() };
    let bomb = png(9_000, 9_000);
    let error = within(HEADER, || outcome(&bomb, &limits)).unwrap_err();
    assert!(matches!(error, PictureError::TooMuchMemory { limit: 67_108_864, .. }), "{error}");
}

#[test]
fn a_list_longer_than_its_file_takes_no_memory() {
    let _alone = alone();
    let mut bytes = tiff(8, 8);
    let photometric = place(&bytes, &[6, 1, 4, 0, 1, 0, 0, 0]);
    bytes[photometric + 4..photometric + 8].copy_from_slice(&7_000_000_u32.to_le_bytes());
    let error = within(HEADER, || outcome(&bytes, &Limits::default())).unwrap_err();
    assert!(matches!(error, PictureError::Damaged { format: "TIFF", .. }), "{error}");
}

#[test]
fn a_chunk_longer_than_its_file_takes_no_memory() {
    let _alone = alone();
    let mut bytes = pictures().into_iter().find(|(name, _)| name == "orientation-6.webp").unwrap().1;
    let length = place(&bytes, b"EXIF") + 4;
    bytes[length..length + 4].copy_from_slice(&400_000_000_u32.to_le_bytes());
    let error = within(HEADER, || outcome(&bytes, &Limits::default())).unwrap_err();
    assert!(matches!(error, PictureError::Damaged { format: "WEBP", .. }), "{error}");
}

#[test]
fn a_profile_that_unpacks_to_much_does_not() {
    let _alone = alone();
    let mut info = png::Info::with_size(8, 8);
    info.color_type = png::ColorType::Rgb;
    info.bit_depth = png::BitDepth::Eight;
    info.icc_profile = Some(vec![0; 300 << 20].into());
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
    writer.write_image_data(&[7; 8 * 8 * 3]).unwrap();
    writer.finish().unwrap();
    assert!(bytes.len() < 1 << 20, "{} bytes", bytes.len());
    // Whether the picture is taken without its profile or refused: it must not be unpacked.
    match within(small_limits().memory, || outcome(&bytes, &small_limits())) {
        Ok(()) | Err(PictureError::TooMuchMemory { .. } | PictureError::Damaged { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_thousand_scans_are_refused_before_they_are_decoded() {
    let _alone = alone();
    let jpeg = pictures().into_iter().find(|(name, _)| name == "progressive.jpg").unwrap().1;
    let first = place(&jpeg, &[0xff, 0xda]);
    let second = first + 2 + place(&jpeg[first + 2..], &[0xff, 0xc4]);
    let scan = jpeg[first..second].to_vec();
    let bomb = [&jpeg[..first], &scan.repeat(1000), &jpeg[first..]].concat();
    let error = outcome(&bomb, &small_limits()).unwrap_err();
    assert!(matches!(error, PictureError::Damaged { format: "JPEG", .. }), "{error}");
}

#[test]
fn files_that_are_too_long_or_no_pictures_say_so() {
    let limits = small_limits();
    let long = [saved(ImageFormat::Png), vec![0; limits.bytes]].concat();
    assert_eq!(probe(&long, &limits).unwrap_err().status(), 413);
    for nothing in [&b""[..], b"\xff", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF\0\0\0\0WAVE"] {
        assert_eq!(probe(nothing, &limits), Err(PictureError::UnknownFormat));
    }
    assert_eq!(PictureError::UnknownFormat.status(), 415);
}
