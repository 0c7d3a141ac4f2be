//! Numbers with what is known of their uncertainty: pure functions of values and a seed, which know nothing of servers.
//!
//! Intervals come from resampling the units that were really sampled, pictures and starts of the servers, never from
//! calls: a thousand calls of one picture are still one picture. Few units say little about their own spread, so
//! resampled deviations are widened as Student's distribution widens the normal one ([`student::widening`]).

pub mod crossed;
pub mod holm;
pub mod quantile;
pub mod share;
pub mod slope;
pub mod student;
pub mod typical;

/// How often samples are drawn anew: the 2.5 % of either end are then 50 of them.
pub const RESAMPLES: usize = 2000;

/// Of intervals, unless several claims share it.
pub const LEVEL: f64 = 0.95;

/// A value and where it may as well lie, 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// The same of `function`, which must not decrease.
    #[must_use]
    pub fn map(self, function: impl Fn(f64) -> f64) -> Self {
        Self { value: function(self.value), low: function(self.low), high: function(self.high) }
    }
}
