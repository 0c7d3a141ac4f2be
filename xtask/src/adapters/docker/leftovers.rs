//! Finding and removing what carries our labels, and never anything else.
//! The sweep of a run takes containers only: volumes and images are caches, and caches are `clean`'s business.

use std::{collections::HashMap, fmt};

use anyhow::{Context, Result, anyhow};
use bollard::{
    models::Volume,
    query_parameters::{
        ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
        RemoveImageOptionsBuilder, RemoveVolumeOptions, RemoveVolumeOptionsBuilder,
    },
};

use super::{DockerEngine, container, images, sizes, status};
use crate::domain::{label, serving_image::receipt::ImageReceipt};

/// Whose things are meant.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    /// What this run made.
    Run { run: String },
    /// What killed runs of this checkout left; the caller holds the checkout's lock.
    OtherRuns { checkout: String, run: String },
}

/// One thing with our label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leftover {
    pub kind: Kind,
    pub name: String,
    pub id: String,
    pub bytes: Option<u64>,
}

/// In the order in which they can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Container,
    Image,
    Volume,
    Network,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Container => "container",
            Kind::Image => "image",
            Kind::Volume => "volume",
            Kind::Network => "network",
        })
    }
}

impl DockerEngine {
    /// Stops and removes the containers in `scope`; returns their names.
    pub async fn sweep(&self, scope: &Scope) -> Result<Vec<String>> {
        let _none_is_created = self.creating.write().await;
        let (wanted, spared) = match scope {
            Scope::Run { run } => (format!("{}={run}", label::RUN), None),
            Scope::OtherRuns { checkout, run } => (format!("{}={checkout}", label::CHECKOUT), Some(run)),
        };
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filter(&wanted)).build();
        let containers = self.docker.list_containers(Some(options)).await.context("list our containers")?;
        let (mut swept, mut failed) = (Vec::new(), None);
        for found in containers {
            let labels = found.labels.unwrap_or_default();
            if spared.is_some_and(|run| labels.get(label::RUN) == Some(run)) {
                continue;
            }
            let id = found.id.unwrap_or_default();
            if let Err(error) = container::remove(&self.docker, &id).await {
                failed = Some(error);
                continue;
            }
            swept.push(found.names.unwrap_or_default().first().map_or(id, |name| name.trim_start_matches('/').into()));
        }
        swept.sort();
        failed.map_or(Ok(swept), Err)
    }

    /// Removes all source volumes of a checkout but the newest; one that is in use stays. Otherwise every edit of a
    /// source file would leave a whole tree behind.
    pub async fn prune_sources(&self, checkout: &str) -> Result<()> {
        let wanted = format!("{}={checkout}", label::CHECKOUT);
        let volumes = ListVolumesOptionsBuilder::default().filters(&filter(&wanted)).build();
        let volumes = self.docker.list_volumes(Some(volumes)).await.context("list our volumes")?;
        let is_sources = |found: &Volume| found.labels.get(label::ROLE).is_some_and(|role| role == "sources");
        let mut sources: Vec<Volume> = volumes.volumes.unwrap_or_default().into_iter().filter(is_sources).collect();
        sources.sort_by(|a, b| b.created_at.cmp(&a.created_at));
        for old in sources.into_iter().skip(1) {
            // Only tidiness: whatever keeps it will let go of it later.
            let _ = self.docker.remove_volume(&old.name, None::<RemoveVolumeOptions>).await;
        }
        Ok(())
    }

    /// What `up` of a checkout started: its servers, their model and their network.
    pub async fn started(&self, checkout: &str) -> Result<Vec<Leftover>> {
        let wanted = format!("{}={checkout}", label::UP);
        let mut found = self.containers(&wanted).await?;
        let prefix = format!("tfs-{checkout}-model-");
        let volumes = self.volumes(checkout).await?.into_iter();
        found.extend(volumes.filter(|volume| volume.name.starts_with(&prefix)));
        let options = ListNetworksOptionsBuilder::default().filters(&filter(&wanted)).build();
        let networks = self.docker.list_networks(Some(options)).await.context("list our networks")?;
        found.extend(networks.into_iter().map(|network| Leftover {
            kind: Kind::Network,
            name: network.name.unwrap_or_default(),
            id: network.id.unwrap_or_default(),
            bytes: Some(0),
        }));
        Ok(found)
    }

    async fn containers(&self, label: &str) -> Result<Vec<Leftover>> {
        let options = ListContainersOptionsBuilder::default().all(true).size(true).filters(&filter(label)).build();
        let containers = self.docker.list_containers(Some(options)).await.context("list our containers")?;
        let containers = containers.into_iter().map(|found| {
            let name = found.names.unwrap_or_default();
            Leftover {
                kind: Kind::Container,
                name: name.first().map(|name| name.trim_start_matches('/').into()).unwrap_or_default(),
                id: found.id.unwrap_or_default(),
                bytes: found.size_rw.and_then(|bytes| u64::try_from(bytes).ok()),
            }
        });
        let mut containers: Vec<Leftover> = containers.collect();
        containers.sort();
        Ok(containers)
    }

    async fn volumes(&self, checkout: &str) -> Result<Vec<Leftover>> {
        let wanted = format!("{}={checkout}", label::CHECKOUT);
        let sizes = sizes::of_volumes(&self.address).await.unwrap_or_default();
        let options = ListVolumesOptionsBuilder::default().filters(&filter(&wanted)).build();
        let volumes = self.docker.list_volumes(Some(options)).await.context("list our volumes")?;
        let volumes = volumes.volumes.unwrap_or_default().into_iter().map(|found| Leftover {
            kind: Kind::Volume,
            bytes: sizes.get(&found.name).copied(),
            id: found.name.clone(),
            name: found.name,
        });
        let mut volumes: Vec<Leftover> = volumes.collect();
        volumes.sort();
        Ok(volumes)
    }

    /// Serving images, by the receipts of a checkout: the same servers make the same image wherever they are, so no label
    /// says whose it is. A name that another image has taken since is not meant.
    async fn serving_images(&self, receipts: &[ImageReceipt]) -> Result<Vec<Leftover>> {
        let mut found = Vec::new();
        for receipt in receipts {
            for name in &receipt.references {
                let image = images::inspect(&self.docker, name).await?.filter(|image| image.id == receipt.id);
                found.extend(image.map(|image| Leftover {
                    kind: Kind::Image,
                    name: name.clone(),
                    id: name.clone(),
                    bytes: Some(image.bytes),
                }));
            }
        }
        Ok(found)
    }

    /// Everything of a checkout, containers first, with sizes where the engine tells them; `receipts` are those of its
    /// serving images.
    pub async fn owned(&self, checkout: &str, receipts: &[ImageReceipt]) -> Result<Vec<Leftover>> {
        let containers = self.containers(&format!("{}={checkout}", label::CHECKOUT)).await?;
        let started = self.started(checkout).await?;
        let made_here = format!("{}={checkout}", label::IMAGE_CHECKOUT);
        let images = ListImagesOptionsBuilder::default().filters(&filter(&made_here)).build();
        let images = self.docker.list_images(Some(images)).await.context("list our images")?;
        let mut images = images;
        // An image cannot go before those made from it, which are younger.
        images.sort_by_key(|found| (std::cmp::Reverse(found.created), found.repo_tags.clone()));
        let images = images.into_iter().map(|found| {
            // What has no name is called so by older engines, and nothing at all by newer ones.
            let name = found.repo_tags.into_iter().find(|name| name != "<none>:<none>").unwrap_or(found.id);
            // By name, so that a user's own name of the same image survives.
            Leftover { kind: Kind::Image, id: name.clone(), name, bytes: u64::try_from(found.size).ok() }
        });
        let mut all: Vec<Leftover> =
            containers.into_iter().chain(started).chain(self.volumes(checkout).await?).collect();
        all.sort();
        all.dedup();
        let serving = self.serving_images(receipts).await?;
        // Images keep the order in which they can go; all of them between containers and volumes.
        let behind = all.partition_point(|leftover| leftover.kind < Kind::Image);
        let rest = all.split_off(behind);
        Ok(all.into_iter().chain(serving).chain(images).chain(rest).collect())
    }

    pub async fn remove_leftover(&self, leftover: &Leftover) -> Result<()> {
        let removed = match leftover.kind {
            Kind::Container => return container::remove(&self.docker, &leftover.id).await,
            Kind::Image => {
                let options = RemoveImageOptionsBuilder::default().build();
                self.docker.remove_image(&leftover.id, Some(options), None).await.map(|_| ())
            }
            Kind::Network => self.docker.remove_network(&leftover.id).await,
            Kind::Volume => {
                let options = RemoveVolumeOptionsBuilder::default().force(true).build();
                self.docker.remove_volume(&leftover.id, Some(options)).await
            }
        };
        match removed {
            Err(error) if status(&error) != Some(404) => {
                Err(anyhow!(error).context(format!("remove {}", leftover.name)))
            }
            _ => Ok(()),
        }
    }
}

fn filter(label: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".into(), vec![label.into()])])
}
