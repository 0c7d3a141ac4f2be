//! Servers as local containers: what runs as it should is left alone, what differs is replaced, and nobody is told that a
//! server is up before it has answered.

mod again;
mod app;
mod model;
mod wait;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

pub(super) use again::again;
pub(crate) use app::AppUp;

use super::{Folders, on_disk, serving_image::has_gpu};
use crate::{
    domain::{
        label,
        model::Asked,
        serving_image::{
            ImageName,
            plan::{GRPC_PORT, REST_PORT},
        },
        up::{PlannedServer, UpPlan},
    },
    ports::{ContainerJob, Engine, EngineFacts, Labels, Rest, Serving, Source},
    report::Report,
};

/// How long servers live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until `down`.
    Lasting,
    /// As long as this run, which is the only one to reach them: they have names of their own, and its sweep takes them.
    Run,
}

/// Where and as whom servers are started.
pub(crate) struct UpScene<'a> {
    pub folders: &'a Folders,
    pub run: &'a str,
    pub checkout: &'a str,
    /// The user's own labels.
    pub labels: &'a Labels,
    pub lifetime: Lifetime,
}

impl UpScene<'_> {
    /// What a server's container is called.
    pub(super) fn container(&self, server: &PlannedServer) -> String {
        match self.lifetime {
            Lifetime::Lasting => self.name(&server.settings.name),
            Lifetime::Run => self.name(&format!("bench-{}", server.settings.name)),
        }
    }

    /// Labels of a server's container; `down` finds all of them.
    fn serving(&self) -> Labels {
        let lasting = self.lasting("server");
        match self.lifetime {
            Lifetime::Lasting => lasting,
            Lifetime::Run => lasting.into_iter().chain(self.passing("server")).collect(),
        }
    }

    /// Where servers find each other.
    fn network(&self) -> Option<String> {
        (self.lifetime == Lifetime::Lasting).then(|| self.name("network"))
    }

    /// A name of this checkout.
    fn name(&self, what: &str) -> String {
        format!("tfs-{}-{what}", self.checkout)
    }

    /// No label of the run: servers outlive it.
    fn lasting(&self, role: &str) -> Labels {
        let own = [(label::UP, self.checkout), (label::ROLE, role)];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.labels.clone().into_iter().chain(own).collect()
    }

    /// Of what only serves this run.
    fn passing(&self, role: &str) -> Labels {
        let own = [(label::CHECKOUT, self.checkout), (label::RUN, self.run), (label::ROLE, role)];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.labels.clone().into_iter().chain(own).collect()
    }
}

/// A server that has answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Up {
    pub name: String,
    /// `http://HOST:PORT/v1/models/NAME`.
    pub url: String,
    /// `HOST:PORT` of gRPC.
    pub grpc: String,
    /// It ran already.
    pub was_up: bool,
    pub ready_seconds: f64,
    /// Of one picture, where the model takes pictures.
    pub answer_seconds: Option<f64>,
}

/// How one server ended.
#[derive(Debug)]
pub(crate) enum UpOutcome {
    Up(Up),
    /// Not to be had on this engine, and why.
    LeftOut(String),
    Failed(anyhow::Error),
}

/// Starts what does not run yet. A server that fails costs the others nothing.
pub(crate) async fn up<E: Engine, S: Source, R: Rest>(
    plan: &UpPlan,
    engine: &E,
    source: &S,
    rest: &R,
    scene: &UpScene<'_>,
    report: &Report,
) -> Result<(Vec<(PlannedServer, UpOutcome)>, Option<Result<AppUp>>)> {
    let facts = engine.facts().await?;
    let able: Vec<&PlannedServer> = plan.servers.iter().filter(|server| !server.needs_gpu || has_gpu(&facts)).collect();
    let images = images(plan, &able, engine).await?;
    let found = on_disk::find(&plan.folder, &plan.model, &plan.profile, scene.folders)?;
    if let Some(notice) = found.notice() {
        report.warning(&format!("{}: {notice}", plan.folder));
    }
    let asked = found.asked()?;
    let any = able.first().and_then(|server| images.get(&server.image));
    let volume = model::provide(&found, plan, any.map(String::as_str), (engine, source), scene, report).await?;
    if let Some(network) = scene.network() {
        engine.network(&network, &scene.lasting("network")).await?;
    }
    let mut started = Vec::new();
    for server in &plan.servers {
        started.push(match images.get(&server.image).filter(|_| able.contains(&server)) {
            None => None,
            Some(image) => Some(start(server, plan, (image, &volume), engine, &facts, scene).await),
        });
    }
    // They load their models side by side.
    let mut outcomes = Vec::new();
    for (server, started) in plan.servers.iter().zip(started) {
        let outcome = match started {
            None => UpOutcome::LeftOut("this engine has no nvidia runtime".into()),
            Some(Err(error)) => UpOutcome::Failed(error),
            Some(Ok(was_up)) => {
                let answered =
                    wait((server, was_up), (plan, asked.as_ref(), found.is_brought()), (engine, rest), scene, report)
                        .await;
                answered.map_or_else(UpOutcome::Failed, UpOutcome::Up)
            }
        };
        outcomes.push((server.clone(), outcome));
    }
    let answering = outcomes.iter().filter(|(_, outcome)| matches!(outcome, UpOutcome::Up(_)));
    let answering: Vec<&PlannedServer> = answering.map(|(server, _)| server).collect();
    let app = match &plan.app {
        None => None,
        Some(app) => {
            if asked.is_none() {
                report.warning(&format!(
                    "{}: no signature takes encoded pictures and answers classes with scores, so the web app cannot ask it",
                    plan.folder
                ));
            }
            let model = (plan.model.as_str(), &asked.unwrap_or_default());
            Some(app::up((app, model, &answering), (engine, rest), &facts, scene, report).await)
        }
    };
    Ok((outcomes, app))
}

