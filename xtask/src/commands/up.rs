//! `cargo xtask up`: the servers of `config.toml` as local containers, with the limits they have in a cluster.

use anyhow::Result;
use serde_json::json;

use super::{Ended, Session};
use crate::{
    adapters::{rest::RestApi, sources::CheckedOut},
    cli::Up,
    config::Config,
    domain::{
        event::Event,
        profile::Profile,
        up::{self, APP, PlannedServer, UpPlan},
    },
    execute::{self, AppUp, Lifetime, UpOutcome, UpScene},
    report::bytes,
};

pub(crate) async fn run(args: &Up, session: &Session) -> Result<Ended> {
    let config = session.config()?;
    with_profile(args, session.profile(&config)?, &config, session).await
}

/// The same for a profile that was chosen elsewhere.
pub(super) async fn with_profile(args: &Up, profile: &Profile, config: &Config, session: &Session) -> Result<Ended> {
    let model = Config::served(profile, args.model.as_deref());
    let plan = up::up(&up::Inputs {
        profile,
        model: &model,
        version: args.model_version.unwrap_or(model.version),
        servers: &config.select_servers(&args.servers)?,
        variants: &config.select(&[])?,
        images: &config.images,
        app: config.select_app(&args.servers),
    });
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    session.begin("up", config).await?;
    let (outcomes, app) = start(&plan, config, session).await?;
    Ok(tell(&plan, &outcomes, app, session))
}

/// How the servers ended, and the web app.
type Outcomes = (Vec<(PlannedServer, UpOutcome)>, Option<Result<AppUp>>);

async fn start(plan: &UpPlan, config: &Config, session: &Session) -> Result<Outcomes> {
    let engine = session.engine(config).await?;
    let scene = scene(config, session, Lifetime::Lasting);
    execute::up(plan, engine, &CheckedOut, &RestApi::new()?, &scene, &session.report).await
}

pub(super) fn scene<'a>(config: &'a Config, session: &'a Session, lifetime: Lifetime) -> UpScene<'a> {
    UpScene {
        folders: &session.folders,
        run: &session.run,
        checkout: &session.checkout,
        labels: &config.engine.labels,
        lifetime,
    }
}

/// URLs on stdout, the table on stderr, the exit code for scripts.
fn tell(
    plan: &UpPlan,
    outcomes: &[(PlannedServer, UpOutcome)],
    app: Option<Result<AppUp>>,
    session: &Session,
) -> Ended {
    let (mut rows, mut ended) = (Vec::new(), Ended::Well);
    for (server, outcome) in outcomes {
        let name = &server.settings.name;
        let (cpus, memory) = limits(server.settings.millicpus, server.settings.memory);
        let mut row = vec![name.clone(), String::new(), String::new(), cpus, memory, server.image.clone()];
        match outcome {
            UpOutcome::Up(up) => {
                session.report.result(
                    &up.url,
                    json!({ "server": name, "url": up.url, "grpc": up.grpc, "was-up": up.was_up, "image": server.image,
                            "millicpus": server.settings.millicpus, "memory": server.settings.memory,
                            "ready-seconds": up.ready_seconds, "answer-seconds": up.answer_seconds }),
                );
                row[1] = if up.was_up { "was up".into() } else { "up".into() };
                row[2] = up.url.clone();
                let ready = format!("{:.1} s", up.ready_seconds);
                row.push(if up.was_up { String::new() } else { ready });
                row.push(up.answer_seconds.map(|seconds| format!("{:.0} ms", seconds * 1e3)).unwrap_or_default());
            }
            UpOutcome::LeftOut(why) => {
                session.report.warning(&format!("{name} is left out: {why}"));
                row[1] = "left out".into();
            }
            UpOutcome::Failed(error) => {
                ended = Ended::WithFailures;
                session.report.event(Event::Failed { variant: name.clone(), text: format!("{error:#}") });
                row[1] = "failed".into();
            }
        }
        rows.push(row);
    }
    if let Some((planned, app)) = plan.app.as_ref().zip(app) {
        let (cpus, memory) = limits(planned.settings.millicpus, planned.settings.memory);
        let mut row = vec![APP.into(), String::new(), String::new(), cpus, memory, planned.image.clone()];
        match app {
            Ok(app) => {
                session.report.result(
                    &app.url,
                    json!({ "app": APP, "url": app.url, "was-up": app.was_up, "image": planned.image,
                            "ready-seconds": app.ready_seconds }),
                );
                row[1] = if app.was_up { "was up".into() } else { "up".into() };
                row[2] = app.url.clone();
                row.push(if app.was_up { String::new() } else { format!("{:.1} s", app.ready_seconds) });
                session.report.note(&format!("the web app: open {} in a browser", app.url));
            }
            Err(error) => {
                ended = Ended::WithFailures;
                session.report.event(Event::Failed { variant: APP.into(), text: format!("{error:#}") });
                row[1] = "failed".into();
            }
        }
        rows.push(row);
    }
    let headers = ["server", "state", "url", "cpu", "memory", "image", "ready after", "a picture"];
    let headers = headers.map(String::from).to_vec();
    session.report.event(Event::Table { title: "servers".into(), headers, rows });
    ended
}

/// CPUs and memory, as the table has them.
fn limits(millicpus: Option<u32>, memory: Option<u64>) -> (String, String) {
    (up::cpus(millicpus), memory.map_or_else(|| "no limit".into(), bytes))
}
