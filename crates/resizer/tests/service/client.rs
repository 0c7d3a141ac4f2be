//! Uploads as a client makes them, and JSON whose keys stay in their order.

use bytes::Bytes;
use indexmap::IndexMap;
use reqwest::{
    Client, Response,
    multipart::{Form, Part},
};
use serde::Deserialize;

use super::harness::Running;

/// JSON in order: serde_json's own value sorts its keys.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(IndexMap<String, Json>),
}

impl Json {
    pub fn object(&self) -> &IndexMap<String, Json> {
        match self {
            Self::Object(object) => object,
            other => panic!("no object: {other:?}"),
        }
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Self::List(list) => list,
            other => panic!("no list: {other:?}"),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            other => panic!("no number: {other:?}"),
        }
    }

    /// Down through objects, by keys separated with `/`.
    pub fn at(&self, path: &str) -> &Json {
        path.split('/').fold(self, |json, key| json.object().get(key).unwrap_or_else(|| panic!("no {key} of {path}")))
    }

    pub fn keys(&self) -> Vec<&str> {
        self.object().keys().map(String::as_str).collect()
    }
}

pub fn client() -> Client {
    // Shared by all tests of the process; whoever is first is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

pub fn form(name: &str, bytes: &Bytes) -> Form {
    let part = Part::stream(bytes.clone()).file_name(name.to_owned()).mime_str("image/jpeg").expect("a media type");
    Form::new().part("file", part)
}

pub async fn post(running: &Running, path: &str, form: Form) -> Response {
    client().post(running.url(path)).multipart(form).send().await.expect("an answer")
}

pub async fn upload(running: &Running, query: &str, picture: &Bytes) -> Response {
    post(running, &format!("/upload{query}"), form("cat.jpg", picture)).await
}

pub async fn json(response: Response) -> Json {
    let text = response.text().await.expect("a body");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The one file of a good reply.
pub async fn file(running: &Running, query: &str, picture: &Bytes) -> Json {
    let response = upload(running, query, picture).await;
    assert_eq!(response.status(), 200);
    json(response).await.at("files").list()[0].clone()
}

/// A problem's status and detail, once everything else about it is right.
pub async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let body = json(response).await;
    assert_eq!(body.keys(), ["type", "title", "status", "detail"]);
    assert_eq!(body.at("status").number(), f64::from(status));
    (status, body.at("detail").text().to_owned())
}
