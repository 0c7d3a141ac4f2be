//! What came of many calls: counted by outcome, answers by their time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Serializer, V2DeflateSerializer},
};
use tfserving::{CallError, Code, Origin};

use crate::{
    Error,
    record::{Point, PointLoad, Summary},
};

/// Of histograms, in microseconds: an hour, to three digits.
const LONGEST: u64 = 3_600_000_000;
const DIGITS: u8 = 3;

/// Counts and times.
#[derive(Default)]
pub(in crate::measure) struct Tally {
    pub(in crate::measure) sent: u64,
    pub(in crate::measure) answered: u64,
    pub(in crate::measure) dropped: u64,
    pub(in crate::measure) lag: Times,
    failed: BTreeMap<String, u64>,
    late: u64,
    bytes: u64,
    latency: Times,
}

/// Microseconds.
pub(in crate::measure) struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("bounds that a histogram has"))
    }
}

impl Times {
    pub(in crate::measure) fn note(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(LONGEST).max(1));
    }

    /// Microseconds.
    pub(in crate::measure) fn at(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64
    }

    /// Milliseconds.
    fn summary(&self) -> Summary {
        let at = |share| self.at(share) / 1e3;
        let (mean, max) = (self.0.mean() / 1e3, self.0.max() as f64 / 1e3);
        Summary { mean, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max }
    }

    fn encoded(&self) -> Result<String, Error> {
        let mut bytes = Vec::new();
        let encoded = V2DeflateSerializer::new().serialize(&self.0, &mut bytes);
        encoded.map_err(|error| Error::Unreadable(format!("a histogram cannot be written: {error}")))?;
        Ok(BASE64_STANDARD.encode(bytes))
    }
}

impl Tally {
    /// A call that was due, was sent, and has now come to its end.
    pub(super) fn note(&mut self, due: Instant, sent: Instant, bytes: u64, error: Option<&CallError>) {
        self.sent += 1;
        self.bytes += bytes;
        self.lag.note(sent.saturating_duration_since(due));
        match error {
            None => {
                self.answered += 1;
                self.latency.note(due.elapsed());
            }
            Some(error) if error.code == Code::DeadlineExceeded && error.origin == Origin::Way => self.late += 1,
            Some(error) => *self.failed.entry(error.code.to_string()).or_default() += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.dropped += other.dropped;
        self.late += other.late;
        self.bytes += other.bytes;
        for (code, count) in other.failed {
            *self.failed.entry(code).or_default() += count;
        }
        for (mine, theirs) in [(&mut self.lag, &other.lag), (&mut self.latency, &other.latency)] {
            mine.0.add(&theirs.0).expect("histograms of the same bounds");
        }
    }

    /// The row of it, after calls were offered for `seconds`.
    pub(super) fn point(self, restart: u32, server: u32, load: PointLoad, seconds: f64) -> Result<Point, Error> {
        Ok(Point {
            restart,
            server,
            load,
            seconds,
            sent: self.sent,
            answered: self.answered,
            failed: self.failed,
            late: self.late,
            dropped: self.dropped,
            bytes: self.bytes,
            latency: self.latency.summary(),
            lag: self.lag.summary(),
            histogram: self.latency.encoded()?,
        })
    }
}
