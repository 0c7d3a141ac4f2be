//! The stand-in's REST side; it answers in the form it is asked in.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Json, Response},
    routing::get,
};
use serde_json::{Value, json};

use super::{Asked, Behaviour, Reply};
use crate::{
    rest::body::nested,
    tensor::{Tensor, Values},
};

pub(super) fn router(behaviour: Behaviour) -> Router {
    Router::new()
        .route("/v1/models/{call}", get(status).post(call))
        .route("/v1/models/{model}/metadata", get(metadata))
        .layer(DefaultBodyLimit::disable())
        .with_state(behaviour)
}

async fn call(State(behaviour): State<Behaviour>, Path(call): Path<String>, Json(body): Json<Value>) -> Response {
    let Some(model) = call.strip_suffix(":predict") else { return refusal(StatusCode::NOT_IMPLEMENTED, &call) };
    let (input, form) = match (body.get("instances"), body.get("inputs")) {
        (Some(rows), None) => (read("images", rows), "predictions"),
        (None, Some(Value::Object(columns))) => (
            columns
                .iter()
                .try_fold(BTreeMap::new(), |all, (key, json)| Ok(all.into_iter().chain(read(key, json)?).collect())),
            "outputs",
        ),
        _ => return refusal(StatusCode::BAD_REQUEST, "neither instances nor inputs"),
    };
    let inputs = match input {
        Ok(inputs) => inputs,
        Err(what) => return refusal(StatusCode::BAD_REQUEST, &what),
    };
    let signature = body["signature_name"].as_str().unwrap_or_default().to_owned();
    let asked = Asked { model: model.to_owned(), signature, inputs };
    match behaviour.predict(asked).await {
        Reply::Refusal(code, message) => {
            let status = StatusCode::from_u16(code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            refusal(status, &message)
        }
        Reply::Outputs(outputs) => {
            let mut headers = HeaderMap::new();
            if let Some(timing) = behaviour.timing.as_deref().and_then(|timing| HeaderValue::from_str(timing).ok()) {
                headers.insert("server-timing", timing);
            }
            let outputs: serde_json::Map<String, Value> =
                outputs.iter().map(|(key, tensor)| (key.clone(), shown(tensor))).collect();
            let said = if form == "outputs" { Value::Object(outputs) } else { by_row(&outputs) };
            (headers, Json(json!({ form: said }))).into_response()
        }
    }
}

fn read(key: &str, json: &Value) -> Result<BTreeMap<String, Tensor>, String> {
    Ok(BTreeMap::from([(key.to_owned(), nested::read(json)?)]))
}

/// Strings as text, as models name their classes.
fn shown(tensor: &Tensor) -> Value {
    let leaves: Vec<Value> = match tensor.values() {
        Values::Strings(strings) => strings.iter().map(|text| String::from_utf8_lossy(text).into()).collect(),
        _ => tensor.to_f64().unwrap_or_default().into_iter().map(Value::from).collect(),
    };
    let mut nested = leaves;
    for size in tensor.shape().iter().skip(1).rev() {
        nested = nested.chunks((*size).max(1)).map(|row| Value::Array(row.to_vec())).collect();
    }
    Value::Array(nested)
}

fn by_row(columns: &serde_json::Map<String, Value>) -> Value {
    let count = columns.values().next().and_then(Value::as_array).map_or(0, Vec::len);
    let row = |number: usize| columns.iter().map(|(key, column)| (key.clone(), column[number].clone())).collect();
    (0..count).map(|number| Value::Object(row(number))).collect()
}

async fn status(State(behaviour): State<Behaviour>) -> Response {
    if !behaviour.tells_of_models {
        return refusal(StatusCode::NOT_IMPLEMENTED, "status");
    }
    let status = json!({ "error_code": "OK", "error_message": "" });
    Json(json!({ "model_version_status": [{ "version": "7", "state": "AVAILABLE", "status": status }] }))
        .into_response()
}

async fn metadata(State(behaviour): State<Behaviour>, Path(model): Path<String>) -> Response {
    if !behaviour.tells_of_models {
        return refusal(StatusCode::NOT_IMPLEMENTED, "metadata");
    }
    let info = |dtype: &str, sizes: &[&str]| {
        let dim: Vec<Value> = sizes.iter().map(|size| json!({ "size": size, "name": "" })).collect();
        json!({ "dtype": dtype, "tensor_shape": { "dim": dim, "unknown_rank": false }, "name": "x:0" })
    };
    let signature = json!({
        "inputs": { "images": info("DT_STRING", &["-1"]) },
        "outputs": { "classes": info("DT_STRING", &["-1", "5"]), "scores": info("DT_FLOAT", &["-1", "5"]) },
        "method_name": "tensorflow/serving/predict",
    });
    let spec = json!({ "name": model, "signature_name": "", "version": "7" });
    let map = json!({ "signature_def": { "predict_images": signature } });
    Json(json!({ "model_spec": spec, "metadata": { "signature_def": map } })).into_response()
}

fn refusal(status: StatusCode, what: &str) -> Response {
    (status, Json(json!({ "error": what }))).into_response()
}
