//! Orders and arrivals by chance, the same for the same seed and place.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// Chance of one place in an experiment.
pub(crate) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// `place` keeps apart what must not look alike: what is decided, and of which restart, picture, server.
    pub(crate) fn at(seed: u64, what: &str, place: &[u32]) -> Self {
        let mut hash = Sha256::new_with_prefix(seed.to_le_bytes());
        hash.update(what);
        place.iter().for_each(|number| hash.update(number.to_le_bytes()));
        Self(Xoshiro256PlusPlus::from_seed(hash.finalize().into()))
    }

    /// From 0 up to 1, without it.
    pub(crate) fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` to `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Every order as likely as any other.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = (self.share() * (last + 1) as f64) as usize;
            list.swap(last, other);
        }
    }

    /// The wait for the next of independent events that come `per_second`, in seconds.
    pub(crate) fn wait(&mut self, per_second: f64) -> f64 {
        -(1.0 - self.share()).ln() / per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_has_the_same_order_and_another_one_another() {
        let order = |place: &[u32]| {
            let mut list: Vec<u32> = (0..100).collect();
            Chance::at(7, "order", place).shuffle(&mut list);
            list
        };
        assert_eq!(order(&[1, 2]), order(&[1, 2]));
        assert_ne!(order(&[1, 2]), order(&[2, 1]));
        let mut sorted = order(&[3]);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<u32>>());
    }

    #[test]
    fn events_come_as_often_as_asked() {
        let mut chance = Chance::at(7, "arrivals", &[]);
        let seconds: f64 = (0..10_000).map(|_| chance.wait(50.0)).sum();
        assert!((190.0..210.0).contains(&seconds), "{seconds}");
    }
}
