//! What few samples cost: Student's distribution.

/// 97.5 % quantile of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// 97.5 % quantiles by degrees of freedom, from 1.
const FEW: [f64; 10] =
    [12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004, 2.262_157, 2.228_139];

/// 97.5 % quantile of Student's distribution of so many degrees of freedom; infinite for none.
pub fn quantile(freedom: usize) -> f64 {
    match freedom {
        0 => f64::INFINITY,
        1..=10 => FEW[freedom - 1],
        // Cornish and Fisher's series, good to five digits from here on.
        _ => {
            let (z, degrees) = (NORMAL, freedom as f64);
            let first = (z.powi(3) + z) / (4.0 * degrees);
            let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * degrees.powi(2));
            let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * degrees.powi(3));
            z + first + second + third
        }
    }
}

/// By how much deviations of `count` resampled units are to be multiplied: resampling believes the units' own spread, which
/// is too small by `sqrt(count / (count - 1))`, and as normal as many would be. 1 for a single unit, which has no deviations.
pub fn widening(count: usize) -> f64 {
    match count {
        0 | 1 => 1.0,
        _ => quantile(count - 1) / NORMAL * (count as f64 / (count - 1) as f64).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_printed_tables() {
        for (freedom, printed) in
            [(1, 12.706), (2, 4.303), (10, 2.228), (11, 2.201), (23, 2.069), (60, 2.000), (120, 1.980)]
        {
            assert!((quantile(freedom) - printed).abs() < 0.0006, "{freedom}: {}", quantile(freedom));
        }
    }

    #[test]
    fn many_units_need_no_widening_and_one_has_nothing_to_widen() {
        assert!((widening(10_000) - 1.0).abs() < 0.001);
        assert!((2.6..2.8).contains(&widening(3)));
        assert!((widening(1) - 1.0).abs() < f64::EPSILON);
    }
}
