//! The container engine through bollard: the only place that knows Docker's API and this client's quirks.
//! It holds no policy; what to build, keep or remove is decided by its callers.

mod build;
mod connect;
mod container;
mod dated;
mod folder;
mod images;
mod leftovers;
mod save;
mod service;
mod sizes;
mod transfer;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use bench_protocol::protocol::Standing;
use bollard::{Docker, models::RegistryServiceConfig};
use tokio::sync::RwLock;

use crate::{
    domain::settings::EngineSettings,
    ports::{
        ContainerFacts, ContainerJob, CopiedFile, Engine, EngineFacts, Exit, ImageBuild, ImageFacts, KeptImage, Labels,
        Progress, Say, Tar, Untar,
    },
};

pub(crate) use leftovers::{Leftover, Scope};

/// A connected engine.
pub(crate) struct DockerEngine {
    docker: Docker,
    address: String,
    /// Held for reading while a container is being created, for writing while a sweep looks for containers.
    creating: Arc<RwLock<()>>,
}

impl DockerEngine {
    /// Connects as the docker command line would and refuses what it cannot speak to.
    pub async fn connect(settings: &EngineSettings) -> Result<Self> {
        let (docker, address) = connect::connect(settings.host.as_deref())?;
        connect::check_version(&docker, &address).await?;
        let mut engine = Self { docker, address, creating: Arc::default() };
        // This release of bollard keeps what was negotiated and leaves it out of its paths, so that requests get the
        // engine's own version; the next one sends it.
        engine.docker = engine.docker.negotiate_version().await.context("agree with the engine on an API version")?;
        Ok(engine)
    }

    /// Where the engine answers, in `DOCKER_HOST` spelling.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Engine for DockerEngine {
    async fn facts(&self) -> Result<EngineFacts> {
        let info =
            self.docker.info().await.with_context(|| format!("ask the engine at {} about itself", self.address))?;
        let version = self.docker.version().await.context("ask the engine for its version")?;
        Ok(EngineFacts {
            version: version.version.unwrap_or_default(),
            api_version: version.api_version.unwrap_or_default(),
            cores: info.ncpu.and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
            memory: info.mem_total.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
            os_arch: format!("{}/{}", info.os_type.unwrap_or_default(), info.architecture.unwrap_or_default()),
            data_root: info.docker_root_dir.unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            runtimes: info.runtimes.unwrap_or_default().into_keys().collect(),
            insecure_registries: insecure(info.registry_config),
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageFacts>> {
        images::inspect(&self.docker, reference).await
    }

    async fn pull(&self, reference: &str, say: Say<'_>) -> Result<ImageFacts> {
        images::pull(&self.docker, reference, say).await
    }

    async fn import(&self, tar: &Path, reference: &str, labels: &Labels) -> Result<ImageFacts> {
        images::import(&self.docker, tar, reference, labels).await
    }

    async fn build_image(&self, image: &ImageBuild, say: Say<'_>) -> Result<ImageFacts> {
        build::build(&self.docker, image, say).await
    }

    async fn dated(&self, image: &str, created: &str, labels: &Labels) -> Result<ImageFacts> {
        dated::dated(&self.docker, image, created, labels).await
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<()> {
        images::tag(&self.docker, image, reference).await
    }

    async fn create(&self, job: &ContainerJob) -> Result<String> {
        // A task of its own: the engine makes the container even where an interrupt has dropped the caller, and only the
        // answer tells a sweep when to look for it.
        let creating = self.creating.clone().read_owned().await;
        let (docker, job) = (self.docker.clone(), job.clone());
        let publish = service::publish_on(&self.address);
        let created = tokio::spawn(async move {
            let _creating = creating;
            container::create(&docker, &job, publish).await
        });
        created.await.context("wait for the container")?
    }

    async fn upload(&self, container: &str, folder: &str, tar: Tar) -> Result<()> {
        transfer::upload(&self.docker, container, folder, tar).await
    }

    async fn has_path(&self, container: &str, path: &str) -> Result<bool> {
        transfer::has_path(&self.docker, container, path).await
    }

    async fn run(&self, container: &str, output: &mut dyn FnMut(&[u8])) -> Result<Exit> {
        container::run(&self.docker, container, output).await
    }

    async fn copy_out(&self, container: &str, path: &str, to: &Path, progress: Progress<'_>) -> Result<CopiedFile> {
        transfer::copy_out(&self.docker, container, path, to, progress).await
    }

    async fn download<T: Send + 'static>(
        &self,
        container: &str,
        folder: &str,
        progress: Progress<'_>,
        untar: Untar<T>,
    ) -> Result<T> {
        folder::download(&self.docker, container, folder, progress, untar).await
    }

    async fn read_file(&self, container: &str, path: &str) -> Result<Option<Vec<u8>>> {
        transfer::read_file(&self.docker, container, path).await
    }

    async fn commit(&self, container: &str, image: &KeptImage) -> Result<ImageFacts> {
        images::commit(&self.docker, container, image).await
    }

    async fn start(&self, container: &str) -> Result<()> {
        service::start(&self.docker, container).await
    }

    async fn look_at(&self, container: &str) -> Result<Option<ContainerFacts>> {
        service::look_at(&self.docker, container, &self.address).await
    }

    async fn last_words(&self, container: &str) -> Result<String> {
        service::last_words(&self.docker, container).await
    }

    async fn counters(&self, container: &str) -> Result<Standing> {
        service::counters(&self.docker, container).await
    }

    async fn stop(&self, container: &str, grace: Duration) -> Result<Exit> {
        service::stop(&self.docker, container, grace).await
    }

    async fn network(&self, name: &str, labels: &Labels) -> Result<()> {
        service::network(&self.docker, name, labels).await
    }

    async fn save<T: Send + 'static>(&self, images: &[String], progress: Progress<'_>, untar: Untar<T>) -> Result<T> {
        save::save(&self.docker, images, progress, untar).await
    }

    async fn remove(&self, container: &str) -> Result<()> {
        container::remove(&self.docker, container).await
    }
}

/// Hosts that the engine may speak plain HTTP to.
fn insecure(config: Option<RegistryServiceConfig>) -> Vec<String> {
    let indexes = config.and_then(|config| config.index_configs).unwrap_or_default();
    let mut insecure: Vec<String> =
        indexes.into_iter().filter(|(_, index)| index.secure == Some(false)).map(|(name, _)| name).collect();
    insecure.sort();
    insecure
}

/// The status code of an engine's refusal, where there is one.
fn status(error: &bollard::errors::Error) -> Option<u16> {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}
