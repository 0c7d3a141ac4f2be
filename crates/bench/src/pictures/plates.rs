//! What is made of one picture: the original as it is sent, and every size in every format, resized from the whole decode,
//! so that no shortcut of the web app is taken for an effect of size.

use std::time::{Duration, Instant};

use bytes::Bytes;
use resizer::picture::{Derivative, Derived, Format, Raster, Recipe, Servable, decode, derive};

use super::{Picture, limits};
use crate::{
    Error,
    experiment::Cells,
    record::{Cell, Plate},
};

/// Decodes of each plate; the fastest counts, because what slows one down is never the picture.
const DECODES: usize = 3;

/// A plate and what is sent for it.
#[derive(Clone, Debug)]
pub struct Made {
    /// `decode_ms` is not known yet.
    pub plate: Plate,
    /// The encoded picture, or RGB pixels.
    pub bytes: Bytes,
}

impl Made {
    /// Whether it is raw pixels.
    pub fn is_pixels(&self) -> bool {
        self.plate.cell.format == PIXELS
    }
}

const PIXELS: &str = "pixels";

/// Makes all plates of a picture, the original first; with `pixels` also the raw pixels of every size. Blocks.
///
/// # Errors
/// Formats without a name; pictures that give no derivatives.
pub fn make(picture: &Picture, number: u32, cells: &Cells, pixels: bool) -> Result<Vec<Made>, Error> {
    let failed = |source| Error::Picture { name: picture.name.clone(), source };
    let formats = cells.formats.iter().map(|name| name.parse()).collect::<Result<Vec<Format>, _>>().map_err(failed)?;
    let recipe =
        |formats| Recipe { sizes: cells.sizes.clone(), formats, qualities: cells.qualities.clone(), exact: true };
    let Derived { original, derivatives } = derive(&picture.bytes, &recipe(formats), &limits()).map_err(failed)?;
    let (format, bytes) = match original.servable {
        Servable::AsUploaded => (original.format.to_lowercase(), picture.bytes.clone()),
        Servable::Png(png) => ("png".into(), png),
    };
    let plate = |cell, (width, height), bytes: &Bytes| Plate {
        cell,
        name: picture.name.clone(),
        label: picture.label.clone(),
        width,
        height,
        bytes: bytes.len() as u64,
        decode_ms: None,
        encode_ms: None,
        same_as: None,
    };
    let cell = |size, format: &str, quality| Cell { picture: number, size, format: format.to_owned(), quality };
    let mut made =
        vec![Made { plate: plate(cell(None, &format, None), (original.width, original.height), &bytes), bytes }];
    for Derivative { size, format, quality, width, height, bytes, encode, same_as, .. } in &derivatives {
        let cell = cell(Some(*size), &format.to_string().to_lowercase(), *quality);
        let mut plate = plate(cell, (*width, *height), bytes);
        plate.encode_ms = Some(milliseconds(*encode));
        plate.same_as = same_as.map(|earlier| made[earlier + 1].plate.cell.clone());
        made.push(Made { plate, bytes: bytes.clone() });
    }
    if pixels {
        let Derived { derivatives, .. } =
            derive(&picture.bytes, &recipe(vec![Format::Png]), &limits()).map_err(failed)?;
        let first = made.len();
        for Derivative { size, bytes, same_as, .. } in &derivatives {
            let Raster { width, height, rgb } = decode(bytes, &limits()).map_err(failed)?;
            let bytes = Bytes::from(rgb);
            let mut plate = plate(cell(Some(*size), PIXELS, None), (width, height), &bytes);
            plate.same_as = same_as.map(|earlier| made[first + earlier].plate.cell.clone());
            made.push(Made { plate, bytes });
        }
    }
    Ok(made)
}

/// How long one thread here takes to decode it, in milliseconds; none for what needs no decoding. Blocks.
///
/// # Errors
/// What cannot be decoded.
pub fn time_decoding(made: &Made) -> Result<Option<f64>, Error> {
    if made.is_pixels() {
        return Ok(None);
    }
    let mut fastest = f64::INFINITY;
    for _ in 0..DECODES {
        let begin = Instant::now();
        let decoded = decode(&made.bytes, &limits());
        fastest = fastest.min(milliseconds(begin.elapsed()));
        decoded.map_err(|source| Error::Picture { name: made.plate.name.clone(), source })?;
    }
    Ok(Some(fastest))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
