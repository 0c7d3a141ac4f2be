//! What can go wrong, as sentences for people: what, where, and what to do.

use std::path::PathBuf;

use resizer::picture::PictureError;
use tfserving::CallError;

/// Why a bench, its report or a comparison came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused; the words name the file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file is not what it should be.
    #[error("{0}")]
    Unreadable(String),
    /// A value could not be written as JSON.
    #[error("write as JSON")]
    Json(#[from] serde_json::Error),
    /// What is to be measured makes no sense.
    #[error("this cannot be measured: {0}")]
    Experiment(String),
    /// A line of a record is no row.
    #[error("{} line {line}: {what}; move the folder away to measure anew", path.display())]
    Record { path: PathBuf, line: usize, what: String },
    /// The folder holds the record of something else.
    #[error("{} is the record of another experiment; move it away, or give another --output", .0.display())]
    Other(PathBuf),
    /// A picture cannot be derived from.
    #[error("picture {name}: {source}")]
    Picture { name: String, source: PictureError },
    /// A picture is not the one that was planned with.
    #[error("{} has changed since this bench was begun; put it back, or begin a new one with another --output", .0.display())]
    Changed(PathBuf),
    /// A server's address is none.
    #[error("server {server}: {what}")]
    Address { server: String, what: String },
    /// A server did not come up.
    #[error("server {server} at {address} does not answer for {waited} seconds; its last words: {words}")]
    NotLive { server: String, address: String, waited: u64, words: String },
    /// Every call of the warm-up failed.
    #[error("server {server} answers no call: {code}: {message}; check the model's name, signature and input")]
    Refused { server: String, code: String, message: String },
    /// A server is gone in the middle of it.
    #[error(
        "server {server} was lost during {unit}: {words}; start it and give the same command again, which goes on there"
    )]
    Lost { server: String, unit: String, words: String },
    /// The caller could not do what it was asked.
    #[error("{0}")]
    Caller(String),
    /// A client could not be made.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Work beside the runtime was lost.
    #[error("a thread of the bench was lost: {0}")]
    Thread(#[from] tokio::task::JoinError),
}
