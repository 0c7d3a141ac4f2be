//! What can go wrong, as sentences for people: what, where, and what to do.

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
}
