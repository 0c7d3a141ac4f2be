//! Brings ready images into a registry: looked at and asked for first, moved one after another, each locked when it stands.
//! The engine hands out what has to move; it needs to know nothing of the registry.

mod attach;
mod gzip;
mod known;
mod layers;
mod lock_file;
mod look;
mod model;
mod model_layers;
mod saved;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Instant, SystemTime},
};

use anyhow::{Context, Result, bail};

use self::{
    known::Known,
    layers::{Arrived, Way},
    look::There,
    saved::Saved,
};
use crate::{
    domain::{
        event::Event,
        images_lock::{ImagesLock, LockedImage},
        oci::Manifest,
        push::{PlannedPush, PushPlan, ReadyImage},
        reference::Pinned,
    },
    ports::{Engine, Registry, Signer},
    report::Report,
};

pub(crate) use lock_file::read as read_lock;
pub(crate) use model::{ModelPushed, push_model};
pub(crate) use verify::{verify, verify_model};

/// What a push acts through.
pub(crate) struct PushPorts<'a, E, R, S> {
    pub engine: &'a E,
    pub registry: &'a R,
    pub signer: &'a S,
}

/// Where a push leaves its word, and what it needs on the way.
pub(crate) struct PushScene {
    /// `manifests/images.lock` of the checkout.
    pub lock: PathBuf,
    pub run: String,
    /// For layers; nobody else's, and gone afterwards.
    pub scratch: PathBuf,
    /// What layers became when they were packed.
    pub known: PathBuf,
}

/// An image that stands in the registry.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub name: String,
    pub locked: LockedImage,
    pub state: PushState,
    pub seconds: f64,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PushState {
    AlreadyThere,
    /// It was there under another name.
    Tagged,
    /// Compressed bytes of the layers that moved, and how many moved of how many.
    Moved {
        bytes: u64,
        layers: (usize, usize),
    },
}

/// One image with what is known of it.
struct Job<'a> {
    planned: &'a PlannedPush,
    ready: &'a ReadyImage,
    there: There,
}

/// Pushes every image of the plan; `done` hears of each once it is locked, so that a failure later loses none.
pub(crate) async fn push<E: Engine, R: Registry, S: Signer>(
    plan: &PushPlan,
    images: &[ReadyImage],
    ports: &PushPorts<'_, E, R, S>,
    scene: &PushScene,
    report: &Report,
    done: &mut dyn FnMut(Pushed),
) -> Result<()> {
    let mut lock = lock_file::read(&scene.lock)?;
    let jobs = prepare(plan, images, &lock, ports).await.context("nothing was pushed")?;
    let pushed = all(&jobs, plan.sign, &mut lock, ports, scene, report, done).await;
    // Of an interrupted push it is swept with the rest of the run's work; here other commands may follow in the same run.
    if scene.scratch.exists() {
        fs_err::remove_dir_all(&scene.scratch)?;
    }
    pushed
}

async fn all<E: Engine, R: Registry, S: Signer>(
    jobs: &[Job<'_>],
    sign: bool,
    lock: &mut ImagesLock,
    ports: &PushPorts<'_, E, R, S>,
    scene: &PushScene,
    report: &Report,
    done: &mut dyn FnMut(Pushed),
) -> Result<()> {
    let saved = save(jobs, ports.engine, scene, report).await?;
    for job in jobs {
        let name = &job.planned.name;
        let pushed = one(job, &saved, sign, lock, ports, scene, report).await;
        done(pushed.with_context(|| format!("push {name}"))?);
    }
    Ok(())
}

/// Has the engine hand out, at once, all images that have to move.
async fn save(jobs: &[Job<'_>], engine: &impl Engine, scene: &PushScene, report: &Report) -> Result<Saved> {
    let absent = jobs.iter().filter(|job| matches!(job.there, There::Absent));
    let absent: Vec<String> = absent.map(|job| job.planned.local.clone()).collect();
    if absent.is_empty() {
        return Ok(Saved::default());
    }
    let what = "read images from the engine";
    let started = report.start(None, what);
    let moved = AtomicU64::new(0);
    let tell = |done, total: Option<u64>| report.event(Event::Bytes { what: what.into(), done, total });
    let progress = |done, _| {
        moved.store(done, Ordering::Relaxed);
        tell(done, None);
    };
    let scratch = scene.scratch.clone();
    let saved = engine.save(&absent, &progress, Box::new(move |tar| saved::sort(tar, &scratch))).await?;
    let all = moved.into_inner();
    tell(all, Some(all));
    report.finish_step(started);
    Ok(saved)
}

/// Asks whatever could refuse before anything moves.
async fn prepare<'a, E: Engine, R: Registry, S: Signer>(
    plan: &'a PushPlan,
    images: &'a [ReadyImage],
    lock: &ImagesLock,
    ports: &PushPorts<'_, E, R, S>,
) -> Result<Vec<Job<'a>>> {
    if plan.sign {
        ports.signer.check()?;
    }
    ports.registry.check().await?;
    let mut jobs = Vec::new();
    for planned in &plan.images {
        let ready = images.iter().find(|image| image.name == planned.name);
        let ready = ready.with_context(|| format!("{} has not passed its gate", planned.name))?;
        let on_engine = ports.engine.image(&planned.local).await?;
        if on_engine.as_ref().is_none_or(|image| image.id != ready.id) {
            let found = on_engine.map_or("not there".into(), |image| image.id);
            bail!("{} passed its gate as {}, and now is {found}; run again", planned.local, ready.id);
        }
        let locked = lock.images.get(&planned.name);
        jobs.push(Job { planned, ready, there: look::look(planned, &ready.id, locked, ports.registry).await? });
    }
    let mut repositories: Vec<&str> =
        jobs.iter().filter(|job| job.there.is_incomplete()).map(Job::repository).collect();
    repositories.sort_unstable();
    repositories.dedup();
    for repository in repositories {
        ports.registry.check_push(repository).await?;
    }
    Ok(jobs)
}

