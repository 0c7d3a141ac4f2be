//! HTTP: routes to handlers, and what all answers share. No rules of the application are here.

mod docs;
mod listen;
mod page;
mod state;
mod uploads;

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

pub use self::{docs::document, listen::listen};
use crate::{problem::Problem, service::Service};

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/favicon.ico", get(page::icon))
        .route("/assets/{*path}", get(page::asset))
        .route("/upload", post(uploads::upload))
        .route("/compare", post(uploads::compare))
        .route("/batch", post(uploads::batch))
        .route("/servers", get(state::servers))
        .route("/healthz", get(state::healthz))
        .route("/readyz", get(state::readyz))
        .route("/metrics", get(state::metrics))
        .merge(docs::router())
        .fallback(async || {
            Problem::new(StatusCode::NOT_FOUND, "There is nothing here; `/` is the page and `/docs` the API.")
        })
        .method_not_allowed_fallback(async || {
            let what = "This address takes another method; uploads are POST, all else is GET.";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, what)
        })
        // axum cuts bodies off at 2 MB; ours have limits of their own, `MAX_BYTES` among them.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(map_response(unsniffed))
        .with_state(service)
}

async fn unsniffed(mut response: Response) -> Response {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    let what = "The service lost its head over this request; this is our fault, please report it.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, what).into_response()
}
