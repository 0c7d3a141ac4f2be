//! A plan of `bench` carried out: pictures and the model found, servers up, the program made and heard, its questions answered.

mod answering;
mod model;
mod output;
mod pictures;
mod servers;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use bench_protocol::{
    experiment::Experiment,
    protocol::{Found, Job},
};

use super::up::UpScene;
use crate::{
    domain::{
        bench::{BenchPlan, Subject},
        event::Event,
    },
    ports::{Engine, Host, Measurer, Rest, Source},
    report::Report,
};
use answering::Nobody;
use output::Standing;

/// The package, and its program.
const PROGRAM: &str = "bench";

/// What a bench acts through.
pub(crate) struct BenchPorts<'a, E, S, H, R, M> {
    /// None where it starts nothing.
    pub engine: Option<&'a E>,
    pub source: &'a S,
    pub host: &'a H,
    pub rest: &'a R,
    pub measurer: &'a M,
}

/// Where and as whom it acts.
pub(crate) struct BenchScene<'a> {
    pub up: UpScene<'a>,
    /// Whose program measures: the workspace that this one was compiled in, so that both speak alike.
    pub workspace: &'a Path,
    /// What only the caller knows of this run.
    pub facts: BTreeMap<String, String>,
}

/// How it ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Benched {
    Measured(Found),
    /// It was measured before, and nothing differs since.
    UpToDate,
}

/// Measures what is planned. Servers that are passing end with the run, not with this.
pub(crate) async fn bench<E: Engine, S: Source, H: Host, R: Rest, M: Measurer>(
    plan: &BenchPlan,
    ports: &BenchPorts<'_, E, S, H, R, M>,
    scene: &BenchScene<'_>,
    report: &Report,
) -> Result<Benched> {
    let folder = scene.up.folders.root.join(&plan.output);
    output::check(&folder)?;
    let pictures = pictures::find(plan, &scene.up.folders.root, report)?;
    let mut facts = scene.facts.clone();
    if let Some(engine) = ports.engine {
        facts.insert("engine".into(), engine.facts().await?.version);
    }
    let (servers, signatures) = servers::start(plan, ports, scene, report).await?;
    let model = model::model(&plan.model, signatures.as_ref(), report)?;
    let names = servers.iter().map(|server| server.name.clone()).collect();
    let experiment = plan.experiment(model, servers, pictures);
    if let Standing::UpToDate = stand(&folder, &experiment, plan.keeps, scene, report)? {
        return Ok(Benched::UpToDate);
    }
    let program = compile(ports.host, scene.workspace, report).await?;
    let is_ours = matches!(plan.subject, Subject::Containers { .. });
    let can_renew = matches!(plan.subject, Subject::Containers { renews: true, .. });
    let between = if can_renew { "servers are started anew" } else { "connections are made anew" };
    facts.insert("between restarts".into(), between.into());
    let job = Job::Run { experiment: Box::new(experiment), output: folder, facts, can_renew, can_count: is_ours };
    let mut servers = servers::Started { plan, ports, scene, report, names };
    answering::hear(ports.measurer, &program, &job, &mut servers, report).await.map(Benched::Measured)
}

/// Says what is known about two reports, into `output`.
pub(crate) async fn compare<H: Host, M: Measurer>(
    (before, after, output): (&Path, &Path, &Path),
    (host, measurer): (&H, &M),
    workspace: &Path,
    report: &Report,
) -> Result<Found> {
    for report in [before, after] {
        output::written(report)?;
    }
    let program = compile(host, workspace, report).await?;
    let job = Job::Compare { before: before.to_owned(), after: after.to_owned(), output: output.to_owned() };
    answering::hear(measurer, &program, &job, &mut Nobody, report).await
}

/// Tells what is done about an earlier report, as it is done.
fn stand(
    folder: &Path,
    experiment: &Experiment,
    keeps: bool,
    scene: &BenchScene<'_>,
    report: &Report,
) -> Result<Standing> {
    let standing = output::prepare(folder, experiment, keeps)?;
    let shown = |path: &Path| scene.up.folders.shown(path).display().to_string();
    match &standing {
        Standing::MovedAside(to) => {
            report.note(&format!("the report in {} is moved aside to {}", shown(folder), shown(to)));
        }
        Standing::GoesOn => report.note(&format!("{}: an interrupted run of the same goes on", shown(folder))),
        Standing::New | Standing::UpToDate => {}
    }
    Ok(standing)
}

async fn compile(host: &impl Host, workspace: &Path, report: &Report) -> Result<std::path::PathBuf> {
    let step = format!("compile {PROGRAM}");
    let started = report.start(None, &step);
    let say = |line| report.event(Event::Working { step: step.clone(), line });
    let program = host.compile(PROGRAM, workspace, &say).await.context("make the program that measures")?;
    report.finish_step(started);
    Ok(program.path)
}
