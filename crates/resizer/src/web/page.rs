//! The page and its files, out of the binary.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{page, problem::Problem};

pub(super) async fn index(headers: HeaderMap) -> Response {
    let mut response = file("index.html", &headers);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
    response
}

pub(super) async fn icon(headers: HeaderMap) -> Response {
    file("icon.svg", &headers)
}

pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(&path, &headers)
}

fn file(path: &str, asked: &HeaderMap) -> Response {
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let takes_gzip = text(header::ACCEPT_ENCODING).contains("gzip");
    let Some(asset) = page::find(path, takes_gzip) else {
        return Problem::new(StatusCode::NOT_FOUND, "The page has no such file.").into_response();
    };
    let known = text(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim() == asset.etag);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { asset.body.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        headers.insert(header::ETAG, etag);
    }
    if asset.gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