impl<'a> Job<'a> {
    fn repository(&self) -> &'a str {
        self.planned.reference.repository.path()
    }
}

async fn one<E, R: Registry, S: Signer>(
    job: &Job<'_>,
    saved: &Saved,
    sign: bool,
    lock: &mut ImagesLock,
    ports: &PushPorts<'_, E, R, S>,
    scene: &PushScene,
    report: &Report,
) -> Result<Pushed> {
    let begin = Instant::now();
    let Job { planned, ready, there } = job;
    let repository = job.repository();
    let (manifest, state) = match there {
        There::Tagged(manifest) => (manifest.clone(), PushState::AlreadyThere),
        There::Untagged(manifest) => (manifest.clone(), PushState::Tagged),
        There::Absent => moved(job, saved, ports.registry, scene, report).await?,
    };
    let digest = manifest.digest();
    let [sbom, provenance] = attach::attach(job.planned, ready, &manifest, ports.registry).await?;
    // The first tag too only moves to an image that is complete.
    for tag in std::iter::once(&planned.reference.tag).chain(&planned.also) {
        let there = ports.registry.manifest(repository, tag.as_str()).await?;
        if there.is_none_or(|there| there.digest() != digest) {
            ports.registry.put(repository, tag.as_str(), &manifest).await?;
        }
    }
    if sign {
        ports.signer.sign(&planned.reference.repository.at(&digest)).await?;
    }
    let locked = LockedImage {
        reference: Pinned { reference: planned.reference.clone(), digest },
        also_tagged: planned.also.clone(),
        sbom,
        provenance,
        receipt_key: ready.receipt_key.clone(),
        cpu_features: Some(ready.cpu_features.clone()),
        pushed: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
    };
    let locked = lock_file::enter(lock, &planned.name, locked, scene)?;
    Ok(Pushed { name: planned.name.clone(), locked, state, seconds: begin.elapsed().as_secs_f64() })
}

/// Brings an image to where it is known by its digest alone.
async fn moved<R: Registry>(
    job: &Job<'_>,
    saved: &Saved,
    registry: &R,
    scene: &PushScene,
    report: &Report,
) -> Result<(Manifest, PushState)> {
    let Job { planned, ready, .. } = job;
    let name = &planned.name;
    let started = report.start(Some(name), "push");
    let image = saved.image(&ready.id)?;
    let mut known = Known::read(&scene.known);
    let way = Way { name, repository: job.repository(), registry, scratch: &scene.scratch, report };
    let Arrived { manifest, bytes, moved } = layers::bring(&image, &way, &mut known).await?;
    known.write(&scene.known)?;
    registry.put(job.repository(), manifest.digest().as_str(), &manifest).await?;
    report.finish_step(started);
    let all = image.layers.len();
    report.note(&format!("{name}: {moved} of {all} layers moved, {} already there", all - moved));
    Ok((manifest, PushState::Moved { bytes, layers: (moved, all) }))
}
