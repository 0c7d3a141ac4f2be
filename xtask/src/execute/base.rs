//! Base images: pulled from a registry, or bootstrapped on this machine and imported.

use anyhow::{Context, Result};

use super::{Ports, Scene};
use crate::{
    domain::{event::Event, label, profile::BaseImage},
    ports::{Engine, Host, ImageFacts},
    report::Report,
};

/// The base as a reference the engine knows, and what it is.
pub(super) async fn provide<E: Engine, S, H: Host>(
    base: &BaseImage,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<(String, ImageFacts)> {
    match base {
        BaseImage::Registry(reference) => {
            if let Some(facts) = ports.engine.image(reference).await? {
                return Ok((reference.clone(), facts));
            }
            let step = format!("pull {reference}");
            let started = report.start(None, &step);
            let say = |line| report.event(Event::Working { step: step.clone(), line });
            let facts = ports.engine.pull(reference, &say).await?;
            report.finish_step(started);
            Ok((reference.clone(), facts))
        }
        BaseImage::Bootstrap(release) => bootstrap(release, ports, scene, report).await,
    }
}

/// Cached by release and package date: a newer date on the mirror makes a newer base.
async fn bootstrap<E: Engine, S, H: Host>(
    release: &str,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<(String, ImageFacts)> {
    let reference = BaseImage::Bootstrap(release.into()).reference();
    let date_of = |facts: &ImageFacts| facts.labels.get(label::PACKAGE_DATE).cloned();
    let Some(present) = ports.engine.image(&reference).await?.filter(|facts| date_of(facts).is_some()) else {
        return Ok((reference.clone(), make(release, &reference, ports, scene, report).await?));
    };
    let (have, newest) = (date_of(&present).unwrap_or_default(), ports.host.package_date(release).await);
    let Some(newest) = newest.filter(|newest| *newest > have) else { return Ok((reference, present)) };
    report.note(&format!("{reference}: made from packages of {have}, the mirror now has {newest}"));
    match make(release, &reference, ports, scene, report).await {
        Ok(facts) => Ok((reference, facts)),
        Err(error) => {
            report.warning(&format!("{reference} stays as it is, it could not be made anew: {error:#}"));
            Ok((reference, present))
        }
    }
}

async fn make<E: Engine, S, H: Host>(
    release: &str,
    reference: &str,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<ImageFacts> {
    let step = format!("bootstrap Debian {release}");
    let started = report.start(None, &step);
    let say = |line| report.event(Event::Working { step: step.clone(), line });
    let root = ports.host.bootstrap(release, &scene.folders.work(), &say).await?;
    let mut labels = scene.image_labels();
    labels.insert(label::PACKAGE_DATE.into(), root.package_date.clone());
    let imported = ports.engine.import(&root.tar, reference, &labels).await;
    fs_err::remove_file(&root.tar).context("remove the imported root's archive")?;
    let facts = imported?;
    report.finish_step(started);
    Ok(facts)
}
