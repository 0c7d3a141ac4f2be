//! Serving images from proven binaries: built, tried under the manifests' security context, and only then given their
//! names and a receipt. Without a receipt nothing is pushed.

mod app;
mod build;
mod gate;
mod look;

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context, Result};

use super::{Ports, Scene, advice, base, image};
use crate::{
    domain::{
        event::Event,
        serving_image::{
            ImageName,
            plan::{Content, ImagePlan, PlannedImage},
            receipt::ImageReceipt,
        },
        step::Step,
    },
    ports::{Engine, EngineFacts, Host, ImageFacts, Program, Rest, Source},
    report::Report,
};

pub(super) use gate::has_gpu;
pub(crate) use look::{ImageFreshness, image_receipts, look_at_images};

/// How one image ended.
#[derive(Debug)]
pub(crate) enum ImageOutcome {
    UpToDate(Box<ImageReceipt>),
    Built(Box<ImageReceipt>),
    Failed(anyhow::Error),
    NotStarted,
}

/// Brings every image of the plan up to date. Failures of an image are outcomes; an error means none could start.
pub(crate) async fn build_images<E: Engine, S: Source, H: Host, R: Rest>(
    plan: &ImagePlan,
    freshness: &[ImageFreshness],
    ports: &Ports<'_, E, S, H>,
    rest: &R,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Vec<(ImageName, ImageOutcome)>> {
    let is_stale = |image: &&PlannedImage| freshness.iter().any(|f| f.image == image.name && f.current.is_none());
    let stale: Vec<&PlannedImage> = plan.images.iter().filter(is_stale).collect();
    let engine = ports.engine.facts().await?;
    let made_of = prepare(plan, &stale, ports, scene, report).await?;
    let mut outcomes = Vec::new();
    let mut stopped = false;
    for planned in &plan.images {
        let fresh = freshness.iter().find(|f| f.image == planned.name).context("every image has been looked at")?;
        let outcome = match &fresh.current {
            Some(receipt) => ImageOutcome::UpToDate(receipt.clone()),
            None if stopped => ImageOutcome::NotStarted,
            None => {
                let job = Job { planned, fresh, made_of: &made_of, engine: &engine, program: None };
                let built = one(job, ports, rest, scene, report).await;
                built.map_or_else(ImageOutcome::Failed, |receipt| ImageOutcome::Built(Box::new(receipt)))
            }
        };
        if let ImageOutcome::Failed(error) = &outcome {
            stopped |= scene.fail_fast;
            let advice = advice(error).map(|advice| format!("\nwhat to do: {advice}")).unwrap_or_default();
            let text = format!("{error:#}{advice}");
            report.event(Event::Failed { variant: planned.name.to_string(), text });
        }
        outcomes.push((planned.name.clone(), outcome));
    }
    Ok(outcomes)
}

/// What one image is made from.
struct Job<'a> {
    planned: &'a PlannedImage,
    fresh: &'a ImageFreshness,
    made_of: &'a MadeOf,
    engine: &'a EngineFacts,
    /// The web app's.
    program: Option<Program>,
}

/// Images by what the plan calls them.
struct MadeOf(BTreeMap<String, (String, ImageFacts)>);

impl MadeOf {
    fn image(&self, name: &str) -> Result<&(String, ImageFacts)> {
        self.0.get(name).with_context(|| format!("the plan provides no image {name}"))
    }
}

async fn prepare<E: Engine, S, H: Host>(
    plan: &ImagePlan,
    stale: &[&PlannedImage],
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<MadeOf> {
    let wanted = ImagePlan { title: plan.title.clone(), images: stale.iter().copied().cloned().collect() };
    let mut made = MadeOf(BTreeMap::new());
    for step in wanted.preparation() {
        match step {
            Step::ProvideBase(base) => {
                let provided = base::provide(&base, ports, scene, report).await;
                let provided = provided.with_context(|| format!("provide base image {base}"))?;
                made.0.insert(base.to_string(), provided);
            }
            Step::BuildImage(recipe) => {
                let (reference, base) = made.image(&recipe.image.base.to_string())?;
                let built = image::provide(&recipe, (reference, base), ports.engine, scene, report).await;
                let built = built.with_context(|| format!("build image {}", recipe.name()))?;
                made.0.insert(recipe.name(), (built.reference, built.facts));
            }
            other => anyhow::bail!("`{other}` prepares no image"),
        }
    }
    Ok(made)
}

async fn one<E: Engine, S, H: Host, R: Rest>(
    mut job: Job<'_>,
    ports: &Ports<'_, E, S, H>,
    rest: &R,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<ImageReceipt> {
    let name = job.planned.name.to_string();
    report.event(Event::Rebuild { variant: name.clone(), reason: job.fresh.reason.clone() });
    gate::can_be_tried(job.planned, job.engine)?;
    if job.planned.content == Content::App {
        job.program = Some(app::program(ports.host, scene, report).await?);
    }
    let job = &job;
    let begin = Instant::now();
    let raw = build::build(job, scene.image_labels(), ports.engine, scene, report).await?;
    // Of the checkout nothing stays in what is shipped: the same binaries make the same image wherever they are.
    let labels = build::labels(job, scene);
    let built = match ports.engine.dated(&raw.id, &job.fresh.created, &labels).await {
        Ok(dated) => dated,
        Err(error) => {
            report.warning(&format!(
                "{name}: this engine keeps its clock in the image, whose ID will not recur: {error:#}"
            ));
            // Every step but the labels is in the cache by now.
            build::build(job, labels, ports.engine, scene, report).await?
        }
    };
    let seconds = begin.elapsed().as_secs_f64();
    let started = report.start(Some(&name), "try it");
    let tried = match &job.program {
        Some(program) => app::pass(job.planned, &built, program, ports.engine, rest, scene).await,
        None => gate::pass(job.planned, &built, ports.engine, rest, scene).await,
    };
    let tried = tried.with_context(|| {
        format!("image {} of {name} does not pass its gate, so it got no name and cannot be pushed", built.id)
    })?;
    report.finish_step(started);
    for reference in job.planned.references() {
        ports.engine.tag(&built.id, &reference).await?;
    }
    let receipt = build::receipt(job, &built, seconds, tried, scene)?;
    look::write(&receipt, &scene.folders)?;
    Ok(receipt)
}
