//! What costs beside time: counters of the servers' containers, of the servers themselves, and of this process, before and
//! after a unit of work.

mod own;
mod prometheus;

use std::collections::BTreeMap;

use super::target::Target;
use crate::{
    Error,
    protocol::{Caller, Standing},
    record::Counters,
};

/// Counters as they stand.
pub(super) struct Snapshot {
    own: Standing,
    /// By server's name.
    containers: BTreeMap<String, Standing>,
    /// By server; empty where it has none or they cannot be read.
    metrics: Vec<BTreeMap<String, f64>>,
}

impl Snapshot {
    /// Reads all there are.
    ///
    /// # Errors
    /// A caller that cannot do what it said it can. Metrics that cannot be read are left out.
    pub(super) async fn take(caller: &mut impl Caller, targets: &[Target]) -> Result<Self, Error> {
        let containers = caller.count().await?.unwrap_or_default();
        let mut metrics = Vec::new();
        for target in targets {
            metrics.push(match target.metrics() {
                Some(url) => prometheus::scrape(&url).await.unwrap_or_default(),
                None => BTreeMap::new(),
            });
        }
        Ok(Self { own: own::standing(), containers, metrics })
    }

    /// A row for this process, and one for each server of which something is known.
    pub(super) fn grown_to(&self, after: &Self, unit: &str, targets: &[Target]) -> Vec<Counters> {
        let mut rows = vec![row(unit, None, Some((&self.own, &after.own)), BTreeMap::new())];
        for (server, target) in targets.iter().enumerate() {
            let standing = self.containers.get(target.name()).zip(after.containers.get(target.name()));
            let metrics = grown(&self.metrics[server], &after.metrics[server]);
            if standing.is_some() || !metrics.is_empty() {
                rows.push(row(unit, u32::try_from(server).ok(), standing, metrics));
            }
        }
        rows
    }
}

fn row(
    unit: &str,
    server: Option<u32>,
    standing: Option<(&Standing, &Standing)>,
    metrics: BTreeMap<String, f64>,
) -> Counters {
    let seconds = |of: fn(&Standing) -> f64| standing.map(|(before, after)| (of(after) - of(before)).max(0.0));
    Counters {
        unit: unit.to_owned(),
        server,
        cpu_seconds: seconds(|standing| standing.cpu_seconds),
        throttled_periods: standing
            .map(|(before, after)| after.throttled_periods.saturating_sub(before.throttled_periods)),
        throttled_seconds: seconds(|standing| standing.throttled_seconds),
        metrics,
    }
}

/// What grew. A counter that is smaller than before is one of a server that was started meanwhile, from 0.
fn grown(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let growth = |(name, now): (&String, &f64)| {
        let earlier = before.get(name).copied().filter(|earlier| earlier <= now).unwrap_or_default();
        (*now > earlier).then(|| (name.clone(), now - earlier))
    };
    after.iter().filter_map(growth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_is_left_out_and_what_began_anew_counts_from_nothing() {
        let counters = |of: &[(&str, f64)]| of.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let before = counters(&[("still", 5.0), ("more", 2.0), ("anew", 9.0)]);
        let after = counters(&[("still", 5.0), ("more", 3.5), ("anew", 4.0), ("new", 1.0)]);
        assert_eq!(grown(&before, &after), counters(&[("more", 1.5), ("anew", 4.0), ("new", 1.0)]));
    }
}
