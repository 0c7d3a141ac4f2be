//! How the service and its servers are.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{fleet::Member, problem::Problem, service::Service};

/// Until a server must have said that it lives.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server and how it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ServerState {
    /// Its name in `TF_SERVERS`.
    name: String,
    /// E.g. `grpc://10.0.0.1:8500`.
    address: String,
    /// `grpc` or `rest`.
    api: String,
    /// The model's name.
    model: String,
    /// The signature's name.
    signature: String,
    /// `live` or `down`.
    state: &'static str,
    /// The model's version, where the server says it.
    version: Option<i64>,
    /// Why it is down.
    detail: Option<String>,
}

/// All servers and how they are now.
#[utoipa::path(get, path = "/servers", tag = "state", responses(
    (status = 200, body = Vec<ServerState>, headers(("x-max-bytes" = u64, description = "The largest file that uploads may hold")))
))]
pub(super) async fn servers(State(service): State<Arc<Service>>) -> Response {
    let states = join_all(service.fleet.members.iter().map(state)).await;
    let most = [(HeaderName::from_static("x-max-bytes"), service.config.limits.bytes.to_string())];
    (most, [(header::CACHE_CONTROL, "no-store")], Json(states)).into_response()
}

async fn state(member: &Member) -> ServerState {
    let (version, detail) = match alive(member).await {
        Ok(version) => (version, None),
        Err(why) => (None, Some(why)),
    };
    let reply = member.reply();
    ServerState {
        name: reply.name,
        address: reply.address,
        api: reply.api,
        model: reply.model,
        signature: reply.signature,
        state: if detail.is_none() { "live" } else { "down" },
        version,
        detail,
    }
}

async fn alive(member: &Member) -> Result<Option<i64>, String> {
    match tokio::time::timeout(PATIENCE, member.is_live()).await {
        Ok(Ok(version)) => Ok(version),
        Ok(Err(error)) => Err(format!("{}: {}: {}", error.method, error.code, error.message)),
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    }
}

/// Whether this process runs.
#[utoipa::path(get, path = "/healthz", tag = "state", responses((status = 200, body = String, description = "ok")))]
pub(super) async fn healthz() -> &'static str {
    "ok"
}

/// Whether at least one server answers.
#[utoipa::path(get, path = "/readyz", tag = "state", responses(
    (status = 200, body = String, description = "ok"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "No server answers")
))]
pub(super) async fn readyz(State(service): State<Arc<Service>>) -> Result<&'static str, Problem> {
    let mut asked: FuturesUnordered<_> = service.fleet.members.iter().map(alive).collect();
    let mut why = String::new();
    while let Some(answer) = asked.next().await {
        match answer {
            Ok(_) => return Ok("ok"),
            Err(error) => why = error,
        }
    }
    let what = format!("No server answers; the last said {}.", why.trim_end_matches('.'));
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, what))
}

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "state", responses((status = 200, body = String, description = "OpenMetrics text")))]
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], service.metrics.text()).into_response()
}
