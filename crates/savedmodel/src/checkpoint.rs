//! Checkpoints: trained variables as they were saved, in either of TensorFlow's formats or PyTorch's older one, packed or
//! unpacked.
//! All of them are [`NamedTensors`]; which file is what is found out here, reading is done below.

mod archive;
mod bundle;
mod bundle_writer;
mod bytes;
#[cfg(test)]
mod fixture;
mod halves;
mod locate;
mod slices;
#[cfg(test)]
mod tests;
mod torch;
mod unpack;
mod v1;
mod values;
mod zipped;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result},
    table::reader::Table,
    tensor::TensorSpec,
};

pub use archive::ArchivedV1;
pub use bundle::Bundle;
pub use bundle_writer::BundleWriter;
pub use torch::TorchStream;
pub use unpack::unpack;
pub use v1::V1File;

use locate::Located;

/// Receives a tensor: its name and its elements, row-major and little-endian. Two threads may call it at once.
pub type Take<'a> = dyn Fn(&str, &[u8]) -> Result<()> + Sync + 'a;

/// Tensors by name, none of which is read before it is wanted.
pub trait NamedTensors {
    /// What people call the source, for messages.
    fn origin(&self) -> &Path;

    /// Every tensor there is.
    fn specs(&self) -> &BTreeMap<String, TensorSpec>;

    /// Hands each tensor of `wanted` to `take`, once, in whatever order suits the source. Memory stays bounded by the two
    /// largest of them and a buffer, or by twice that where one was saved in slices; weights out of a zip file are in memory
    /// from the moment it is opened.
    ///
    /// # Errors
    /// A tensor that is missing, damaged, or of a dtype without a fixed size; and whatever `take` fails with.
    fn read(&mut self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()>;
}

/// Opens a checkpoint, known by its content:
///
/// - a `.tar.gz` (or `.tgz`) with a V1 checkpoint, which is read as it streams by and never unpacked,
/// - a V1 file, such as `model.ckpt-157585`,
/// - a V2 bundle, by its prefix or by its `.index` file,
/// - a stream of `torch.save` in its older format, or a zip file (a wheel, say) with one `.pth` of that format in it, which
///   is unzipped into memory up to 256 MiB,
/// - a folder with the text file `checkpoint` that names one of these, or with just one of them.
///
/// # Errors
/// Nothing of this is there, or it is damaged. An archive with a V2 bundle is refused, because its index comes after its
/// data: [`unpack`] it first ([`needs_unpacking`] tells). Weights whose pickle names anything but what weights are made of
/// are refused by that name, and those in the newer format of `torch.save` with what to do.
pub fn open(path: &Path) -> Result<Box<dyn NamedTensors + Send>> {
    Ok(match locate::locate(path)? {
        Located::Archive(path) => Box::new(ArchivedV1::open(&path)?),
        Located::V1(path) => Box::new(V1File::open(&path)?),
        Located::V2(prefix) => Box::new(Bundle::open(&prefix)?),
        Located::Torch(path) => Box::new(TorchStream::open(&path)?),
        Located::Zip(path) => Box::new(zipped::open(&path)?),
    })
}

/// Whether `path` is an archive that cannot be read as a stream; finding out reads it until its checkpoint begins.
pub fn needs_unpacking(path: &Path) -> Result<bool> {
    match locate::locate(path)? {
        Located::Archive(path) => archive::holds_bundle(&path),
        Located::V1(_) | Located::V2(_) | Located::Torch(_) | Located::Zip(_) => Ok(false),
    }
}

/// Tells a checkpoint's content from any other's: `sha256:…` over the bytes of an archive or a stream, `v1:…` and `v2:…` over the
/// checksums that unpacked checkpoints carry themselves, which takes no time.
pub fn fingerprint(path: &Path) -> Result<String> {
    Ok(match locate::locate(path)? {
        Located::Archive(path) | Located::Torch(path) | Located::Zip(path) => format!("sha256:{}", sha256_of(&path)?),
        Located::V1(path) => format!("v1:{:x}", Sha256::digest(Table::open(&path)?.checksums()?)),
        Located::V2(prefix) => format!("v2:{}", sha256_of(&bundle::index_path(&prefix))?),
    })
}

fn sha256_of(path: &Path) -> Result<String> {
    let mut file = fs_err::File::open(path).map_err(Error::io(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer).map_err(Error::io(path))?;
        if read == 0 {
            return Ok(format!("{:x}", hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}
