//! What goes to the engine to become an image, and the record of what came of it.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};

use super::{ImageFreshness, Job, gate};
use crate::{
    domain::{
        receipt::ImageRecord,
        serving_image::{
            app,
            plan::Content,
            receipt::{self, ImageBuildRecord, ImageReceipt},
            servers_file,
        },
    },
    execute::{Scene, image},
    ports::{Engine, ImageBuild, ImageFacts, Labels},
    report::Report,
};

pub(super) const ROOT_SCRIPT: &str = "docker/serving-root.sh";
pub(super) const ENTRYPOINT: &str = "docker/entrypoint.sh";

pub(super) async fn build<E: Engine>(
    job: &Job<'_>,
    labels: Labels,
    engine: &E,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<ImageFacts> {
    let planned = job.planned;
    let read = |path: &str| fs_err::read(scene.folders.root.join(path));
    if let Some(program) = &job.program {
        let build = ImageBuild {
            tag: None,
            args: args(job, scene)?,
            labels,
            network: planned.network.clone(),
            context: [("Dockerfile".to_owned(), read(&planned.dockerfile)?)].into(),
            programs: [(app::NAME.to_owned(), program.path.clone())].into(),
        };
        return image::build_logged(&planned.reference(), &build, engine, scene, report).await;
    }
    let servers = servers_file(&planned.servers, &planned.instead);
    let sums = job
        .fresh
        .servers
        .iter()
        .map(|built| format!("{}  {}\n", built.receipt.binary.sha256, built.receipt.binary.file));
    let context = [
        ("Dockerfile".to_owned(), read(&planned.dockerfile)?),
        ("serving-root.sh".to_owned(), read(ROOT_SCRIPT)?),
        ("entrypoint.sh".to_owned(), read(ENTRYPOINT)?),
        ("servers/servers".to_owned(), servers.into_bytes()),
        // The image's labels say what was hashed before; what arrives is held against that once more.
        ("servers/sums".to_owned(), sums.collect::<String>().into_bytes()),
    ];
    let programs =
        job.fresh.servers.iter().map(|built| (format!("servers/{}", built.receipt.binary.file), built.path.clone()));
    let build = ImageBuild {
        tag: None,
        args: args(job, scene)?,
        labels,
        network: planned.network.clone(),
        context: context.into(),
        programs: programs.collect(),
    };
    image::build_logged(&planned.reference(), &build, engine, scene, report).await
}

fn args(job: &Job<'_>, scene: &Scene<'_>) -> Result<BTreeMap<String, String>> {
    let (base, _) = job.made_of.image(&job.planned.base.to_string())?;
    let from = match &job.planned.libraries {
        Some(libraries) => &job.made_of.image(&libraries.from.name())?.0,
        None => base,
    };
    let epoch = humantime::parse_rfc3339(&job.fresh.created).context("read the time of the image's creation")?;
    let epoch = epoch.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let mut args = job.planned.build_args();
    args.insert("BASE".into(), base.clone());
    if job.planned.content == Content::Servers {
        args.insert("LIBRARIES_FROM".into(), from.clone());
    }
    args.insert("CHECKOUT".into(), scene.checkout.clone());
    args.insert("SOURCE_DATE_EPOCH".into(), epoch.to_string());
    Ok(args)
}

/// What the image says of itself. Nothing of the checkout: that marks only what the builder leaves behind.
pub(super) fn labels(job: &Job<'_>, scene: &Scene<'_>) -> Labels {
    let ImageFreshness { key, created, inputs, .. } = job.fresh;
    let own = match job.planned.content {
        Content::App => app::labels(job.planned, inputs, key, created),
        Content::Servers => {
            let receipts: Vec<_> = job.fresh.servers.iter().map(|built| *built.receipt.clone()).collect();
            receipt::labels(job.planned, &receipts, key, created)
        }
    };
    scene.labels.clone().into_iter().chain(own).collect()
}

pub(super) fn receipt(
    job: &Job<'_>,
    built: &ImageFacts,
    seconds: f64,
    tried: gate::Tried,
    scene: &Scene<'_>,
) -> Result<ImageReceipt> {
    let record = |name: &str| -> Result<ImageRecord> {
        let (reference, facts) = job.made_of.image(name)?;
        Ok(ImageRecord { reference: reference.clone(), id: facts.id.clone() })
    };
    let log = image::log_of(&job.planned.reference(), scene);
    Ok(ImageReceipt {
        schema: receipt::SCHEMA,
        image: job.planned.name.to_string(),
        profile: job.planned.profile.clone(),
        key: job.fresh.key.clone(),
        inputs: job.fresh.inputs.clone(),
        references: job.planned.references(),
        id: built.id.clone(),
        bytes: built.bytes,
        created: job.fresh.created.clone(),
        servers: job.fresh.servers.iter().map(|built| *built.receipt.clone()).collect(),
        packages: tried.packages,
        program: job.program.as_ref().map(|program| program.sha256.clone()),
        build: ImageBuildRecord {
            run: scene.run.clone(),
            engine: format!("{} (API {})", job.engine.version, job.engine.api_version),
            serving_base: record(&job.planned.base.to_string())?,
            libraries: job.planned.libraries.as_ref().map(|libraries| record(&libraries.from.name())).transpose()?,
            finished: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            seconds,
            log: scene.folders.shown(&log).display().to_string(),
        },
        gate: tried.gate,
    })
}
