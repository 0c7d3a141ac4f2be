//! A rollout, looked at until it is complete. A look that fails is one look less: connections break in the hour that a
//! rollout may take.

use std::time::Instant;

use anyhow::{Result, bail};

use super::{Manner, Placed};
use crate::{
    domain::{
        cluster::{
            OWNED,
            rollout::{Rollout, State, rollout},
        },
        event::Event,
    },
    ports::{Cluster, Resource},
    report::{Report, Started},
};

/// Looks until every workload is complete; what is not, when patience ends, is an error that says why for each.
pub(super) async fn until_complete<C: Cluster>(
    placed: &[Placed<'_>],
    namespace: &str,
    manner: Manner,
    cluster: &C,
    report: &Report,
) -> Result<Vec<Rollout>> {
    let workloads: Vec<&Placed<'_>> = placed.iter().filter(|one| rollout(one.object, &[]).is_some()).collect();
    let mut steps: Vec<Option<Started>> =
        workloads.iter().map(|one| Some(report.start(None, &format!("roll out {}", one.place)))).collect();
    let (begin, mut last) = (Instant::now(), Vec::new());
    let mut trouble;
    loop {
        match look(&workloads, namespace, cluster).await {
            Ok(rollouts) => {
                tell(&rollouts, &last, &mut steps, report);
                (last, trouble) = (rollouts, None);
                if last.iter().all(|rollout| rollout.state == State::Complete) {
                    return Ok(last);
                }
                if last.iter().any(|rollout| matches!(rollout.state, State::GaveUp(_))) {
                    break;
                }
            }
            Err(error) => trouble = Some(error),
        }
        if begin.elapsed() >= manner.patience {
            break;
        }
        tokio::time::sleep(manner.pause).await;
    }
    if let Some(error) = trouble {
        return Err(error.context("the rollout goes on in the cluster, and could not be watched to its end"));
    }
    let waiting = last.iter().filter(|rollout| rollout.state != State::Complete);
    let lines: Vec<String> = waiting.map(|rollout| format!("{}: {}", rollout.name, rollout.in_words())).collect();
    bail!(
        "the rollout is not complete after {} s:\n  {}\nit goes on in the cluster: `cargo xtask status` tells how it stands",
        begin.elapsed().as_secs(),
        lines.join("\n  ")
    );
}

/// A line for each workload that moved, and the end of those that are complete.
fn tell(now: &[Rollout], before: &[Rollout], steps: &mut [Option<Started>], report: &Report) {
    for (at, rollout) in now.iter().enumerate() {
        if before.get(at) != Some(rollout) {
            report.event(Event::Working { step: format!("roll out {}", rollout.name), line: rollout.in_words() });
        }
        if rollout.state == State::Complete
            && let Some(step) = steps.get_mut(at).and_then(Option::take)
        {
            report.finish_step(step);
        }
    }
}

/// One of each workload, in their order.
async fn look<C: Cluster>(workloads: &[&Placed<'_>], namespace: &str, cluster: &C) -> Result<Vec<Rollout>> {
    let pods = cluster.list(&Resource::pods(), Some(namespace), OWNED).await?;
    let mut rollouts = Vec::new();
    for one in workloads {
        match cluster.get(&one.place).await? {
            Some(live) => rollouts.extend(rollout(&live, &pods)),
            None => rollouts.extend(gone(one)),
        }
    }
    Ok(rollouts)
}

/// A job that ended well is tidied away by the cluster; anything else was taken away.
fn gone(one: &Placed<'_>) -> Option<Rollout> {
    let mut gone = rollout(one.object, &[])?;
    gone.state =
        if one.place.resource.kind == "Job" { State::Complete } else { State::GaveUp("somebody deleted it".into()) };
    Some(gone)
}
