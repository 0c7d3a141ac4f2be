//! The images that a push is about: what they are called, and which of them are ready, from the receipts of their servers.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Session;
use crate::{
    adapters::files,
    config::Config,
    domain::{
        push::{BinaryMaterial, ImageNames, Materials, ReadyImage},
        receipt::Receipt,
        variant::Variant,
    },
    ports::Engine as _,
};

const REPOSITORY: &str = "tf-serving";

/// How the images of these variants are called.
pub(super) fn names(variants: &[&Variant]) -> Vec<ImageNames> {
    let of = |variant: &&Variant| {
        let name = variant.name.to_string();
        ImageNames {
            local: format!("{REPOSITORY}:{name}"),
            repository: REPOSITORY.into(),
            tags: vec![name.clone()],
            name,
        }
    };
    variants.iter().map(of).collect()
}

/// The images as they stand on the engine, with what their servers' receipts say.
pub(super) async fn ready(variants: &[&Variant], config: &Config, session: &Session) -> Result<Vec<ReadyImage>> {
    let engine = session.engine(config).await?;
    let mut images = Vec::new();
    for (variant, names) in variants.iter().zip(names(variants)) {
        let image = engine.image(&names.local).await?;
        let image = image.with_context(|| format!("the engine has no image {}; build it first", names.local))?;
        let file = session.folders.bin().join(format!("{}.receipt.json", variant.binary_name()));
        let text =
            files::read(&file).context("read the receipt of its server; build it first: cargo xtask build-servers")?;
        let receipt: Receipt = serde_json::from_slice(&text).with_context(|| format!("read {}", file.display()))?;
        images.push(ReadyImage {
            name: names.name,
            id: image.id,
            receipt_key: receipt.key.clone(),
            materials: materials(&receipt)?,
        });
    }
    Ok(images)
}

fn materials(receipt: &Receipt) -> Result<Materials> {
    let sources = match receipt.inputs.get("sources") {
        Some(Value::Object(repositories)) => {
            let commit = |at: &Value| at.as_str().and_then(|at| at.rsplit('@').next()).map(String::from);
            repositories.iter().filter_map(|(name, at)| Some((name.clone(), commit(at)?))).collect()
        }
        Some(Value::String(tree)) => BTreeMap::from([("tree".to_owned(), tree.clone())]),
        _ => BTreeMap::new(),
    };
    let binary = BinaryMaterial {
        variant: receipt.variant.clone(),
        sha256: receipt.binary.sha256.clone(),
        receipt: serde_json::to_value(receipt)?,
    };
    Ok(Materials {
        binaries: vec![binary],
        packages: Vec::new(),
        sources,
        tensorflow: None,
        created: receipt.build.finished.clone(),
        args: Value::Null,
    })
}
