//! How a time grows with a size: Theil and Sen's slope, which no single slow call can turn.

use super::{Interval, LEVEL, RESAMPLES, quantile, student};
use crate::chance::Chance;

/// A straight line, each end with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lines {
    pub slope: Interval,
    /// What is left at size 0.
    pub intercept: Interval,
    /// How many clusters had points of different sizes.
    pub clusters: usize,
}

/// The weighted median of the slopes between every two points of one cluster, each counted by its distance in x: slopes of
/// near neighbours are mostly noise. Intercept: the median of what the slope leaves. The interval comes from drawing clusters
/// (pictures) with replacement. None where no cluster has two points of different x.
pub fn theil_sen(clusters: &[Vec<(f64, f64)>], seed: u64) -> Option<Lines> {
    let mut slopes: Vec<(f64, f64, usize)> =
        clusters.iter().enumerate().flat_map(|(at, points)| slopes(at, points)).collect();
    slopes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let sloped: Vec<usize> = (0..clusters.len()).filter(|at| slopes.iter().any(|slope| slope.2 == *at)).collect();
    let line = |weights: &[u32]| {
        let weighted = slopes.iter().map(|(slope, run, at)| (*slope, run * f64::from(weights[*at])));
        let slope = quantile::weighted(weighted, 0.5)?;
        let drawn = clusters.iter().zip(weights);
        let left = drawn
            .flat_map(|(points, times)| (0..*times).flat_map(move |_| points.iter().map(move |(x, y)| y - slope * x)));
        Some((slope, quantile::median(left)?))
    };
    let whole: Vec<u32> = (0..clusters.len()).map(|at| u32::from(sloped.contains(&at))).collect();
    let (slope, intercept) = line(&whole)?;

    let (mut chance, mut drawn, mut weights) = (Chance::new(seed), Vec::new(), vec![0; clusters.len()]);
    let wide = student::widening(sloped.len());
    let (mut low_high, mut at_zero) = (Vec::new(), Vec::new());
    for _ in 0..RESAMPLES {
        chance.weights(sloped.len(), &mut drawn);
        sloped.iter().zip(&drawn).for_each(|(at, times)| weights[*at] = *times);
        if let Some(found) = line(&weights) {
            low_high.push(slope + wide * (found.0 - slope));
            at_zero.push(intercept + wide * (found.1 - intercept));
        }
    }
    let slope = interval(slope, &mut low_high);
    Some(Lines { slope, intercept: interval(intercept, &mut at_zero), clusters: sloped.len() })
}

fn slopes(at: usize, points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64, usize)> {
    let pairs = points.iter().enumerate().flat_map(|(first, a)| points[first + 1..].iter().map(move |b| (a, b)));
    pairs.filter(|(a, b)| a.0 != b.0).map(move |(a, b)| ((b.1 - a.1) / (b.0 - a.0), (b.0 - a.0).abs(), at))
}

fn interval(value: f64, draws: &mut [f64]) -> Interval {
    let tail = (1.0 - LEVEL) / 2.0;
    let (low, high) = (quantile::quantile(draws, tail), quantile::sorted(draws, 1.0 - tail));
    Interval { value, low: low.unwrap_or(value).min(value), high: high.unwrap_or(value).max(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_give_that_line() {
        let line = |at: f64| [0.0, 1.0, 4.0].map(|x| (x + at, 5.0 + 3.0 * (x + at))).to_vec();
        let found = theil_sen(&[line(0.0), line(0.5), line(1.0)], 1).expect("a line");
        assert!((found.slope.value - 3.0).abs() < 1e-9 && (found.intercept.value - 5.0).abs() < 1e-9, "{found:?}");
        assert!(found.slope.high - found.slope.low < 1e-9);
    }

    #[test]
    fn one_wild_point_does_not_turn_it() {
        let mut points: Vec<(f64, f64)> = (0..9).map(|x| (f64::from(x), 2.0 * f64::from(x))).collect();
        points[7].1 = 1000.0;
        let found = theil_sen(&[points], 1).expect("a line");
        assert!((found.slope.value - 2.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn pictures_of_different_height_keep_the_slope_within_each() {
        let raised = |by: f64| vec![(1.0, by + 1.0), (2.0, by + 2.0)];
        let found = theil_sen(&[raised(0.0), raised(100.0), raised(-50.0)], 1).expect("a line");
        assert!((found.slope.value - 1.0).abs() < 1e-9);
    }

    #[test]
    fn without_two_sizes_of_a_picture_there_is_no_slope() {
        assert_eq!(theil_sen(&[vec![(1.0, 2.0)], vec![(2.0, 3.0)], vec![(1.0, 1.0), (1.0, 2.0)]], 1), None);
        assert_eq!(theil_sen(&[], 1), None);
    }

    #[test]
    fn intervals_cover_the_true_slope() {
        let mut chance = Chance::new(11);
        let covered = (0..200)
            .filter(|seed| {
                let clusters: Vec<Vec<(f64, f64)>> = (0..12)
                    .map(|_| {
                        let (own, height) = (5.0 + chance.normal(), 20.0 + 2.0 * chance.normal());
                        [0.02, 0.07, 0.26, 1.0, 4.0].map(|x| (x, height + own * x + 0.5 * chance.normal())).to_vec()
                    })
                    .collect();
                let slope = theil_sen(&clusters, *seed).expect("a line").slope;
                (slope.low..slope.high).contains(&5.0)
            })
            .count();
        assert!(covered >= 184, "{covered} of 200");
    }
}
