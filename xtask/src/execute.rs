//! A plan times the ports gives outcomes: the only bridge from intent to effect.
//! It never asks whether it should; whoever calls it means it.

mod answering;
mod asked;
mod attempt;
mod base;
mod bench;
mod beside;
mod cache;
mod deploy;
mod export_model;
mod freshness;
mod image;
mod manifests;
mod measure;
mod model_info;
mod on_disk;
mod push;
mod serving_image;
mod up;
mod variant;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use anyhow::{Context, Result};
use futures_util::{StreamExt, stream};
use tokio::sync::OnceCell;

use crate::{
    domain::{
        event::Event,
        label,
        plan::{Plan, VariantBuild},
        profile::BaseImage,
        settings::Resources,
        step::Step,
        toolchain,
        variant::VariantName,
    },
    ports::{Engine, EngineFacts, Host, ImageFacts, Labels, Source},
    report::Report,
};

pub(crate) use bench::{BenchPorts, BenchScene, Benched, bench, compare};
pub(crate) use deploy::{Changes, Deployed, Manner, deploy, status, undeploy};
pub(crate) use export_model::{ExportPorts, ExportScene, Exported, Library, Reach, Reached, State, export_model};
pub(crate) use freshness::{Freshness, look};
pub(crate) use manifests::{check_output, read_manifests, read_pushed, write_manifests};
pub(crate) use measure::{
    MEASURE_FOLDER, MeasureOutcome, MeasureScene, bench_environment, check_document, measure, read_benches,
};
pub(crate) use model_info::{describe, number_of, parameters};
pub(crate) use push::{
    ModelPushed, PushPorts, PushScene, PushState, Pushed, push, push_model, read_lock, verify, verify_model,
};
pub(crate) use serving_image::{ImageOutcome, build_images, image_receipts, look_at_images};
pub(crate) use up::{AppUp, Lifetime, UpOutcome, UpScene, up};

/// What steps act through.
pub(crate) struct Ports<'a, E, S, H> {
    pub engine: &'a E,
    pub source: &'a S,
    pub host: &'a H,
}

/// Where and as whom this run acts.
pub(crate) struct Scene<'a> {
    pub folders: Folders,
    /// Identifies this invocation.
    pub run: String,
    /// Identifies this checkout on the engine.
    pub checkout: String,
    /// The user's own labels.
    pub labels: Labels,
    pub resources: &'a Resources,
    /// Certificates for build steps, PEM.
    pub ca_bundle: Option<Vec<u8>>,
    /// Remote cache headers with their values: secrets.
    pub headers: BTreeMap<String, String>,
    pub fail_fast: bool,
}

/// How the names of notes end that hold the path of a folder under way.
pub(crate) const PARTIAL_NOTE: &str = "partial-at";

/// The folders of a checkout.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    pub root: PathBuf,
}

impl Folders {
    pub fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    pub fn logs(&self) -> PathBuf {
        self.root.join("target/xtask/logs")
    }

    pub fn cache(&self) -> PathBuf {
        self.root.join("target/xtask/cache")
    }

    pub fn work(&self) -> PathBuf {
        self.root.join("target/xtask/work")
    }

    pub fn downloads(&self) -> PathBuf {
        self.root.join("target/xtask/downloads")
    }

    /// What layers became when they were packed: stays when `work` is swept after each run.
    pub fn packed_layers(&self) -> PathBuf {
        self.root.join("target/xtask/packed-layers.json")
    }

    /// Where a run notes which folder it is writing a model into.
    pub fn partial_note(&self, run: &str) -> PathBuf {
        self.work().join(format!("model-{run}.{PARTIAL_NOTE}"))
    }

    /// A path as people know it: from the checkout's root.
    pub fn shown<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl Scene<'_> {
    pub fn labels(&self, role: &str) -> Labels {
        let own = [(label::CHECKOUT, self.checkout.as_str()), (label::RUN, &self.run), (label::ROLE, role)];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.labels.clone().into_iter().chain(own).collect()
    }

    /// Labels of an image; containers inherit them, so none of them may mark a container as ours.
    pub fn image_labels(&self) -> Labels {
        let own = (label::IMAGE_CHECKOUT.to_owned(), self.checkout.clone());
        self.labels.clone().into_iter().chain([own]).collect()
    }

    /// A name for a container or volume of this checkout.
    pub fn name(&self, role: &str) -> String {
        format!("tfs-{}-{role}", self.checkout)
    }
}

/// How one variant ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    UpToDate(variant::Built),
    Built(variant::Built),
    Failed(anyhow::Error),
    NotStarted,
}

