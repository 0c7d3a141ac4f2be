//! A body that must keep coming: who sends nothing for too long, a trickle, or too much is cut off.

use std::{error::Error, fmt, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes a second that a body must reach on the whole, beyond the time that silence is allowed anyway.
const SLOWEST: f64 = 8_192.0;

/// How long a body that is too large is read on.
const LINGER: Duration = Duration::from_secs(2);

/// Why a body was cut off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CutOff {
    /// Nothing came for too long, or too little.
    Slow,
    /// More came than is allowed.
    TooLarge,
}

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slow => "the upload came too slowly",
            Self::TooLarge => "the upload is too large",
        })
    }
}

impl Error for CutOff {}

/// The body, ending in an error once it pauses for `pause`, falls behind 8 KiB/s, or exceeds `most` bytes.
pub fn paced(body: Body, pause: Duration, most: usize) -> Body {
    Body::from_stream(chunks(body.into_data_stream(), pause, most))
}

fn chunks<S, E>(
    body: S,
    pause: Duration,
    most: usize,
) -> impl Stream<Item = Result<Bytes, Box<dyn Error + Send + Sync>>>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let started = Instant::now();
    stream::unfold(Some((body, 0_usize)), move |state| async move {
        let (mut body, mut taken) = state?;
        let late = started + pause + Duration::from_secs_f64(taken as f64 / SLOWEST);
        let next = timeout_at(late, timeout(pause, body.next())).await;
        let Ok(Ok(chunk)) = next else { return Some((Err(CutOff::Slow.into()), None)) };
        let chunk = match chunk? {
            Ok(chunk) => chunk,
            Err(error) => return Some((Err(error.into()), None)),
        };
        taken += chunk.len();
        if taken > most {
            drained(&mut body, LINGER).await;
            return Some((Err(CutOff::TooLarge.into()), None));
        }
        Some((Ok(chunk), Some((body, taken))))
    })
}

/// Reads on for nothing: who is still sending when the connection closes would see that it broke, and not the answer.
async fn drained<S: Stream + Unpin>(body: &mut S, linger: Duration) {
    let end = Instant::now() + linger;
    while let Ok(Some(_)) = timeout_at(end, body.next()).await {}
}

/// Whether an error came of being cut off.
pub(super) fn cut_off(error: &(dyn Error + 'static)) -> Option<CutOff> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cut) = error.downcast_ref::<CutOff>() {
            return Some(*cut);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, pin::pin};

    use super::*;

    async fn ends(parts: impl Stream<Item = Bytes> + Send + 'static, most: usize) -> (usize, Option<CutOff>) {
        let body = Box::pin(parts.map(Ok::<_, Infallible>));
        let mut chunks = pin!(chunks(body, Duration::from_secs(30), most));
        let mut bytes = 0;
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => bytes += chunk.len(),
                Err(error) => return (bytes, cut_off(error.as_ref())),
            }
        }
        (bytes, None)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_cut_off() {
        let silent = stream::iter([Bytes::from_static(b"abc")]).chain(stream::pending());
        assert_eq!(ends(silent, 100).await, (3, Some(CutOff::Slow)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_cut_off() {
        let trickle = stream::repeat(Bytes::from_static(b"x")).then(|byte| async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            byte
        });
        assert_eq!(ends(trickle, 100).await, (3, Some(CutOff::Slow)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_may_take_its_time() {
        let slow = stream::repeat(Bytes::from(vec![0; 10_000])).take(100).then(|chunk| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            chunk
        });
        assert_eq!(ends(slow, 1_000_000).await, (1_000_000, None));
    }

    #[tokio::test(start_paused = true)]
    async fn too_much_is_cut_off() {
        let endless = stream::repeat(Bytes::from_static(b"xxxxx")).then(|chunk| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            chunk
        });
        assert_eq!(ends(endless, 12).await, (10, Some(CutOff::TooLarge)));
    }
}
