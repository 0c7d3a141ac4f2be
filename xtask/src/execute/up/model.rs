//! The exported model on its way into a volume of the engine: nothing of this machine is ever bound into a container.
//! A volume is named by its content and filled once; its completeness mark is the archive's last entry.

use anyhow::{Context, Result};

use super::UpScene;
use crate::{
    domain::up::UpPlan,
    execute::on_disk::Version,
    ports::{COMPLETE, ContainerJob, Engine, Source},
    report::Report,
};

/// Where servers find the version.
pub(super) fn mounted_at(plan: &UpPlan) -> String {
    format!("/models/{}/{}", plan.model, plan.version)
}

/// The name of a volume that holds the whole version; `image` is any that can mount it.
pub(super) async fn provide<E: Engine, S: Source>(
    found: &Version,
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
