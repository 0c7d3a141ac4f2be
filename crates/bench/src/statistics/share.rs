//! Shares of pictures: how sure a count is, and whether two counts of the same pictures differ.

use super::Interval;

/// Wilson's 95 % interval of a share: honest for few and for none, where others give an interval of no width. `hits` may be
/// a sum of shares, where one picture was asked about several times: it counts as one all the same. None of nothing.
pub fn wilson(hits: f64, count: usize) -> Option<Interval> {
    const Z: f64 = 1.959_963_984_540_054;
    let n = count as f64;
    let share = (count > 0).then(|| hits / n)?;
    let denominator = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / denominator;
    let half = Z / denominator * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let low = (centre - half).clamp(0.0, share);
    Some(Interval { value: share, low, high: (centre + half).clamp(share, 1.0) })
}

/// McNemar's exact p, two-sided: of pictures that only one of two ways gets right, how likely so uneven a split would be if
/// both were as good. 1 where they never differ.
pub fn mcnemar(only_first: u32, only_second: u32) -> f64 {
    let (fewer, total) = (only_first.min(only_second), only_first + only_second);
    // Of a binomial of one half: each term from the one before, in logarithms, as 0.5 to the total underflows.
    let mut term = f64::from(total) * 0.5_f64.ln();
    let mut tail = term.exp();
    for hits in 1..=fewer {
        term += (f64::from(total - hits + 1) / f64::from(hits)).ln();
        tail += term.exp();
    }
    (2.0 * tail).min(1.0)
}

/// How many pictures it takes, all of them right, for Wilson's interval to lie above `share`.
pub fn pictures_for(share: f64) -> usize {
    const SQUARE: f64 = 3.841_458_820_694_124;
    (SQUARE * share / (1.0 - share).max(f64::EPSILON)).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_is_as_printed() {
        for (hits, count, low, high) in
            [(8.0, 10, 0.4902, 0.9433), (0.0, 10, 0.0, 0.2775), (10.0, 10, 0.7225, 1.0), (81.0, 263, 0.2553, 0.3662)]
        {
            let found = wilson(hits, count).expect("some were counted");
            assert!((found.low - low).abs() < 5e-4 && (found.high - high).abs() < 5e-4, "{found:?}");
        }
        assert_eq!(wilson(0.0, 0), None);
    }

    #[test]
    fn mcnemar_is_the_binomial_test_of_one_half() {
        for (first, second, printed) in
            [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021_484), (12, 2, 0.012_939)]
        {
            assert!((mcnemar(first, second) - printed).abs() < 1e-5, "{first} {second}: {}", mcnemar(first, second));
        }
        assert!(mcnemar(400, 600) < 1e-9 && mcnemar(400, 600) > 0.0);
    }

    #[test]
    fn so_many_pictures_are_enough_and_one_less_is_not() {
        let count = pictures_for(0.95);
        assert_eq!(count, 73);
        assert!(wilson(73.0, 73).expect("some").low >= 0.95);
        assert!(wilson(72.0, 72).expect("some").low < 0.95);
    }
}
