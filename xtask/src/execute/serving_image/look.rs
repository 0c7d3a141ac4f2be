//! Is an image up to date, and if not, why? Its binaries, the files it is made with and its receipt are read here; whether
//! the engine still has it is asked of the engine.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::{Result, bail};
use sha2::{Digest, Sha256};

use crate::{
    domain::{
        receipt::{self, InputTable},
        serving_image::{
            ImageName, app,
            plan::{Content, ImagePlan, PlannedImage},
            receipt::{self as image_receipt, ImageReceipt, RecipeFacts},
        },
        variant::VariantName,
    },
    execute::{Folders, Freshness, variant::Built},
    ports::{Engine, Source},
};

/// What the image's inputs are today, and what that means.
#[derive(Debug)]
pub(crate) struct ImageFreshness {
    pub image: ImageName,
    pub inputs: InputTable,
    pub key: String,
    /// RFC 3339.
    pub created: String,
    /// Its servers' binaries, in the plan's order.
    pub servers: Vec<Built>,
    /// The image that is up to date; none where it must be built.
    pub current: Option<Box<ImageReceipt>>,
    pub reason: String,
}

/// Compares every image of the plan with its receipt and the engine; `servers` are today's binaries.
pub(crate) async fn look_at_images(
    plan: &ImagePlan,
    servers: &[Freshness],
    epoch: Option<u64>,
    (engine, source): (&impl Engine, &impl Source),
    folders: &Folders,
) -> Result<Vec<ImageFreshness>> {
    require(plan, servers)?;
    let mut all = Vec::new();
    for image in &plan.images {
        let found =
            |variant: &VariantName| servers.iter().find(|f| f.variant == *variant).and_then(|f| f.current.clone());
        let servers: Vec<Built> = image.servers.iter().filter_map(|server| found(&server.variant)).collect();
        let receipts: Vec<_> = servers.iter().map(|built| *built.receipt.clone()).collect();
        let created = created(&receipts, epoch);
        let inputs = match image.content {
            Content::Servers => image_receipt::inputs(image, &receipts, &recipe(image, folders)?, &created),
            Content::App => {
                let sources = super::app::sources(source, folders).await?;
                app::inputs(image, &sources, &hash(&image.dockerfile, folders)?, &created)
            }
        };
        let key = receipt::key(&inputs);
        let (current, reason) = match compare(image, &inputs, &key, folders) {
            Ok(receipt) => on_the_engine(image, receipt, engine).await?,
            Err(reason) => (None, reason),
        };
        all.push(ImageFreshness { image: image.name.clone(), inputs, key, created, servers, current, reason });
    }
    Ok(all)
}

/// Every binary that is missing or stale, at once.
fn require(plan: &ImagePlan, servers: &[Freshness]) -> Result<()> {
    let wanted = |f: &&Freshness| plan.images.iter().flat_map(|image| &image.servers).any(|s| s.variant == f.variant);
    let missing: Vec<&Freshness> = servers.iter().filter(wanted).filter(|f| f.current.is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let lines = missing.iter().map(|f| format!("  - {}: {}", f.variant, f.reason));
    let names = missing.iter().map(|f| f.variant.to_string());
    let profile = plan.images.first().map(|image| image.profile.clone()).unwrap_or_default();
    bail!(
        "images are made from proven binaries, and these are not up to date:\n{}\nrun `cargo xtask build-servers {} --profile {profile}`",
        lines.collect::<Vec<_>>().join("\n"),
        names.collect::<Vec<_>>().join(" ")
    )
}

/// `SOURCE_DATE_EPOCH`, or when the youngest server was built; without servers 1970, so that equal sources make equal images.
fn created(servers: &[receipt::Receipt], epoch: Option<u64>) -> String {
    let youngest = servers.iter().map(|receipt| receipt.build.finished.clone()).max();
    match (epoch, youngest) {
        (None, Some(youngest)) => youngest,
        (epoch, _) => {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(epoch.unwrap_or_default());
            humantime::format_rfc3339_seconds(time).to_string()
        }
    }
}

fn recipe(image: &PlannedImage, folders: &Folders) -> Result<RecipeFacts> {
    Ok(RecipeFacts {
        dockerfile: hash(&image.dockerfile, folders)?,
        root_script: hash(super::build::ROOT_SCRIPT, folders)?,
        entrypoint: hash(super::build::ENTRYPOINT, folders)?,
    })
}

fn hash(path: &str, folders: &Folders) -> Result<String> {
    Ok(format!("{:x}", Sha256::digest(fs_err::read(folders.root.join(path))?)))
}

fn compare(image: &PlannedImage, inputs: &InputTable, key: &str, folders: &Folders) -> Result<ImageReceipt, String> {
    let text = fs_err::read(receipt_path(&image.name, folders)).map_err(|_| "not built yet".to_owned())?;
    let receipt: ImageReceipt = serde_json::from_slice(&text).map_err(|_| "its receipt cannot be read".to_owned())?;
    if receipt.schema != image_receipt::SCHEMA {
        let now = image_receipt::SCHEMA;
        return Err(format!("its receipt has schema {}, this xtask writes {now}", receipt.schema));
    }
    if receipt.key != key {
        let changes = receipt::changes(&receipt.inputs, inputs);
        return Err(if changes.is_empty() { "its receipt was altered".into() } else { changes.join("; ") });
    }
    Ok(receipt)
}

async fn on_the_engine(
    image: &PlannedImage,
    receipt: ImageReceipt,
    engine: &impl Engine,
) -> Result<(Option<Box<ImageReceipt>>, String)> {
    if engine.image(&receipt.id).await?.is_none() {
        return Ok((None, "the engine no longer has it".into()));
    }
    for reference in image.references() {
        if engine.image(&reference).await?.is_none_or(|found| found.id != receipt.id) {
            engine.tag(&receipt.id, &reference).await?;
        }
    }
    let reason = format!("inputs and image as in the receipt of {}", receipt.build.finished);
    Ok((Some(Box::new(receipt)), reason))
}

/// Receipts of all images that this checkout has built, sorted by name; one that cannot be read counts as none.
pub(crate) fn image_receipts(folders: &Folders) -> Result<Vec<ImageReceipt>> {
    let folder = folders.bin().join("images");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> =
        fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    let receipts = paths.iter().filter(|path| path.to_string_lossy().ends_with(".receipt.json"));
    Ok(receipts.filter_map(|path| serde_json::from_slice(&fs_err::read(path).ok()?).ok()).collect())
}

/// `bin/images/NAME.receipt.json`.
fn receipt_path(image: &ImageName, folders: &Folders) -> PathBuf {
    folders.bin().join(format!("images/{image}.receipt.json"))
}

/// Under a temporary name first: a receipt is whole or not there.
pub(super) fn write(receipt: &ImageReceipt, folders: &Folders) -> Result<()> {
    let path = folders.bin().join(format!("images/{}.receipt.json", receipt.image));
    fs_err::create_dir_all(folders.bin().join("images"))?;
    let partial = path.with_extension("partial");
    fs_err::write(&partial, serde_json::to_vec_pretty(receipt)?)?;
    Ok(fs_err::rename(partial, path)?)
}
