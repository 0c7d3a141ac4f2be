//! `cargo xtask quickstart`: the whole story on one offline machine, from a bare host to servers that answer.

use anyhow::{Context, Result};
use serde_json::json;

use super::{Ended, Session, build_servers, export_model, push, setup, up};
use crate::{
    adapters::host::ThisHost,
    cli::{BuildServers, ExportModel, Push, Quickstart, Up},
    config::Config,
    domain::{model::Model, profile::Profile, reference::RegistryAddress},
};

/// What the story needs of the host: the engine, what makes its base image, and a registry.
const NEEDS: [setup::Need; 4] = [
    setup::DEBOOTSTRAP,
    setup::ENGINE,
    setup::REGISTRY,
    // The trained model comes as a package.
    setup::PYTHON,
];
/// Loopback: no TLS is needed there, and nobody else can push.
const REGISTRY: &str = "127.0.0.1:5000";

pub(crate) async fn run(args: &Quickstart, session: &Session) -> Result<Ended> {
    let config = session.config()?;
    let name = session.global.profile.as_deref().unwrap_or(&config.quickstart_profile);
    let profile = config.profile(name)?;
    let model = Config::model(profile, args.model.as_deref())?;
    if session.global.plans() {
        let plan = format!("{}\ndocker-registry serve &  # where none answers at {REGISTRY}", setup::plan(&NEEDS));
        session.report.plan(&plan, &json!({ "profile": name }));
    } else {
        setup::host(&NEEDS, session).await?;
    }
    let args = BuildServers { variants: Vec::new(), fail_fast: false, keep_going: true };
    let ended = build_servers::with_profile(&args, profile, &config, session).await?;
    // A server that failed costs nobody the model.
    let args = ExportModel { model: Some(model.name.clone()), ..ExportModel::default() };
    export_model::with_profile(&args, profile, &config, session).await?;
    if ended == Ended::WithFailures {
        return Ok(ended);
    }
    ship(profile, model, &config, session).await
}

/// Images, the registry, and the servers.
async fn ship(profile: &Profile, model: &Model, config: &Config, session: &Session) -> Result<Ended> {
    let address: RegistryAddress = format!("{REGISTRY}/demo").parse().context("read the registry's address")?;
    if !session.global.plans() {
        let started = session.report.start(None, &format!("registry at {REGISTRY}"));
        ThisHost::start_registry(REGISTRY, &session.folders.root.join("target/xtask/registry")).await?;
        session.report.finish_step(started);
    }
    push::with_profile(&Push::default(), &address, profile, config, session).await?;
    let ended =
        up::with_profile(&Up { model: Some(model.name.clone()), ..Up::default() }, profile, config, session).await?;
    if !session.global.plans() && ended == Ended::Well {
        session.report.note(
            "next: ask a server at its URL + /metadata, `cargo xtask push --verify`, `cargo xtask inspect \
             bin/tensorflow_model_server.cpu.optimized`, `cargo xtask down`",
        );
    }
    Ok(ended)
}
