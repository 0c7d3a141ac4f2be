//! Objects into a cluster: everything that could refuse is asked first, what would change is told, then it is applied, and
//! the rollout watched until it is complete. What earlier deploys put there and this one does not render goes.

mod changes;
mod owned;
mod preflight;
mod watch;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    domain::{
        check::{Check, State},
        cluster::rollout::Rollout,
    },
    ports::{Applied, Applying, Cluster, Place},
    report::Report,
};

pub(crate) use changes::Changes;
pub(crate) use owned::{status, undeploy};

/// How a deploy goes about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Stop after what would change is known.
    pub dry_run: bool,
    pub force_conflicts: bool,
    /// For the rollout.
    pub patience: Duration,
    /// Between two looks at it.
    pub pause: Duration,
}

/// How a deploy ended.
#[derive(Debug)]
pub(crate) struct Deployed {
    /// Empty after a dry run.
    pub rollouts: Vec<Rollout>,
    /// Where the web app is found.
    pub url: Option<String>,
}

/// An object that has its place.
pub(crate) struct Placed<'o> {
    pub place: Place,
    pub object: &'o Value,
}

/// Brings the objects, in their order, into the cluster. `kinds` are all that deploys of this checkout may have made; `tell`
/// hears what changes before anything does.
pub(crate) async fn deploy<C: Cluster>(
    objects: &[Value],
    kinds: &[(String, String)],
    namespace: &str,
    manner: Manner,
    (cluster, report): (&C, &Report),
    tell: &mut dyn FnMut(&Changes),
) -> Result<Deployed> {
    let started = report.start(None, "look at the cluster");
    judge(&preflight::checks(objects, namespace, cluster).await?, report)?;
    let placed = placed(objects, cluster).await.context("nothing was applied")?;
    let mut changes = changes::find(&placed, manner.force_conflicts, cluster).await.context("nothing was applied")?;
    let superseded = owned::superseded(&placed, kinds, namespace, cluster).await.context("nothing was applied")?;
    changes.superseded = superseded.iter().map(ToString::to_string).collect();
    report.finish_step(started);
    tell(&changes);
    if manner.dry_run {
        return Ok(Deployed { rollouts: Vec::new(), url: None });
    }
    let started = report.start(None, "apply");
    for one in &placed {
        apply(one, manner, cluster).await?;
    }
    for place in &superseded {
        cluster.delete(place).await?;
    }
    report.finish_step(started);
    let rollouts = watch::until_complete(&placed, namespace, manner, cluster, report).await?;
    Ok(Deployed { rollouts, url: preflight::url(objects, cluster).await })
}

async fn apply<C: Cluster>(one: &Placed<'_>, manner: Manner, cluster: &C) -> Result<()> {
    let how = Applying { dry_run: false, force: manner.force_conflicts };
    let applied = cluster.apply(&one.place, one.object, how).await;
    match applied.with_context(|| format!("{} was not applied, what stands before it was; run again", one.place))? {
        Applied::Done(object, _) => changes::whole(one, &object),
        Applied::Conflicts(conflicts) => bail!(changes::refused(&[(one.place.to_string(), conflicts)])),
        Applied::NoNamespace => bail!("the namespace of {} went away while it was applied; run again", one.place),
    }
}

/// Tells what somebody should know before anything happens; what cannot work ends it here.
fn judge(checks: &[Check], report: &Report) -> Result<()> {
    let worth_a_word = checks.iter().filter(|check| check.state != State::Fine);
    for Check { name, found, mend, state } in worth_a_word {
        if *state == State::Blocks {
            bail!("nothing was applied: {name}: {found}; {mend}");
        }
        report.warning(&format!("{name}: {found}; {mend}"));
    }
    Ok(())
}

/// Finds where each object goes; all kinds that the cluster does not know are told at once.
async fn placed<'o, C: Cluster>(objects: &'o [Value], cluster: &C) -> Result<Vec<Placed<'o>>> {
    let (mut placed, mut unknown) = (Vec::new(), Vec::new());
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        match cluster.resource(api_version, kind).await? {
            Some(resource) => {
                let namespace = resource.namespaced.then(|| text("/metadata/namespace").to_owned());
                placed
                    .push(Placed { place: Place { resource, namespace, name: text("/metadata/name").into() }, object });
            }
            None => unknown.push(format!("{kind} ({api_version})")),
        }
    }
    unknown.dedup();
    if !unknown.is_empty() {
        bail!(
            "the cluster does not know {}: install what brings it, or render without the component that needs it",
            unknown.join(", ")
        );
    }
    Ok(placed)
}
