//! One cell of a comparison: one server asked for one picture, as often as it is to be repeated.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tfserving::{CallError, Code, Origin, Timing};

use super::Member;
use crate::agreement::Scored;

/// Before a call is tried a second time because its connection broke.
const PAUSE: Duration = Duration::from_millis(50);

/// Failing for want of a connection within this time is cheap, and the next picture may find one.
const CHEAP: Duration = Duration::from_secs(1);

/// What a server said, and what each call took.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Of the last call, best first.
    pub ranked: Vec<Scored>,
    /// Of each repeat.
    pub timings: Vec<Timing>,
    /// Calls, second tries included.
    pub attempts: u32,
}

/// Why it said nothing.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The last call's error.
    pub error: CallError,
    /// Calls, second tries included.
    pub attempts: u32,
    /// Whether waiting for the same on every other picture would be in vain.
    pub hopeless: bool,
}

/// Asks a server for a picture `repeat` times. The first failure ends it: a cell of fewer calls than its neighbours would
/// look like one of as many.
///
/// A server that is not warm is first asked once for nothing. Only a failure of the connection is tried again, once.
///
/// # Errors
/// Where a call failed.
pub async fn ask(member: &Member, picture: &Bytes, repeat: u32) -> Result<Answered, Failed> {
    let mut attempts = 0;
    if !member.is_warm() {
        // Whatever it fails of, the call that counts will tell.
        let started = Instant::now();
        match member.classes(picture).await {
            Ok(_) => member.now_warm(),
            Err(error) if is_hopeless(&error, started) => return Err(Failed { error, attempts: 1, hopeless: true }),
            Err(_) => {}
        }
    }
    let (mut ranked, mut timings) = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        let started = Instant::now();
        attempts += 1;
        let answer = match member.classes(picture).await {
            Err(error) if error.may_be_retried() && !is_hopeless(&error, started) => {
                tokio::time::sleep(PAUSE).await;
                attempts += 1;
                member.classes(picture).await
            }
            other => other,
        };
        match answer {
            Ok(answer) => {
                ranked = answer.value;
                timings.push(answer.timing);
            }
            Err(error) => {
                let hopeless = is_hopeless(&error, started);
                return Err(Failed { error, attempts, hopeless });
            }
        }
    }
    Ok(Answered { ranked, timings, attempts })
}

fn is_hopeless(error: &CallError, started: Instant) -> bool {
    error.origin == Origin::Way && (error.code == Code::DeadlineExceeded || started.elapsed() > CHEAP)
}
