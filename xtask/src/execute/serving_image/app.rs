//! The web app's own part of image building: what its image is made of today, what goes to the builder, and its gate.
//! The gate has no model server at hand, so it asks for what needs none: the page, and a picture that is decoded, resized
//! and encoded before the app finds out, in words, that its only server is not there.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::gate::{self, Tried};
use crate::{
    domain::{
        event::Event,
        serving_image::{app, plan::PlannedImage, receipt::Gate},
    },
    execute::{
        Folders, Scene,
        answering::{Question, until_it_answers},
    },
    ports::{ContainerJob, Engine, Host, ImageFacts, Program, Rest, Serving, Source},
    report::Report,
};

/// A server that is nowhere.
const NOBODY: &str = "nobody=http://127.0.0.1:9";
const PATIENCE: Duration = Duration::from_secs(30);
/// As in the manifests.
const MILLICPUS: u32 = 1000;
const MEMORY: u64 = 2 << 30;

/// Digest over all sources that decide the program.
pub(super) async fn sources(source: &impl Source, folders: &Folders) -> Result<String> {
    let mut hash = Sha256::new();
    for folder in app::FOLDERS {
        hash.update(source.digest(&folders.root.join(folder)).await?);
    }
    for file in app::FILES {
        hash.update(Sha256::digest(fs_err::read(folders.root.join(file))?));
    }
    Ok(format!("{:x}", hash.finalize()))
}

/// Has cargo make the program.
pub(super) async fn program<H: Host>(host: &H, scene: &Scene<'_>, report: &Report) -> Result<Program> {
    let step = format!("compile {}", app::NAME);
    let started = report.start(None, &step);
    let say = |line| report.event(Event::Working { step: step.clone(), line });
    let program = host.compile(app::NAME, &scene.folders.root, &say).await?;
    report.finish_step(started);
    Ok(program)
}

pub(super) async fn pass<E: Engine, R: Rest>(
    image: &PlannedImage,
    built: &ImageFacts,
    program: &Program,
    engine: &E,
    rest: &R,
    scene: &Scene<'_>,
) -> Result<Tried> {
    let job = ContainerJob {
        name: format!("{}-{}", scene.name(&format!("gate-{}", image.name)), scene.run),
        image: built.id.clone(),
        keeps_entrypoint: true,
        environment: [("TF_SERVERS".to_owned(), NOBODY.to_owned())].into(),
        memory: Some(MEMORY),
        labels: scene.labels("gate"),
        serving: Some(Serving {
            millicpus: Some(MILLICPUS),
            ports: [(app::PORT, None)].into(),
            alias: None,
            gpu: false,
        }),
        ..ContainerJob::default()
    };
    let container = engine.create(&job).await?;
    let mut packages = program.packages.clone();
    packages.extend(gate::packages(&container, engine).await?);
    packages.sort();
    let gate = gate::with_last_words(try_out(&container, engine, rest).await, &container, engine).await;
    engine.remove(&container).await?;
    Ok(Tried { gate: gate?, packages })
}

async fn try_out<E: Engine, R: Rest>(container: &str, engine: &E, rest: &R) -> Result<Gate> {
    let begin = Instant::now();
    engine.start(container).await?;
    let question = Question { port: app::PORT, path: "/healthz", patience: PATIENCE };
    let (facts, _) = until_it_answers(container, &question, (engine, rest)).await?;
    let url = format!("http://{}", facts.addresses[&app::PORT]);
    let start_seconds = begin.elapsed().as_secs_f64();
    let page = rest.ask(&format!("{url}/"), None).await?;
    if page.status != 200 || !page.body.contains("<!doctype html>") {
        bail!("asked for its page it answered {} {}", page.status, page.body.trim());
    }
    let begin = Instant::now();
    upload(&url, rest).await?;
    let first_prediction_seconds = begin.elapsed().as_secs_f64();
    let stop_seconds = gate::stop(container, engine).await?;
    Ok(Gate { start_seconds, first_prediction_seconds, stop_seconds })
}

async fn upload(url: &str, rest: &impl Rest) -> Result<()> {
    let picture = savedmodel::Picture::generated().into_iter().next().context("one picture is made up")?;
    let answer = rest.upload(&format!("{url}/upload"), "picture.jpg", picture.bytes).await?;
    let told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let right = told["detail"].as_str().is_some_and(|detail| detail.contains("nobody"));
    if answer.status != 502 || !right {
        bail!("with a server that is nowhere it answered an upload with {} {}", answer.status, answer.body.trim());
    }
    Ok(())
}
