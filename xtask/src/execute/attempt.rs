//! Running Bazel until it has built: one container an attempt, and half the jobs after the kernel killed a compiler.
//! The volumes outlive every attempt, so that each goes on where the last one stopped.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::{Ports, PreparedSources, Scene, image};
use crate::{
    domain::{
        bazel_output::{BazelOutput, Summary},
        event::Event,
        toolchain::{self, BazelBuild},
    },
    ports::{COMPLETE, ContainerJob, Engine, EngineFacts, Exit, Source, Tar},
    report::Report,
};

/// One Bazel build, whatever its result is for.
pub(super) struct Job<'a> {
    /// Of its container, its log, and what is told of it.
    pub name: String,
    pub profile: &'a str,
    pub bazel: &'a BazelBuild,
    /// The key of config.toml that names the label.
    pub label_key: &'static str,
    pub environment: &'a BTreeMap<String, String>,
    pub network: Option<&'a str>,
    pub memory: Option<u64>,
    pub image: &'a image::Built,
    pub sources: &'a PreparedSources,
    pub engine: &'a EngineFacts,
    /// Jobs a build may use; halved for all when memory runs out.
    pub jobs: &'a AtomicU32,
}

/// A build that succeeded; its container has ended and still holds the binary.
pub(super) struct Ran {
    pub container: String,
    pub command: Vec<String>,
    pub jobs: u32,
    pub attempts: u32,
    pub summary: Summary,
    pub log: PathBuf,
}

/// Where a container finds the certificates it is handed.
const CA_BUNDLE: &str = "/bazel/ca-bundle.crt";

pub(super) async fn until_built<E: Engine, S: Source, H>(
    job: &Job<'_>,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Ran> {
    let log = scene.folders.logs().join(format!("{}.log", job.name));
    fs_err::create_dir_all(scene.folders.logs())?;
    let mut file = fs_err::File::create(&log)?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let jobs = job.jobs.load(Ordering::Relaxed);
        let command = job.bazel.command(&job.image.dialect, &jobs.to_string());
        let container = create(job, &command, attempts, ports, scene).await?;
        let ran = async {
            fill(job, &container, ports, scene).await?;
            follow(job, &container, (&log, &mut file), ports.engine, scene, report).await
        };
        let (exit, summary) = match ran.await {
            Ok(ran) => ran,
            Err(error) => {
                // It may still run, beside the variants that follow; the error at hand says more than a second one.
                let _ = ports.engine.remove(&container).await;
                return Err(error);
            }
        };
        if exit.code == 0 {
            return Ok(Ran { container, command, jobs, attempts, summary, log });
        }
        ports.engine.remove(&container).await?;
        let starved = exit.out_of_memory || exit.code == 137 || summary.killed;
        if !starved {
            bail!(failure(job, exit, &summary, scene.folders.shown(&log)));
        }
        if jobs == 1 {
            bail!(
                "out of memory even with one job: the kernel killed a compiler or Bazel; give the engine's machine more than \
                 its {:.1} GiB{}; whole log: {}",
                job.engine.memory as f64 / (1u64 << 30) as f64,
                if scene.resources.memory.is_some() { ", or raise [resources] memory in config.toml" } else { "" },
                scene.folders.shown(&log).display()
            );
        }
        let jobs = jobs / 2;
        job.jobs.fetch_min(jobs, Ordering::Relaxed);
        let reason = "the kernel killed a compiler for want of memory; finished actions are kept".to_owned();
        report.event(Event::RunAgain { variant: job.name.clone(), jobs: u64::from(jobs), reason });
    }
}

async fn create<E: Engine, S: Source, H>(
    job: &Job<'_>,
    command: &[String],
    attempt: u32,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
) -> Result<String> {
    let mut environment = job.environment.clone();
    if scene.ca_bundle.is_some() {
        for name in ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO"] {
            environment.insert(name.into(), CA_BUNDLE.into());
        }
    }
    let container = ContainerJob {
        name: format!("{}-{}-{attempt}", scene.name(&job.name), scene.run),
        environment,
        labels: scene.labels("build"),
        ..job.container(command, scene)
    };
    ports.engine.create(&container).await
}

impl Job<'_> {
    /// A container that sees what the build sees, the private files of this machine excepted.
    pub fn container(&self, command: &[String], scene: &Scene<'_>) -> ContainerJob {
        let toolchain_id: String = self.image.facts.id.trim_start_matches("sha256:").chars().take(12).collect();
        let output = format!("output-{}-{}-{toolchain_id}", self.profile, self.name);
        let volumes = [
            (self.sources.volume(scene), toolchain::SOURCES),
            (scene.name(&output), toolchain::OUTPUT_BASE),
            // Compilers are no part of Bazel's keys in older versions, so each build image has a disk cache of its own.
            (scene.name(&format!("disk-cache-{toolchain_id}")), toolchain::DISK_CACHE),
            // Downloads are keyed by their sha256: no toolchain can make them wrong.
            (scene.name("repository-cache"), toolchain::REPOSITORY_CACHE),
        ];
        ContainerJob {
            image: self.image.facts.id.clone(),
            command: command.to_vec(),
            working_folder: toolchain::SOURCES.into(),
            environment: self.environment.clone(),
            volumes: volumes.map(|(name, target)| (name, target.to_owned())).into(),
            network: self.network.map(String::from),
            memory: self.memory,
            ..ContainerJob::default()
        }
    }
}

