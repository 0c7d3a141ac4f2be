//! The three ways to compare: one answer, answers as they come, many pictures in one table.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};
use utoipa::ToSchema;

use crate::{
    ask::{self, Ask},
    compare,
    event::{Event, Events},
    problem::Problem,
    reply::Reply,
    service::Service,
    table::{self, Row},
    upload::{self, Upload, is_zip, paced, unzipped},
};

/// What a multipart body has beside its files.
const FRAMING: usize = 1 << 20;

/// A batch may hold as much as this many of the largest files.
const BATCH: usize = 4;

/// So that nobody between takes a silent stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

type Asked = Result<Query<ask::Query>, QueryRejection>;

/// A picture.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body in the document alone")]
pub(super) struct FileForm {
    /// JPEG, PNG, GIF, BMP, TIFF or WebP.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Compares one picture and answers when all servers have.
///
/// Without a query fields, order and rows are those of the original application; more fields follow them in each object.
#[utoipa::path(post, path = "/upload", tag = "compare", params(ask::Query),
    request_body(content = FileForm, content_type = "multipart/form-data"), responses(
    (status = 200, body = Reply, description = "The comparison. A server that failed is an `error` in its cells"),
    (status = 400, body = Problem, content_type = "application/problem+json", description = "A mistake in the query, or no field `file`"),
    (status = 408, body = Problem, content_type = "application/problem+json", description = "The upload came too slowly"),
    (status = 413, body = Problem, content_type = "application/problem+json", description = "Too many bytes or pixels"),
    (status = 415, body = Problem, content_type = "application/problem+json", description = "No picture of a known format"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "A damaged picture"),
    (status = 502, body = Problem, content_type = "application/problem+json", description = "Every server failed"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "Too busy; `Retry-After` says when to try again"),
))]
pub(super) async fn upload(State(service): State<Arc<Service>>, asked: Asked, request: Request) -> Response {
    let outcome = async {
        let ask = read(asked)?;
        let _place = service.admission.place().await?;
        let _in_work = service.metrics.begun();
        let upload = receive_one(&service, request).await?;
        let file = compare::compare(&service, &upload, &ask, &Events::default()).await?;
        Ok::<_, Problem>(Json(Reply { files: vec![file] }))
    };
    counted(&service, "/upload", outcome.await)
}

/// Compares one picture and streams answers as they come.
///
/// Server-Sent Events: `start`, one `derivative` for each row, one `cell` for each row and server, then `done` with the answer
/// of `/upload`, or `failed` with a problem. What is wrong with the request or the picture's header is answered as by `/upload`.
#[utoipa::path(post, path = "/compare", tag = "compare", params(ask::Query),
    request_body(content = FileForm, content_type = "multipart/form-data"), responses(
    (status = 200, body = String, content_type = "text/event-stream", description = "The events"),
    (status = "4XX", body = Problem, content_type = "application/problem+json", description = "As for /upload"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "As for /upload"),
))]
pub(super) async fn compare(State(service): State<Arc<Service>>, asked: Asked, request: Request) -> Response {
    counted(&service, "/compare", follow(&service, asked, request).await)
}

async fn follow(service: &Arc<Service>, asked: Asked, request: Request) -> Result<Response, Problem> {
    let ask = read(asked)?;
    let place = service.admission.place().await?;
    let in_work = service.metrics.begun();
    let upload = receive_one(service, request).await?;
    let (sender, mut events) = unbounded_channel();
    let in_task = Arc::clone(service);
    let task = tokio::spawn(async move {
        let _held = (place, in_work);
        let following = Events(Some(sender.clone()));
        let outcome = compare::compare(&in_task, &upload, &ask, &following).await;
        let _ = sender.send(Event::ended(outcome));
    });
    let task = EndsWithIt(task);
    // A status can be given only before the stream begins.
    let first = match events.recv().await {
        Some(Event::Failed { problem }) => return Err(problem),
        Some(event) => event,
        None => return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, LOST)),
    };
    let stream = told(first, events, task);
    let mut response =
        Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("still here")).into_response();
    // Proxies that gather an answer before they pass it on would make a stream of it pointless.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

const LOST: &str = "The comparison was lost; this is our fault, please report it.";

/// A comparison that nobody follows any more is ended.
struct EndsWithIt(JoinHandle<()>);

