//! `cargo xtask build-servers`: from sources to proven binaries in `bin/`.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session};
use crate::{
    adapters::{host::ThisHost, sources::CheckedOut},
    cli::BuildServers,
    config::Config,
    domain::{
        event::Event,
        plan::{self, Plan},
        profile::Profile,
        variant::VariantName,
    },
    execute::{self, Freshness, Outcome, Ports, Scene},
    report::bytes,
};

pub(crate) async fn run(args: &BuildServers, session: &Session) -> Result<Ended> {
    let config = session.config()?;
    with_profile(args, session.profile(&config)?, &config, session).await
}

/// The same for a profile that was chosen elsewhere.
pub(super) async fn with_profile(
    args: &BuildServers,
    profile: &Profile,
    config: &Config,
    session: &Session,
) -> Result<Ended> {
    let plan = plan(args, config, profile)?;
    if session.global.plans() {
        session.report.plan(
            &plan.to_string(),
            &json!({ "steps": plan.steps().iter().map(ToString::to_string).collect::<Vec<_>>() }),
        );
        return Ok(Ended::Well);
    }
    session.begin("build-servers", config).await?;
    Ok(tell(&build(&plan, args.fail_fast, config, session).await?, session))
}

fn plan(args: &BuildServers, config: &Config, profile: &Profile) -> Result<Plan> {
    let variants = config.select(&args.variants)?;
    Ok(plan::build_servers(&plan::Inputs {
        profile,
        variants: &variants,
        engine: &config.engine,
        resources: &config.resources,
        remote: &config.remote,
    })?)
}

/// What came of the variants, and why it had to.
pub(super) struct Built {
    outcomes: Vec<(VariantName, Outcome)>,
    freshness: Vec<Freshness>,
}

/// The caller holds the checkout.
pub(super) async fn build(plan: &Plan, fail_fast: bool, config: &Config, session: &Session) -> Result<Built> {
    let source = CheckedOut;
    let freshness = execute::look(plan, &source, &session.folders).await?;
    let fresh = freshness.iter().all(|f| f.current.is_some());
    let outcomes = if fresh {
        freshness.iter().filter_map(|f| Some((f.variant.clone(), Outcome::UpToDate(f.current.clone()?)))).collect()
    } else {
        let engine = session.engine(config).await?;
        let scene = scene(fail_fast, config, session)?;
        super::doctor::preflight(plan, engine, config, session).await?;
        let ports = Ports { engine, source: &source, host: &ThisHost };
        let outcomes = execute::build_servers(plan, &freshness, &ports, &scene, &session.report).await?;
        engine.prune_sources(&session.checkout).await?;
        outcomes
    };
    Ok(Built { outcomes, freshness })
}

pub(super) fn scene<'c>(fail_fast: bool, config: &'c Config, session: &Session) -> Result<Scene<'c>> {
    Ok(Scene {
        folders: session.folders.clone(),
        run: session.run.clone(),
        checkout: session.checkout.clone(),
        labels: config.engine.labels.clone(),
        resources: &config.resources,
        ca_bundle: ThisHost::ca_bundle(&config.engine.ca_bundle, &session.folders.root)?,
        headers: ThisHost::secrets(&config.remote.headers)?,
        fail_fast,
    })
}

/// Paths on stdout, the table on stderr, the exit code for scripts.
fn tell(built: &Built, session: &Session) -> Ended {
    for (variant, outcome) in &built.outcomes {
        let (state, built) = match outcome {
            Outcome::UpToDate(built) => ("up to date", built),
            Outcome::Built(built) => ("built", built),
            Outcome::Failed(_) | Outcome::NotStarted => continue,
        };
        let path = session.folders.shown(&built.path).display().to_string();
        session.report.result(&path, json!({ "variant": variant, "state": state, "receipt": built.receipt }));
    }
    table(built, session)
}

/// What came of the servers; of a command whose results are others.
pub(super) fn table(Built { outcomes, freshness }: &Built, session: &Session) -> Ended {
    let mut rows = Vec::new();
    for (variant, outcome) in outcomes {
        let reason = freshness.iter().find(|f| f.variant == *variant).map(|f| f.reason.clone()).unwrap_or_default();
        let (state, built, detail) = match outcome {
            Outcome::UpToDate(built) => ("up to date", Some(built), reason),
            Outcome::Built(built) => ("built", Some(built), reason),
            Outcome::Failed(error) => {
                ("failed", None, error.root_cause().to_string().lines().next().unwrap_or_default().into())
            }
            Outcome::NotStarted => ("not started", None, String::new()),
        };
        if state == "up to date" {
            session.report.event(Event::UpToDate { variant: variant.to_string(), reason: detail.clone() });
        }
        let size = built.map(|b| bytes(b.receipt.binary.bytes)).unwrap_or_default();
        let seconds = built.filter(|_| state == "built").and_then(|b| b.receipt.build.seconds.get("build").copied());
        let hits =
            built.filter(|_| state == "built").map(|b| b.receipt.build.cache_hits.to_string()).unwrap_or_default();
        let seconds = seconds.map(|s| format!("{s:.1} s")).unwrap_or_default();
        rows.push(vec![variant.to_string(), state.into(), seconds, hits, size, detail]);
    }
    let headers = ["variant", "state", "build", "cache hits", "size", "why"].map(String::from).to_vec();
    session.report.event(Event::Table { title: "servers".into(), headers, rows });
    let failed = outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_) | Outcome::NotStarted));
    if failed { Ended::WithFailures } else { Ended::Well }
}