/// Gives a container that has not started what it needs: the sources, if nobody has yet, and its private files.
async fn fill<E: Engine, S: Source, H>(
    job: &Job<'_>,
    container: &str,
    ports: &Ports<'_, E, S, H>,
    scene: &Scene<'_>,
) -> Result<()> {
    let mark = format!("{}/{COMPLETE}", toolchain::SOURCES);
    let upload = || async {
        if ports.engine.has_path(container, &mark).await? {
            return Ok(());
        }
        let archive = ports.source.archive(&job.sources.folder, &job.sources.key);
        ports.engine.upload(container, toolchain::SOURCES, archive).await
    };
    job.sources.uploaded.get_or_try_init(upload).await?;
    let files = private_files(job, scene)?;
    if !files.is_empty() {
        ports.engine.upload(container, "/", tar_of(files)).await?;
    }
    Ok(())
}

/// Files that only this container gets: certificates, and headers whose values must not stand on a command line.
fn private_files(job: &Job<'_>, scene: &Scene<'_>) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if let Some(bundle) = &scene.ca_bundle {
        files.insert(CA_BUNDLE.trim_start_matches('/').to_owned(), bundle.clone());
    }
    if job.bazel.needs_bazelrc() {
        if !job.image.dialect.takes_remote_headers() {
            bail!("this Bazel has no --remote_header; remove [bazel] headers from config.toml or use a newer Bazel");
        }
        // A bazelrc takes these two escapes inside quotes and no others.
        let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
        let line = |(header, value): (_, &String)| format!("build \"--remote_header={header}={}\"\n", escaped(value));
        let lines = scene.headers.iter().map(line);
        files.insert(toolchain::REMOTE_BAZELRC.trim_start_matches('/').to_owned(), lines.collect::<String>().into());
    }
    Ok(files)
}

fn tar_of(files: BTreeMap<String, Vec<u8>>) -> Tar {
    Box::new(move |writer| {
        let mut builder = tar::Builder::new(writer);
        for (path, bytes) in &files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(1);
            builder.append_data(&mut header, path, bytes.as_slice())?;
        }
        builder.finish().context("finish the archive")
    })
}

async fn follow<E: Engine>(
    job: &Job<'_>,
    container: &str,
    (log, file): (&Path, &mut fs_err::File),
    engine: &E,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<(Exit, Summary)> {
    let variant = job.name.clone();
    let started = report.start(Some(&variant), "bazel build");
    let shown = scene.folders.shown(log).display().to_string();
    let begin = Instant::now();
    let output = RefCell::new(BazelOutput::with_stall_after(scene.resources.stall_after));
    let tell = |observations: Vec<_>| {
        for observation in observations {
            report.event(Event::from_bazel(&variant, &shown, observation));
        }
    };
    let mut write_failed = false;
    let mut take = |chunk: &[u8]| {
        if !write_failed && let Err(error) = file.write_all(chunk) {
            write_failed = true;
            // The build runs on the engine and is worth more than its log.
            report.event(Event::Warning { text: format!("{variant}: the log is cut off here: {error}") });
        }
        tell(output.borrow_mut().feed(chunk, begin.elapsed()));
    };
    let run = engine.run(container, &mut take);
    tokio::pin!(run);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let exit = loop {
        tokio::select! {
            exit = &mut run => break exit?,
            _ = seconds.tick() => tell(output.borrow_mut().tick(begin.elapsed())),
        }
    };
    report.finish_step(started);
    let summary = output.borrow().finish();
    Ok((exit, summary))
}

/// What a person needs to know of a failed build, and what to do.
fn failure(job: &Job<'_>, exit: Exit, summary: &Summary, log: &Path) -> String {
    let text = summary.first_error.clone().unwrap_or_else(|| summary.last_lines.join("\n"));
    let hint = if summary.disk_full {
        "\nno space left on device: the engine's disk is full".to_owned()
    } else if summary.missing_target {
        format!(
            "\nthe sources have no such Bazel target: mend `{}` of this profile in config.toml, or its sources",
            job.label_key
        )
    } else {
        String::new()
    };
    let label = &job.bazel.label;
    format!("bazel build {label} exited with {}:\n{text}{hint}\nwhole log: {}", exit.code, log.display())
}