/// Brings every variant of the plan up to date. Failures of a variant are outcomes; an error means none could start.
pub(crate) async fn build_servers<E: Engine, S: Source, H: Host>(
    plan: &Plan,
    freshness: &[Freshness],
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Vec<(VariantName, Outcome)>> {
    let stale = |name: &VariantName| freshness.iter().any(|f| f.variant == *name && f.current.is_none());
    let stale: Vec<&VariantBuild> = plan.builds.iter().filter(|build| stale(&build.variant.name)).collect();
    let facts = ports.engine.facts().await?;
    let known = freshness.first().and_then(|f| f.inputs.get("sources")?.as_str());
    let sources = prepare_sources(&plan.sources, known, ports, scene, report).await?;
    let images = prepare_images(plan, &stale, ports, scene, report).await?;
    let (side_by_side, jobs) =
        toolchain::share_jobs(all_jobs(&facts, scene.resources), plan.min_jobs_per_variant, stale.len());
    report.event(Event::Note { text: machine_line(&facts, scene.resources, side_by_side, jobs) });

    // What one variant learns about memory holds for those after it.
    let jobs = AtomicU32::new(jobs);
    let stopped = AtomicBool::new(false);
    let builds = stale.iter().map(|build| async {
        if stopped.load(Ordering::Relaxed) {
            return (build.variant.name.clone(), Outcome::NotStarted);
        }
        let input = freshness.iter().find(|f| f.variant == build.variant.name);
        let job = variant::Job { build, sources: &sources, images: &images, engine: &facts, jobs: &jobs };
        let built = match input {
            Some(input) => variant::build(&job, input, ports, scene, report).await,
            None => Err(anyhow::anyhow!("the plan changed while it ran")),
        };
        let outcome = built.map_or_else(Outcome::Failed, Outcome::Built);
        if let Outcome::Failed(error) = &outcome {
            stopped.fetch_or(scene.fail_fast, Ordering::Relaxed);
            let advice = advice(error).map(|advice| format!("\nwhat to do: {advice}")).unwrap_or_default();
            let text = format!("{error:#}{advice}");
            report.event(Event::Failed { variant: build.variant.name.to_string(), text });
        }
        (build.variant.name.clone(), outcome)
    });
    let mut outcomes: BTreeMap<_, _> = stream::iter(builds).buffer_unordered(side_by_side).collect().await;
    let in_order = plan.builds.iter().map(|build| {
        let name = build.variant.name.clone();
        let current = freshness.iter().find(|f| f.variant == name).and_then(|f| f.current.clone());
        let outcome = outcomes.remove(&name).or(current.map(Outcome::UpToDate)).unwrap_or(Outcome::NotStarted);
        (name, outcome)
    });
    Ok(in_order.collect())
}

/// The sources as the build containers will mount them.
pub(crate) struct PreparedSources {
    folder: PathBuf,
    /// Hash of the content, which names the volume.
    key: String,
    /// Filled by the first variant; the others wait for it.
    uploaded: OnceCell<()>,
}

/// `known` is a tree's digest, which what came before has read already.
async fn prepare_sources<E, S: Source, H>(
    sources: &Step,
    known: Option<&str>,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<PreparedSources> {
    match sources {
        Step::CheckOut(step) => {
            let folder = scene.folders.root.join(&step.folder);
            let say = |text| report.event(Event::Note { text });
            ports.source.check_out(&folder, &step.repositories, &say).await?;
            let key = ports.source.digest(&folder).await?;
            Ok(PreparedSources { folder, key, uploaded: OnceCell::new() })
        }
        // What the receipts will say was read once, before anything began; an edit since then must not slip in.
        Step::ReadTree(step) => {
            let key = known.context("a tree has a digest")?;
            let folder = scene.folders.root.join(&step.folder);
            Ok(PreparedSources { folder, key: key.to_owned(), uploaded: OnceCell::new() })
        }
        other => anyhow::bail!("`{other}` is no source step"),
    }
}

impl PreparedSources {
    /// The volume that holds them, named by their content.
    pub fn volume(&self, scene: &Scene<'_>) -> String {
        scene.name(&format!("sources-{}", self.key.get(..12).unwrap_or(&self.key)))
    }
}

/// Images by what the plan calls them.
pub(crate) struct PreparedImages {
    pub bases: BTreeMap<BaseImage, (String, ImageFacts)>,
    pub build_images: BTreeMap<String, image::Built>,
}

async fn prepare_images<E: Engine, S, H: Host>(
    plan: &Plan,
    stale: &[&VariantBuild],
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<PreparedImages> {
    let mut images = PreparedImages { bases: BTreeMap::new(), build_images: BTreeMap::new() };
    for step in &plan.images {
        match step {
            Step::ProvideBase(wanted) => {
                let used = |build: &&VariantBuild| {
                    build.run.image.image.base == *wanted || build.prove.serving_base == *wanted
                };
                if stale.iter().any(used) {
                    let base = base::provide(wanted, ports, scene, report).await;
                    images.bases.insert(wanted.clone(), base.with_context(|| format!("provide base image {wanted}"))?);
                }
            }
            Step::BuildImage(recipe) if stale.iter().any(|build| build.run.image == *recipe) => {
                let (reference, base) =
                    images.bases.get(&recipe.image.base).context("bases come before build images")?;
                let built = image::provide(recipe, (reference, base), ports.engine, scene, report).await;
                let built = built.with_context(|| format!("build image {}", recipe.name()))?;
                images.build_images.insert(recipe.name(), built);
            }
            _ => {}
        }
    }
    Ok(images)
}

/// The jobs that the engine's machine can take.
fn all_jobs(facts: &EngineFacts, resources: &Resources) -> u32 {
    resources.jobs.unwrap_or_else(|| {
        let memory = resources.memory.map_or(facts.memory, |limit| limit.min(facts.memory));
        toolchain::jobs(facts.cores, memory, resources.memory_per_job)
    })
}

fn machine_line(facts: &EngineFacts, resources: &Resources, side_by_side: usize, jobs: u32) -> String {
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64);
    let at_once = if side_by_side > 1 { format!(", {side_by_side} variants at once") } else { String::new() };
    format!(
        "engine {}: {} cores, {}; {jobs} {} at {} each{at_once}",
        facts.version,
        facts.cores,
        gib(facts.memory),
        if jobs == 1 { "job" } else { "jobs" },
        gib(resources.memory_per_job)
    )
}

/// The way out of a failure that many steps can meet; told once, below the error.
pub(crate) fn advice(error: &anyhow::Error) -> Option<&'static str> {
    let text = format!("{error:#}").to_lowercase();
    text.contains("no space left on device").then_some(
        "a disk is full: the engine's data root unless the text above names a file of this checkout; `cargo xtask doctor` \
         shows both, `cargo xtask clean` lists what of ours can go, `docker system df` what else the engine holds",
    )
}

#[cfg(test)]
mod tests;
