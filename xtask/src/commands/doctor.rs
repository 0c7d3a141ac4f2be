//! `cargo xtask doctor`, and the same checks as the preflight of whatever builds.

use anyhow::{Result, bail};
use serde_json::json;

use super::{Ended, Session};
use crate::{
    adapters::{docker::DockerEngine, host::ThisHost},
    config::Config,
    domain::{
        check::{self, Check, Engine, Facts, State},
        event::Event,
        plan::{self, Plan},
        profile::BaseImage,
        step::Step,
        variant::Device,
    },
    ports::Engine as _,
};

pub(crate) async fn run(session: &Session) -> Result<Ended> {
    let config = session.config()?;
    let profile = session.profile(&config)?;
    let variants: Vec<_> = config.variants.values().filter(|v| profile.devices.contains_key(&v.device)).collect();
    let plan = plan::build_servers(&plan::Inputs {
        profile,
        variants: &variants,
        engine: &config.engine,
        resources: &config.resources,
        remote: &config.remote,
    })?;
    if session.global.plans() {
        session
            .report
            .plan("# doctor: looks at the engine, this machine and this checkout; changes nothing", &json!({}));
        return Ok(Ended::Well);
    }
    let engine = session.engine(&config).await;
    let facts = facts(&plan, engine.map_err(|error| format!("{error:#}")), &config, session).await;
    let checks = check::checks(&facts);
    let rows = checks.iter().map(|check| {
        let state = match check.state {
            State::Fine => "fine",
            State::Notice => "notice",
            State::Blocks => "BLOCKS",
        };
        vec![state.into(), check.name.into(), check.found.clone(), check.mend.clone()]
    });
    let headers = ["", "check", "found", "how to mend it"].map(String::from).to_vec();
    session.report.event(Event::Table { title: format!("profile {}", profile.name), headers, rows: rows.collect() });
    let blocked = checks.iter().filter(|check| check.state == State::Blocks).count();
    let verdict = if blocked == 0 { "ready to build".to_owned() } else { format!("{blocked} to mend before building") };
    session.report.result(&verdict, json!({ "checks": checks }));
    Ok(if blocked == 0 { Ended::Well } else { Ended::WithFailures })
}

/// Refuses to begin what cannot end well, naming every obstacle at once.
pub(super) async fn preflight(plan: &Plan, engine: &DockerEngine, config: &Config, session: &Session) -> Result<()> {
    let facts = facts(plan, Ok(engine), config, session).await;
    let blocking: Vec<Check> = check::checks(&facts).into_iter().filter(|check| check.state == State::Blocks).collect();
    if blocking.is_empty() {
        return Ok(());
    }
    let lines = blocking.iter().map(|check| format!("  - {}: {}\n    {}", check.name, check.found, check.mend));
    bail!("nothing was started; first mend:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

async fn facts(plan: &Plan, engine: Result<&DockerEngine, String>, config: &Config, session: &Session) -> Facts {
    let mut missing_bases = Vec::new();
    let engine = match engine {
        Err(reason) => {
            // Nobody can tell, so that all it could take is looked for in the same round.
            missing_bases.extend(bases(plan));
            Err(reason)
        }
        Ok(engine) => {
            for base in bases(plan) {
                if !matches!(engine.image(&base.reference()).await, Ok(Some(_))) {
                    missing_bases.push(base);
                }
            }
            describe(engine).await
        }
    };
    let features = plan.builds.iter().flat_map(|build| build.prove.contract.demanded.iter());
    let missing_sources = match &plan.sources {
        Step::ReadTree(step) if !session.folders.root.join(&step.folder).is_dir() => Some(step.folder.clone()),
        _ => None,
    };
    Facts {
        engine,
        host: ThisHost::describe(&session.folders.root, features.copied().collect()),
        unwritable: ThisHost::unwritable(&[session.folders.bin(), session.folders.root.join("target/xtask")]),
        missing_sources,
        memory_per_job: config.resources.memory_per_job,
        missing_bases,
        needs_git: matches!(plan.sources, Step::CheckOut(_)),
        wants_gpu: plan.builds.iter().any(|build| build.variant.device == Device::Gpu),
    }
}

fn bases(plan: &Plan) -> impl Iterator<Item = BaseImage> + '_ {
    plan.images.iter().filter_map(|step| match step {
        Step::ProvideBase(base) => Some(base.clone()),
        _ => None,
    })
}

async fn describe(engine: &DockerEngine) -> Result<Engine, String> {
    let facts = engine.facts().await.map_err(|error| format!("{error:#}"))?;
    // A socket elsewhere may be forwarded from another machine, whose disk this is not.
    let local = ["unix:///var/run/docker.sock", "unix:///run/docker.sock"].contains(&engine.address());
    Ok(Engine {
        address: engine.address().to_owned(),
        free: local.then(|| ThisHost::free_bytes(facts.data_root.as_ref())).flatten(),
        version: facts.version,
        api_version: facts.api_version,
        os_arch: facts.os_arch,
        cores: facts.cores,
        memory: facts.memory,
        storage_driver: facts.storage_driver,
        data_root: facts.data_root,
        gpu_runtime: facts.runtimes.iter().any(|name| name == "nvidia"),
    })
}
