//! The images that a push is about: brought up to date first, servers included, and then described by their receipts.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Session;
use crate::{
    commands::{Ended, build_images, build_servers},
    config::Config,
    domain::{
        push::{BinaryMaterial, ImageNames, Materials, Package, PackageKind, ReadyImage},
        serving_image::{
            plan::PlannedImage,
            receipt::{self, ImageReceipt},
        },
    },
    execute::ImageOutcome,
};

/// How planned images are called.
pub(super) fn names(images: &[PlannedImage]) -> Vec<ImageNames> {
    let of = |image: &PlannedImage| ImageNames {
        name: image.name.to_string(),
        local: image.reference(),
        repository: image.repository.clone(),
        tags: std::iter::once(&image.name).chain(&image.aliases).map(ToString::to_string).collect(),
    };
    images.iter().map(of).collect()
}

/// Builds and tries what is missing or stale. One that fails stops the push before anything moves.
pub(super) async fn ready(plans: &build_images::Plans, config: &Config, session: &Session) -> Result<Vec<ReadyImage>> {
    let servers = build_servers::build(&plans.servers, false, config, session).await?;
    if build_servers::table(&servers, session) == Ended::WithFailures {
        bail!("nothing was pushed: not every server could be built");
    }
    let outcomes = build_images::build(plans, false, config, session).await?;
    if build_images::table(&plans.images, &outcomes, session) == Ended::WithFailures {
        bail!("nothing was pushed: not every image was built and passed its gate");
    }
    let receipts = outcomes.iter().filter_map(|(_, outcome)| match outcome {
        ImageOutcome::UpToDate(receipt) | ImageOutcome::Built(receipt) => Some(receipt),
        ImageOutcome::Failed(_) | ImageOutcome::NotStarted => None,
    });
    receipts.map(|receipt| image(receipt)).collect()
}

fn image(receipt: &ImageReceipt) -> Result<ReadyImage> {
    Ok(ReadyImage {
        name: receipt.image.clone(),
        id: receipt.id.clone(),
        receipt_key: receipt.key.clone(),
        cpu_features: receipt.cpu_features().with_context(|| format!("read what {} needs of a CPU", receipt.image))?,
        materials: materials(receipt)?,
    })
}

fn materials(image: &ImageReceipt) -> Result<Materials> {
    let binaries = image.servers.iter().map(|server| {
        let (variant, sha256) = (server.variant.clone(), server.binary.sha256.clone());
        Ok(BinaryMaterial { variant, sha256, receipt: serde_json::to_value(server)? })
    });
    // `path@commit` of a repository, or the digest of a tree.
    let commit = |at: &Value| at.as_str().and_then(|at| at.rsplit('@').next()).map(String::from);
    let mut sources = receipt::sources(&image.servers);
    // The web app is made of this workspace.
    if let Some(digest) = image.inputs.get("sources") {
        sources.insert("workspace".into(), digest.clone());
    }
    let is_ubuntu = image.build.serving_base.reference.contains("ubuntu");
    let packages = image.packages.iter().map(|package| Package {
        kind: match package.kind.as_str() {
            "pypi" => PackageKind::Python,
            "cargo" => PackageKind::Rust,
            _ if is_ubuntu => PackageKind::Ubuntu,
            _ => PackageKind::Debian,
        },
        name: package.name.clone(),
        version: package.version.clone(),
    });
    let tensorflow = image.packages.iter().find(|package| package.name.starts_with("tensorflow"));
    Ok(Materials {
        binaries: binaries.collect::<Result<_>>()?,
        packages: packages.collect(),
        sources: sources.iter().filter_map(|(name, at)| Some((name.clone(), commit(at)?))).collect(),
        tensorflow: tensorflow.map(|package| package.version.clone()),
        created: image.created.clone(),
        args: serde_json::to_value(&image.inputs)?,
    })
}
