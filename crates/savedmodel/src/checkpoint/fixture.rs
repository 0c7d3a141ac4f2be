//! Small checkpoints for tests, in every format and with every way of writing values, and readers of all of one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Mutex,
};

use flate2::{Compression, write::GzEncoder};
use prost::Message;

use super::{BundleWriter, NamedTensors, slices::Slice};
use crate::{
    error::Result,
    proto::tensor::{
        Extent, SavedSliceMeta, SavedTensorSliceMeta, SavedTensorSlices, TensorShapeProto, TensorSliceProto,
    },
    table::builder::TableBuilder,
    tensor::{DataType, Shape, TensorSpec},
    wire::put_varint,
};

/// Name, dtype, shape and bytes of each tensor.
pub type Tensors = BTreeMap<String, (TensorSpec, Vec<u8>)>;

/// Tensors of every dtype that can be read, with a scalar, an empty one and one that takes several records' room.
pub fn tensors() -> Tensors {
    let mut all = Tensors::new();
    let mut add = |name: &str, dtype, shape: &[u64], bytes: Vec<u8>| {
        all.insert(name.to_owned(), (TensorSpec { dtype, shape: Shape(shape.to_vec()) }, bytes));
    };
    let floats = |count: usize| (0..count).flat_map(|n| (n as f32 * 0.37 - 1.0).to_le_bytes()).collect::<Vec<_>>();
    add("a/weights", DataType::FLOAT, &[2, 3, 4], floats(24));
    add("a/weights/ExponentialMovingAverage", DataType::FLOAT, &[2, 3, 4], floats(24));
    add("b/empty", DataType::FLOAT, &[0, 5], Vec::new());
    add("b/large", DataType::FLOAT, &[150], floats(150));
    add("c/bool", DataType::BOOL, &[3], vec![1, 0, 1]);
    add("c/bytes", DataType::UINT8, &[4], vec![0, 127, 128, 255]);
    add("d/double", DataType::DOUBLE, &[2], [1.5f64, -2.25].map(f64::to_le_bytes).concat());
    add("e/int32", DataType::INT32, &[3], [0i32, -5, i32::MAX].map(i32::to_le_bytes).concat());
    add("e/int64", DataType::INT64, &[2], [i64::MIN, 77].map(i64::to_le_bytes).concat());
    add("global_step", DataType::FLOAT, &[], 157_585f32.to_le_bytes().to_vec());
    all
}

/// A V1 checkpoint; `a/weights` is split in two along its second dimension.
pub fn v1(tensors: &Tensors, block_size: usize, compress: bool) -> Vec<u8> {
    let whole = |spec: &TensorSpec| vec![Extent { start: 0, length: None }; spec.shape.0.len()];
    let split = |name: &str, spec: &TensorSpec| match name {
        "a/weights" => [(0, 1), (1, 2)]
            .map(|(start, length)| {
                let mut extents = whole(spec);
                extents[1] = Extent { start, length: Some(length) };
                TensorSliceProto { extent: extents }
            })
            .to_vec(),
        _ => vec![TensorSliceProto { extent: whole(spec) }],
    };
    let list = tensors.iter().map(|(name, (spec, _))| SavedSliceMeta {
        name: name.clone(),
        shape: Some(TensorShapeProto::from(&spec.shape)),
        r#type: spec.dtype.0,
        slice: split(name, spec),
    });
    let meta = SavedTensorSlices { meta: Some(SavedTensorSliceMeta { tensor: list.collect() }) };
    let mut table = TableBuilder::new(Vec::new()).with_blocks(block_size, compress);
    table.add(b"", &meta.encode_to_vec()).expect("memory");
    for (name, (spec, bytes)) in tensors {
        for proto in split(name, spec) {
            let slice = Slice::of(&proto, &spec.shape).expect("sound");
            let bytes = part(&slice, spec, bytes);
            let mut saved = Vec::new();
            put_bytes(&mut saved, 1, name.as_bytes());
            put_bytes(&mut saved, 2, &proto.encode_to_vec());
            put_bytes(&mut saved, 3, &values(spec.dtype, &bytes));
            let mut record = Vec::new();
            put_bytes(&mut record, 2, &saved);
            table.add(&slice.key(name), &record).expect("memory");
        }
    }
    table.finish().expect("memory")
}

/// The elements of a slice of [2,3,4] along the second dimension, or of all.
fn part(slice: &Slice, spec: &TensorSpec, bytes: &[u8]) -> Vec<u8> {
    if slice.is_whole(&spec.shape) {
        return bytes.to_vec();
    }
    let rows = if slice.shape().0[1] == 1 { 0..16 } else { 16..48 };
    bytes.chunks_exact(48).flat_map(|outer| outer[rows.clone()].to_vec()).collect()
}

fn put_bytes(message: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(message, field << 3 | 2);
    put_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// A TensorProto that holds values only: packed, as TensorFlow writes them.
fn values(dtype: DataType, bytes: &[u8]) -> Vec<u8> {
    let numbers = |size: usize, read: fn(&[u8]) -> i64| {
        let mut packed = Vec::new();
        bytes.chunks_exact(size).for_each(|chunk| put_varint(&mut packed, read(chunk) as u64));
        packed
    };
    let (field, packed) = match dtype {
        DataType::FLOAT => (5, bytes.to_vec()),
        DataType::DOUBLE => (6, bytes.to_vec()),
        DataType::INT32 => (7, numbers(4, |b| i32::from_le_bytes(b.try_into().expect("four")).into())),
        DataType::UINT8 => (7, numbers(1, |b| b[0].into())),
        DataType::INT64 => (10, numbers(8, |b| i64::from_le_bytes(b.try_into().expect("eight")))),
        DataType::BOOL => (11, numbers(1, |b| b[0].into())),
        other => panic!("{other} is not written here"),
    };
    let mut message = Vec::new();
    if !packed.is_empty() {
        put_bytes(&mut message, field, &packed);
    }
    message
}

/// Writes a V2 bundle and gives its prefix.
pub fn v2(tensors: &Tensors, folder: &Path) -> PathBuf {
    let prefix = folder.join("model.ckpt-1");
    let specs = tensors.iter().map(|(name, (spec, _))| (name.clone(), spec.clone())).collect();
    let writer = BundleWriter::create(&prefix, &specs).expect("a folder");
    for (name, (_, bytes)) in tensors {
        writer.write(name, bytes).expect("room");
    }
    writer.finish().expect("room");
    prefix
}

/// A `.tar.gz` of files.
pub fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).expect("memory");
    }
    builder.into_inner().and_then(GzEncoder::finish).expect("memory")
}

/// Everything a checkpoint holds.
pub fn read_all(source: &mut dyn NamedTensors) -> Result<Tensors> {
    let specs = source.specs().clone();
    let wanted: BTreeSet<&str> = specs.keys().map(String::as_str).collect();
    let all = Mutex::new(Tensors::new());
    source.read(&wanted, &|name, bytes| {
        let tensor = (specs[name].clone(), bytes.to_vec());
        assert!(all.lock().expect("no panic").insert(name.to_owned(), tensor).is_none(), "{name} comes twice");
        Ok(())
    })?;
    Ok(all.into_inner().expect("no panic"))
}