/// IDs by reference; all that are missing are told at once.
async fn images<E: Engine>(plan: &UpPlan, servers: &[&PlannedServer], engine: &E) -> Result<BTreeMap<String, String>> {
    let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
    let servers = servers.iter().map(|server| (&server.image, server.settings.image.to_string()));
    let app = plan.app.iter().map(|app| (&app.image, ImageName::app().to_string()));
    for (reference, name) in servers.chain(app) {
        match engine.image(reference).await? {
            // Only an image that passed its gate has this label and a name.
            Some(facts) if facts.labels.contains_key(label::RECEIPT) => {
                found.insert(reference.clone(), facts.id);
            }
            _ if missing.contains(&name) => {}
            _ => missing.push(name),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    bail!(
        "the engine has no image {}: run `cargo xtask build-images --profile {}` first",
        missing.join(", "),
        plan.profile
    )
}

/// Whether a container of this name runs as it should; one that differs is removed, unless it is not ours.
async fn replace<E: Engine>(name: &str, specification: &str, engine: &E, scene: &UpScene<'_>) -> Result<bool> {
    let Some(found) = engine.look_at(name).await? else { return Ok(false) };
    if found.running && found.labels.get(label::SPECIFICATION).is_some_and(|same| same == specification) {
        return Ok(true);
    }
    if found.labels.get(label::UP).is_none_or(|owner| owner != scene.checkout) {
        bail!("a container {name} exists that this checkout did not start: remove it, or rename the server");
    }
    engine.remove(&found.id).await?;
    Ok(false)
}

/// Whether it ran already, as it should.
async fn start<E: Engine>(
    server: &PlannedServer,
    plan: &UpPlan,
    (image, volume): (&str, &str),
    engine: &E,
    facts: &EngineFacts,
    scene: &UpScene<'_>,
) -> Result<bool> {
    let name = scene.container(server);
    let specification = server.specification(image, &model::mounted_at(plan), volume);
    let was_up = replace(&name, &specification, engine, scene).await?;
    if !was_up {
        let mut labels = scene.serving();
        labels.insert(label::SPECIFICATION.into(), specification);
        let job = ContainerJob {
            name: name.clone(),
            image: image.to_owned(),
            keeps_entrypoint: true,
            environment: [("MODEL_NAME".to_owned(), plan.model.clone())].into(),
            volumes: [(volume.to_owned(), model::mounted_at(plan))].into(),
            network: scene.network(),
            memory: server.settings.memory.map(|limit| limit.min(facts.memory)),
            labels,
            serving: Some(Serving {
                millicpus: server.settings.millicpus,
                ports: [(GRPC_PORT, server.settings.grpc_port), (REST_PORT, server.settings.rest_port)].into(),
                alias: Some(server.settings.name.clone()),
                gpu: server.needs_gpu,
            }),
            ..ContainerJob::default()
        };
        engine.create(&job).await?;
        engine.start(&name).await?;
    }
    Ok(was_up)
}

async fn wait<E: Engine, R: Rest>(
    (server, was_up): (&PlannedServer, bool),
    (plan, asked, is_brought): (&UpPlan, Option<&Asked>, bool),
    (engine, rest): (&E, &R),
    scene: &UpScene<'_>,
    report: &Report,
) -> Result<Up> {
    let name = scene.container(server);
    let started = report.start(None, &format!("wait for {} to answer", server.settings.name));
    let answered = wait::until_it_answers(&name, (plan, asked, is_brought), engine, rest).await;
    match answered {
        Ok(answered) => {
            report.finish_step(started);
            if asked.is_some() && answered.answer_seconds.is_none() {
                report.warning(&format!(
                    "{}: it takes no picture where the web app will send one; serve it without the web app, or mend its signature",
                    server.settings.name
                ));
            }
            Ok(Up { name: server.settings.name.clone(), was_up, ..answered })
        }
        Err(error) => {
            let said = engine.last_words(&name).await.unwrap_or_default();
            // It stays, so that it can be looked at; the next `up` or `down` takes it away.
            Err(error)
                .with_context(|| format!("{name} does not answer; it said last:\n  {}", said.replace('\n', "\n  ")))
        }
    }
}
