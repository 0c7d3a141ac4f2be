//! `cargo xtask quickstart`: the whole story on one offline machine, from a bare host to servers that answer.

use anyhow::{Context, Result};
use serde_json::json;

use super::{Ended, Session, bench, build_servers, export_model, push, setup, up};
use crate::{
    adapters::host::ThisHost,
    cli::{BenchOptions, BuildServers, ExportModel, Push, Quickstart, Up},
    config::Config,
    domain::{
        bench::{BenchPlan, QUICKSTART, Subject},
        model::Model,
        profile::Profile,
        reference::RegistryAddress,
    },
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
/// Its files, from the root.
pub(super) const REGISTRY_FOLDER: &str = "target/xtask/registry";

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
        ThisHost::start_registry(REGISTRY, &session.folders.root.join(REGISTRY_FOLDER)).await?;
        session.report.finish_step(started);
    }
    push::with_profile(&Push::default(), &address, profile, config, session).await?;
    let ended =
        up::with_profile(&Up { model: Some(model.name.clone()), ..Up::default() }, profile, config, session).await?;
    if ended == Ended::WithFailures {
        return Ok(ended);
    }
    measure(profile, model, config, session).await
}

/// A quick bench of what is up: fresh servers, which are not started anew.
async fn measure(profile: &Profile, model: &Model, config: &Config, session: &Session) -> Result<Ended> {
    let options = BenchOptions { model: Some(model.name.clone()), quick: true, ..BenchOptions::default() };
    let mut plan =
        BenchPlan { output: QUICKSTART.into(), keeps: true, ..bench::plan(&options, profile, config, session)? };
    if let Subject::Containers { renews, .. } = &mut plan.subject {
        *renews = false;
    }
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    let ended = bench::measure(&plan, profile, config, session).await?;
    for line in next(config) {
        session.report.note(&line);
    }
    Ok(ended)
}

/// What to try, now that all of it is up.
fn next(config: &Config) -> Vec<String> {
    let page = config.app.as_ref().and_then(|app| app.port);
    let page =
        page.map(|port| format!("  http://127.0.0.1:{port}/ compares the servers on a picture of yours, in a browser"));
    let rest = [
        format!("  {QUICKSTART}/report.html says what was measured just now, on one generated picture"),
        "  cargo xtask bench --images DIR                                  a real bench, on pictures of yours".into(),
        "  cargo xtask bench --image cpu-standard --image cpu-optimized    what the flags of a build are worth".into(),
        "  cargo xtask push --verify                                       the registry against manifests/images.lock"
            .into(),
        "  cargo xtask down --all                                          takes away all that runs now".into(),
    ];
    std::iter::once("what to try next:".to_owned()).chain(page).chain(rest).collect()
}
