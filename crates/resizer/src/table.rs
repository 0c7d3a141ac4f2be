//! A batch as one table: a row for each image, derivative and server.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    problem::Problem,
    reply::{DerivativeReply, FileReply, PredictionReply},
};

/// A row. Durations are in seconds. Without an answer the fields from `predict_duration` on are empty and `error` says why;
/// an image that is none has one row with nothing but its name and the error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields of the reply, which documents them")]
pub struct Row {
    pub image: String,
    pub derivative: Option<String>,
    pub server: Option<String>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub format: Option<String>,
    pub quality: Option<u8>,
    pub filesize: Option<usize>,
    pub filesize_percent: Option<f64>,
    pub same_as: Option<String>,
    pub decode_duration: Option<f64>,
    pub resize_duration: Option<f64>,
    pub encode_duration: Option<f64>,
    pub predict_duration: Option<f64>,
    pub serialize_duration: Option<f64>,
    pub network_duration: Option<f64>,
    pub server_duration: Option<f64>,
    pub p25: Option<f64>,
    pub p75: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub attempts: Option<u32>,
    pub precision: Option<f64>,
    pub top1_agreement: Option<bool>,
    pub top5_overlap: Option<u8>,
    pub rank_correlation: Option<f64>,
    pub correct: Option<bool>,
    pub top_label: Option<String>,
    pub top_score: Option<f64>,
    pub error: Option<String>,
}

/// The rows of one image.
pub fn rows(image: &str, outcome: &Result<FileReply, Problem>) -> Vec<Row> {
    match outcome {
        Ok(file) => {
            let cells = file.derivatives.iter().flat_map(|(key, derivative)| {
                derivative.predictions.iter().map(move |(server, cell)| row(image, key, derivative, server, cell))
            });
            cells.collect()
        }
        Err(problem) => vec![Row { image: image.to_owned(), error: Some(problem.detail.clone()), ..Row::default() }],
    }
}

fn row(image: &str, key: &str, derivative: &DerivativeReply, server: &str, cell: &PredictionReply) -> Row {
    let (picture, details) = (&derivative.picture, &derivative.details);
    let best = cell.ranked.first();
    Row {
        image: image.to_owned(),
        derivative: Some(key.to_owned()),
        server: Some(server.to_owned()),
        width: Some(details.width),
        height: Some(details.height),
        format: Some(picture.format.clone()),
        quality: details.quality,
        filesize: Some(picture.filesize),
        filesize_percent: Some(picture.filesize_percent),
        same_as: details.same_as.clone(),
        decode_duration: Some(details.decode_duration),
        resize_duration: Some(picture.resize_duration),
        encode_duration: Some(details.encode_duration),
        predict_duration: cell.predict_duration,
        serialize_duration: cell.serialize_duration,
        network_duration: cell.network_duration,
        server_duration: cell.server_duration,
        p25: cell.p25,
        p75: cell.p75,
        min: cell.min,
        max: cell.max,
        attempts: Some(cell.attempts),
        precision: cell.precision,
        top1_agreement: cell.top1_agreement,
        top5_overlap: cell.top5_overlap,
        rank_correlation: cell.rank_correlation,
        correct: cell.correct,
        top_label: best.map(|class| class.label.clone()),
        top_score: best.map(|class| class.score),
        error: cell.error.as_ref().map(|error| format!("{}: {}: {}", error.method, error.code, error.message)),
    }
}

/// The table as CSV with a header line.
///
/// # Errors
/// 500 where it cannot be written, which memory alone could cause.
pub fn csv(rows: &[Row]) -> Result<String, Problem> {
    let failed = |what: String| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("The table could not be written: {what}."))
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}
