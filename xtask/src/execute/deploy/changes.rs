//! What an apply would change, by the cluster's own dry run, and what others would lose by it.

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::Placed;
use crate::{
    domain::cluster::{
        Conflict,
        difference::{differences, dropped},
    },
    ports::{Applied, Applying, Cluster},
};

/// What a deploy would change.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Object -> a line for each field; one that was not there says so, one that stays has none.
    pub objects: Vec<(String, Vec<String>)>,
    /// Objects that are no longer rendered.
    pub superseded: Vec<String>,
    /// What the cluster warned of.
    pub warnings: Vec<String>,
}

/// Asks for each object; conflicts of all are told at once.
pub(super) async fn find<C: Cluster>(placed: &[Placed<'_>], force: bool, cluster: &C) -> Result<Changes> {
    let mut found = Changes::default();
    let (mut refusals, mut lost) = (Vec::new(), Vec::new());
    for one in placed {
        let live = cluster.get(&one.place).await?;
        match cluster.apply(&one.place, one.object, Applying { dry_run: true, force }).await? {
            Applied::Done(object, warnings) => {
                let gone = dropped(one.object, &object);
                if !gone.is_empty() {
                    lost.push(format!("{}: {}", one.place, gone.join(", ")));
                }
                found.warnings.extend(warnings.into_iter().map(|warning| format!("{}: {warning}", one.place)));
                let changed = match &live {
                    None => vec!["is new".to_owned()],
                    Some(live) => differences(live, &object).iter().map(ToString::to_string).collect(),
                };
                found.objects.push((one.place.to_string(), changed));
            }
            // A namespace of a dry run is not there for what comes after it.
            Applied::NoNamespace => found.objects.push((one.place.to_string(), vec!["is new".to_owned()])),
            Applied::Conflicts(conflicts) => refusals.push((one.place.to_string(), conflicts)),
        }
    }
    if !lost.is_empty() {
        bail!(left_out(&lost));
    }
    if refusals.is_empty() { Ok(found) } else { Err(anyhow!(refused(&refusals))) }
}

/// Whether an object that was applied is all there: in a namespace that was not there before, no dry run could tell.
pub(super) fn whole(one: &Placed<'_>, applied: &Value) -> Result<()> {
    let gone = dropped(one.object, applied);
    if gone.is_empty() { Ok(()) } else { Err(anyhow!(left_out(&[format!("{}: {}", one.place, gone.join(", "))]))) }
}

fn left_out(lost: &[String]) -> String {
    format!(
        "the cluster leaves out what it does not know or has switched off:\n  {}\nimage volumes need the gate ImageVolume, or \
         `--component model-init-container`; for anything else a newer cluster",
        lost.join("\n  ")
    )
}

/// Who manages what, and the two ways out.
pub(super) fn refused(conflicts: &[(String, Vec<Conflict>)]) -> String {
    let mut lines: Vec<String> = conflicts
        .iter()
        .flat_map(|(name, conflicts)| {
            conflicts.iter().map(move |Conflict { manager, field }| format!("{name}: {manager} manages {field}"))
        })
        .collect();
    lines.sort();
    lines.dedup();
    format!(
        "others manage fields that would be other ones:\n  {}\ntake these fields out of the manifests, or take them over with \
         --force-conflicts",
        lines.join("\n  ")
    )
}
