//! Chance that repeats itself: every draw comes from a seed.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A generator whose every draw is decided by its seed.
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The same seed, the same draws.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// From 0 to `limit` - 1, each as likely; 0 where there is nothing to choose from.
    pub fn below(&mut self, limit: usize) -> usize {
        let scaled = (u128::from(self.0.next_u64()) * limit as u128) >> 64;
        usize::try_from(scaled).expect("it is smaller than the limit, which is a usize")
    }

    /// How often each of `count` is drawn when `count` are, with replacement.
    pub fn weights(&mut self, count: usize, into: &mut Vec<u32>) {
        into.clear();
        into.resize(count, 0);
        for _ in 0..count {
            into[self.below(count)] += 1;
        }
    }

    /// From 0 to 1, without either.
    #[cfg(test)]
    pub fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Of mean 0 and standard deviation 1, by Box and Muller.
    #[cfg(test)]
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
