//! What a legacy `torch.save` stream holds and where: five pickles (a magic number, the format's version, the writer's
//! machine, the tensors, the storages' order), then the storages, each behind the count of its elements.

use std::{
    collections::BTreeMap,
    io::{BufReader, Read},
    path::Path,
    rc::Rc,
};

use super::{
    super::bytes::Bytes,
    pickle::{Source, unpickle},
    value::{Nest, Storage, Tensor, Value},
};
use crate::{
    error::{Error, TensorFault},
    tensor::{Shape, TensorSpec},
};

/// The first pickle: a number of ten bytes.
const MAGIC: [u8; 15] = *b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
/// How many bytes of it tell such a stream from every other checkpoint: a table cannot begin with them.
pub const START: &[u8] = MAGIC.first_chunk::<4>().expect("it is longer");
const VERSION: i64 = 1001;
/// Of the count before a storage's elements.
const COUNT: u64 = 8;

/// Every tensor, and how it lies in the file.
#[derive(Debug)]
pub struct Contents {
    pub specs: BTreeMap<String, TensorSpec>,
    pub places: BTreeMap<String, Place>,
}

/// Where a tensor lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its first byte.
    pub at: u64,
    /// How many elements further each dimension's next one is; none where they lie row-major. Weights that were converted
    /// from TensorFlow still lie in its order.
    pub strides: Option<Vec<usize>>,
}

/// What the pickles say.
struct Pickled {
    weights: Nest<(Value, Value)>,
    storages: BTreeMap<Rc<str>, Rc<Storage>>,
    /// Keys of storages in the order in which they lie in the file.
    order: Vec<Value>,
    /// Where the first of them lies.
    end: u64,
}

impl Contents {
    /// Reads all but the tensors' values.
    pub fn of(bytes: &Bytes, path: &Path) -> Result<Self, Error> {
        let mut source = Source::new(BufReader::with_capacity(1 << 16, bytes.reader()));
        let pickled = Pickled::read(&mut source);
        let pickled = pickled.map_err(|what| Error::file(path, format!("at byte {}: {what}", source.at)))?;
        let places = pickled.places(bytes).map_err(|what| Error::file(path, what))?;
        let mut contents = Self { specs: BTreeMap::new(), places: BTreeMap::new() };
        for (name, value) in &pickled.weights.items {
            let (Value::Text(name), Value::Tensor(tensor)) = (name, value) else {
                return Err(Error::file(path, "holds something else than tensors by name: save a `state_dict()`"));
            };
            let broken = |what| Error::tensor(path, name, TensorFault::Malformed(what));
            let start = places.get(&tensor.storage.key).ok_or_else(|| broken("its storage is not in the file"))?;
            let place = within(tensor).map_err(broken)?;
            let spec = TensorSpec { dtype: tensor.storage.dtype, shape: Shape(tensor.shape.clone()) };
            contents.places.insert(name.to_string(), Place { at: start + place.at, ..place });
            if contents.specs.insert(name.to_string(), spec).is_some() {
                return Err(broken("it is listed twice"));
            }
        }
        Ok(contents)
    }
}

impl Pickled {
    fn read(source: &mut Source<impl Read>) -> Result<Self, String> {
        if source.take()? != MAGIC {
            return Err("not a stream of torch.save: its magic number is another".into());
        }
        let mut storages = BTreeMap::new();
        match unpickle(source, &mut storages)? {
            Value::Int(VERSION) => {}
            Value::Int(other) => return Err(format!("has version {other} of the format; {VERSION} is read")),
            _ => return Err("does not say which version of the format it has".into()),
        }
        let Value::Dict(machine) = unpickle(source, &mut storages)? else {
            return Err("does not say which machine wrote it".into());
        };
        let little_endian = |(key, value): &(Value, Value)| match (key, value) {
            (Value::Text(key), Value::Bool(true)) => &**key == "little_endian",
            _ => false,
        };
        if !machine.items.iter().any(little_endian) {
            return Err("written on a big-endian machine, which is not supported".into());
        }
        let Value::Dict(weights) = unpickle(source, &mut storages)? else {
            return Err("holds something else than tensors by name: save a `state_dict()`".into());
        };
        let Value::List(order) = unpickle(source, &mut storages)? else {
            return Err("does not list its storages".into());
        };
        Ok(Self { weights, storages, order: order.items, end: source.at })
    }

    /// Where each storage's elements begin; all of them lie in the file, and nothing else does.
    fn places(&self, bytes: &Bytes) -> Result<BTreeMap<Rc<str>, u64>, String> {
        let (mut places, mut at) = (BTreeMap::new(), self.end);
        for key in &self.order {
            let Value::Text(key) = key else { return Err("lists a storage that has no name".into()) };
            let storage =
                self.storages.get(key).ok_or_else(|| format!("lists storage {key}, of which no tensor is"))?;
            let cut_off = || format!("is cut off in storage {key}");
            let mut count = Vec::new();
            let count = bytes.read(at, COUNT, &mut count).map_err(|_| cut_off())?;
            let count = count.try_into().map(u64::from_le_bytes).map_err(|_| cut_off())?;
            if count != storage.count {
                return Err(format!("storage {key} has {count} elements where tensors expect {}", storage.count));
            }
            let size = storage.dtype.size().and_then(|size| size.checked_mul(count)).ok_or_else(cut_off)?;
            let start = at + COUNT;
            at = start.checked_add(size).filter(|end| *end <= bytes.length()).ok_or_else(cut_off)?;
            if places.insert(key.clone(), start).is_some() {
                return Err(format!("lists storage {key} twice"));
            }
        }
        match bytes.length() - at {
            0 => Ok(places),
            more => Err(format!("goes on for {more} bytes after its last tensor")),
        }
    }
}

/// A view's place in its storage: it must lie inside, and have each of its elements once and none left out between them.
fn within(tensor: &Tensor) -> Result<Place, &'static str> {
    let outside = "it lies outside its storage";
    let elements = Shape(tensor.shape.clone()).elements().ok_or(outside)?;
    let end = tensor.offset.checked_add(elements).ok_or(outside)?;
    if end > tensor.storage.count {
        return Err(outside);
    }
    // Inside the storage, whose bytes are inside the file.
    let at = tensor.offset * tensor.storage.dtype.size().unwrap_or(0);
    if elements == 0 {
        return Ok(Place { at, strides: None });
    }
    // The stride of a dimension that has no second element is never used.
    let used = tensor.shape.iter().zip(&tensor.strides).filter(|(size, _)| **size > 1);
    let used: Vec<(u64, u64)> = used.map(|(size, stride)| (*size, *stride)).collect();
    if is_dense(used.iter().rev()) {
        return Ok(Place { at, strides: None });
    }
    let mut sorted = used;
    sorted.sort_unstable_by_key(|(_, stride)| *stride);
    if !is_dense(sorted.iter()) {
        return Err("its elements overlap or have others between them: save it as `.contiguous()`");
    }
    let stride = |(size, stride): (&u64, &u64)| if *size > 1 { *stride as usize } else { 0 };
    Ok(Place { at, strides: Some(tensor.shape.iter().zip(&tensor.strides).map(stride).collect()) })
}

/// Whether each dimension, given from the innermost one on, goes on where the one before ends.
fn is_dense<'d>(mut dimensions: impl Iterator<Item = &'d (u64, u64)>) -> bool {
    let next =
        |expected: u64, (size, stride): &(u64, u64)| (*stride == expected).then(|| expected.saturating_mul(*size));
    dimensions.try_fold(1, next).is_some()
}
