//! What an apply would change, by the cluster's own dry run, and what others would lose by it.

use anyhow::{Result, anyhow};

use super::Placed;
use crate::{
    domain::cluster::{Conflict, difference::differences},
    ports::{Applied, Applying, Cluster},
};

/// Of all objects.
pub(super) struct Found {
    pub changes: Vec<(String, Vec<String>)>,
    pub warnings: Vec<String>,
}

/// Asks for each object; conflicts of all are told at once.
pub(super) async fn find<C: Cluster>(placed: &[Placed<'_>], force: bool, cluster: &C) -> Result<Found> {
    let mut found = Found { changes: Vec::new(), warnings: Vec::new() };
    let mut refusals = Vec::new();
    for one in placed {
        let live = cluster.get(&one.place).await?;
        match cluster.apply(&one.place, one.object, Applying { dry_run: true, force }).await? {
            Applied::Done(object, warnings) => {
                found.warnings.extend(warnings.into_iter().map(|warning| format!("{}: {warning}", one.name())));
                let changed = match &live {
                    None => vec!["is new".to_owned()],
                    Some(live) => differences(live, &object).iter().map(ToString::to_string).collect(),
                };
                found.changes.push((one.name(), changed));
            }
            // A namespace of a dry run is not there for what comes after it.
            Applied::NoNamespace => found.changes.push((one.name(), vec!["is new".to_owned()])),
            Applied::Conflicts(conflicts) => refusals.push((one.name(), conflicts)),
        }
    }
    if refusals.is_empty() { Ok(found) } else { Err(anyhow!(refused(&refusals))) }
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
