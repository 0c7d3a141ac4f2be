//! `cargo xtask bench`: servers measured, and a report of what holds; `bench compare`: what changed between two.

use anyhow::{Context, Result, bail};
use bench_protocol::protocol::Found;
use serde_json::json;

use super::{Ended, Session, up};
use crate::{
    adapters::{docker::DockerEngine, host::ThisHost, measurer::Process, rest::RestApi, sources::CheckedOut},
    cli::{Bench, BenchOptions, Compare, OtherBench},
    config::Config,
    domain::{
        bench::{
            self, BenchPlan, LATEST, NamedModel, PlannedPictures, Subject,
            choices::{Choices, Design, GENERATED},
        },
        event::Event,
        profile::Profile,
        serving_image::{ImageName, app::Interface},
        up::{Inputs, ServerSettings, UpPlan},
    },
    execute::{self, BenchPorts, BenchScene, Benched, Lifetime},
};

pub(crate) async fn run(args: &Bench, session: &Session) -> Result<Ended> {
    if let Some(OtherBench::Compare(args)) = &args.other {
        return compare(args, session).await;
    }
    let config = session.config()?;
    let profile = session.profile(&config)?;
    let plan = plan(&args.options, profile, &config, session)?;
    if session.global.plans() {
        let text = plan.to_string();
        session.report.plan(&text, &json!({ "steps": text.lines().skip(1).collect::<Vec<_>>() }));
        return Ok(Ended::Well);
    }
    session.begin("bench", &config).await?;
    let ended = measure(&plan, profile, &config, session).await?;
    if matches!(plan.subject, Subject::Containers { passing: false, .. }) {
        session.report.note("the servers stay up; `cargo xtask down` removes them");
    }
    Ok(ended)
}

pub(super) fn plan(options: &BenchOptions, profile: &Profile, config: &Config, session: &Session) -> Result<BenchPlan> {
    let design = Design::of(&choices(options));
    let (width, height) = GENERATED;
    let pictures = match &options.images {
        None => PlannedPictures::Generated { count: design.generated, width, height },
        Some(folder) => PlannedPictures::Folder {
            folder: session.seen_from_root(folder),
            labels: options.labels.as_ref().map(|file| session.seen_from_root(file)),
        },
    };
    let named = options.model.as_deref();
    Ok(BenchPlan {
        title: bench::title(profile),
        subject: subject(options, profile, config)?,
        model: NamedModel {
            name: Config::served(profile, named).name,
            signature: options.signature.clone(),
            input: options.input.clone(),
            classes: options.classes.clone(),
            scores: options.scores.clone(),
        },
        pictures,
        design,
        output: options.output.as_ref().map_or_else(|| LATEST.to_owned(), |folder| session.seen_from_root(folder)),
        keeps: false,
    })
}

fn choices(options: &BenchOptions) -> Choices {
    Choices {
        quick: options.quick,
        sizes: options.sizes.clone(),
        formats: options.formats.clone(),
        qualities: options.qualities.clone(),
        repetitions: options.repetitions,
        restarts: options.restarts,
        no_load: options.no_load,
        concurrency: options.concurrency.clone(),
        rates: options.rates.clone(),
        seconds: options.seconds,
        slo_ms: options.slo_ms,
        margin: options.margin,
        seed: options.seed,
    }
}

fn subject(options: &BenchOptions, profile: &Profile, config: &Config) -> Result<Subject> {
    if !options.target.is_empty() {
        let mut names: Vec<&str> = options.target.iter().map(|target| target.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("two targets are called {}: give each a name of its own", twice[0]);
        }
        return Ok(Subject::Targets(options.target.clone()));
    }
    let passing = !options.image.is_empty();
    let servers = if passing { of_images(options, config)? } else { of_config(options, config)? };
    let plan = planned(&servers, options.model.as_deref(), profile, config)?;
    Ok(Subject::Containers {
        builds: bench::builds(&plan, &config.images),
        plan,
        // As the web app does: not every server speaks gRPC.
        interface: config.app.as_ref().map_or(Interface::Rest, |app| app.interface),
        passing,
        renews: true,
    })
}

