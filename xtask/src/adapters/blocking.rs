//! Running blocking work beside the runtime while its progress is told on this side.

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use crate::ports::Say;

/// Runs `work` on a thread that may block; what it says arrives at `say` in order.
pub(super) async fn blocking<T: Send + 'static>(
    say: Say<'_>,
    work: impl FnOnce(&mut dyn FnMut(String)) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let done = tokio::task::spawn_blocking(move || {
        work(&mut |line| {
            // Nobody listens any more after an interrupt; the work is then about to end as well.
            let _ = sender.send(line);
        })
    });
    while let Some(line) = receiver.recv().await {
        say(line);
    }
    done.await.context("run blocking work")?
}
