//! What the disk can tell of an export's inputs before anything is fetched: pictures, weights, the sources of an exporter.
//! Files that are missing are all named at once.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::{
    ExportPorts, Exporting,
    download::{self, Wanted},
};
use crate::{
    domain::{
        model::{
            CheckpointSource,
            plan::{ExportPlan, PlannedExporter},
            receipt::{self, Facts},
        },
        receipt::SourceFacts,
    },
    execute::{Folders, beside::beside, freshness, model_info},
    ports::Source,
};

/// The inputs as far as they are known.
pub(super) struct Known {
    pub facts: Facts,
    /// File name and bytes of each warm-up picture.
    pub pictures: Vec<(String, Vec<u8>)>,
}

pub(super) async fn gather<F, S: Source, X: Exporting, R>(
    plan: &ExportPlan,
    ports: &ExportPorts<'_, F, S, X, R>,
    folders: &Folders,
) -> Result<Known> {
    let paths: &[String] = match &plan.exporter {
        PlannedExporter::Native(native) => &native.warm_up,
        PlannedExporter::Brought(brought) => &brought.warm_up,
        PlannedExporter::Image(_) | PlannedExporter::Bazel(_) => &[],
    };
    nothing_missing(plan, paths, folders)?;
    let mut pictures = Vec::new();
    for path in paths.iter().map(|path| folders.root.join(path)) {
        let bytes = fs_err::read(&path).context("read a warm-up picture")?;
        pictures.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes));
    }
    let facts = Facts {
        checkpoint: checkpoint(plan, ports, folders).await?,
        graph_revision: ports.exporting.graph_revision(),
        warm_up: pictures.iter().map(|(_, bytes)| format!("{:x}", Sha256::digest(bytes))).collect(),
        sources: sources(plan, ports.source, folders).await?,
    };
    Ok(Known { facts, pictures })
}

fn nothing_missing(plan: &ExportPlan, pictures: &[String], folders: &Folders) -> Result<()> {
    let missing = |path: &str| !folders.root.join(path).exists();
    let mut lines = Vec::new();
    // A V2 checkpoint is named by what its files begin with.
    if let CheckpointSource::Path(path) = &plan.checkpoint
        && missing(path)
        && missing(&format!("{path}.index"))
    {
        let what = match plan.exporter {
            PlannedExporter::Brought(_) => ("SavedModel", "a folder with saved_model.pb, or a .tar or .tar.gz of one,"),
            _ => ("checkpoint", "an archive, a folder or a checkpoint file"),
        };
        lines.push(format!("  - {} {path}: name {} that exists", what.0, what.1));
    }
    lines.extend(pictures.iter().filter(|path| missing(path)).map(|path| format!("  - warm-up picture {path}")));
    if lines.is_empty() {
        return Ok(());
    }
    bail!("nothing was started; not found:\n{}", lines.join("\n"))
}

/// Identity of the weights, where it can be told without the network.
async fn checkpoint<F, S: Source, X: Exporting, R>(
    plan: &ExportPlan,
    ports: &ExportPorts<'_, F, S, X, R>,
    folders: &Folders,
) -> Result<Option<String>> {
    match &plan.checkpoint {
        CheckpointSource::Path(path) if matches!(plan.exporter, PlannedExporter::Brought(_)) => {
            let path = folders.root.join(path);
            if path.is_dir() {
                // Of several versions the one that is brought.
                let (version, _) = model_info::choose(&path)?;
                return Ok(Some(format!("tree:{}", ports.source.digest(&version).await?)));
            }
            let sum = beside(&|_, _| {}, move |_| freshness::sha256(&path)).await;
            Ok(Some(receipt::of_archive(&sum.context("identify the SavedModel")?)))
        }
        CheckpointSource::Url { url, pin } => {
            let wanted = Wanted { url, pin: pin.as_deref(), trust_on_first_use: false };
            Ok(download::expected(&wanted, folders).map(|sum| receipt::of_archive(&sum)))
        }
        CheckpointSource::Path(path) => {
            let (exporting, path): (_, PathBuf) = (ports.exporting.clone(), folders.root.join(path));
            let read = beside(&|_, _| {}, move |_| exporting.fingerprint(&path));
            Ok(Some(read.await.context("identify the checkpoint")?))
        }
        CheckpointSource::Package(package) => Ok(Some(receipt::of_archive(&package.pin))),
        CheckpointSource::Synthetic(seed) => Ok(Some(format!("synthetic:{seed}"))),
    }
}

/// Of an exporter that is built: what it is built from.
async fn sources(plan: &ExportPlan, source: &impl Source, folders: &Folders) -> Result<Option<SourceFacts>> {
    let PlannedExporter::Bazel(build) = &plan.exporter else { return Ok(None) };
    let dockerfile = build.image.image.dockerfile.clone();
    Ok(Some(SourceFacts {
        sources: freshness::sources(&build.sources, source, folders).await?,
        dockerfiles: [(dockerfile, freshness::dockerfile(&build.image, folders)?)].into(),
    }))
}