fn of_config(options: &BenchOptions, config: &Config) -> Result<Vec<ServerSettings>> {
    let servers = config.select_servers(&options.server)?;
    if servers.is_empty() {
        bail!("config.toml has no [servers]: add one, or name --image or --target");
    }
    // The web app's name stands for all servers elsewhere, and is no server.
    if let Some(app) = options.server.iter().find(|name| *name == crate::domain::up::APP) {
        bail!("{app} is the web app: name the servers behind it");
    }
    Ok(servers.into_iter().cloned().collect())
}

fn of_images(options: &BenchOptions, config: &Config) -> Result<Vec<ServerSettings>> {
    let mut names = Vec::new();
    for name in &options.image {
        let name: ImageName = name.parse()?;
        if name == ImageName::app() {
            bail!("{name} is the web app's image: name one that serves a model");
        }
        // An alias is a name as good as another.
        let own = config.images.aliases.get(&name).unwrap_or(&name);
        config.select_images(&[own.to_string()])?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(bench::servers_of(names.iter(), options.cpus))
}

fn planned(servers: &[ServerSettings], model: Option<&str>, profile: &Profile, config: &Config) -> Result<UpPlan> {
    let model = Config::served(profile, model);
    Ok(crate::domain::up::up(&Inputs {
        profile,
        model: &model,
        version: model.version,
        servers: &servers.iter().collect::<Vec<_>>(),
        variants: &config.select(&[])?,
        images: &config.images,
        app: None,
    }))
}

/// The caller holds the checkout.
pub(super) async fn measure(plan: &BenchPlan, profile: &Profile, config: &Config, session: &Session) -> Result<Ended> {
    let engine: Option<&DockerEngine> = match plan.subject {
        Subject::Containers { .. } => Some(session.engine(config).await?),
        Subject::Targets(_) => None,
    };
    let lifetime = match plan.subject {
        Subject::Containers { passing: true, .. } => Lifetime::Run,
        _ => Lifetime::Lasting,
    };
    let (source, host, rest, measurer) = (CheckedOut, ThisHost, RestApi::new()?, Process);
    let ports = BenchPorts { engine, source: &source, host: &host, rest: &rest, measurer: &measurer };
    let facts = [
        ("xtask", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("profile", Some(profile.name.clone())),
        ("commit", ThisHost::commit(&session.folders.root).await),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let scene = BenchScene {
        up: up::scene(config, session, lifetime),
        workspace: Session::workspace(),
        facts: facts.collect(),
    };
    match execute::bench(plan, &ports, &scene, &session.report).await? {
        Benched::Measured(found) => tell(&found, session),
        Benched::UpToDate => {
            let reason = format!("nothing differs from what the report in {} measured", plan.output);
            session.report.event(Event::UpToDate { variant: "bench".into(), reason });
        }
    }
    Ok(Ended::Well)
}

async fn compare(args: &Compare, session: &Session) -> Result<Ended> {
    let [before, after] = [&args.before, &args.after].map(|folder| session.seen_from_root(folder));
    let output = session.seen_from_root(&args.output);
    if session.global.plans() {
        let plan = format!(
            "# bench compare\ncargo build --release --package bench --bin bench\nbench compare {before} {after}  # into {output}"
        );
        session.report.plan(&plan, &json!({ "before": before, "after": after, "output": output }));
        return Ok(Ended::Well);
    }
    session.lock("bench compare").await?;
    let root = &session.folders.root;
    let [before, after, output] = [before, after, output].map(|folder| root.join(folder));
    let folders = (before.as_path(), after.as_path(), output.as_path());
    let found = execute::compare(folders, (&ThisHost, &Process), Session::workspace(), &session.report).await;
    tell(&found.context("compare two reports")?, session);
    Ok(Ended::Well)
}

/// A table, a line a verdict, what to be careful about; paths on stdout.
fn tell(found: &Found, session: &Session) {
    let report = &session.report;
    if !found.rows.is_empty() {
        let (headers, rows) = (found.headers.clone(), found.rows.clone());
        report.event(Event::Table { title: "bench".into(), headers, rows });
    }
    for (question, verdict) in &found.verdicts {
        report.note(&format!("{question}: {verdict}"));
    }
    for caution in &found.cautions {
        report.warning(caution);
    }
    for file in &found.files {
        let shown = session.folders.shown(file).display().to_string();
        report.result(&shown, json!({ "file": shown }));
    }
    if found.up_to_date {
        report.note("all of it was measured before");
    }
}
