//! Weights as `torch.save` wrote them before 2020 (and still does if asked): pickles, then the tensors' bytes.
//! The pickles are read by a machine that knows weights alone and can run nothing.

#[cfg(test)]
pub mod fixture;
mod pickle;
mod stream;
#[cfg(test)]
mod tests;
mod value;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    thread,
};

use fs_err::File;

use super::{NamedTensors, Take, bytes::Bytes, halves::halves};
use crate::{
    error::{Error, Result, TensorFault},
    strided::gather,
    tensor::TensorSpec,
};

use stream::Contents;
pub use stream::START;

/// A legacy `torch.save` stream of a state dict, in a file or in memory.
pub struct TorchStream {
    path: PathBuf,
    bytes: Bytes,
    contents: Contents,
}

impl TorchStream {
    /// Reads the list of tensors and no tensor.
    ///
    /// # Errors
    /// A pickle that names anything but what weights are made of (it is told by name), tensors that lie outside the file
    /// or are more than dimensions in another order, a big-endian writer, damage.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        Self::of(Bytes::of(file).map_err(Error::io(path))?, path)
    }

    /// `path` is what messages call it.
    pub(super) fn of(bytes: Bytes, path: &Path) -> Result<Self> {
        let contents = Contents::of(&bytes, path)?;
        Ok(Self { path: path.to_owned(), bytes, contents })
    }

    /// Reads tensors one after the other, as they lie in the file.
    fn read_some(&self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()> {
        let mut order = Vec::new();
        for name in wanted {
            let missing = || Error::tensor(&self.path, name, TensorFault::Missing);
            let place = self.contents.places.get(*name).ok_or_else(missing)?;
            order.push((place.at, place, *name));
        }
        order.sort_unstable_by_key(|(at, ..)| *at);
        let mut buffer = Vec::new();
        for (at, place, name) in order {
            let spec = &self.contents.specs[name];
            let lying = self.bytes.read(at, spec.bytes().unwrap_or(0), &mut buffer).map_err(Error::io(&self.path))?;
            match &place.strides {
                None => take(name, lying)?,
                Some(strides) => take(name, &row_by_row(lying, spec, strides))?,
            }
        }
        Ok(())
    }
}

/// A tensor that lies in another order.
fn row_by_row(lying: &[u8], spec: &TensorSpec, strides: &[usize]) -> Vec<u8> {
    let sizes: Vec<usize> = spec.shape.0.iter().map(|size| *size as usize).collect();
    let gathered = match spec.dtype.size() {
        Some(4) => gather(lying.as_chunks::<4>().0, &sizes, strides),
        _ => gather(lying.as_chunks::<8>().0, &sizes, strides),
    };
    gathered.expect("strides were held against the shape when the list was read")
}

impl NamedTensors for TorchStream {
    fn origin(&self) -> &Path {
        &self.path
    }

    fn specs(&self) -> &BTreeMap<String, TensorSpec> {
        &self.contents.specs
    }

    fn read(&mut self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()> {
        let (first, second) = halves(&self.contents.specs, wanted);
        let this = &*self;
        thread::scope(|scope| {
            let second = scope.spawn(|| this.read_some(&second, take));
            this.read_some(&first, take).and(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }
}
