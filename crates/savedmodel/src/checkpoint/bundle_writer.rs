//! Writing V2 checkpoints: a shard in which every tensor's place is known beforehand, and the index that lists them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use fs_err::File;
use prost::Message;

use super::bundle::{index_path, suffixed};
use crate::{
    checksummed,
    error::{Error, Result, TensorFault},
    proto::tensor::{BundleEntryProto, BundleHeaderProto, TensorShapeProto, VersionDef},
    table::{builder::TableBuilder, masked},
    tensor::TensorSpec,
};

/// Writes a bundle of one shard with the bytes TensorFlow would write. The index is small; the shard is written where
/// each tensor belongs, in whatever order tensors come.
#[derive(Debug)]
pub struct BundleWriter {
    index: PathBuf,
    shard: PathBuf,
    file: File,
    /// Each with its checksum once it has been written.
    entries: BTreeMap<String, (BundleEntryProto, OnceLock<u32>)>,
}

impl BundleWriter {
    /// Makes the shard of a bundle that will hold `specs` and nothing else, and knows where each of them goes.
    pub fn create(prefix: &Path, specs: &BTreeMap<String, TensorSpec>) -> Result<Self> {
        let shard = suffixed(prefix, ".data-00000-of-00001");
        let mut offset = 0i64;
        let mut entries = BTreeMap::new();
        for (name, spec) in specs {
            let size = spec.bytes().and_then(|bytes| i64::try_from(bytes).ok());
            let size = size.ok_or_else(|| Error::tensor(&shard, name, TensorFault::Unreadable(spec.dtype)))?;
            let shape = Some(TensorShapeProto::from(&spec.shape));
            let entry = BundleEntryProto { dtype: spec.dtype.0, shape, offset, size, ..Default::default() };
            entries.insert(name.clone(), (entry, OnceLock::new()));
            offset += size;
        }
        let file = File::create(&shard).map_err(Error::io(&shard))?;
        Ok(Self { index: index_path(prefix), shard, file, entries })
    }

    /// Writes one tensor's bytes to its place; threads may do so side by side.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let broken = |fault| Error::tensor(&self.shard, name, fault);
        let (entry, checksum) = self.entries.get(name).ok_or_else(|| broken(TensorFault::Missing))?;
        if entry.size as usize != bytes.len() {
            return Err(broken(TensorFault::Malformed("it has another length than was announced")));
        }
        let crc = checksummed::write_all_at(&self.file, bytes, entry.offset as u64).map_err(Error::io(&self.shard))?;
        checksum.set(masked(crc)).map_err(|_| broken(TensorFault::Malformed("it comes twice")))
    }

    /// Writes the index, once every tensor has come.
    pub fn finish(self) -> Result<()> {
        let file = File::create(&self.index).map_err(Error::io(&self.index))?;
        let mut table = TableBuilder::new(std::io::BufWriter::new(file));
        let version = Some(VersionDef { producer: 1, min_consumer: 0 });
        let header = BundleHeaderProto { num_shards: 1, endianness: 0, version };
        let mut add = |key: &str, value: Vec<u8>| table.add(key.as_bytes(), &value).map_err(Error::io(&self.index));
        add("", header.encode_to_vec())?;
        for (name, (entry, checksum)) in &self.entries {
            let missing = || Error::tensor(&self.shard, name, TensorFault::Missing);
            let crc32c = *checksum.get().ok_or_else(missing)?;
            add(name, BundleEntryProto { crc32c, ..entry.clone() }.encode_to_vec())?;
        }
        let out = table.finish().map_err(Error::io(&self.index))?;
        out.into_inner().map_err(|error| Error::io(&self.index)(error.into_error()))?;
        Ok(())
    }
}
