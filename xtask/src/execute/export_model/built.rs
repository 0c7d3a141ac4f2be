//! An exporter that is built first: sources, images and Bazel as for a server, then a container that is kept as an image.
//! An image that was kept of the same inputs is used again.

use std::sync::atomic::AtomicU32;

use anyhow::{Context, Result, bail};

use super::container::Reached;
use crate::{
    domain::{
        event::Event,
        label,
        model::{plan::BuildExporter, receipt},
        receipt::SourceFacts,
    },
    execute::{Scene, all_jobs, attempt, attempt::until_built, base, image, machine_line, prepare_sources},
    ports::{ContainerJob, Engine, Host, ImageFacts, KeptImage, Source},
    report::Report,
};

/// Of the build's container and log; the output base is named by it as well.
const NAME: &str = "exporter";

/// Provides the image that the exporter runs in.
pub(super) async fn provide<E: Engine, S: Source, H: Host>(
    profile: &str,
    build: &BuildExporter,
    facts: Option<&SourceFacts>,
    reached: &Reached<'_, E, S, H>,
    report: &Report,
) -> Result<ImageFacts> {
    let Reached { ports, scene } = reached;
    let recipe = receipt::recipe(build, facts);
    let kept = ports.engine.image(&build.run.image).await?;
    if let Some(kept) = kept.filter(|kept| kept.labels.get(label::RECIPE) == Some(&recipe)) {
        report.note(&format!("{}: built from the same inputs already", build.run.image));
        return Ok(kept);
    }
    let engine = ports.engine.facts().await?;
    let known = facts.and_then(|facts| facts.sources.as_str());
    let sources = prepare_sources(&build.sources, known, ports, scene, report).await?;
    let base = base::provide(&build.base, ports, scene, report).await;
    let base = base.with_context(|| format!("provide base image {}", build.base))?;
    let image = image::provide(&build.image, (&base.0, &base.1), ports.engine, scene, report).await;
    let image = image.with_context(|| format!("build image {}", build.image.name()))?;
    let jobs = AtomicU32::new(all_jobs(&engine, scene.resources));
    let text = machine_line(&engine, scene.resources, 1, all_jobs(&engine, scene.resources));
    report.event(Event::Note { text });
    let job = attempt::Job {
        name: NAME.into(),
        profile,
        bazel: &build.build,
        label_key: "exporter",
        environment: &build.environment,
        network: build.run.network.as_deref(),
        memory: build.run.memory,
        image: &image,
        sources: &sources,
        engine: &engine,
        jobs: &jobs,
    };
    let ran = until_built(&job, ports, scene, report).await?;
    // What was built lies in volumes; this container also holds what must not be in an image.
    ports.engine.remove(&ran.container).await?;
    let step = format!("keep the exporter as {}", build.run.image);
    let started = report.start(None, &step);
    let mut labels = scene.image_labels();
    labels.insert(label::RECIPE.into(), recipe);
    let kept = KeptImage { reference: build.run.image.clone(), labels, command: build.run.command.clone() };
    let command = build.keep(&image.dialect, &ran.jobs.to_string());
    let kept = keep(&job.container(&command, scene), &kept, ports.engine, scene).await?;
    report.finish_step(started);
    Ok(kept)
}

/// Copies the program into a container and makes an image of it.
async fn keep<E: Engine>(
    container: &ContainerJob,
    kept: &KeptImage,
    engine: &E,
    scene: &Scene<'_>,
) -> Result<ImageFacts> {
    let job = ContainerJob {
        name: format!("{}-{}", scene.name("keep-exporter"), scene.run),
        labels: scene.labels("keep"),
        ..container.clone()
    };
    let container = engine.create(&job).await?;
    let kept = async {
        let mut output = Vec::new();
        let exit = engine.run(&container, &mut |chunk| output.extend_from_slice(chunk)).await?;
        if exit.code != 0 {
            let text = String::from_utf8_lossy(&output);
            bail!("copying the exporter out of Bazel's folders exited with {}:\n{}", exit.code, text.trim_end());
        }
        engine.commit(&container, kept).await
    };
    let kept = kept.await;
    let removed = engine.remove(&container).await;
    let kept = kept?;
    removed?;
    Ok(kept)
}
