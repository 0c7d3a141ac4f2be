//! Checkpoints that TensorFlow wrote (`tests/judge/fixtures.py`) read back equal. With `SAVEDMODEL_FIXTURES` set they are
//! taken from that folder, where the real ring puts fresh ones; otherwise from `tests/data`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Mutex,
};

use savedmodel::{DataType, checkpoint};
use serde_json::Value;

fn folder() -> PathBuf {
    let fresh = std::env::var_os("SAVEDMODEL_FIXTURES").map(PathBuf::from);
    fresh.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"))
}

/// Name and description of each fixture.
fn fixtures() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("a folder of fixtures").flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "json") && name.starts_with('v') {
            let text = std::fs::read_to_string(&path).expect("read");
            found.push((name, serde_json::from_str(&text).expect("JSON")));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Our name of a dtype that numpy calls so.
fn dtype(numpy: &str) -> &str {
    match numpy {
        "float32" => "float",
        "float64" => "double",
        "float16" => "half",
        other => other,
    }
}

fn bytes(tensor: &Value) -> Option<Vec<u8>> {
    if let Some(hex) = tensor["bytes_hex"].as_str() {
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
        return Some((0..hex.len()).step_by(2).map(digit).collect());
    }
    let start = tensor["linear"]["start"].as_f64()?;
    let step = tensor["linear"]["step"].as_f64().unwrap_or(1.0);
    let count: u64 = shape(tensor).iter().product();
    Some((0..count).flat_map(|index| ((start + step * index as f64) as f32).to_le_bytes()).collect())
}

fn shape(tensor: &Value) -> Vec<u64> {
    tensor["shape"].as_array().expect("a list").iter().map(|size| size.as_u64().expect("a size")).collect()
}

fn readable(tensor: &Value) -> bool {
    !["half", "complex64", "string", "bfloat16"].contains(&dtype(tensor["dtype"].as_str().expect("a text")))
}

#[test]
fn checkpoints_of_tensorflow_read_back_equal() {
    let mut read = 0;
    for (name, description) in fixtures() {
        // A V1 checkpoint in several files has no reader here; each file alone is none.
        if description["format"] == "V1" && description["files"].as_array().expect("a list").len() > 1 {
            continue;
        }
        let mut source = checkpoint::open(&folder().join(&name)).expect("opens");
        let tensors = description["tensors"].as_array().expect("a list");
        let mut expected = BTreeMap::new();
        for tensor in tensors {
            let tensor_name = tensor["name"].as_str().expect("a text");
            let spec = &source.specs()[tensor_name];
            assert_eq!(
                spec.dtype.to_string(),
                dtype(tensor["dtype"].as_str().expect("a text")),
                "{name} {tensor_name}"
            );
            assert_eq!(spec.shape.0, shape(tensor), "{name} {tensor_name}");
            if readable(tensor) {
                expected.insert(tensor_name.to_owned(), bytes(tensor).expect("values"));
            }
        }
        assert_eq!(source.specs().len(), tensors.len(), "{name}");
        let wanted: BTreeSet<&str> = expected.keys().map(String::as_str).collect();
        let found = Mutex::new(BTreeMap::new());
        let take = |name: &str, bytes: &[u8]| {
            found.lock().expect("no panic").insert(name.to_owned(), bytes.to_vec());
            Ok(())
        };
        source.read(&wanted, &take).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = found.into_inner().expect("no panic");
        assert!(found == expected, "{name}: values differ");
        read += found.len();
    }
    assert!(read >= 70, "only {read} tensors were read");
}

#[test]
fn dtypes_without_a_fixed_size_are_named_in_the_refusal() {
    for name in ["v1_other", "v2_other"] {
        let mut source = checkpoint::open(&folder().join(name)).expect("opens");
        assert_eq!(source.specs()["d/string"].dtype, DataType::STRING);
        let error = source.read(&["d/string"].into(), &|_, _| Ok(())).expect_err("strings");
        assert!(error.to_string().contains("tensor d/string: dtype string cannot be read"), "{error}");
    }
}
