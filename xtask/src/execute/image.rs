//! The build image: built once per recipe, then asked once which flags its Bazel understands.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Scene, cache::Cached};
use crate::{
    domain::{dialect::Dialect, event::Event, label, step::ImageRecipe},
    ports::{ContainerJob, Engine, ImageBuild, ImageFacts},
    report::Report,
};

/// A build image that is there.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub reference: String,
    pub facts: ImageFacts,
    pub dialect: Dialect,
}

pub(super) async fn provide<E: Engine>(
    recipe: &ImageRecipe,
    base: (&str, &ImageFacts),
    engine: &E,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Built> {
    let dockerfile = fs_err::read(scene.folders.root.join(&recipe.image.dockerfile))?;
    let ca_bundle = scene.ca_bundle.clone().unwrap_or_default();
    let hash = recipe_hash(recipe, base.1, &dockerfile, &ca_bundle);
    let reference = format!("{}-{}", recipe.name(), &hash[..12]);
    let facts = match engine.image(&reference).await? {
        Some(facts) => facts,
        None => {
            let context = [("Dockerfile".to_owned(), dockerfile), ("ca-bundle.crt".to_owned(), ca_bundle)];
            let mut args = recipe.image.args.clone();
            args.insert("BASE".into(), base.0.into());
            let mut labels = scene.image_labels();
            labels.insert(label::RECIPE.into(), hash);
            let network = recipe.network.clone();
            let build = ImageBuild {
                tag: Some(reference.clone()),
                args,
                labels,
                network,
                context: context.into(),
                programs: BTreeMap::new(),
            };
            build_logged(&reference, &build, engine, scene, report).await?
        }
    };
    let dialect = dialect(&reference, &facts, engine, scene, report).await?;
    Ok(Built { reference, facts, dialect })
}

fn recipe_hash(recipe: &ImageRecipe, base: &ImageFacts, dockerfile: &[u8], ca_bundle: &[u8]) -> String {
    let sha = |bytes: &[u8]| format!("{:x}", Sha256::digest(bytes));
    let parts = json!({
        "base": base.id,
        "args": recipe.image.args,
        "dockerfile": sha(dockerfile),
        "ca-bundle": sha(ca_bundle),
    });
    sha(parts.to_string().as_bytes())
}

/// Builds an image and keeps what the builder says in a log of the image's name.
pub(super) async fn build_logged<E: Engine>(
    name: &str,
    build: &ImageBuild,
    engine: &E,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<ImageFacts> {
    let step = format!("build image {name}");
    let started = report.start(None, &step);
    let path = log_of(name, scene);
    fs_err::create_dir_all(scene.folders.logs())?;
    let log = std::sync::Mutex::new(fs_err::File::create(&path)?);
    let say = |line: String| {
        if let Ok(mut log) = log.lock() {
            // The log is for people; a full disk here must not end a build that runs on the engine.
            let _ = std::io::Write::write_all(&mut *log, format!("{line}\n").as_bytes());
        }
        report.event(Event::Working { step: step.clone(), line });
    };
    let facts = engine.build_image(build, &say).await;
    let facts = facts.with_context(|| format!("whole log: {}", scene.folders.shown(&path).display()))?;
    report.finish_step(started);
    Ok(facts)
}

/// Where the builder's words about an image lie.
pub(super) fn log_of(name: &str, scene: &Scene<'_>) -> PathBuf {
    scene.folders.logs().join(format!("{}.log", name.replace(':', ".")))
}

/// Asks the image's own Bazel, once per image.
async fn dialect<E: Engine>(
    reference: &str,
    facts: &ImageFacts,
    engine: &E,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Dialect> {
    let cached = Cached::about(&scene.folders, "bazel-flags", &facts.id);
    if let Some(dialect) = cached.read::<Dialect>() {
        return Ok(dialect);
    }
    let started = report.start(None, &format!("ask {reference} which Bazel flags it knows"));
    let job = ContainerJob {
        name: format!("{}-{}", scene.name("probe"), scene.run),
        image: facts.id.clone(),
        command: ["bazel", "--batch", "help", "build", "--long"].map(String::from).into(),
        working_folder: "/tmp".into(),
        labels: scene.labels("probe"),
        ..ContainerJob::default()
    };
    let container = engine.create(&job).await?;
    let mut output = Vec::new();
    let exit = engine.run(&container, &mut |chunk| output.extend_from_slice(chunk)).await;
    engine.remove(&container).await?;
    let text = String::from_utf8_lossy(&output);
    let dialect = Dialect::of_help(&text);
    if exit?.code != 0 || !dialect.is_plausible() {
        let tail: Vec<&str> = text.lines().rev().take(5).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
        bail!("`bazel help build` does not work in {reference}; mend its Dockerfile. It said:\n{tail}");
    }
    cached.write(&dialect);
    report.finish_step(started);
    Ok(dialect)
}
