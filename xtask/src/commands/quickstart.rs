//! `cargo xtask quickstart`: set up the host, build the sample's servers and export its model, on one
//! offline machine.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session, build_servers, export_model, setup};
use crate::cli::{BuildServers, ExportModel};

/// What the main job needs of the host: the engine, and what makes its base image.
const NEEDS: [setup::Need; 2] = [setup::DEBOOTSTRAP, setup::ENGINE];

pub(crate) async fn run(session: &Session) -> Result<Ended> {
    let args = BuildServers { variants: Vec::new(), fail_fast: false, keep_going: true };
    let config = session.config()?;
    let name = session.global.profile.as_deref().unwrap_or(&config.quickstart_profile);
    let profile = config.profile(name)?;
    if session.global.dry_run {
        session.report.plan(&setup::plan(&NEEDS), &json!({ "profile": name }));
        build_servers::with_profile(&args, profile, &config, session).await?;
        return export_model::with_profile(&ExportModel::default(), profile, &config, session).await;
    }
    setup::host(&NEEDS, session).await?;
    let ended = build_servers::with_profile(&args, profile, &config, session).await?;
    // A server that failed costs nobody the model.
    export_model::with_profile(&ExportModel::default(), profile, &config, session).await?;
    if ended == Ended::Well {
        let next = "next: cargo xtask inspect bin/tensorflow_model_server.cpu.optimized, cargo xtask model-info model-data, cargo xtask build-servers --dry-run, cargo xtask doctor";
        session.report.note(next);
    }
    Ok(ended)
}
