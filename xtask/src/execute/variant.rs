//! One variant from Bazel to receipt: build, stream out, prove, and only then take the place in `bin/`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::AtomicU32,
    time::{Instant, SystemTime},
};

use anyhow::{Context, Result, bail};

use super::{Ports, PreparedImages, PreparedSources, Scene, attempt, cache::Cached, freshness::Freshness, image};
use crate::{
    domain::{
        event::Event,
        plan::VariantBuild,
        proof::{self, BaseLibraries, BinaryFacts},
        receipt::{self, BinaryRecord, BuildRecord, ImageRecord, Receipt},
    },
    ports::{ContainerJob, CopiedFile, Engine, EngineFacts, ImageFacts, Source},
    report::Report,
};

/// A proved binary in its place.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub path: PathBuf,
    pub receipt: Box<Receipt>,
}

/// What one variant is built from.
pub(super) struct Job<'a> {
    pub build: &'a VariantBuild,
    pub sources: &'a PreparedSources,
    pub images: &'a PreparedImages,
    pub engine: &'a EngineFacts,
    /// Jobs a build may use; halved for all when memory runs out.
    pub jobs: &'a AtomicU32,
}

impl Job<'_> {
    pub fn name(&self) -> String {
        self.build.variant.name.to_string()
    }

    fn bazel(&self) -> Result<attempt::Job<'_>> {
        let run = &self.build.run;
        Ok(attempt::Job {
            name: self.name(),
            profile: &self.build.profile,
            bazel: &run.build,
            label_key: "label",
            environment: &run.environment,
            network: run.network.as_deref(),
            memory: run.memory,
            image: self.image()?,
            sources: self.sources,
            engine: self.engine,
            jobs: self.jobs,
        })
    }

    fn image(&self) -> Result<&image::Built> {
        let name = self.build.run.image.name();
        self.images.build_images.get(&name).with_context(|| format!("the plan provides no image {name}"))
    }
}

/// Bytes from which on a copy is shown while it goes on.
const WORTH_A_BAR: u64 = 16 << 20;

/// Where libraries are looked for in a serving base, the loader's own order on Debian and Ubuntu.
const LIBRARY_FOLDERS: [&str; 7] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/usr/local/cuda/lib64",
    "/usr/local/lib",
    "/usr/lib",
];

