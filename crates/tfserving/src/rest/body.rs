//! What is asked in JSON and what is answered in it; tensors are the matter of `nested`.

pub(crate) mod nested;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value as Json};

use super::lenient;
use crate::{
    answer::{Classes, Metadata, Prediction, Signature, State, Value, VersionStatus},
    call::{Classify, Predict},
    error::{Code, shortened},
    tensor::{DataType, Tensor, Values},
};

/// Row form for one vector of strings, which is how pictures are sent everywhere; column form for all else.
pub(super) fn predict(call: &Predict) -> Vec<u8> {
    let mut body = opened(&call.signature);
    if let Some(pictures) = only_strings(&call.inputs) {
        body.extend_from_slice(b"\"instances\":");
        nested::write(pictures, &mut body);
    } else {
        body.extend_from_slice(b"\"inputs\":{");
        for (number, (key, tensor)) in call.inputs.iter().enumerate() {
            if number > 0 {
                body.push(b',');
            }
            write_text(key, &mut body);
            body.push(b':');
            nested::write(tensor, &mut body);
        }
        body.push(b'}');
    }
    body.push(b'}');
    body
}

fn only_strings(inputs: &BTreeMap<String, Tensor>) -> Option<&Tensor> {
    let (_, tensor) = inputs.first_key_value().filter(|_| inputs.len() == 1)?;
    (matches!(tensor.values(), Values::Strings(_)) && tensor.shape().len() == 1).then_some(tensor)
}

pub(super) fn classify(call: &Classify) -> Vec<u8> {
    let mut body = opened(&call.signature);
    body.extend_from_slice(b"\"examples\":[{");
    write_text(&call.feature, &mut body);
    body.push(b':');
    write_base64(&call.value, &mut body);
    body.extend_from_slice(b"}]}");
    body
}

fn opened(signature: &str) -> Vec<u8> {
    let mut body = b"{".to_vec();
    if !signature.is_empty() {
        body.extend_from_slice(b"\"signature_name\":");
        write_text(signature, &mut body);
        body.push(b',');
    }
    body
}

fn write_text(text: &str, into: &mut Vec<u8>) {
    into.extend_from_slice(Json::from(text).to_string().as_bytes());
}

fn write_base64(bytes: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(b"{\"b64\":\"");
    let start = into.len();
    into.resize(start + bytes.len().div_ceil(3) * 4, b'=');
    let written = BASE64_STANDARD.encode_slice(bytes, &mut into[start..]).expect("there is room for all of it");
    into.truncate(start + written);
    into.extend_from_slice(b"\"}");
}

/// Rows (`predictions`) or columns (`outputs`).
pub(super) fn prediction(mut json: Json) -> Result<Prediction, String> {
    let outputs = match (json["predictions"].take(), json["outputs"].take()) {
        (Json::Array(rows), Json::Null) => by_row(rows)?,
        (Json::Null, Json::Null) => return Err("the answer has neither `predictions` nor `outputs`".into()),
        (Json::Null, Json::Object(columns)) if !nested::is_bytes(&columns) => columns.into_iter().collect(),
        (Json::Null, single) => BTreeMap::from([(String::new(), single)]),
        _ => return Err("`predictions` is no list, or stands beside `outputs`".into()),
    };
    let outputs = outputs.into_iter().map(|(key, json)| match nested::read(&json) {
        Ok(tensor) => Ok((key, tensor)),
        Err(what) => Err(format!("output `{key}`: {what}")),
    });
    Ok(Prediction { outputs: outputs.collect::<Result<_, _>>()?, version: None })
}

/// One list a key, of what the rows hold under it.
fn by_row(rows: Vec<Json>) -> Result<BTreeMap<String, Json>, String> {
    let named = rows.first().and_then(Json::as_object).is_some_and(|row| !nested::is_bytes(row));
    if !named {
        return Ok(BTreeMap::from([(String::new(), Json::Array(rows))]));
    }
    let mut columns: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    let count = rows.len();
    for row in rows {
        let Json::Object(row) = row else { return Err("a row of `predictions` has no names".into()) };
        for (key, value) in row {
            columns.entry(key).or_default().push(value);
        }
    }
    if columns.values().any(|column| column.len() != count) {
        return Err("the rows of `predictions` have different names".into());
    }
    Ok(columns.into_iter().map(|(key, column)| (key, Json::Array(column))).collect())
}

/// `{"result": [[["label", score], …]]}`.
pub(super) fn classes(json: &Json) -> Result<Classes, String> {
    let first = json["result"][0].as_array().ok_or("the answer holds no result")?;
    let class = |pair: &Json| Some((pair[0].as_str()?.to_owned(), lenient::number(&pair[1])? as f32));
    let classes: Option<Vec<_>> = first.iter().map(class).collect();
    classes.map(Classes).ok_or_else(|| "a class is no pair of label and score".into())
}

/// `{"model_spec": …, "metadata": {"signature_def": {"signature_def": …}}}`.
pub(super) fn metadata(json: &Json, name: &str) -> Result<Metadata, String> {
    let signatures = json["metadata"]["signature_def"]["signature_def"].as_object();
    let signatures = signatures.ok_or("the answer holds no signatures")?;
    let spec = &json["model_spec"];
    Ok(Metadata {
        name: spec["name"].as_str().unwrap_or(name).to_owned(),
        version: whole(&spec["version"]),
        signatures: signatures.iter().map(|(name, json)| (name.clone(), signature(json))).collect(),
    })
}

fn signature(json: &Json) -> Signature {
    let values = |json: &Json| {
        let empty = Map::new();
        let infos = json.as_object().unwrap_or(&empty).iter();
        infos.map(|(key, info)| (key.clone(), value(info))).collect()
    };
    Signature {
        method: json["method_name"].as_str().unwrap_or_default().to_owned(),
        inputs: values(&json["inputs"]),
        outputs: values(&json["outputs"]),
    }
}

fn value(json: &Json) -> Value {
    let shape = &json["tensor_shape"];
    let sizes = shape["dim"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sizes = sizes.iter().map(|dim| whole(&dim["size"]).unwrap_or(-1)).collect();
    let open = shape["unknown_rank"].as_bool().unwrap_or(false);
    Value { dtype: DataType::from_name(json["dtype"].as_str().unwrap_or_default()), shape: (!open).then_some(sizes) }
}

/// `{"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": …}]}`.
pub(super) fn versions(json: &Json) -> Result<Vec<VersionStatus>, String> {
    let versions = json["model_version_status"].as_array().ok_or("the answer holds no status of versions")?;
    let version = |json: &Json| {
        let (code, message) = (json["status"]["error_code"].as_str(), json["status"]["error_message"].as_str());
        let code = code.filter(|code| *code != "OK");
        let error = code.map(|code| (code_named(code), shortened(message.unwrap_or_default())));
        let state = State::from_name(json["state"].as_str().unwrap_or_default());
        let version = whole(&json["version"]).ok_or("a version has no number")?;
        Ok(VersionStatus { version, state, error })
    };
    versions.iter().map(version).collect()
}

fn code_named(name: &str) -> Code {
    (1..=16).map(Code::from_number).find(|code| code.name() == name).unwrap_or(Code::Unknown)
}

/// 64-bit numbers are strings in the JSON that protobuf writes.
fn whole(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| json.as_str()?.parse().ok())
}
