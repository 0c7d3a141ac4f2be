//! The exported model on its way into a volume of the engine: nothing of this machine is ever bound into a container.
//! A volume is named by its content and filled once; its completeness mark is the archive's last entry.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::UpScene;
use crate::{
    domain::{
        model::receipt::{self, ModelReceipt},
        up::UpPlan,
    },
    execute::Folders,
    ports::{COMPLETE, ContainerJob, Engine, Source},
    report::Report,
};

/// A version on this disk.
pub(super) struct Found {
    pub folder: PathBuf,
    /// What everybody who meets the model has to know.
    pub notice: Option<String>,
}

pub(super) fn find(plan: &UpPlan, folders: &Folders) -> Result<Found> {
    let folder = folders.root.join(&plan.folder);
    if !folder.join("saved_model.pb").is_file() {
        bail!("there is no model in {}: run `cargo xtask export-model --profile {}` first", plan.folder, plan.profile);
    }
    // A model that somebody else put there has none.
    let receipt = fs_err::read(folder.join(receipt::PATH)).ok();
    let receipt = receipt.and_then(|text| serde_json::from_slice::<ModelReceipt>(&text).ok());
    if let Some(other) = receipt.as_ref().filter(|receipt| receipt.model != plan.model) {
        bail!(
            "{} was exported as model `{}`, and [model] of config.toml says `{}`: export it again with another --version",
            plan.folder,
            other.model,
            plan.model
        );
    }
    Ok(Found { folder, notice: receipt.and_then(|receipt| receipt.notice) })
}

/// Where servers find the version.
pub(super) fn mounted_at(plan: &UpPlan) -> String {
    format!("/models/{}/{}", plan.model, plan.version)
}

/// The name of a volume that holds the whole version; `image` is any that can mount it.
pub(super) async fn provide<E: Engine, S: Source>(
    found: &Found,
    plan: &UpPlan,
    image: Option<&str>,
    (engine, source): (&E, &S),
    scene: &UpScene<'_>,
    report: &Report,
) -> Result<String> {
    let digest = source.digest(&found.folder).await.with_context(|| format!("read the model in {}", plan.folder))?;
    let volume = scene.name(&format!("model-{}", digest.get(..12).unwrap_or(&digest)));
    let Some(image) = image else { return Ok(volume) };
    let mounted_at = mounted_at(plan);
    let job = ContainerJob {
        name: format!("{}-{}", scene.name("model"), scene.run),
        image: image.to_owned(),
        volumes: [(volume.clone(), mounted_at.clone())].into(),
        command: vec!["/bin/sh".into()],
        labels: scene.passing("model"),
        ..ContainerJob::default()
    };
    let container = engine.create(&job).await?;
    let filled = async {
        if engine.has_path(&container, &format!("{mounted_at}/{COMPLETE}")).await? {
            return Ok(());
        }
        let started = report.start(None, &format!("copy {} to the engine", plan.folder));
        engine.upload(&container, &mounted_at, source.archive(&found.folder, &digest)).await?;
        report.finish_step(started);
        anyhow::Ok(())
    };
    let filled = filled.await;
    engine.remove(&container).await?;
    filled.map(|()| volume)
}
