//! A typical time: a quantile of calls, with an interval that knows whose calls they are.

use super::{Interval, LEVEL, RESAMPLES, quantile};
use crate::chance::Chance;

/// A value, and the picture and start it was measured with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    pub value: f64,
    pub picture: usize,
    pub start: usize,
}

/// The quantile `at` of all values; its interval from drawing pictures and starts with replacement, each value counting as
/// often as both together. Not widened for few: it describes what was measured, and no verdict rests on it.
pub fn quantile(values: &[Measured], at: f64, seed: u64) -> Option<Interval> {
    let mut values = values.to_vec();
    values.sort_unstable_by(|a, b| a.value.total_cmp(&b.value));
    let count = |of: fn(&Measured) -> usize| values.iter().map(of).max().map_or(0, |most| most + 1);
    let (pictures, starts) = (count(|value| value.picture), count(|value| value.start));
    let plain: Vec<f64> = values.iter().map(|value| value.value).collect();
    let value = quantile::sorted(&plain, at)?;
    let (mut chance, mut by_picture, mut by_start) = (Chance::new(seed), Vec::new(), Vec::new());
    let draw = |_| {
        chance.weights(pictures, &mut by_picture);
        chance.weights(starts, &mut by_start);
        let weight = |value: &Measured| f64::from(by_picture[value.picture] * by_start[value.start]);
        quantile::weighted(values.iter().map(|value| (value.value, weight(value))), at)
    };
    let mut draws: Vec<f64> = (0..RESAMPLES / 4).filter_map(draw).collect();
    let tail = (1.0 - LEVEL) / 2.0;
    let (low, high) = (quantile::quantile(&mut draws, tail), quantile::sorted(&draws, 1.0 - tail));
    Some(Interval { value, low: low.unwrap_or(value).min(value), high: high.unwrap_or(value).max(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_all_calls_with_the_spread_of_pictures() {
        let values: Vec<Measured> = (0..100)
            .map(|at| Measured {
                value: f64::from(at % 10),
                picture: usize::try_from(at % 10).expect("a digit"),
                start: 0,
            })
            .collect();
        let found = quantile(&values, 0.5, 1).expect("there are values");
        assert!((found.value - 4.5).abs() < 1e-9);
        assert!(found.low < 3.5 && found.high > 5.5, "ten pictures, not a hundred calls: {found:?}");
        assert_eq!(quantile(&[], 0.5, 1), None);
    }

    #[test]
    fn calls_of_one_picture_have_no_spread_of_pictures() {
        let values: Vec<Measured> = (0..9).map(|at| Measured { value: f64::from(at), picture: 0, start: 0 }).collect();
        assert_eq!(quantile(&values, 0.5, 1), Some(Interval { value: 4.0, low: 4.0, high: 4.0 }));
    }
}
