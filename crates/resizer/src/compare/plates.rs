//! The rows of a comparison: the original and its derivatives, with their keys, names, bytes, and where they are the same.

use bytes::Bytes;

use crate::{
    ask::Ask,
    picture::{Derivative, Derived, Format, Kind, Probe, Recipe, Servable},
    reply::{DetailsReply, PictureReply},
    upload::Upload,
};

/// A row before any server is asked.
pub(super) struct Plate {
    pub(super) key: String,
    pub(super) picture: PictureReply,
    pub(super) details: DetailsReply,
    /// What servers get.
    pub(super) sent: Bytes,
    /// Index of an earlier row with the same bytes.
    pub(super) same_as: Option<usize>,
}

/// Keys of all rows, known from the header.
pub(super) fn keys(probe: &Probe, recipe: &Recipe) -> Vec<String> {
    let mut keys = vec![original_key(probe.width, probe.height)];
    for size in &recipe.sizes {
        for format in &recipe.formats {
            match format {
                Format::Jpeg => {
                    keys.extend(recipe.qualities.iter().map(|quality| key(*size, *format, Some(*quality), recipe)))
                }
                _ => keys.push(key(*size, *format, None, recipe)),
            }
        }
    }
    keys
}

/// All rows, the original first.
pub(super) fn plates(upload: &Upload, derived: Derived, ask: &Ask) -> Vec<Plate> {
    let original = derived.original;
    let (sent, sent_as) = match original.servable {
        Servable::AsUploaded => (upload.bytes.clone(), original.format),
        Servable::Png(bytes) => (bytes, Kind::Png.name()),
    };
    let first = Plate {
        key: original_key(original.width, original.height),
        picture: PictureReply {
            filename: upload.filename.clone(),
            resized: "Reference".into(),
            image_size: format!("{}x{}", original.width, original.height),
            format: original.format.into(),
            filesize: upload.bytes.len(),
            filesize_percent: 100.0,
            resize_duration: 0.0,
        },
        details: DetailsReply {
            width: original.width,
            height: original.height,
            quality: None,
            side: None,
            decode_duration: original.decode.as_secs_f64(),
            encode_duration: 0.0,
            same_as: None,
            sent_as: sent_as.into(),
        },
        sent,
        same_as: None,
    };
    let keys: Vec<String> =
        derived.derivatives.iter().map(|one| key(one.size, one.format, one.quality, &ask.recipe)).collect();
    let made = derived.derivatives.into_iter().zip(&keys).map(|(one, key)| plate(one, key, &keys, upload));
    std::iter::once(first).chain(made).collect()
}

fn plate(one: Derivative, key: &str, keys: &[String], upload: &Upload) -> Plate {
    let format = one.format.to_string();
    Plate {
        key: key.to_owned(),
        picture: PictureReply {
            filename: named(&upload.filename, key, one.format),
            resized: boxed(one.size),
            image_size: format!("{}x{}", one.width, one.height),
            filesize: one.bytes.len(),
            filesize_percent: 100.0 * one.bytes.len() as f64 / upload.bytes.len().max(1) as f64,
            resize_duration: one.resize.as_secs_f64(),
            format: format.clone(),
        },
        details: DetailsReply {
            width: one.width,
            height: one.height,
            quality: one.quality,
            side: Some(one.size),
            decode_duration: one.decode.as_secs_f64(),
            encode_duration: one.encode.as_secs_f64(),
            same_as: one.same_as.map(|earlier| keys[earlier].clone()),
            sent_as: format,
        },
        sent: one.bytes,
        // The original stands before all derivatives.
        same_as: one.same_as.map(|earlier| earlier + 1),
    }
}

fn original_key(width: u32, height: u32) -> String {
    format!("Orig. {width}x{height}")
}

fn boxed(size: u32) -> String {
    format!("{size}x{size}")
}

/// JPEG of the first quality has the original's bare keys.
fn key(size: u32, format: Format, quality: Option<u8>, recipe: &Recipe) -> String {
    match quality {
        _ if format != Format::Jpeg => format!("{} {format}", boxed(size)),
        Some(quality) if recipe.qualities.first() != Some(&quality) => format!("{} q{quality}", boxed(size)),
        _ => boxed(size),
    }
}

/// `cat.jpeg` becomes `cat.512x512.jpg`, `cat.512x512.q90.jpg`, `cat.512x512.png`.
fn named(filename: &str, key: &str, format: Format) -> String {
    let stem = filename.rsplit_once('.').map_or(filename, |(stem, _)| stem);
    let parts: Vec<&str> = key.split(' ').filter(|part| *part != format.to_string()).collect();
    format!("{stem}.{}.{}", parts.join("."), format.extension())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        let formats = vec![Format::Png, Format::Jpeg, Format::WebP];
        Recipe { sizes: vec![512, 64], formats, qualities: vec![90, 75], exact: false }
    }

    #[test]
    fn keys_are_the_originals_for_what_it_made_and_say_the_rest() {
        let probe = Probe { kind: Kind::Jpeg, width: 550, height: 636, orientation: 1 };
        assert_eq!(
            keys(&probe, &Recipe::default()),
            ["Orig. 550x636", "2048x2048", "1024x1024", "512x512", "256x256", "128x128"]
        );
        assert_eq!(
            keys(&probe, &recipe())[1..],
            ["512x512 PNG", "512x512", "512x512 q75", "512x512 WEBP", "64x64 PNG", "64x64", "64x64 q75", "64x64 WEBP"]
        );
    }

    #[test]
    fn files_are_named_by_their_key() {
        assert_eq!(named("cat.jpeg", "512x512", Format::Jpeg), "cat.512x512.jpg");
        assert_eq!(named("my.cat.png", "512x512 q90", Format::Jpeg), "my.cat.512x512.q90.jpg");
        assert_eq!(named("cat", "512x512 PNG", Format::Png), "cat.512x512.png");
    }
}
