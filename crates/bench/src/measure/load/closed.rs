//! The closed loop: callers that send their next call when the last is answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{Aim, tally::Tally};
use crate::Error;

/// Calls for as long as `offered`, and waits for the last answers: what they said, and after how many seconds all had.
pub(in crate::measure) async fn run(aim: &Aim, concurrency: u32, offered: Duration) -> Result<(Tally, f64), Error> {
    let begin = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..concurrency {
        callers.spawn(caller(aim.clone(), Arc::clone(&next), begin + offered));
    }
    let mut all = Tally::default();
    while let Some(tally) = callers.join_next().await {
        all.add(tally?);
    }
    Ok((all, begin.elapsed().as_secs_f64()))
}

async fn caller(aim: Aim, next: Arc<AtomicUsize>, until: Instant) -> Tally {
    let mut tally = Tally::default();
    while Instant::now() < until {
        let (call, bytes) = &aim.calls[next.fetch_add(1, Ordering::Relaxed) % aim.calls.len()];
        let sent = Instant::now();
        let told = aim.target.ask(call).await;
        tally.note(sent, sent, *bytes, told.err().as_ref());
    }
    tally
}
