//! `cargo xtask import-model`: a SavedModel of one's own, checked and put among the versions that all commands serve.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session, export_model};
use crate::{
    cli::ImportModel,
    config::Config,
    domain::model::{
        Model,
        plan::{self, Brought, ExportPlan},
    },
    execute::{self, Exported},
};

pub(crate) async fn run(args: &ImportModel, session: &Session) -> Result<Ended> {
    let config = session.config()?;
    let plan = plan(args, &session.profile(&config)?.name, session);
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    session.begin("import-model", &config).await?;
    let imported = bring(&plan, &config, session).await?;
    export_model::tell(&plan, &imported, session);
    session.report.note(&format!(
        "next: cargo xtask up --model {name} --model-version {version}, cargo xtask push-model --model {name} --version {version}",
        name = plan.model,
        version = plan.version
    ));
    Ok(Ended::Well)
}

fn plan(args: &ImportModel, profile: &str, session: &Session) -> ExportPlan {
    // A version that was exported elsewhere keeps its number.
    let own = || execute::number_of(&args.from);
    let model = Model { version: args.version.or_else(own).unwrap_or(1), ..Model::brought(&args.model) };
    let warm_up = args.warm_up.iter().map(|path| session.seen_from_root(path)).collect();
    let brought = Brought { warms_up: !args.no_warm_up, warm_up };
    plan::import_model(profile, &model, session.seen_from_root(&args.from), brought)
}

async fn bring(plan: &ExportPlan, config: &Config, session: &Session) -> Result<Exported> {
    export_model::preflight(plan, session)?;
    export_model::export(plan, config, session).await
}