pub(super) async fn build<E: Engine, S: Source, H>(
    job: &Job<'_>,
    fresh: &Freshness,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Built> {
    report.event(Event::Rebuild { variant: job.name(), reason: fresh.reason.clone() });
    let begin = Instant::now();
    let ran = attempt::until_built(&job.bazel()?, ports, scene, report).await?;
    let built_in = begin.elapsed();

    fs_err::create_dir_all(scene.folders.bin())?;
    let file = job.build.variant.binary_name();
    let partial = scene.folders.bin().join(format!(".{file}.partial-{}", scene.run));
    let copied = copy_out(job, &ran.container, &partial, ports.engine, report).await;
    let removed = ports.engine.remove(&ran.container).await;
    let (copied, copied_in) = copied?;
    removed?;

    let started = report.start(Some(&job.name()), "prove");
    let proved = prove(job, &partial, ports.engine, scene).await;
    let proof = match proved {
        Ok(proof) => proof,
        Err(error) => return Err(set_aside(&partial, &file, scene, error)),
    };
    let proved_in = report.finish_step(started);

    let seconds = [("build", built_in.as_secs_f64()), ("copy", copied_in), ("prove", proved_in)];
    let record = record(job, &ran, scene, seconds.map(|(name, s)| (name.to_owned(), s)).into())?;
    let receipt = Receipt {
        schema: receipt::SCHEMA,
        variant: job.name(),
        profile: job.build.profile.clone(),
        key: fresh.key.clone(),
        inputs: fresh.inputs.clone(),
        binary: BinaryRecord { file: file.clone(), sha256: copied.sha256, bytes: copied.bytes },
        build: record,
        proof: proof.summary,
    };
    let path = scene.folders.bin().join(&file);
    install(&partial, &path, &receipt)?;
    Ok(Built { path, receipt: Box::new(receipt) })
}

async fn copy_out(
    job: &Job<'_>,
    container: &str,
    to: &Path,
    engine: &impl Engine,
    report: &Report,
) -> Result<(CopiedFile, f64)> {
    let started = report.start(Some(&job.name()), "copy the binary out");
    let what = format!("{}: binary", job.name());
    let progress = |done, total| {
        // What is over in a moment needs no bar.
        if total >= WORTH_A_BAR {
            report.event(Event::Bytes { what: what.clone(), done, total: Some(total) });
        }
    };
    let copied = engine.copy_out(container, &job.build.extract.from, to, &progress).await;
    match copied {
        Ok(copied) => Ok((copied, report.finish_step(started))),
        Err(error) => {
            // What arrived is useless; the error that cut it is what people need.
            let _ = fs_err::remove_file(to);
            Err(error)
        }
    }
}

/// Reads the binary and judges it against its contract and the image it will run in.
async fn prove<E: Engine>(job: &Job<'_>, binary: &Path, engine: &E, scene: &Scene<'_>) -> Result<BinaryFacts> {
    let path = binary.to_owned();
    let read = tokio::task::spawn_blocking(move || -> Result<BinaryFacts> {
        let bytes = fs_err::read(&path)?;
        Ok(proof::read(&bytes)?)
    });
    let facts = read.await.context("run the proof")?.context("read the binary")?;
    let base = &job.build.prove.serving_base;
    let (_, image) = job.images.bases.get(base).with_context(|| format!("the plan provides no base {base}"))?;
    let folders = LIBRARY_FOLDERS.map(String::from);
    let wanted: Vec<&str> = facts.libraries_wanted().collect();
    let libraries = libraries(job, image, &folders, &wanted, engine, scene).await;
    let mut libraries = libraries.with_context(|| format!("read the libraries of {base}"))?;
    // What the base has itself is never looked up elsewhere.
    let lacking: Vec<&str> = wanted.into_iter().filter(|name| libraries.versions(name).is_none()).collect();
    if let Some(folder) = job.build.prove.libraries.as_ref().filter(|_| !lacking.is_empty()) {
        let image = job.image()?;
        let folder = [format!("{folder}/opt/serving/lib")];
        let own = self::libraries(job, &image.facts, &folder, &lacking, engine, scene).await;
        let own = own.with_context(|| format!("read the libraries of {} of {}", folder[0], image.reference))?;
        libraries.0.extend(own.0);
    }
    let violations = proof::judge(&facts, &job.build.prove.contract, &libraries);
    if violations.is_empty() {
        return Ok(facts);
    }
    let lines: Vec<String> = violations.iter().map(|violation| format!("  - {violation}")).collect();
    bail!("the binary breaks its contract (serving base {base}):\n{}", lines.join("\n"))
}

/// The needed libraries that an image has in `folders`, with the versions they define.
async fn libraries<E: Engine>(
    variant: &Job<'_>,
    base: &ImageFacts,
    folders: &[String],
    wanted: &[&str],
    engine: &E,
    scene: &Scene<'_>,
) -> Result<BaseLibraries> {
    let cached = Cached::about(&scene.folders, "libraries", &base.id);
    let mut known: BaseLibraries = cached.read().unwrap_or_default();
    let wanted: Vec<&str> = wanted.iter().copied().filter(|name| known.versions(name).is_none()).collect();
    if wanted.is_empty() {
        return Ok(known);
    }
    let job = ContainerJob {
        name: format!("{}-{}", scene.name(&format!("libraries-{}", variant.name())), scene.run),
        image: base.id.clone(),
        command: vec!["/bin/true".into()],
        working_folder: "/".into(),
        labels: scene.labels("libraries"),
        ..ContainerJob::default()
    };
    let container = engine.create(&job).await?;
    let read = read_libraries(&container, &wanted, folders, &mut known, engine).await;
    engine.remove(&container).await?;
    read?;
    cached.write(&known);
    Ok(known)
}

async fn read_libraries(
    container: &str,
    wanted: &[&str],
    folders: &[String],
    known: &mut BaseLibraries,
    engine: &impl Engine,
) -> Result<()> {
    for name in wanted {
        for folder in folders {
            if let Some(bytes) = engine.read_file(container, &format!("{folder}/{name}")).await? {
                known.add(name, &bytes).with_context(|| format!("read {folder}/{name}"))?;
                break;
            }
        }
    }
    Ok(())
}

/// A binary that broke its contract is kept where nobody serves it, so that it can be looked into.
fn set_aside(partial: &Path, file: &str, scene: &Scene<'_>, error: anyhow::Error) -> anyhow::Error {
    let folder = scene.folders.root.join("target/xtask/rejected");
    let kept = folder.join(file);
    match fs_err::create_dir_all(&folder).and_then(|()| fs_err::rename(partial, &kept)) {
        Ok(()) => {
            let shown = scene.folders.shown(&kept).display().to_string();
            error.context(format!("refused; kept for a look: cargo xtask inspect {shown}"))
        }
        Err(moving) => error.context(format!("refused, and it could not be set aside: {moving}")),
    }
}

/// Binary first, receipt last: a receipt never describes a file that is not there.
fn install(partial: &Path, path: &Path, receipt: &Receipt) -> Result<()> {
    make_executable(partial)?;
    let receipt_path = super::freshness::receipt_path(path);
    let mut receipt_partial = partial.as_os_str().to_owned();
    receipt_partial.push(".receipt");
    let receipt_partial = PathBuf::from(receipt_partial);
    fs_err::write(&receipt_partial, serde_json::to_vec_pretty(receipt)?)?;
    fs_err::rename(partial, path)?;
    fs_err::rename(receipt_partial, receipt_path)?;
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

fn record(job: &Job<'_>, ran: &attempt::Ran, scene: &Scene<'_>, seconds: BTreeMap<String, f64>) -> Result<BuildRecord> {
    let image = job.image()?;
    let base = |base| {
        let (reference, facts) = job.images.bases.get(base).context("the plan provides every base")?;
        anyhow::Ok(ImageRecord { reference: reference.clone(), id: facts.id.clone() })
    };
    Ok(BuildRecord {
        run: scene.run.clone(),
        command: ran.command.clone(),
        jobs: ran.jobs,
        attempts: ran.attempts,
        build_image: ImageRecord { reference: image.reference.clone(), id: image.facts.id.clone() },
        base_image: base(&job.build.run.image.image.base)?,
        serving_base: base(&job.build.prove.serving_base)?,
        engine: format!("{} (API {})", job.engine.version, job.engine.api_version),
        finished: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        seconds,
        cache_hits: ran.summary.cache_hits,
        processes: ran.summary.processes.clone(),
        log: scene.folders.shown(&ran.log).display().to_string(),
    })
}
