//! Is a variant up to date, and if not, why: receipt and binary held against today's inputs.
//! It asks neither engine nor network, so that "nothing to do" is said at once.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Folders, variant::Built};
use crate::{
    domain::{
        plan::{Plan, VariantBuild},
        receipt::{self, InputTable, Receipt, SourceFacts},
        step::{ImageRecipe, Step},
        variant::VariantName,
    },
    ports::Source,
};

/// One variant's standing.
#[derive(Debug, Clone)]
pub(crate) struct Freshness {
    pub variant: VariantName,
    pub inputs: InputTable,
    pub key: String,
    /// The binary that is up to date; none where it must be built.
    pub current: Option<Built>,
    /// Why it must be built, or why it need not.
    pub reason: String,
}

/// Reads what the plan's inputs are today and compares.
pub(crate) async fn look(plan: &Plan, source: &impl Source, folders: &Folders) -> Result<Vec<Freshness>> {
    let facts = SourceFacts {
        sources: sources(&plan.sources, source, folders).await?,
        dockerfiles: dockerfiles(plan, folders)?,
    };
    let mut all = Vec::new();
    for build in &plan.builds {
        let inputs = receipt::inputs(build, &facts);
        let key = receipt::key(&inputs);
        let (current, reason) = compare(build, &inputs, &key, folders);
        all.push(Freshness { variant: build.variant.name.clone(), inputs, key, current, reason });
    }
    Ok(all)
}

/// What identifies the sources of a step: a tree's digest, or the pins of repositories.
pub(super) async fn sources(step: &Step, source: &impl Source, folders: &Folders) -> Result<Value> {
    match step {
        Step::ReadTree(step) => Ok(json!(source.digest(&folders.root.join(&step.folder)).await?)),
        Step::CheckOut(step) => {
            let pins = step.repositories.iter().map(|r| (r.name.clone(), json!(format!("{}@{}", r.path, r.commit))));
            Ok(Value::Object(pins.collect()))
        }
        other => anyhow::bail!("`{other}` is no source step"),
    }
}

fn dockerfiles(plan: &Plan, folders: &Folders) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for build in &plan.builds {
        hashes.insert(build.run.image.image.dockerfile.clone(), dockerfile(&build.run.image, folders)?);
    }
    Ok(hashes)
}

/// sha256 of the Dockerfile of a recipe.
pub(super) fn dockerfile(recipe: &ImageRecipe, folders: &Folders) -> Result<String> {
    let bytes = fs_err::read(folders.root.join(&recipe.image.dockerfile))
        .with_context(|| format!("read the Dockerfile of {}", recipe.name()))?;
    Ok(format!("{:x}", Sha256::digest(&bytes)))
}

fn compare(build: &VariantBuild, inputs: &InputTable, key: &str, folders: &Folders) -> (Option<Built>, String) {
    let binary = folders.bin().join(build.variant.binary_name());
    let Ok(text) = fs_err::read(receipt_path(&binary)) else {
        return (None, if binary.exists() { "no receipt beside the binary".into() } else { "not built yet".into() });
    };
    let Ok(receipt) = serde_json::from_slice::<Receipt>(&text) else {
        return (None, "its receipt cannot be read".into());
    };
    if receipt.schema != receipt::SCHEMA {
        return (None, format!("its receipt has schema {}, this xtask writes {}", receipt.schema, receipt::SCHEMA));
    }
    if receipt.key != key {
        let changes = receipt::changes(&receipt.inputs, inputs);
        return (None, if changes.is_empty() { "its receipt was altered".into() } else { changes.join("; ") });
    }
    match sha256(&binary) {
        Ok(found) if found == receipt.binary.sha256 => {
            let reason = format!("inputs and binary as in the receipt of {}", receipt.build.finished);
            (Some(Built { path: binary, receipt: Box::new(receipt) }), reason)
        }
        Ok(_) => (None, "the binary is not the one its receipt describes".into()),
        Err(_) => (None, "the binary is gone".into()),
    }
}

/// `bin/NAME.receipt.json`.
pub(super) fn receipt_path(binary: &Path) -> std::path::PathBuf {
    let mut name = binary.as_os_str().to_owned();
    name.push(".receipt.json");
    name.into()
}

/// sha256 of a file of any size.
pub(super) fn sha256(path: &Path) -> Result<String> {
    let mut file = fs_err::File::open(path)?;
    let mut hash = Sha256::new();
    std::io::copy(&mut file, &mut hash)?;
    Ok(format!("{:x}", hash.finalize()))
}
