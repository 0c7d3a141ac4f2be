//! What can go wrong, always with the file and, where there is one, the offset or the tensor.
//! Errors are values that callers match on; their texts are sentences for people.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::tensor::{DataType, Shape};

/// What the library's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a checkpoint or a SavedModel cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("{}: {source}", file.display())]
    Io {
        /// What was being read or written.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A block of a table (a V1 checkpoint or the index of a V2 one) is damaged.
    #[error("{}: block at {offset}: {fault}", file.display())]
    Block {
        /// The table; one in an archive has the archive's path before its own.
        file: PathBuf,
        /// The block's first byte.
        offset: u64,
        /// What is wrong with it.
        fault: BlockFault,
    },
    /// The file as a whole is not what it should be.
    #[error("{}: {what}", file.display())]
    File {
        /// The file or folder.
        file: PathBuf,
        /// A phrase that goes on after its name.
        what: String,
    },
    /// An entry of an archive cannot be taken.
    #[error("{}: entry `{entry}`: {what}", file.display())]
    Archive {
        /// The archive.
        file: PathBuf,
        /// The entry's name in it.
        entry: String,
        /// A phrase that goes on after its name.
        what: String,
    },
    /// One tensor is damaged or of a kind that cannot be read.
    #[error("{}: tensor {tensor}: {fault}", file.display())]
    Tensor {
        /// The checkpoint, or the shard of it.
        file: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// What is wrong with it.
        fault: TensorFault,
    },
    /// The checkpoint is not one of this network.
    #[error("{}: {differences}", file.display())]
    Variables {
        /// The checkpoint.
        file: PathBuf,
        /// All of them at once.
        differences: Differences,
    },
    /// A SavedModel contradicts itself.
    #[error("{}: {}", file.display(), faults.join("; "))]
    Model {
        /// The version's folder.
        file: PathBuf,
        /// A sentence each.
        faults: Vec<String>,
    },
}

/// What is wrong with a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockFault {
    /// Its bytes are not those that were written.
    #[error("CRC mismatch")]
    Checksum,
    /// The file ends before it does.
    #[error("cut off")]
    Truncated,
    /// Compressed in a way that tables do not have.
    #[error("compression type {0} is unknown, 0 (none) and 1 (snappy) are")]
    Compression(u8),
    /// It cannot be uncompressed.
    #[error("corrupted snappy data: {0}")]
    Snappy(String),
    /// Its checksum fits, and its content makes no sense.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

/// What is wrong with a tensor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorFault {
    /// Its bytes are not those that were written.
    #[error("CRC mismatch")]
    Checksum,
    /// There is none of this name.
    #[error("not in the checkpoint")]
    Missing,
    /// Its data makes no sense.
    #[error("its data is malformed: {0}")]
    Malformed(&'static str),
    /// More or fewer values than it has elements.
    #[error("holds {found} values where its shape {shape} wants {wanted}")]
    Values {
        /// Of the tensor, or of the slice of it.
        shape: Shape,
        /// Elements of that shape.
        wanted: u64,
        /// Values in the checkpoint.
        found: u64,
    },
    /// Elements of this dtype have no fixed size.
    #[error("dtype {0} cannot be read")]
    Unreadable(DataType),
    /// It was saved in slices, which do not make a whole.
    #[error("its slices {0}")]
    Slices(&'static str),
}

/// How a checkpoint's variables differ from a network's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// Wanted by the network, absent from the checkpoint.
    pub missing: Vec<String>,
    /// Trained values of the checkpoint that the network does not know.
    pub extra: Vec<String>,
    /// There, but of another dtype or shape.
    pub misshapen: Vec<Misshapen>,
}

/// A variable that is there with another dtype or shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misshapen {
    /// As the checkpoint has it.
    pub name: String,
    /// The network's dtype and shape.
    pub wanted: String,
    /// The checkpoint's.
    pub found: String,
}

impl Differences {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.misshapen.is_empty()
    }
}

/// Names of each kind that are printed; the value itself has all of them.
const TOLD: usize = 12;

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a checkpoint of this network")?;
        let misshapen = self.misshapen.iter().map(|m| format!("{} is {}, wanted {}", m.name, m.found, m.wanted));
        for (kind, told) in [
            ("missing", self.missing.clone()),
            ("unknown to the network", self.extra.clone()),
            ("misshapen", misshapen.collect()),
        ] {
            if !told.is_empty() {
                let more = told.len().checked_sub(TOLD).filter(|more| *more > 0);
                let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
                write!(f, "; {} {kind}: {}{more}", told.len(), told[..told.len().min(TOLD)].join(", "))?;
            }
        }
        Ok(())
    }
}

impl Error {
    pub(crate) fn io(file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { file: file.to_owned(), source }
    }

    pub(crate) fn file(file: &Path, what: impl Into<String>) -> Self {
        Self::File { file: file.to_owned(), what: what.into() }
    }

    pub(crate) fn block(file: &Path, offset: u64, fault: BlockFault) -> Self {
        Self::Block { file: file.to_owned(), offset, fault }
    }

    pub(crate) fn tensor(file: &Path, tensor: &str, fault: TensorFault) -> Self {
        Self::Tensor { file: file.to_owned(), tensor: tensor.to_owned(), fault }
    }
}
