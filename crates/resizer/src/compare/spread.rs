//! Repeated calls to the numbers of a cell: medians, quartiles, extremes, in seconds.

use std::time::Duration;

use tfserving::Timing;

/// The numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) serialize: f64,
    pub(super) network: Option<f64>,
    pub(super) server: Option<f64>,
    pub(super) median: f64,
    pub(super) p25: f64,
    pub(super) p75: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// None without any call. Where one call lacks a server's own time all do.
    pub(super) fn of(timings: &[Timing]) -> Option<Self> {
        let seconds = |read: &dyn Fn(&Timing) -> Option<Duration>| {
            let values: Option<Vec<f64>> =
                timings.iter().map(|timing| read(timing).map(|value| value.as_secs_f64())).collect();
            values.map(|mut values| {
                values.sort_by(f64::total_cmp);
                values
            })
        };
        let median =
            |read: &dyn Fn(&Timing) -> Option<Duration>| seconds(read).and_then(|sorted| quantile(&sorted, 0.5));
        let totals = seconds(&|timing| Some(timing.total))?;
        Some(Self {
            serialize: median(&|timing| Some(timing.serialize))?,
            network: median(&Timing::network),
            server: median(&|timing| timing.server),
            median: quantile(&totals, 0.5)?,
            p25: quantile(&totals, 0.25)?,
            p75: quantile(&totals, 0.75)?,
            min: *totals.first()?,
            max: *totals.last()?,
        })
    }
}

/// Linear between the two nearest, as NumPy does by default.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(milliseconds: u64, server: Option<u64>) -> Timing {
        let server = server.map(Duration::from_millis);
        Timing { serialize: Duration::from_millis(1), total: Duration::from_millis(milliseconds), server }
    }

    #[test]
    fn quartiles_lie_between_their_neighbours() {
        let spread =
            Spread::of(&[timing(40, None), timing(10, None), timing(30, None), timing(20, None)]).expect("four");
        let milliseconds = [spread.min, spread.p25, spread.median, spread.p75, spread.max].map(|value| value * 1e3);
        for (found, wanted) in milliseconds.into_iter().zip([10.0, 17.5, 25.0, 32.5, 40.0]) {
            assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
        }
        assert_eq!((spread.network, spread.server), (None, None));
    }

    #[test]
    fn the_network_takes_what_is_left() {
        let spread = Spread::of(&[timing(10, Some(6))]).expect("one");
        assert!((spread.network.expect("known") - 0.003).abs() < 1e-9);
        assert_eq!(Spread::of(&[timing(10, Some(6)), timing(10, None)]).expect("two").network, None);
        assert_eq!(Spread::of(&[]), None);
    }
}
