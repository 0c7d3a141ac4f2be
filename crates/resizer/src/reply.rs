//! The JSON that uploads are answered with: the original's fields in the original's order, then ours. The order of the fields
//! here is the order in the document. What has no value is null; numbers that are none (NaN) are null as well.

use indexmap::IndexMap;
use serde::Serialize;
use tfserving::CallError;
use utoipa::ToSchema;

use crate::ask::Mode;

/// Grows with every change that a reader could notice.
pub const FORMAT_VERSION: u32 = 1;

/// The answer to an upload.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reply {
    /// One for the file that was sent.
    pub files: Vec<FileReply>,
}

/// All about one file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FileReply {
    /// As it was uploaded, without folders.
    pub filename: String,
    /// As the client said, or as the picture's format is.
    pub content_type: String,
    /// Bytes.
    pub filesize: usize,
    /// In the order of `TF_SERVERS`.
    pub server_names: Vec<String>,
    /// Keys of `derivatives`: the original, then the sizes as asked.
    pub sizes: Vec<String>,
    /// By key.
    pub derivatives: IndexMap<String, DerivativeReply>,
    /// How servers were called.
    pub mode: Mode,
    /// Calls of each server for each derivative.
    pub repeat: u32,
    /// The true class, as given.
    pub label: Option<String>,
    /// More about the servers.
    pub servers: Vec<ServerReply>,
    /// Time of the whole.
    pub timings: Timings,
    /// Version of this format.
    pub format_version: u32,
}

/// Time of the whole, in seconds.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Timings {
    /// The one decode of the original.
    pub decode_duration: f64,
    /// From the last byte of the upload to this answer.
    pub total_duration: f64,
}

/// A server, as it was asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServerReply {
    /// Its name in `TF_SERVERS`.
    pub name: String,
    /// E.g. `grpc://10.0.0.1:8500`.
    pub address: String,
    /// `grpc` or `rest`.
    pub api: String,
    /// The model's name.
    pub model: String,
    /// The signature's name.
    pub signature: String,
}

/// A derivative, or the original, and what servers say of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DerivativeReply {
    /// What is known before any server is asked, in two parts because `predictions` stands between.
    #[serde(flatten)]
    pub picture: PictureReply,
    /// By server.
    pub predictions: IndexMap<String, PredictionReply>,
    /// Mean of `precision` over the servers that answered.
    pub average_precision: Option<f64>,
    /// Mean of `predict_duration` over the servers that answered, in seconds.
    pub average_duration: Option<f64>,
    /// The rest of what is known before.
    #[serde(flatten)]
    pub details: DetailsReply,
}

/// The original's fields of a derivative.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PictureReply {
    /// With the key before the extension, e.g. `cat.512x512.jpg`.
    pub filename: String,
    /// The box, or `Reference` for the original.
    pub resized: String,
    /// Its real width and height, e.g. `512x341`.
    pub image_size: String,
    /// `JPEG`, `PNG`, `WEBP`; for the original also `GIF`, `BMP`, `TIFF`.
    pub format: String,
    /// Bytes.
    pub filesize: usize,
    /// Of the original's bytes.
    pub filesize_percent: f64,
    /// From the larger picture to these pixels, in seconds; 0 for the original.
    pub resize_duration: f64,
}

/// Our fields of a derivative.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DetailsReply {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// JPEG quality; null for lossless formats and the original.
    pub quality: Option<u8>,
    /// Side of the box in pixels; null for the original.
    #[serde(rename = "box")]
    pub side: Option<u32>,
    /// The decode that all derivatives share, in seconds.
    pub decode_duration: f64,
    /// Pixels to bytes, in seconds; 0 for the original.
    pub encode_duration: f64,
    /// Key of an earlier derivative with the same bytes. Servers were not asked again: predictions are that one's.
    pub same_as: Option<String>,
    /// The format that servers got: `PNG` where their graph cannot decode the original's.
    pub sent_as: String,
}

/// What one server says of one derivative. Durations are in seconds, medians where a cell was repeated.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PredictionReply {
    /// Label to score, best first. Two classes of one name are one here: see `ranked`.
    pub results: IndexMap<String, f64>,
    /// From the call to its whole answer.
    pub predict_duration: Option<f64>,
    /// With resizing, as the original added them.
    pub total_duration: Option<f64>,
    /// The original's measure, in percent: the mean ratio of scores to this server's own on the original.
    pub precision: Option<f64>,
    /// Best first.
    pub ranked: Vec<ClassReply>,
    /// Messages to bytes and back, in this service.
    pub serialize_duration: Option<f64>,
    /// What neither this service nor the server took; null where the server says nothing of itself.
    pub network_duration: Option<f64>,
    /// What the server says it took.
    pub server_duration: Option<f64>,
    /// Calls made, repeats and second tries included; 0 where the server was not asked.
    pub attempts: u32,
    /// Median of `predict_duration` over the repeats.
    pub median: Option<f64>,
    /// Its 25th percentile.
    pub p25: Option<f64>,
    /// Its 75th percentile.
    pub p75: Option<f64>,
    /// Its least.
    pub min: Option<f64>,
    /// Its most.
    pub max: Option<f64>,
    /// Whether the best class is the same as on the original.
    pub top1_agreement: Option<bool>,
    /// How many of the best five are the same as on the original.
    pub top5_overlap: Option<u8>,
    /// Spearman's rank correlation of the classes shared with the original's answer.
    pub rank_correlation: Option<f64>,
    /// Whether the best class is the given `label`.
    pub correct: Option<bool>,
    /// Why there is no answer.
    pub error: Option<ErrorReply>,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ClassReply {
    /// Its name.
    pub label: String,
    /// As the model gives it: a logit or a probability.
    pub score: f64,
}

/// Why a server gave no answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ErrorReply {
    /// Its name.
    pub server: String,
    /// The method called.
    pub method: String,
    /// gRPC's code, e.g. `UNAVAILABLE`; REST statuses are mapped to the same.
    pub code: String,
    /// In words.
    pub message: String,
}

impl From<&CallError> for ErrorReply {
    fn from(error: &CallError) -> Self {
        Self {
            server: error.server.clone(),
            method: error.method.clone(),
            code: error.code.to_string(),
            message: error.message.clone(),
        }
    }
}
