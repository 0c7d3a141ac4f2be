//! Servers that are up, ended and started again as they are: another process, with nothing of the one before.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{Up, UpScene, wait};
use crate::{
    domain::up::{PlannedServer, UpPlan},
    execute::on_disk,
    ports::{Engine, Rest},
    report::Report,
};

const GRACE: Duration = Duration::from_secs(20);

/// Returns once all have answered; where they are reached may have changed.
pub(in crate::execute) async fn again<E: Engine, R: Rest>(
    servers: &[PlannedServer],
    plan: &UpPlan,
    (engine, rest): (&E, &R),
    scene: &UpScene<'_>,
    report: &Report,
) -> Result<Vec<Up>> {
    let found = on_disk::find(&plan.folder, &plan.model, &plan.profile, scene.folders)?;
    let asked = found.asked()?;
    for server in servers {
        engine.stop(&scene.container(server), GRACE).await?;
    }
    // They load their models side by side.
    for server in servers {
        engine.start(&scene.container(server)).await?;
    }
    let mut up = Vec::new();
    for server in servers {
        let answered =
            wait((server, false), (plan, asked.as_ref(), found.is_brought()), (engine, rest), scene, report).await;
        up.push(answered.with_context(|| format!("start {} anew", server.settings.name))?);
    }
    Ok(up)
}