impl Drop for EndsWithIt {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Told = Result<axum::response::sse::Event, axum::Error>;

fn told(first: Event, events: UnboundedReceiver<Event>, task: EndsWithIt) -> impl Stream<Item = Told> {
    stream::unfold((Some(first), events, task, false), |(first, mut events, task, ended)| async move {
        let event = match first {
            Some(event) => event,
            None if ended => return None,
            None => events.recv().await.unwrap_or_else(|| {
                // Its task ended without a word.
                Event::Failed { problem: Problem::new(StatusCode::INTERNAL_SERVER_ERROR, LOST) }
            }),
        };
        let ended = matches!(event, Event::Done(_) | Event::Failed { .. });
        let told = axum::response::sse::Event::default().event(event.name()).json_data(&event);
        Some((told, (None, events, task, ended)))
    })
}

/// Files of a batch.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body in the document alone")]
pub(super) struct BatchForm {
    /// Pictures, or zip files of them.
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

/// How a batch is answered.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BatchQuery {
    /// `json` or `csv`. Default: as the header `Accept` says, or `json`.
    format: Option<String>,
}

/// Compares several pictures, one after another, and answers with one table.
///
/// A picture that is none is a row with an error; so is one that no server answered for.
#[utoipa::path(post, path = "/batch", tag = "compare", params(ask::Query, BatchQuery),
    request_body(content = BatchForm, content_type = "multipart/form-data"), responses(
    (status = 200, description = "The table", content((Vec<Row> = "application/json"), (String = "text/csv"))),
    (status = 502, body = Problem, content_type = "application/problem+json", description = "Every server failed for every picture"),
    (status = "4XX", body = Problem, content_type = "application/problem+json", description = "As for /upload"),
))]
pub(super) async fn batch(
    State(service): State<Arc<Service>>,
    asked: Asked,
    format: Result<Query<BatchQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let outcome = async {
        let ask = read(asked)?;
        let as_csv = wants_csv(format.ok().and_then(|Query(query)| query.format).as_deref(), request.headers())?;
        let _place = service.admission.place().await?;
        let _in_work = service.metrics.begun();
        let rows = tabled(&service, &ask, receive_all(&service, request).await?).await?;
        if as_csv {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
            Ok::<_, Problem>((kind, table::csv(&rows)?).into_response())
        } else {
            Ok(Json(rows).into_response())
        }
    };
    counted(&service, "/batch", outcome.await)
}

fn wants_csv(format: Option<&str>, headers: &HeaderMap) -> Result<bool, Problem> {
    match format {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(Problem::bad_request("format: write `json` or `csv`.")),
        None => Ok(headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accept| accept.contains("text/csv"))),
    }
}

async fn tabled(service: &Service, ask: &Ask, uploads: Vec<Upload>) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    let mut answered = false;
    let mut unanswered = None;
    for upload in uploads {
        let outcome = compare::compare(service, &upload, ask, &Events::default()).await;
        match &outcome {
            Err(problem) if problem.status == StatusCode::BAD_GATEWAY => unanswered = Some(problem.clone()),
            Err(_) => {}
            Ok(_) => answered = true,
        }
        rows.extend(table::rows(&upload.filename, &outcome));
    }
    match unanswered {
        Some(problem) if !answered => Err(problem),
        _ => Ok(rows),
    }
}

async fn receive_one(service: &Service, request: Request) -> Result<Upload, Problem> {
    let most = service.config.limits.bytes;
    let upload = upload::first(held(service, request, most)?, most).await?;
    service.metrics.received(upload.bytes.len());
    Ok(upload)
}

/// Zip files become the files in them.
async fn receive_all(service: &Service, request: Request) -> Result<Vec<Upload>, Problem> {
    let most = service.config.limits.bytes;
    let together = most.saturating_mul(BATCH);
    let mut uploads = Vec::new();
    for upload in upload::all(held(service, request, together)?, most).await? {
        service.metrics.received(upload.bytes.len());
        if !is_zip(&upload.bytes) {
            uploads.push(upload);
            continue;
        }
        let unpack = tokio::task::spawn_blocking(move || unzipped(upload.bytes, most, together));
        uploads.extend(unpack.await.unwrap_or_else(|_| Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, LOST)))?);
    }
    let whole: usize = uploads.iter().map(|upload| upload.bytes.len()).sum();
    match whole {
        0 => Err(Problem::bad_request(
            "The batch holds no pictures; send several in the field `file`, or a zip file of them.",
        )),
        whole if whole > together => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The batch has {whole} bytes and at most {together} are taken; send fewer pictures."),
        )),
        _ => Ok(uploads),
    }
}

/// The request with a body that must keep coming. Who asks before sending too much is told so at once.
fn held(service: &Service, request: Request, most: usize) -> Result<Request, Problem> {
    let most = most.saturating_add(FRAMING);
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if request.headers().contains_key(header::EXPECT) && length.is_some_and(|length| length > most as u64) {
        let what = format!("The upload has more than {most} bytes; send a smaller one.");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, what));
    }
    Ok(request.map(|body| paced(body, service.config.upload_timeout, most)))
}

fn read(asked: Asked) -> Result<Ask, Problem> {
    let Query(query) = asked
        .map_err(|_| Problem::bad_request("The query cannot be read; give each option once, as in ?sizes=512,256."))?;
    query.ask()
}

fn counted(service: &Service, route: &'static str, outcome: Result<impl IntoResponse, Problem>) -> Response {
    let response = outcome.into_response();
    service.metrics.answered(route, response.status().as_u16());
    response
}
