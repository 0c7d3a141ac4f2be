//! The open loop: calls are sent when they are due, and their time counts from then. A server that stalls makes all that
//! came meanwhile wait; were callers to wait for it, those would never be sent, and the stall would look like one slow call.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, task::JoinSet};

use super::{Aim, tally::Tally};
use crate::Error;

/// For the pacer's thread to stand.
const AHEAD: Duration = Duration::from_millis(20);

/// Sends calls at `due`, in seconds from the begin, of which at most `most` are under way at once; what is due beyond that
/// is dropped. Waits for the last answers.
pub(in crate::measure) async fn run(aim: &Aim, due: Vec<f64>, most: usize) -> Result<Tally, Error> {
    let begin = Instant::now() + AHEAD;
    let (pacer, mut paced) = mpsc::unbounded_channel();
    // A thread of its own: it wakes within a tenth of a millisecond, the runtime's clock only every millisecond.
    tokio::task::spawn_blocking(move || {
        for due in due {
            let due = begin + Duration::from_secs_f64(due);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if pacer.send(due).is_err() {
                return;
            }
        }
    });
    let mut tally = Tally::default();
    let mut under_way = JoinSet::new();
    let mut next = 0;
    loop {
        tokio::select! {
            due = paced.recv() => match due {
                None => break,
                Some(_) if under_way.len() >= most => tally.dropped += 1,
                Some(due) => {
                    under_way.spawn(call(aim.clone(), next, due));
                    next += 1;
                }
            },
            Some(one) = under_way.join_next() => tally.add(one?),
        }
    }
    while let Some(one) = under_way.join_next().await {
        tally.add(one?);
    }
    Ok(tally)
}

async fn call(aim: Aim, number: usize, due: Instant) -> Tally {
    let (call, bytes) = &aim.calls[number % aim.calls.len()];
    let sent = Instant::now();
    let told = aim.target.ask(call).await;
    let mut tally = Tally::default();
    tally.note(due, sent, *bytes, told.err().as_ref());
    tally
}
