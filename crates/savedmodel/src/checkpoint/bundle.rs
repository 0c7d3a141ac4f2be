//! V2 checkpoints ("tensor bundles"): an index that is a table, and shards that hold nothing but tensors' bytes.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::{Path, PathBuf},
};

use fs_err::File;
use prost::Message;

use super::{
    NamedTensors, Take,
    slices::{Assembly, Slice, check_length},
};
use crate::{
    checksummed,
    error::{BlockFault, Error, Result, TensorFault},
    proto::tensor::{BundleEntryProto, BundleHeaderProto, TensorShapeProto},
    table::{
        masked,
        reader::{Table, room},
    },
    tensor::{DataType, Shape, TensorSpec},
};

/// A V2 checkpoint, or the `variables` of a SavedModel.
#[derive(Debug)]
pub struct Bundle {
    prefix: PathBuf,
    shards: i32,
    specs: BTreeMap<String, TensorSpec>,
    entries: BTreeMap<Vec<u8>, BundleEntryProto>,
}

/// `PREFIX.index`.
pub fn index_path(prefix: &Path) -> PathBuf {
    suffixed(prefix, ".index")
}

pub fn suffixed(prefix: &Path, suffix: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Bundle {
    /// Reads the index of the bundle whose files begin with `prefix`.
    pub fn open(prefix: &Path) -> Result<Self> {
        let path = index_path(prefix);
        let table = Table::open(&path)?;
        let mut bundle =
            Self { prefix: prefix.to_owned(), shards: 0, specs: BTreeMap::new(), entries: BTreeMap::new() };
        let mut bytes = Vec::new();
        for number in 0..table.blocks().len() {
            let (offset, block) = table.block(number, &mut bytes)?;
            let mut records = block.records();
            while let Some((key, value)) = records.next().map_err(|fault| Error::block(&path, offset, fault))? {
                let undecodable = |_| Error::block(&path, offset, BlockFault::Malformed("an entry cannot be decoded"));
                if key.is_empty() {
                    bundle.take_header(&BundleHeaderProto::decode(value).map_err(undecodable)?, &path)?;
                } else {
                    bundle.take_entry(key, BundleEntryProto::decode(value).map_err(undecodable)?, &path)?;
                }
            }
        }
        if bundle.shards == 0 {
            return Err(Error::file(&path, "not an index of a V2 checkpoint: it has no header"));
        }
        Ok(bundle)
    }

    fn take_header(&mut self, header: &BundleHeaderProto, path: &Path) -> Result<()> {
        if header.endianness != 0 {
            return Err(Error::file(path, "written on a big-endian machine, which is not supported"));
        }
        if header.num_shards < 1 {
            return Err(Error::file(path, "its header says that it has no shards"));
        }
        self.shards = header.num_shards;
        Ok(())
    }

    fn take_entry(&mut self, key: &[u8], entry: BundleEntryProto, path: &Path) -> Result<()> {
        // Keys of slices begin with a zero; they are found through the tensor that has them.
        if key[0] != 0 {
            let name = String::from_utf8(key.to_vec());
            let name = name.map_err(|_| Error::file(path, "a tensor's name is no UTF-8"))?;
            let shape = entry.shape.as_ref().map_or(Some(Shape::default()), TensorShapeProto::shape);
            let shape = shape.ok_or_else(|| Error::tensor(path, &name, TensorFault::Malformed("its shape is open")))?;
            self.specs.insert(name, TensorSpec { dtype: DataType(entry.dtype), shape });
        }
        self.entries.insert(key.to_vec(), entry);
        Ok(())
    }

    fn shard_path(&self, shard: i32) -> PathBuf {
        suffixed(&self.prefix, &format!(".data-{shard:05}-of-{:05}", self.shards))
    }

    /// The file an entry lies in, opened once, and its place there.
    fn place<'f>(
        &self,
        name: &str,
        entry: &BundleEntryProto,
        files: &'f mut BTreeMap<i32, File>,
    ) -> Result<(&'f File, u64, u64)> {
        let path = self.shard_path(entry.shard_id);
        let broken = |what| Error::tensor(&path, name, TensorFault::Malformed(what));
        if !(0..self.shards).contains(&entry.shard_id) {
            return Err(broken("it lies in a shard that the header does not count"));
        }
        let file = match files.entry(entry.shard_id) {
            Entry::Occupied(file) => file.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(File::open(&path).map_err(Error::io(&path))?),
        };
        let length = file.metadata().map_err(Error::io(&path))?.len();
        let place = u64::try_from(entry.offset).ok().zip(u64::try_from(entry.size).ok());
        let inside = |(offset, size): &(u64, u64)| offset.checked_add(*size).is_some_and(|end| end <= length);
        let (offset, size) = place.filter(inside).ok_or_else(|| broken("it lies beyond the end of the shard"))?;
        Ok((file, offset, size))
    }

    /// Reads and checks the bytes of one entry.
    fn read_entry<'b>(
        &self,
        name: &str,
        entry: &BundleEntryProto,
        files: &mut BTreeMap<i32, File>,
        bytes: &'b mut Vec<u8>,
    ) -> Result<&'b [u8]> {
        let (file, offset, size) = self.place(name, entry, files)?;
        let bytes = room(bytes, size as usize);
        let crc = checksummed::read_exact_at(file, bytes, offset);
        self.compare(name, entry, crc)?;
        Ok(bytes)
    }

    fn compare(&self, name: &str, entry: &BundleEntryProto, crc: std::io::Result<u32>) -> Result<()> {
        let path = self.shard_path(entry.shard_id);
        if masked(crc.map_err(Error::io(&path))?) != entry.crc32c {
            return Err(Error::tensor(&path, name, TensorFault::Checksum));
        }
        Ok(())
    }

    fn read_sliced(
        &self,
        name: &str,
        entry: &BundleEntryProto,
        files: &mut BTreeMap<i32, File>,
        take: &Take<'_>,
    ) -> Result<()> {
        let index = index_path(&self.prefix);
        let broken = |fault| Error::tensor(&index, name, fault);
        let spec = &self.specs[name];
        let mut assembly = Assembly::new(spec).map_err(broken)?;
        let mut bytes = Vec::new();
        for slice in &entry.slices {
            let slice = Slice::of(slice, &spec.shape).map_err(broken)?;
            let part = self.entries.get(&slice.key(name));
            let part = part.ok_or_else(|| broken(TensorFault::Slices("are not all in the index")))?;
            let data = self.read_entry(name, part, files, &mut bytes)?;
            if let Some(whole) = assembly.add(&slice, data).map_err(broken)? {
                return take(name, &whole);
            }
        }
        Err(broken(TensorFault::Slices("do not cover it")))
    }

    /// Checks every checksum without keeping anything, on two threads; tensors of strings, whose checksums are made
    /// otherwise, are passed over.
    pub fn check(&self) -> Result<()> {
        let fixed = |entry: &BundleEntryProto| entry.slices.is_empty() && DataType(entry.dtype).size().is_some();
        let entries: Vec<_> = self.entries.iter().filter(|(_, entry)| fixed(entry)).collect();
        let check_some = |entries: &[(&Vec<u8>, &BundleEntryProto)]| {
            let mut files = BTreeMap::new();
            entries.iter().try_for_each(|(key, entry)| {
                let name = String::from_utf8_lossy(key);
                let (file, offset, size) = self.place(&name, entry, &mut files)?;
                self.compare(&name, entry, checksummed::of_range(file, offset, size))
            })
        };
        let (first, second) = entries.split_at(Self::half(&entries));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| check_some(second));
            check_some(first).and(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }

    /// Where half of the bytes are before and half after.
    fn half(entries: &[(&Vec<u8>, &BundleEntryProto)]) -> usize {
        let total: i64 = entries.iter().fold(0, |sum, (_, entry)| sum.saturating_add(entry.size));
        let mut sum = 0i64;
        let passed = |(_, entry): &(&Vec<u8>, &BundleEntryProto)| {
            sum = sum.saturating_add(entry.size);
            sum > total / 2
        };
        entries.iter().position(passed).unwrap_or(entries.len())
    }
}

impl NamedTensors for Bundle {
    fn origin(&self) -> &Path {
        &self.prefix
    }

    fn specs(&self) -> &BTreeMap<String, TensorSpec> {
        &self.specs
    }

    fn read(&mut self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()> {
        let mut files = BTreeMap::new();
        let mut bytes = Vec::new();
        for name in wanted {
            let path = index_path(&self.prefix);
            let entry = self.specs.get(*name).and_then(|_| self.entries.get(name.as_bytes()));
            let entry = entry.ok_or_else(|| Error::tensor(&path, name, TensorFault::Missing))?;
            let spec = &self.specs[*name];
            if spec.dtype.size().is_none() {
                return Err(Error::tensor(&path, name, TensorFault::Unreadable(spec.dtype)));
            }
            if !entry.slices.is_empty() {
                self.read_sliced(name, entry, &mut files, take)?;
                continue;
            }
            let data = self.read_entry(name, entry, &mut files, &mut bytes)?;
            check_length(spec, data).map_err(|fault| Error::tensor(&path, name, fault))?;
            take(name, data)?;
        }
        Ok(())
    }
}
