//! `cargo xtask push`: ready images into a registry, by digest into `manifests/images.lock`; `--verify` compares them later.

mod ready;
mod verify;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Ended, Session, build_images};
use crate::{
    adapters::{
        cosign::Cosign,
        credentials::DockerLogins,
        registry::{Access, OciRegistry, Patience},
    },
    cli::Push,
    config::Config,
    domain::{
        event::Event,
        profile::Profile,
        push::{self, ImageNames, LOCK_FILE, PushPlan, ReadyImage, Tags},
        reference::RegistryAddress,
    },
    execute::{self, PushPorts, PushScene, PushState, Pushed},
    ports::{Engine as _, Registry as _, Say, Signer as _},
    report::bytes,
};

pub(crate) async fn run(args: &Push, session: &Session) -> Result<Ended> {
    let Some(address) = args.registry.as_ref().filter(|_| !args.verify) else {
        return verify::run(&args.variants, session).await;
    };
    let config = session.config()?;
    with_profile(args, address, session.profile(&config)?, &config, session).await
}

/// The same for a profile that was chosen elsewhere.
pub(super) async fn with_profile(
    args: &Push,
    address: &RegistryAddress,
    profile: &Profile,
    config: &Config,
    session: &Session,
) -> Result<Ended> {
    let plans = build_images::plan(&args.variants, config, profile)?;
    let plan = plan(args, address, &ready::names(&plans.images.images))?;
    if session.global.plans() {
        let text = format!("{}\n{}\n{plan}", plans.servers, plans.images);
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    session.begin("push", config).await?;
    let say = |line: String| session.report.warning(&line);
    let registry = registry(plan.address.host(), config, session, &say).await?;
    // After the hours that a build may take it would be late for a wrong password.
    registry.check().await.context("nothing was pushed")?;
    if plan.sign {
        Cosign.check().context("nothing was pushed")?;
    }
    let images = ready::ready(&plans, config, session).await?;
    ready_images(&plan, &images, &registry, config, session).await
}

/// The references of images that are called so.
fn plan(args: &Push, address: &RegistryAddress, names: &[ImageNames]) -> Result<PushPlan> {
    let tags = Tags { only: args.tag.clone(), also: args.also_tag.clone() };
    Ok(push::plan(address, names, &tags, args.sign)?)
}

/// Pushes images that have passed their gates; holds the checkout.
async fn ready_images(
    plan: &PushPlan,
    images: &[ReadyImage],
    registry: &OciRegistry<'_>,
    config: &Config,
    session: &Session,
) -> Result<Ended> {
    let engine = session.engine(config).await?;
    let ports = PushPorts { engine, registry, signer: &Cosign };
    let scene = scene(session);
    let mut rows = Vec::new();
    let mut done = |pushed| rows.push(tell(&pushed, session));
    let ended = execute::push(plan, images, &ports, &scene, &session.report, &mut done).await;
    if !rows.is_empty() {
        let headers = ["image", "state", "moved", "seconds", "digest"].map(String::from).to_vec();
        session.report.event(Event::Table { title: format!("registry {}", plan.address), headers, rows });
    }
    ended.map(|()| Ended::Well)
}

pub(super) fn scene(session: &Session) -> PushScene {
    PushScene {
        lock: session.folders.root.join(LOCK_FILE),
        run: session.run.clone(),
        scratch: session.folders.work().join("push"),
        known: session.folders.packed_layers(),
    }
}

/// A registry that has answered.
pub(super) async fn registry<'s>(
    host: &str,
    config: &Config,
    session: &Session,
    say: Say<'s>,
) -> Result<OciRegistry<'s>> {
    let login = DockerLogins::default().find(host).await.with_context(|| format!("find credentials for {host}"))?;
    // Without an engine nothing beyond loopback is known to do without TLS.
    let insecure = match session.engine(config).await {
        Ok(engine) => engine.facts().await?.insecure_registries.iter().any(|name| name == host),
        Err(_) => false,
    };
    let access = Access { host: host.into(), credentials: login.credentials, source: login.source, insecure };
    OciRegistry::connect(access, Patience::default(), say).await
}

/// The reference on stdout; returns the row of the table.
fn tell(pushed: &Pushed, session: &Session) -> Vec<String> {
    let Pushed { name, locked, state, seconds } = pushed;
    let (state, moved) = told(state);
    let details = json!({ "image": name, "state": state, "lock": locked });
    session.report.result(&locked.reference.to_string(), details);
    vec![name.clone(), state.into(), moved, format!("{seconds:.1}"), locked.reference.digest.short().into()]
}

/// How it went in words, and what moved.
pub(super) fn told(state: &PushState) -> (&'static str, String) {
    match state {
        PushState::AlreadyThere => ("already there", String::new()),
        PushState::Tagged => ("tagged anew", String::new()),
        PushState::Moved { bytes: moved, layers: (some, all) } => {
            ("pushed", format!("{} ({some} of {all} layers)", bytes(*moved)))
        }
    }
}
