//! The program that measures, as whoever starts it sees it: it says something, and where that is a question waits for an answer.

use std::path::Path;

use anyhow::Result;
use bench_protocol::protocol::{Answer, Job, Said};

/// Starts it.
pub(crate) trait Measurer {
    type Run: Measuring;

    /// The program at `path` with its job; it ends with the value that is returned.
    async fn start(&self, program: &Path, job: &Job) -> Result<Self::Run>;
}

/// The program at work.
pub(crate) trait Measuring {
    /// What it says next. An end before its last word is an error with what it said on its way out.
    async fn listen(&mut self) -> Result<Said>;
    async fn answer(&mut self, answer: &Answer) -> Result<()>;
}
