//! `cargo xtask push-model`: an exported version as an image of its own, by digest into `manifests/images.lock`.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session, push};
use crate::{
    adapters::host::ThisHost,
    cli::PushModel,
    config::Config,
    domain::{
        event::Event,
        model::image::{self, ModelPushPlan},
        profile::Profile,
        reference::RegistryAddress,
    },
    execute::{self, ModelPushed},
};

pub(crate) async fn run(args: &PushModel, session: &Session) -> Result<Ended> {
    let config = session.config()?;
    let profile = session.profile(&config)?;
    let plan = plan(args, &args.registry, profile)?;
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    session.begin("push-model", &config).await?;
    let pushed = pushed(&plan, &config, session).await?;
    tell(&plan, &pushed, session);
    Ok(Ended::Well)
}

fn plan(args: &PushModel, address: &RegistryAddress, profile: &Profile) -> Result<ModelPushPlan> {
    let model = Config::served(profile, args.model.as_deref());
    Ok(image::plan(address, &profile.name, &model, args.version, &args.also_tag)?)
}

async fn pushed(plan: &ModelPushPlan, config: &Config, session: &Session) -> Result<ModelPushed> {
    let say = |line: String| session.report.warning(&line);
    let registry = push::registry(plan.reference.repository.host(), config, session, &say).await?;
    let ports = (&ThisHost, &registry);
    execute::push_model(plan, ports, &session.folders, &push::scene(session), &session.report).await
}

/// The reference on stdout, the table on stderr.
fn tell(plan: &ModelPushPlan, pushed: &ModelPushed, session: &Session) {
    let ModelPushed { locked, state, seconds } = pushed;
    let (state, moved) = push::told(state);
    let details = json!({ "model": plan.model, "version": plan.version, "state": state, "lock": locked });
    session.report.result(&locked.reference.to_string(), details);
    let digest = locked.reference.digest.short().to_owned();
    let row = vec![plan.model.clone(), plan.version.to_string(), state.into(), moved, format!("{seconds:.1}"), digest];
    let headers = ["model", "version", "state", "moved", "seconds", "digest"].map(String::from).to_vec();
    let title = format!("registry {}", plan.reference.repository.host());
    session.report.event(Event::Table { title, headers, rows: vec![row] });
}
