//! Tensors as nested lists. REST names no types: whole numbers are read as 64-bit integers, others as doubles.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::{super::lenient, write_base64};
use crate::tensor::{DataType, Tensor, Values};

/// Whether an object is one value, `{"b64": "…"}`.
pub(super) fn is_bytes(object: &Map<String, Json>) -> bool {
    object.len() == 1 && object.get("b64").is_some_and(Json::is_string)
}

pub(super) fn write(tensor: &Tensor, into: &mut Vec<u8>) {
    write_from(tensor.values(), tensor.shape(), &mut 0, into);
}

fn write_from(values: &Values, shape: &[usize], next: &mut usize, into: &mut Vec<u8>) {
    let Some((size, rest)) = shape.split_first() else {
        write_one(values, *next, into);
        *next += 1;
        return;
    };
    into.push(b'[');
    for number in 0..*size {
        if number > 0 {
            into.push(b',');
        }
        write_from(values, rest, next, into);
    }
    into.push(b']');
}

fn write_one(values: &Values, at: usize, into: &mut Vec<u8>) {
    let text = match values {
        Values::Strings(values) => return write_base64(&values[at], into),
        Values::Floats(values) => decimal(values[at].into(), values[at].to_string()),
        Values::Doubles(values) => decimal(values[at], values[at].to_string()),
        Values::Integers(values) => values[at].to_string(),
        Values::Bytes(values) => values[at].to_string(),
        Values::Bools(values) => values[at].to_string(),
    };
    into.extend_from_slice(text.as_bytes());
}

/// Rust's shortest exact decimal, with JSON's words for what is none.
fn decimal(value: f64, shown: String) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if shown.contains('.') {
        shown
    } else {
        shown + ".0"
    }
}

pub(crate) fn read(json: &Json) -> Result<Tensor, String> {
    let mut shape = Vec::new();
    let mut deepest = json;
    while let Json::Array(list) = deepest {
        shape.push(list.len());
        match list.first() {
            Some(first) => deepest = first,
            None => break,
        }
    }
    let mut leaves = Vec::new();
    collect(json, &shape, &mut leaves)?;
    let (dtype, values) = typed(&leaves)?;
    Tensor::new(dtype, shape, values).map_err(|error| error.to_string())
}

/// All leaves in row-major order, where the lists are as long as the first of their depth.
fn collect<'a>(json: &'a Json, shape: &[usize], leaves: &mut Vec<&'a Json>) -> Result<(), String> {
    match (json, shape.split_first()) {
        (Json::Array(list), Some((size, rest))) if list.len() == *size => {
            list.iter().try_for_each(|json| collect(json, rest, leaves))
        }
        (Json::Array(_), _) | (_, Some(_)) => Err("the lists differ in length or depth".into()),
        (leaf, None) => {
            leaves.push(leaf);
            Ok(())
        }
    }
}

fn typed(leaves: &[&Json]) -> Result<(DataType, Values), String> {
    fn all<T>(leaves: &[&Json], read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
        leaves.iter().map(|leaf| read(leaf)).collect()
    }
    let found = all(leaves, Json::as_i64)
        .map(|values| (DataType::Int64, Values::Integers(values)))
        .or_else(|| all(leaves, lenient::number).map(|values| (DataType::Double, Values::Doubles(values))))
        .or_else(|| all(leaves, Json::as_bool).map(|values| (DataType::Bool, Values::Bools(values))))
        .or_else(|| all(leaves, string).map(|values| (DataType::String, Values::Strings(values))));
    found.ok_or_else(|| "the values are neither all numbers nor all strings nor all truth values".into())
}

fn string(json: &Json) -> Option<Bytes> {
    match json {
        Json::String(text) => Some(Bytes::from(text.clone())),
        Json::Object(object) if is_bytes(object) => {
            BASE64_STANDARD.decode(object["b64"].as_str()?).ok().map(Bytes::from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_become_tensors() {
        let strings = read(&json!(["cat", {"b64": "/w=="}])).expect("read");
        assert_eq!(strings, Tensor::strings([Bytes::from_static(b"cat"), Bytes::from_static(b"\xff")]));
        let numbers = read(&json!([[1, 2.5], [3, 4]])).expect("read");
        assert_eq!((numbers.shape(), numbers.to_f64()), (&[2, 2][..], Some(vec![1.0, 2.5, 3.0, 4.0])));
        assert_eq!(read(&json!([[], []])).expect("read").shape(), [2, 0]);
        assert_eq!(read(&json!(true)).expect("read").values(), &Values::Bools(vec![true]));
    }

    #[test]
    fn lists_that_are_no_tensor_are_refused() {
        for json in [
            json!([[1], [2, 3]]),
            json!([1, [2]]),
            json!([[1], 2]),
            json!([1, "a"]),
            json!([null]),
            json!([{"b64": "*"}]),
        ] {
            assert!(read(&json).is_err(), "{json}");
        }
    }

    #[test]
    fn tensors_become_lists() {
        let written = |tensor: Tensor| {
            let mut text = Vec::new();
            write(&tensor, &mut text);
            String::from_utf8(text).expect("text")
        };
        assert_eq!(written(Tensor::strings([Bytes::from_static(b"\xff\x00")])), r#"[{"b64":"/wA="}]"#);
        let numbers = Values::Floats(vec![1.0, -0.1, f32::NAN, f32::NEG_INFINITY]);
        let tensor = Tensor::new(DataType::Float, vec![2, 2], numbers).expect("fits");
        assert_eq!(written(tensor), "[[1.0,-0.1],[NaN,-Infinity]]");
        assert_eq!(written(Tensor::strings([])), "[]");
    }
}
