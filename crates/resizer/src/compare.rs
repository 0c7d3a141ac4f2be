//! One comparison, from the bytes of an upload to its reply: derivatives are made, servers asked, answers set side by side.
//!
//! A server gets one picture after another, the original first, so that its own calls do not disturb each other; different
//! servers are asked at the same time, or one after another in the mode `isolated`. Derivatives with equal bytes are asked for
//! once, whatever is repeated: their cells are copies and say so by `same_as`.

mod cells;
mod plates;
mod spread;

use std::time::Instant;

use axum::http::StatusCode;
use futures_util::future::join_all;
use indexmap::IndexMap;

use self::{
    cells::Cells,
    plates::{Plate, keys, plates},
};
use crate::{
    ask::{Ask, Mode},
    event::{Event, Events, Start},
    picture::{self, Derived, Limits, Probe},
    problem::Problem,
    reply::{DerivativeReply, FORMAT_VERSION, FileReply, PredictionReply, Timings},
    service::Service,
    upload::Upload,
};

/// Runs a comparison. Events are sent as things happen; the last one, done or failed, is the caller's.
///
/// # Errors
/// What is wrong with the picture, or 502 where every server failed.
pub async fn compare(service: &Service, upload: &Upload, ask: &Ask, events: &Events) -> Result<FileReply, Problem> {
    let started = Instant::now();
    let (probe, needed) = look(service, upload, ask).await?;
    let fleet = &service.fleet;
    events.send(|| {
        Event::Start(Start {
            filename: upload.filename.clone(),
            content_type: upload.content_type.clone(),
            filesize: upload.bytes.len(),
            width: probe.width,
            height: probe.height,
            format: probe.kind.name().into(),
            server_names: fleet.names(),
            servers: fleet.replies(),
            sizes: keys(&probe, &ask.recipe),
        })
    });
    // Before any memory is taken, so that nobody who holds some waits for this.
    let (_shared, _alone) = match ask.mode {
        Mode::Concurrent => (Some(service.quiet.read().await), None),
        Mode::Isolated => (None, Some(service.quiet.write().await)),
    };
    let derived = derive(service, upload, ask, needed).await?;
    service.metrics.derived(&derived);
    let decode_duration = derived.original.decode.as_secs_f64();
    let plates = plates(upload, derived, ask);
    for plate in &plates {
        events.send(|| Event::Derivative {
            key: plate.key.clone(),
            picture: plate.picture.clone(),
            details: plate.details.clone(),
        });
    }
    let columns = columns(service, &plates, ask, events).await;
    if let Some(problem) = all_failed(&columns) {
        return Err(problem);
    }
    let sizes = plates.iter().map(|plate| plate.key.clone()).collect();
    Ok(FileReply {
        filename: upload.filename.clone(),
        content_type: upload.content_type.clone(),
        filesize: upload.bytes.len(),
        server_names: fleet.names(),
        sizes,
        derivatives: rows(plates, &fleet.names(), columns),
        mode: ask.mode,
        repeat: ask.repeat,
        label: ask.label.clone(),
        servers: fleet.replies(),
        timings: Timings { decode_duration, total_duration: started.elapsed().as_secs_f64() },
        format_version: FORMAT_VERSION,
    })
}

/// The header, and the memory that the rest will take. Reading a header may mean walking through a whole file.
async fn look(service: &Service, upload: &Upload, ask: &Ask) -> Result<(Probe, u64), Problem> {
    let (bytes, recipe, limits) = (upload.bytes.clone(), ask.recipe.clone(), service.config.limits);
    beside(move || {
        let probe = picture::probe(&bytes, &limits)?;
        Ok((probe, picture::memory_needed(&bytes, &recipe, &limits)?))
    })
    .await
}

async fn derive(service: &Service, upload: &Upload, ask: &Ask, needed: u64) -> Result<Derived, Problem> {
    let memory = service.admission.memory(needed).await?;
    let (bytes, recipe) = (upload.bytes.clone(), ask.recipe.clone());
    let limits = Limits { ..service.config.limits };
    // The memory goes with the work: a client that leaves does not stop it.
    beside(move || {
        let derived = picture::derive(&bytes, &recipe, &limits);
        drop(memory);
        derived.map_err(Problem::from)
    })
    .await
}

/// Runs work that blocks beside the runtime; its panic is this upload's problem alone.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        let what = "The picture could not be worked on; this is our fault, please report it with the picture.";
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, what))
    })
}

/// What each server says of each row, in both their orders.
async fn columns(service: &Service, plates: &[Plate], ask: &Ask, events: &Events) -> Vec<Vec<PredictionReply>> {
    let column = |member| Cells { member, plates, ask, events, metrics: &service.metrics }.all();
    let members = &service.fleet.members;
    match ask.mode {
        Mode::Concurrent => join_all(members.iter().map(column)).await,
        Mode::Isolated => {
            let mut columns = Vec::new();
            for member in members {
                columns.push(column(member).await);
            }
            columns
        }
    }
}

fn all_failed(columns: &[Vec<PredictionReply>]) -> Option<Problem> {
    let mut cells = columns.iter().flatten();
    if !cells.all(|cell| cell.error.is_some()) {
        return None;
    }
    let first = columns.iter().flatten().find_map(|cell| cell.error.as_ref())?;
    let count =
        if columns.len() == 1 { "The server failed".into() } else { format!("All {} servers failed", columns.len()) };
    let detail = format!(
        "{count}; {} said {}: {}. Look whether they run and serve the model.",
        first.server,
        first.code,
        first.message.trim_end_matches('.')
    );
    Some(Problem::new(StatusCode::BAD_GATEWAY, detail))
}

fn rows(plates: Vec<Plate>, names: &[String], columns: Vec<Vec<PredictionReply>>) -> IndexMap<String, DerivativeReply> {
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let row = |plate: Plate| {
        let cells = columns.iter_mut().map(|column| column.next().unwrap_or_default());
        let predictions: IndexMap<String, PredictionReply> = names.iter().cloned().zip(cells).collect();
        let average_precision = mean(predictions.values().filter_map(|cell| cell.precision));
        let average_duration = mean(predictions.values().filter_map(|cell| cell.predict_duration));
        let Plate { key, picture, details, .. } = plate;
        (key, DerivativeReply { picture, predictions, average_precision, average_duration, details })
    };
    plates.into_iter().map(row).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
