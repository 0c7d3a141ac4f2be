//! V1 checkpoints: one table whose first record lists all tensors and whose others hold one slice of one tensor each.
//! The records are read alike out of a file, where only wanted blocks are touched, and out of a stream.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::Path,
    thread,
};

use prost::Message;

use super::{
    NamedTensors, Take,
    halves::halves,
    slices::{Assembly, Slice, check_length},
    values::values,
};
use crate::{
    error::{BlockFault, Error, Result, TensorFault},
    proto::tensor::{SavedTensorSlices, TensorShapeProto, TensorSliceProto},
    table::{block::Block, reader::Table},
    tensor::{DataType, Shape, TensorSpec},
    wire::{Fields, Value},
};

/// A V1 checkpoint in a file.
#[derive(Debug)]
pub struct V1File {
    table: Table,
    contents: Contents,
}

impl V1File {
    /// Reads the list of tensors and no tensor.
    pub fn open(path: &Path) -> Result<Self> {
        let table = Table::open(path)?;
        if table.blocks().len() == 0 {
            return Err(no_contents(path));
        }
        let mut bytes = Vec::new();
        let (offset, block) = table.block(0, &mut bytes)?;
        let contents = Contents::of(&block, path, offset)?;
        Ok(Self { table, contents })
    }
}

impl NamedTensors for V1File {
    fn origin(&self) -> &Path {
        &self.table.path
    }

    fn specs(&self) -> &BTreeMap<String, TensorSpec> {
        &self.contents.specs
    }

