//! What pictures and plates are.

use std::path::PathBuf;

use resizer::picture::{Raster, decode};

use super::*;
use crate::{
    experiment::{Cells, PictureFile},
    report::sample,
};

fn of(pictures: Pictures) -> Experiment {
    Experiment { seed: 7, pictures, ..sample::experiment() }
}

fn generated(seed: u64, number: u32) -> Picture {
    let pictures = Pictures::Generated { count: 3, width: 160, height: 120 };
    load(&Experiment { seed, ..of(pictures) }, number).expect("a picture")
}

fn pixels(picture: &Picture) -> Vec<u8> {
    let Raster { width, height, rgb } = decode(&picture.bytes, &limits()).expect("pixels");
    assert_eq!((width, height), (160, 120));
    rgb
}

#[test]
fn a_seed_makes_the_same_pictures_every_time() {
    assert_eq!(generated(7, 1), generated(7, 1));
    assert_ne!(generated(7, 1).bytes, generated(8, 1).bytes);
    assert_eq!(generated(7, 1).name, "generated-02");
}

#[test]
fn generated_pictures_differ_and_compress_as_photographs_do() {
    let pictures: Vec<Picture> = (0..3).map(|number| generated(7, number)).collect();
    for (at, picture) in pictures.iter().enumerate() {
        let mine = pixels(picture);
        // Neither flat, which is a fraction of a bit, nor noise, which is five and more at this quality.
        let bits = picture.bytes.len() as f64 * 8.0 / (160.0 * 120.0);
        assert!((1.0..5.0).contains(&bits), "{bits} bits a pixel");
        for other in &pictures[..at] {
            let apart = |(a, b): (&u8, &u8)| f64::from(a.abs_diff(*b));
            let mean = mine.iter().zip(&pixels(other)).map(apart).sum::<f64>() / mine.len() as f64;
            assert!(mean > 15.0, "they are {mean} of 255 apart");
        }
    }
}

#[test]
fn a_file_that_changed_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().join("cat.png");
    fs_err::write(&path, "abc").expect("written");
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
    let file = PictureFile { path: path.clone(), sha256, label: Some("cat".into()) };
    let experiment = of(Pictures::Files(vec![file]));
    let picture = load(&experiment, 0).expect("as it was");
    assert_eq!((picture.name.as_str(), picture.label.as_deref()), ("cat.png", Some("cat")));
    fs_err::write(&path, "abd").expect("written");
    let error = load(&experiment, 0).expect_err("changed").to_string();
    assert!(error.starts_with(&format!("{} has changed since this bench was begun", path.display())), "{error}");
}

#[test]
fn boxes_beyond_the_picture_make_the_same_plate_and_pixels_are_those_of_the_png() {
    let cells = Cells { sizes: vec![512, 256, 64], formats: vec!["JPG".into(), "png".into()], qualities: vec![75, 90] };
    let made = make(&generated(7, 0), 0, &cells, true).expect("plates");
    assert_eq!(made.len(), 1 + 3 * 3 + 3);
    let plate = |size: u32, format: &str| {
        let same = |made: &&Made| made.plate.cell.size == Some(size) && made.plate.cell.format == format;
        made.iter().find(same).expect("it was made")
    };
    for format in ["jpeg", "png", "pixels"] {
        assert_eq!(plate(256, format).plate.same_as.as_ref(), Some(&plate(512, format).plate.cell));
        assert_eq!(plate(64, format).plate.same_as, None);
    }
    let (png, pixels) = (plate(64, "png"), plate(64, "pixels"));
    assert_eq!(decode(&png.bytes, &limits()).expect("pixels").rgb, pixels.bytes);
    assert_eq!((pixels.plate.width, pixels.plate.height, pixels.plate.bytes), (64, 48, 64 * 48 * 3));
    assert!(time_decoding(png).expect("decoded").is_some_and(|milliseconds| milliseconds > 0.0));
    assert_eq!(time_decoding(pixels).expect("nothing to decode"), None);
    let wrong = Cells { formats: vec!["gif".into()], ..cells };
    let error = make(&generated(7, 0), 0, &wrong, false).expect_err("no such format").to_string();
    assert_eq!(error, "picture generated-01: no derivative is made in format \"gif\"; ask for jpeg, png or webp");
}
