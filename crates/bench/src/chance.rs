//! Orders, arrivals and samples by chance, the same for the same seed and place.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// A generator whose every draw is decided by its seed.
pub(crate) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The same seed, the same draws.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Of one place in an experiment.
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

    /// From 0 to `limit` - 1, each as likely; 0 where there is nothing to choose from.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let scaled = (u128::from(self.0.next_u64()) * limit as u128) >> 64;
        usize::try_from(scaled).expect("it is smaller than the limit, which is a usize")
    }

    /// How often each of `count` is drawn when `count` are, with replacement.
    pub(crate) fn weights(&mut self, count: usize, into: &mut Vec<u32>) {
        into.clear();
        into.resize(count, 0);
        for _ in 0..count {
            into[self.below(count)] += 1;
        }
    }

    /// The wait for the next of independent events that come `per_second`, in seconds.
    pub(crate) fn wait(&mut self, per_second: f64) -> f64 {
        -(1.0 - self.share()).ln() / per_second
    }

    /// From 0 to 1, without either.
    #[cfg(test)]
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Of mean 0 and standard deviation 1, by Box and Muller.
    #[cfg(test)]
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
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

    #[test]
    fn a_seed_repeats_itself_and_another_does_not() {
        let draws = |seed| (0..8).map(|_| 0).scan(Chance::new(seed), |chance, _| Some(chance.below(1000))).collect();
        let (first, again, other): (Vec<_>, Vec<_>, Vec<_>) = (draws(1), draws(1), draws(2));
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn weights_share_out_as_many_draws_as_there_are_units() {
        let (mut chance, mut weights) = (Chance::new(7), Vec::new());
        let mut seen = [0; 5];
        for _ in 0..2000 {
            chance.weights(5, &mut weights);
            assert_eq!(weights.iter().sum::<u32>(), 5);
            weights.iter().zip(&mut seen).for_each(|(weight, seen)| *seen += weight);
        }
        assert!(seen.iter().all(|seen| (1850..2150).contains(seen)), "{seen:?}");
    }

    #[test]
    fn normal_draws_have_the_moments_of_the_normal_distribution() {
        let mut chance = Chance::new(3);
        let draws: Vec<f64> = (0..20_000).map(|_| chance.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
    }
}
