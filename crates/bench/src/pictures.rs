//! The pictures of an experiment: made by the program, or files that must still be what they were when it was planned.

mod generated;
mod plates;

use bytes::Bytes;
use resizer::picture::{Format, Limits};
use sha2::{Digest, Sha256};

pub use self::plates::{Made, make, time_decoding};
use crate::{
    Error,
    experiment::{Experiment, Pictures},
};

/// JPEG quality of generated pictures: that of a good camera.
const QUALITY: u8 = 95;

/// One picture as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// For people.
    pub name: String,
    /// The true label, where known.
    pub label: Option<String>,
    /// The encoded picture.
    pub bytes: Bytes,
}

/// How many pictures there are.
pub fn count(experiment: &Experiment) -> u32 {
    match &experiment.pictures {
        Pictures::Generated { count, .. } => *count,
        Pictures::Files(files) => u32::try_from(files.len()).unwrap_or(u32::MAX),
    }
}

/// A picture by its index, which is below [`count`]. Blocks.
///
/// # Errors
/// A file that cannot be read, or is no longer what it was; sides that no JPEG has.
pub fn load(experiment: &Experiment, number: u32) -> Result<Picture, Error> {
    match &experiment.pictures {
        Pictures::Generated { width, height, .. } => {
            let name = format!("generated-{:02}", number + 1);
            let raster = generated::generate(experiment.seed, number, *width, *height);
            let bytes = raster.encode(Format::Jpeg, QUALITY);
            let bytes = bytes.map_err(|source| Error::Picture { name: name.clone(), source })?;
            Ok(Picture { name, label: None, bytes })
        }
        Pictures::Files(files) => {
            let file = &files[number as usize];
            let bytes = fs_err::read(&file.path)?;
            let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            if sum != file.sha256 {
                return Err(Error::Changed(file.path.clone()));
            }
            let name = file.path.file_name().unwrap_or(file.path.as_os_str()).to_string_lossy().into_owned();
            Ok(Picture { name, label: file.label.clone(), bytes: bytes.into() })
        }
    }
}

/// Those of the web app, with memory for whatever this machine is asked to measure.
fn limits() -> Limits {
    Limits { memory: 8 << 30, ..Limits::default() }
}

#[cfg(test)]
mod tests;
