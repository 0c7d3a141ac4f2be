//! `cargo xtask down`: takes away what `up` started, and only that.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session};

pub(crate) async fn run(session: &Session) -> Result<Ended> {
    if session.global.plans() {
        let plan = "# down: removes the servers, the network and the model's volume that `up` of this checkout made";
        session.report.plan(plan, &json!({}));
        return Ok(Ended::Well);
    }
    let config = session.config()?;
    session.begin("down", &config).await?;
    let engine = session.engine(&config).await?;
    let found = engine.started(&session.checkout).await?;
    if found.is_empty() {
        session.report.note("nothing of this checkout is up");
    }
    for leftover in found {
        engine.remove_leftover(&leftover).await?;
        session.report.result(&leftover.name, json!({ "removed": leftover.kind.to_string() }));
    }
    Ok(Ended::Well)
}
