//! Byte-level compatibility with the original application: `original.json` holds its reply's keys, their order and types.

use std::path::Path;

use bytes::Bytes;

use super::{
    client::{Json, file, json, upload},
    harness::{grpc, jpeg, rest, score, start, telling},
};

/// The object begins with the original's keys, in its order and of its types; what is ours comes after them.
fn begins_as(schema: &Json, kind: &str, object: &Json) {
    let entries: Vec<_> = object.object().iter().collect();
    for (at, wanted) in schema.at(kind).list().iter().enumerate() {
        let (key, kind_of_value) = (wanted.list()[0].text(), wanted.list()[1].text());
        let (found, value) = entries[at];
        assert_eq!(found, key, "{kind}: key {at}");
        let is = match value {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(_) => "number",
            Json::Text(_) => "text",
            Json::List(_) => "list",
            Json::Object(_) => "object",
        };
        assert_eq!(is, kind_of_value, "{kind}: {key}");
    }
}

#[tokio::test]
async fn a_plain_upload_is_answered_as_the_original_did() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/service/original.json");
    let schema: Json = serde_json::from_str(&std::fs::read_to_string(path).expect("read")).expect("JSON");
    let (first, second) = (grpc(&telling()), rest(&telling()));
    let running = start(vec![first.address("My 8 CPUs"), second.address("gpu")]).await;
    let picture = jpeg(600, 400);
    let response = upload(&running, "", &picture).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    let reply = json(response).await;
    begins_as(&schema, "reply", &reply);
    let file = &reply.at("files").list()[0];
    begins_as(&schema, "file", file);
    let sizes: Vec<&str> = file.at("sizes").list().iter().map(Json::text).collect();
    assert_eq!(sizes, ["Orig. 600x400", "2048x2048", "1024x1024", "512x512", "256x256", "128x128"]);
    assert_eq!(file.at("derivatives").keys(), sizes);
    for (key, derivative) in file.at("derivatives").object() {
        begins_as(&schema, "derivative", derivative);
        assert_eq!(derivative.at("predictions").keys(), ["My 8 CPUs", "gpu"], "{key}");
        for prediction in derivative.at("predictions").object().values() {
            begins_as(&schema, "prediction", prediction);
        }
    }
}

#[tokio::test]
async fn values_mean_what_they_did() {
    let server = grpc(&telling());
    let running = start(vec![server.address("a")]).await;
    let picture = jpeg(600, 400);
    let file = file(&running, "", &picture).await;
    assert_eq!((file.at("filename").text(), file.at("content_type").text()), ("cat.jpg", "image/jpeg"));
    let row = |key: &str| file.at("derivatives").object()[key].clone();
    let (original, small, large) = (row("Orig. 600x400"), row("256x256"), row("2048x2048"));
    assert_eq!((original.at("filename").text(), original.at("resized").text()), ("cat.jpg", "Reference"));
    assert_eq!((original.at("resize_duration").number(), original.at("filesize_percent").number()), (0.0, 100.0));
    assert_eq!(original.at("predictions/a/precision").number(), 100.0);
    assert_eq!((small.at("filename").text(), small.at("image_size").text()), ("cat.256x256.jpg", "256x171"));
    assert_eq!(large.at("image_size").text(), "600x400", "a picture is never enlarged");
    let percent = 100.0 * small.at("filesize").number() / picture.len() as f64;
    assert!((small.at("filesize_percent").number() - percent).abs() < 1e-9);
    // Best first, and the lower of two classes with one name in the place of the higher.
    assert_eq!(small.at("predictions/a/results").keys(), ["tabby, tabby cat", "crane"]);
    assert_eq!(small.at("predictions/a/results/crane").number(), 0.5);
    let at_first = f64::from(score(&picture));
    let now = small.at("predictions/a/results").object()["tabby, tabby cat"].number();
    let precision = (100.0 * now / at_first + 100.0) / 2.0;
    assert!((small.at("predictions/a/precision").number() - precision).abs() < 1e-9);
    assert_eq!(small.at("average_precision"), small.at("predictions/a/precision"));
    assert_eq!(small.at("average_duration"), small.at("predictions/a/predict_duration"));
    let total = small.at("predictions/a/predict_duration").number() + small.at("resize_duration").number();
    assert!((small.at("predictions/a/total_duration").number() - total).abs() < 1e-9);
}

#[tokio::test]
async fn every_answer_belongs_to_its_picture_whatever_the_interface() {
    let (first, second) = (grpc(&telling()), rest(&telling()));
    let running = start(vec![first.address("grpc"), second.address("rest")]).await;
    let file = file(&running, "?formats=jpeg,png&quality=60,90", &jpeg(300, 200)).await;
    for (key, derivative) in file.at("derivatives").object() {
        let size = derivative.at("filesize").number() as usize;
        for server in ["grpc", "rest"] {
            let best = &derivative.at("predictions").object()[server].at("ranked").list()[0];
            assert_eq!(best.at("label").text(), "tabby, tabby cat", "{key} {server}");
            let wanted = f64::from(score(&vec![0; size]));
            assert!((best.at("score").number() - wanted).abs() < 1e-6, "{key} {server}");
        }
    }
}

#[tokio::test]
async fn a_picture_of_many_megabytes_is_taken() {
    let stand_in = grpc(&telling());
    let running = start(vec![stand_in.address("a")]).await;
    // Cameras write more behind a picture's end than decoders read.
    let picture = Bytes::from([&jpeg(300, 200)[..], &vec![0; 20_000_000]].concat());
    let file = file(&running, "?sizes=128", &picture).await;
    assert!((file.at("filesize").number() - picture.len() as f64).abs() < f64::EPSILON);
}
