//! `cargo xtask down`: takes away what `up` started, and only that; with `--all` what `quickstart` keeps running as well.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session, quickstart};
use crate::{adapters::host::ThisHost, cli::Down};

const PLAN: &str = "# down: removes the servers, the network and the model's volume that `up` of this checkout made";

pub(crate) async fn run(args: &Down, session: &Session) -> Result<Ended> {
    if session.global.plans() {
        let registry = format!("\n# ends quickstart's registry\nrm -r {}", quickstart::REGISTRY_FOLDER);
        let plan = if args.all { format!("{PLAN}{registry}") } else { PLAN.to_owned() };
        session.report.plan(&plan, &json!({}));
        return Ok(Ended::Well);
    }
    let config = session.config()?;
    session.begin("down", &config).await?;
    let engine = session.engine(&config).await?;
    let found = engine.started(&session.checkout).await?;
    let mut nothing = found.is_empty();
    for leftover in found {
        engine.remove_leftover(&leftover).await?;
        session.report.result(&leftover.name, json!({ "removed": leftover.kind.to_string() }));
    }
    if args.all {
        let folder = session.folders.root.join(quickstart::REGISTRY_FOLDER);
        let stopped = ThisHost::stop_registry(&folder).await?;
        if let Some(id) = stopped.process {
            session.report.result(&format!("registry (process {id})"), json!({ "removed": "process" }));
        }
        if stopped.data {
            session.report.result(quickstart::REGISTRY_FOLDER, json!({ "removed": "folder" }));
        }
        nothing &= stopped.process.is_none() && !stopped.data;
    }
    if nothing {
        session.report.note("nothing of this checkout is up");
    }
    Ok(Ended::Well)
}
