//! Blocking work beside the runtime, while its progress is told on this side.
//! An interrupt lets go of this side; the work then ends with its next word, so that sweeping meets nobody who writes.

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use crate::ports::Progress;

/// Runs `work` on a thread that may block; what it counts arrives at `progress` in order.
pub(super) async fn beside<T: Send + 'static>(
    progress: Progress<'_>,
    work: impl FnOnce(&mut (dyn FnMut(u64, u64) + Send)) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let done = tokio::task::spawn_blocking(move || {
        work(&mut |done, total| {
            if sender.send((done, total)).is_err() {
                // Nobody listens after an interrupt, and libraries cannot be told to stop in another way. This is no
                // panic that anybody is told of: the runtime catches it.
                std::panic::resume_unwind(Box::new("interrupted"));
            }
        })
    });
    while let Some((done, total)) = receiver.recv().await {
        progress(done, total);
    }
    done.await.context("run blocking work")?
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn progress_arrives_in_order_and_before_the_value() {
        let told = Mutex::new(Vec::new());
        let note = |done, total| told.lock().expect("no panic").push((done, total));
        let work = |progress: &mut (dyn FnMut(u64, u64) + Send)| {
            (1..=3).for_each(|done| progress(done, 3));
            Ok("value")
        };
        assert_eq!(beside(&note, work).await.expect("no error"), "value");
        assert_eq!(*told.lock().expect("no panic"), [(1, 3), (2, 3), (3, 3)]);
    }

    #[test]
    fn what_nobody_waits_for_any_more_ends() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let went_on = Arc::new(AtomicBool::new(false));
        let seen = went_on.clone();
        runtime.block_on(async {
            let begun = tokio::sync::Notify::new();
            let (mut once, waiting) = (Some(()), begun.notified());
            let work = move |progress: &mut (dyn FnMut(u64, u64) + Send)| {
                while once.take().is_some() {
                    progress(1, 2);
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
                progress(2, 2);
                seen.store(true, Ordering::Relaxed);
                Ok(())
            };
            let progress = |_, _| begun.notify_one();
            tokio::select! {
                _ = beside(&progress, work) => panic!("it was to be dropped"),
                () = waiting => {}
            }
        });
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        assert!(!went_on.load(Ordering::Relaxed));
        assert_eq!(Arc::strong_count(&went_on), 1, "the work has let go of all it held");
    }
}
