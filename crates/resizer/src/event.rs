//! What happens in a comparison, one by one, for those who follow it.

use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;
use utoipa::ToSchema;

use crate::{
    problem::Problem,
    reply::{DetailsReply, FileReply, PictureReply, PredictionReply, Reply, ServerReply},
};

/// One thing that happened; serialized it is the data of a Server-Sent Event, whose name is [`Event::name`].
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// The picture's header is read.
    Start(Start),
    /// A derivative is there, or the original.
    Derivative {
        /// Its key.
        key: String,
        /// The original's fields.
        #[serde(flatten)]
        picture: PictureReply,
        /// Ours.
        #[serde(flatten)]
        details: DetailsReply,
    },
    /// A server answered, or failed.
    Cell {
        /// The derivative's key.
        key: String,
        /// The server's name.
        server: String,
        /// What it said.
        prediction: Box<PredictionReply>,
    },
    /// All of it: what `/upload` answers.
    Done(Reply),
    /// It ended without a reply.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// What is known from the picture's header.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Start {
    /// As it was uploaded, without folders.
    pub filename: String,
    /// Its media type.
    pub content_type: String,
    /// Bytes.
    pub filesize: usize,
    /// Pixels, as stored.
    pub width: u32,
    /// Pixels, as stored.
    pub height: u32,
    /// `JPEG`, `PNG` …
    pub format: String,
    /// In the order of `TF_SERVERS`.
    pub server_names: Vec<String>,
    /// More about them.
    pub servers: Vec<ServerReply>,
    /// Keys of all derivatives that will come.
    pub sizes: Vec<String>,
}

impl Event {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Derivative { .. } => "derivative",
            Self::Cell { .. } => "cell",
            Self::Done(_) => "done",
            Self::Failed { .. } => "failed",
        }
    }

    /// How a comparison ended.
    pub fn ended(outcome: Result<FileReply, Problem>) -> Self {
        match outcome {
            Ok(file) => Self::Done(Reply { files: vec![file] }),
            Err(problem) => Self::Failed { problem },
        }
    }
}

/// Where events go: to somebody, or nowhere. Never more than one for each cell, so the channel needs no bound.
#[derive(Clone, Default)]
pub struct Events(pub Option<UnboundedSender<Event>>);

impl Events {
    /// Tells it; who has gone away is told nothing.
    pub fn send(&self, event: impl FnOnce() -> Event) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(event());
        }
    }
}
