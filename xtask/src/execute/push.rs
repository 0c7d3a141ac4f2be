//! Brings ready images into a registry: looked at and asked for first, moved one after another, each locked when it stands.
//! The engine moves layers and puts the first tag; all else is small and goes through the registry's port.

mod attach;
mod lock_file;
mod look;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    path::PathBuf,
    time::{Instant, SystemTime},
};

use anyhow::{Context, Result, bail};

use self::look::There;
use crate::{
    domain::{
        event::Event,
        images_lock::{ImagesLock, LockedImage},
        oci::Manifest,
        push::{PlannedPush, PushPlan, ReadyImage},
        reference::Pinned,
    },
    ports::{Credentials, Engine, EnginePush, Moving, PushedLayers, Registry, Signer},
    report::Report,
};

pub(crate) use lock_file::read as read_lock;
pub(crate) use verify::verify;

/// What a push acts through.
pub(crate) struct PushPorts<'a, E, R, S> {
    pub engine: &'a E,
    pub registry: &'a R,
    pub signer: &'a S,
}

/// Where a push leaves its word, and with what the engine goes to the registry.
pub(crate) struct PushScene {
    /// `manifests/images.lock` of the checkout.
    pub lock: PathBuf,
    pub run: String,
    pub credentials: Credentials,
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
    for job in &jobs {
        let name = &job.planned.name;
        let pushed = one(job, plan.sign, &mut lock, ports, scene, report).await;
        done(pushed.with_context(|| format!("push {name}"))?);
    }
    Ok(())
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

async fn one<E: Engine, R: Registry, S: Signer>(
    job: &Job<'_>,
    sign: bool,
    lock: &mut ImagesLock,
    ports: &PushPorts<'_, E, R, S>,
    scene: &PushScene,
    report: &Report,
) -> Result<Pushed> {
    let begin = Instant::now();
    let Job { planned, ready, there } = job;
    let (repository, tag) = (job.repository(), planned.reference.tag.as_str());
    let (manifest, state) = match there {
        There::Tagged(manifest) => (manifest.clone(), PushState::AlreadyThere),
        There::Untagged(manifest) => {
            ports.registry.tag(repository, tag, manifest).await?;
            (manifest.clone(), PushState::Tagged)
        }
        There::Absent => moved(job, ports, scene, report).await?,
    };
    let digest = manifest.digest();
    let [sbom, provenance] = attach::attach(job.planned, ready, &manifest, ports.registry).await?;
    for tag in &planned.also {
        let there = ports.registry.manifest(repository, tag.as_str()).await?;
        if there.is_none_or(|there| there.digest() != digest) {
            ports.registry.tag(repository, tag.as_str(), &manifest).await?;
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
        pushed: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
    };
    let locked = lock_file::enter(lock, &planned.name, locked, scene)?;
    Ok(Pushed { name: planned.name.clone(), locked, state, seconds: begin.elapsed().as_secs_f64() })
}

/// Lets the engine push, and has the registry confirm what it now has.
async fn moved<E: Engine, R: Registry, S>(
    job: &Job<'_>,
    ports: &PushPorts<'_, E, R, S>,
    scene: &PushScene,
    report: &Report,
) -> Result<(Manifest, PushState)> {
    let Job { planned, ready, .. } = job;
    let name = &planned.name;
    let tell = |moving| match moving {
        Moving::Layer { id, done, total } => report.event(Event::Bytes { what: format!("{name} {id}"), done, total }),
        Moving::Trouble(text) => report.warning(&format!("{name}: {text}")),
    };
    let started = report.start(Some(name), "push");
    let request = EnginePush { image: &planned.local, reference: &planned.reference, credentials: &scene.credentials };
    let layers = ports.engine.push(&request, &tell).await?;
    report.finish_step(started);
    let manifest = ports.registry.manifest(job.repository(), planned.reference.tag.as_str()).await?;
    let manifest = manifest.filter(|manifest| manifest.is_of_image(&ready.id));
    let manifest = manifest.with_context(|| {
        format!(
            "the engine has pushed {}, and the registry has something else there: another push may have come between; run again",
            planned.reference
        )
    })?;
    let state = moved_state(&layers, &manifest);
    if let PushState::Moved { layers: (moved, all), .. } = state {
        report.note(&format!("{name}: {moved} of {all} layers moved, {} already there", all - moved));
    }
    Ok((manifest, state))
}

/// Engines call layers by what they unpack to, those with containerd's store by what moves.
fn moved_state(layers: &PushedLayers, manifest: &Manifest) -> PushState {
    let of_manifest = manifest.layers();
    let short = |digest: &str| digest.trim_start_matches("sha256:").chars().take(12).collect::<String>();
    let is_moved = |digest: &str| layers.moved.contains(&short(digest));
    let moved = of_manifest.iter().enumerate().filter(|(position, (digest, _))| {
        layers.all.get(*position).is_some_and(|unpacked| is_moved(unpacked)) || is_moved(digest.as_str())
    });
    let sizes: Vec<u64> = moved.map(|(_, (_, size))| *size).collect();
    PushState::Moved { bytes: sizes.iter().sum(), layers: (sizes.len(), of_manifest.len()) }
}
