//! One container per build: its command is the build, followed by its log and its end.
//! Never exec or attach: a slow reader would block the build, and an exec has no dependable exit code.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use bollard::{
    Docker,
    container::LogOutput,
    models::{
        ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions, VolumeCreateRequest,
    },
    query_parameters::{
        CreateContainerOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder, StopContainerOptionsBuilder,
    },
};
use futures_util::StreamExt;

use super::{service, status};
use crate::{
    domain::label,
    ports::{ContainerJob, Exit},
};

/// Bazel needs a moment to write its action cache after an interrupt.
const GRACE_SECONDS: i32 = 30;
/// Failures in a row, a second apart, after which the engine is taken for gone.
const PATIENCE: u32 = 60;
/// After so long without output the engine is asked whether the container still runs.
const SILENCE: Duration = Duration::from_secs(90);

pub(super) async fn create(docker: &Docker, job: &ContainerJob, publish: &str) -> Result<String> {
    for (name, target) in &job.volumes {
        // A volume outlives the run and serves many containers: its role is where it is mounted.
        let mut labels: HashMap<String, String> = job.labels.clone().into_iter().collect();
        labels.remove(label::RUN);
        labels.insert(label::ROLE.into(), target.rsplit('/').next().unwrap_or_default().into());
        let request = VolumeCreateRequest { name: Some(name.clone()), labels: Some(labels), ..Default::default() };
        docker.create_volume(request).await.with_context(|| format!("create volume {name}"))?;
    }
    let mounts = job.volumes.iter().map(|(name, target)| Mount {
        typ: Some(MountType::VOLUME),
        source: Some(name.clone()),
        target: Some(target.clone()),
        read_only: Some(job.serving.is_some()),
        ..Default::default()
    });
    let labels: HashMap<String, String> = job.labels.clone().into_iter().collect();
    // Without a name the engine takes them for the container's own, and removes them with it.
    let scratch = job.scratch.iter().map(|target| Mount {
        typ: Some(MountType::VOLUME),
        target: Some(target.clone()),
        volume_options: Some(MountVolumeOptions { labels: Some(labels.clone()), ..Default::default() }),
        ..Default::default()
    });
    let mut host_config = HostConfig {
        mounts: Some(mounts.chain(scratch).collect()),
        network_mode: job.network.clone(),
        // Whatever the engine's default is: the log must be readable through the API, and never rotated.
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".into()),
            config: Some(HashMap::from([("max-size".into(), "64g".into())])),
        }),
        memory: job.memory.and_then(|bytes| i64::try_from(bytes).ok()),
        // Without this a container may swap twice its memory before the kernel ends anything.
        memory_swap: job.memory.and_then(|bytes| i64::try_from(bytes).ok()),
        ..Default::default()
    };
    if let Some(serving) = &job.serving {
        service::confine(&mut host_config, serving, publish);
    }
    let body = ContainerCreateBody {
        image: Some(job.image.clone()),
        cmd: Some(job.command.clone()).filter(|command| !command.is_empty()),
        entrypoint: (!job.keeps_entrypoint).then(Vec::new),
        working_dir: Some(job.working_folder.clone()).filter(|folder| !folder.is_empty()),
        env: Some(job.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels.clone()),
        stop_signal: stop_signal(job),
        stop_timeout: Some(i64::from(GRACE_SECONDS)),
        exposed_ports: job.serving.as_ref().map(service::exposed_ports),
        networking_config: job.serving.as_ref().and_then(|serving| service::known_as(serving, job.network.as_deref())),
        host_config: Some(host_config),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&job.name).build();
    let created = docker.create_container(Some(options), body).await;
    Ok(created.with_context(|| format!("create container {} from {}", job.name, job.image))?.id)
}

/// A server asks for the signal it wants. Of jobs only a build has something to save; `bazel help` would run to its end in
/// spite of an interrupt.
fn stop_signal(job: &ContainerJob) -> Option<String> {
    let signal = if job.volumes.is_empty() { "SIGKILL" } else { "SIGINT" };
    job.serving.is_none().then(|| signal.into())
}

pub(super) async fn run(docker: &Docker, container: &str, output: &mut dyn FnMut(&[u8])) -> Result<Exit> {
    docker.start_container(container, None).await.with_context(|| format!("start container {container}"))?;
    let (mut seen, mut failures) = (0u64, 0);
    loop {
        let fresh = follow(docker, container, seen, output).await;
        seen += fresh;
        if fresh > 0 {
            failures = 0;
        }
        match docker.inspect_container(container, None).await {
            Ok(facts) => {
                let state = facts.state.context("the engine told no state of the container")?;
                if !state.running.unwrap_or_default() {
                    // A stream that broke at the very end has not told the end: read once more what there is.
                    follow(docker, container, seen, output).await;
                    let out_of_memory = state.oom_killed.unwrap_or_default();
                    return Ok(Exit { code: state.exit_code.unwrap_or(-1), out_of_memory });
                }
            }
            Err(error) if status(&error) == Some(404) => {
                bail!("container {container} was removed while it ran; its caches are kept, so run the command again")
            }
            Err(error) if failures == PATIENCE => {
                return Err(anyhow!(error).context(format!(
                    "ask about container {container}; the build's caches are kept, so run the command again"
                )));
            }
            Err(_) => failures += 1,
        }
        // The stream broke but the build goes on: take it up again where it stopped.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Hands on the log from byte `skip` on, until it ends, breaks or falls silent; returns how many new bytes came.
async fn follow(docker: &Docker, container: &str, skip: u64, output: &mut dyn FnMut(&[u8])) -> u64 {
    let options = LogsOptionsBuilder::default().follow(true).stdout(true).stderr(true).build();
    let mut log = docker.logs(container, Some(options));
    let mut position = 0u64;
    // A connection that died without a word would be waited for for ever.
    while let Ok(Some(Ok(item))) = tokio::time::timeout(SILENCE, log.next()).await {
        let (LogOutput::StdOut { message }
        | LogOutput::StdErr { message }
        | LogOutput::Console { message }
        | LogOutput::StdIn { message }) = item;
        let length = message.len() as u64;
        let known = skip.saturating_sub(position).min(length);
        let fresh = &message[usize::try_from(known).unwrap_or(usize::MAX)..];
        if !fresh.is_empty() {
            output(fresh);
        }
        position += length;
    }
    position.saturating_sub(skip)
}

pub(super) async fn remove(docker: &Docker, container: &str) -> Result<()> {
    let gone = |error: &bollard::errors::Error| matches!(status(error), Some(404 | 304 | 409));
    let stop = StopContainerOptionsBuilder::default().t(GRACE_SECONDS).build();
    let facts = docker.inspect_container(container, None).await;
    let running = facts.ok().and_then(|facts| facts.state).and_then(|state| state.running).unwrap_or_default();
    if running
        && let Err(error) = docker.stop_container(container, Some(stop)).await
        && !gone(&error)
    {
        return Err(anyhow!(error).context(format!("stop container {container}")));
    }
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match docker.remove_container(container, Some(options)).await {
        Ok(()) => Ok(()),
        Err(error) if gone(&error) => Ok(()),
        Err(error) => Err(anyhow!(error).context(format!("remove container {container}"))),
    }
}