    fn read(&mut self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()> {
        let (first, second) = halves(&self.contents.specs, wanted);
        thread::scope(|scope| {
            let second = scope.spawn(|| self.read_some(&second, take));
            self.read_some(&first, take).and(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }
}

impl V1File {
    /// Reads tensors one after the other, out of the blocks that hold them.
    fn read_some(&self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()> {
        let mut reading = Reading::new(&self.contents, wanted, &self.table.path)?;
        let keys = wanted.iter().flat_map(|name| {
            let slices = self.contents.slices.get(*name).into_iter().flatten();
            slices.map(|slice| slice.key(name))
        });
        let blocks: BTreeSet<usize> = keys.filter_map(|key| self.table.block_of(&key)).collect();
        let mut bytes = Vec::new();
        for number in blocks {
            let (offset, block) = self.table.block(number, &mut bytes)?;
            reading.take_block(&block, offset, take)?;
        }
        reading.finish()
    }
}

/// The first record: every tensor with its slices.
#[derive(Debug)]
pub struct Contents {
    pub specs: BTreeMap<String, TensorSpec>,
    slices: BTreeMap<String, Vec<Slice>>,
}

impl Contents {
    /// `block` is the table's first one.
    pub fn of(block: &Block<'_>, path: &Path, offset: u64) -> Result<Self> {
        let fault = |what| Error::block(path, offset, BlockFault::Malformed(what));
        let mut records = block.records();
        let first = records.next().map_err(|fault| Error::block(path, offset, fault))?;
        let Some((&[], value)) = first else { return Err(no_contents(path)) };
        let list = SavedTensorSlices::decode(value).map_err(|_| fault("its list of tensors cannot be decoded"))?;
        let list = list.meta.ok_or_else(|| no_contents(path))?;
        let (mut specs, mut slices) = (BTreeMap::new(), BTreeMap::new());
        for tensor in list.tensor {
            let broken = |fault| Error::tensor(path, &tensor.name, fault);
            let shape = tensor.shape.as_ref().map_or(Some(Shape::default()), TensorShapeProto::shape);
            let shape = shape.ok_or_else(|| broken(TensorFault::Malformed("its shape is open")))?;
            let parts =
                tensor.slice.iter().map(|slice| Slice::of(slice, &shape)).collect::<std::result::Result<_, _>>();
            slices.insert(tensor.name.clone(), parts.map_err(broken)?);
            let spec = TensorSpec { dtype: DataType(tensor.r#type), shape };
            if specs.insert(tensor.name.clone(), spec).is_some() {
                return Err(broken(TensorFault::Malformed("it is listed twice")));
            }
        }
        Ok(Self { specs, slices })
    }
}

fn no_contents(path: &Path) -> Error {
    Error::file(path, "not a V1 checkpoint: its first record is no list of tensors")
}

/// Wanted tensors on their way out of records.
pub struct Reading<'a> {
    contents: &'a Contents,
    path: &'a Path,
    /// Wanted and not handed out yet.
    open: BTreeSet<&'a str>,
    assemblies: BTreeMap<&'a str, Assembly>,
}

impl<'a> Reading<'a> {
    pub fn new(contents: &'a Contents, wanted: &BTreeSet<&'a str>, path: &'a Path) -> Result<Self> {
        if let Some(missing) = wanted.iter().find(|name| !contents.specs.contains_key(**name)) {
            return Err(Error::tensor(path, missing, TensorFault::Missing));
        }
        Ok(Self { contents, path, open: wanted.clone(), assemblies: BTreeMap::new() })
    }

    /// Hands out what the records of a block make whole.
    pub fn take_block(&mut self, block: &Block<'_>, offset: u64, take: &Take<'_>) -> Result<()> {
        let mut records = block.records();
        while let Some((key, value)) = records.next().map_err(|fault| Error::block(self.path, offset, fault))? {
            if !key.is_empty() {
                self.take_record(value, offset, take)?;
            }
        }
        Ok(())
    }

    fn take_record(&mut self, value: &[u8], offset: u64, take: &Take<'_>) -> Result<()> {
        let malformed = |what| Error::block(self.path, offset, BlockFault::Malformed(what));
        let saved = field(value, SAVED_DATA).ok_or_else(|| malformed("a record is no slice of a tensor"))?;
        let name = field(saved, SLICE_NAME).unwrap_or_default();
        let name = str::from_utf8(name).map_err(|_| malformed("a tensor's name is no UTF-8"))?;
        let Some((name, spec)) = self.contents.specs.get_key_value(name) else {
            return Err(Error::tensor(self.path, name, TensorFault::Malformed("it has data but is not listed")));
        };
        if !self.open.contains(name.as_str()) {
            return Ok(());
        }
        let broken = |fault| Error::tensor(self.path, name, fault);
        let slice = TensorSliceProto::decode(field(saved, SLICE_PLACE).unwrap_or_default());
        let slice = slice.map_err(|_| broken(TensorFault::Slices("cannot be decoded")))?;
        let slice = Slice::of(&slice, &spec.shape).map_err(broken)?;
        let data = values(field(saved, SLICE_DATA).unwrap_or_default(), spec.dtype).map_err(broken)?;
        if slice.is_whole(&spec.shape) {
            check_length(spec, &data).map_err(broken)?;
            take(name, &data)?;
            self.open.remove(name.as_str());
            return Ok(());
        }
        let assembly = match self.assemblies.entry(name) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Assembly::new(spec).map_err(broken)?),
        };
        if let Some(whole) = assembly.add(&slice, &data).map_err(broken)? {
            take(name, &whole)?;
            self.assemblies.remove(name.as_str());
            self.open.remove(name.as_str());
        }
        Ok(())
    }

    /// Fails where a wanted tensor did not come, or not all of it.
    pub fn finish(self) -> Result<()> {
        let Some(name) = self.open.first() else { return Ok(()) };
        let fault = if self.assemblies.contains_key(name) {
            TensorFault::Slices("do not cover it")
        } else {
            TensorFault::Malformed("it is listed but has no data")
        };
        Err(Error::tensor(self.path, name, fault))
    }
}

/// Field numbers of SavedTensorSlices and SavedSlice.
const SAVED_DATA: u64 = 2;
const SLICE_NAME: u64 = 1;
const SLICE_PLACE: u64 = 2;
const SLICE_DATA: u64 = 3;

/// The last occurrence of a field that is bytes, as protobuf has it; none also where the message is malformed.
fn field(message: &[u8], number: u64) -> Option<&[u8]> {
    let mut found = None;
    for field in Fields::new(message) {
        if let (n, Value::Bytes(bytes)) = field.ok()?
            && n == number
        {
            found = Some(bytes);
        }
    }
    found
}
