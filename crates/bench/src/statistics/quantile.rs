//! Medians and other quantiles.

/// The value below which a share of `at` lies, 0 to 1, between neighbours in proportion (R's type 7). `values` come in any
/// order and leave in order; none where there are none.
pub fn quantile(values: &mut [f64], at: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    sorted(values, at)
}

/// The same of values that are in order already.
pub fn sorted(values: &[f64], at: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = at.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

/// The value in the middle; none where there are none.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    let middle = values.len() / 2;
    if middle >= values.len() {
        return None;
    }
    // A selection, not a sort: this is what resampling does most.
    let even = values.len().is_multiple_of(2);
    let (below, above, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let below = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    Some(below.map_or(*above, |below| (below + *above) / 2.0))
}

/// The quantile of values in order that each count as often as their weight says: the first at which the share is
/// reached, or the middle of two where it is reached exactly between them. None where all weights are 0.
pub fn weighted(values: impl Iterator<Item = (f64, f64)> + Clone, at: f64) -> Option<f64> {
    let total: f64 = values.clone().map(|(_, weight)| weight).sum();
    if total <= 0.0 {
        return None;
    }
    let (mut reached, mut exactly) = (0.0, None);
    for (value, weight) in values.filter(|(_, weight)| *weight > 0.0) {
        if let Some(lower) = exactly {
            return Some((lower + value) / 2.0);
        }
        reached += weight;
        if (reached - at * total).abs() <= 1e-12 * total {
            exactly = Some(value);
        } else if reached > at * total {
            return Some(value);
        }
    }
    exactly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours_in_proportion() {
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
        assert_eq!(quantile(&mut [1.0, 2.0, 3.0, 4.0, 5.0], 0.9), Some(4.6));
        assert_eq!(quantile(&mut [7.0], 0.99), Some(7.0));
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([3.0, 1.0, 2.0, 10.0]), Some(2.5));
    }

    #[test]
    fn of_nothing_there_is_no_median() {
        assert_eq!(median([]), None);
        assert_eq!(weighted([(1.0, 0.0)].into_iter(), 0.5), None);
    }

    #[test]
    fn weights_count_as_repetitions_would() {
        let middle = |values: &[(f64, f64)]| weighted(values.iter().copied(), 0.5);
        assert_eq!(middle(&[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)]), Some(2.0));
        assert_eq!(middle(&[(1.0, 1.0), (2.0, 1.0), (3.0, 5.0)]), Some(3.0));
        assert_eq!(middle(&[(1.0, 2.0), (2.0, 0.0), (3.0, 2.0)]), Some(2.0), "the middle of 1, 1, 3, 3");
        assert_eq!(weighted([(1.0, 1.0), (2.0, 1.0)].into_iter(), 1.0), Some(2.0));
    }
}
