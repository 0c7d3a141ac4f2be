//! Estimates the time left from `[done / total]` when the total grows while Bazel discovers actions.
//! The estimate is the work left over the recent net rate (finished less discovered); no estimate beats a wrong one.

use std::time::Duration;

/// Time after which an observation has lost most of its weight.
const MEMORY_SECONDS: f64 = 60.0;
/// Below these no estimate is given: the first actions are the quick ones.
const LEAST_SECONDS: f64 = 10.0;
const LEAST_ACTIONS: u64 = 5;
/// An estimate beyond this says only that we do not know.
const LONGEST_SECONDS: f64 = 48.0 * 3600.0;

/// Exponentially forgotten sums of time, finished actions and discovered actions.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    first: Option<Sample>,
    last: Option<Sample>,
    seconds: f64,
    finished: f64,
    discovered: f64,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Duration,
    done: u64,
    total: u64,
}

impl Pace {
    /// Takes a count at a moment.
    pub fn observe(&mut self, at: Duration, done: u64, total: u64) {
        let sample = Sample { at, done, total };
        let Some(last) = self.last else {
            (self.first, self.last) = (Some(sample), Some(sample));
            return;
        };
        if done < last.done {
            // Counts fall when Bazel starts over.
            *self = Self::default();
            self.observe(at, done, total);
            return;
        }
        let passed = at.saturating_sub(last.at).as_secs_f64();
        if passed <= 0.0 {
            return;
        }
        let kept = (-passed / MEMORY_SECONDS).exp();
        self.seconds = self.seconds * kept + passed;
        self.finished = self.finished * kept + (done - last.done) as f64;
        self.discovered = self.discovered * kept + total.saturating_sub(last.total) as f64;
        self.last = Some(sample);
    }

    /// The time left in whole seconds, when there is ground for saying so.
    pub fn eta(&self) -> Option<Duration> {
        let (first, last) = (self.first?, self.last?);
        let observed = last.at.saturating_sub(first.at).as_secs_f64();
        if observed < LEAST_SECONDS || last.done - first.done < LEAST_ACTIONS {
            return None;
        }
        // While more than half of what is finished is newly discovered, the end is not in sight.
        if self.discovered * 2.0 > self.finished {
            return None;
        }
        let rate = (self.finished - self.discovered) / self.seconds;
        let left = last.total.saturating_sub(last.done) as f64 / rate;
        (left.is_finite() && left <= LONGEST_SECONDS).then(|| Duration::from_secs(left.round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eta(samples: impl IntoIterator<Item = (u64, u64, u64)>) -> Option<u64> {
        let mut pace = Pace::default();
        for (at, done, total) in samples {
            pace.observe(Duration::from_secs(at), done, total);
        }
        pace.eta().map(|left| left.as_secs())
    }

    #[test]
    fn steady_work_is_foretold_exactly() {
        assert_eq!(eta((0..=100).map(|t| (t, 2 * t, 400))), Some(100));
    }

    #[test]
    fn first_seconds_give_no_estimate() {
        assert_eq!(eta((0..10).map(|t| (t, 20 * t, 4000))), None);
    }

    #[test]
    fn total_that_runs_away_gives_no_estimate() {
        assert_eq!(eta((0..=100).map(|t| (t, 2 * t, 100 + 2 * t))), None);
        assert_eq!(eta((0..=100).map(|t| (t, 4 * t, 400 + 3 * t))), None);
    }

    #[test]
    fn slow_discovery_lengthens_the_estimate() {
        // Two finished and half of one discovered each second: 200 left at a net rate of 1.5.
        let left = eta((0..=100).map(|t| (t, 2 * t, 350 + t / 2))).expect("an estimate");
        assert!((130..=136).contains(&left), "{left}");
    }

    #[test]
    fn burst_of_cached_actions_is_forgotten() {
        let burst = std::iter::once((0, 0, 2000)).chain((1..=400).map(|t| (t, 1000 + t, 2000)));
        let left = eta(burst).expect("an estimate");
        assert!((520..=600).contains(&left), "{left} for 600 actions at one a second");
    }

    #[test]
    fn standstill_lengthens_and_then_drops_the_estimate() {
        let working = (0..=60).map(|t| (t, t, 200));
        let before = eta(working.clone()).expect("an estimate");
        let after = eta(working.clone().chain([(120, 60, 200)])).expect("an estimate");
        assert!(after > before, "{after} > {before}");
        assert_eq!(eta(working.chain([(5000, 60, 200)])), None);
    }

    #[test]
    fn counts_that_start_over_and_clocks_that_stand_still_are_harmless() {
        assert_eq!(eta([(0, 50, 100), (20, 90, 100), (21, 1, 100)]), None);
        assert_eq!(eta([(5, 1, u64::MAX), (5, 9, u64::MAX), (1, 10, 3)]), None);
    }
}
