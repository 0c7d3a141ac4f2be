//! What the tests ask of the engine behind the program's back, by label and by name.
//! It removes only what carries the label of a test's own checkout, or what the test itself named.

use std::{collections::HashMap, future::Future};

use bollard::{
    Docker, body_full,
    models::{ContainerCreateBody, ContainerSummary, VolumeCreateRequest},
    query_parameters::{
        CreateContainerOptionsBuilder, CreateImageOptionsBuilder, ListContainersOptionsBuilder,
        ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
        RemoveVolumeOptionsBuilder,
    },
};
use futures_util::TryStreamExt;
use tokio::runtime::{Builder, Runtime};

/// Says whose a container or volume is.
const CHECKOUT: &str = "tf-serving-xtask.checkout";
/// Says what it is for.
const ROLE: &str = "tf-serving-xtask.role";

/// The engine, asked synchronously.
pub struct Engine {
    pub docker: Docker,
    runtime: Runtime,
}

/// A container of a checkout.
#[derive(Debug)]
pub struct Container {
    pub name: String,
    pub role: String,
}

impl Engine {
    /// The engine that the program under test uses by default.
    pub fn connect() -> Self {
        Self::with(Docker::connect_with_defaults().expect("an engine for the real ring"))
    }

    pub fn with(docker: Docker) -> Self {
        Self { docker, runtime: Builder::new_current_thread().enable_all().build().expect("a runtime") }
    }

    pub fn wait_for<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    pub fn containers(&self, checkout: &str) -> Vec<Container> {
        let container = |found: ContainerSummary| {
            let name = found.names.unwrap_or_default().concat().trim_start_matches('/').to_owned();
            Container { name, role: found.labels.unwrap_or_default().remove(ROLE).unwrap_or_default() }
        };
        self.list_containers(of(checkout)).into_iter().map(container).collect()
    }

    /// Commands of anybody's containers that have `marker` in them.
    pub fn containers_that_run(&self, marker: &str) -> Vec<String> {
        let commands = self.list_containers(Filters::new()).into_iter().filter_map(|found| found.command);
        commands.filter(|command| command.contains(marker)).collect()
    }

    fn list_containers(&self, filters: Filters) -> Vec<ContainerSummary> {
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        self.wait_for(self.docker.list_containers(Some(options))).expect("list containers")
    }

    /// All that the engine tells anybody of a container; none once it is gone.
    pub fn inspect(&self, container: &str) -> Option<String> {
        let found = self.wait_for(self.docker.inspect_container(container, None)).ok()?;
        Some(serde_json::to_string(&found).expect("plain data"))
    }

    pub fn volumes(&self, checkout: &str) -> Vec<String> {
        let options = ListVolumesOptionsBuilder::default().filters(&of(checkout)).build();
        let found = self.wait_for(self.docker.list_volumes(Some(options))).expect("list volumes");
        found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect()
    }

    pub fn has_volume(&self, name: &str) -> bool {
        self.wait_for(self.docker.inspect_volume(name)).is_ok()
    }

    /// A container and a volume of this name without any label, as somebody else would make them.
    pub fn make_foreign(&self, name: &str, image: &str) {
        let volume = VolumeCreateRequest { name: Some(name.into()), ..Default::default() };
        self.wait_for(self.docker.create_volume(volume)).expect("create a volume");
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let command = Some(vec!["/bin/true".to_owned()]);
        let body = ContainerCreateBody { image: Some(image.into()), cmd: command, ..Default::default() };
        self.wait_for(self.docker.create_container(Some(options), body)).expect("create a container");
    }

    /// Labels of an image; none where there is no such image.
    pub fn image_labels(&self, reference: &str) -> Option<HashMap<String, String>> {
        let found = self.wait_for(self.docker.inspect_image(reference)).ok()?;
        found.config.and_then(|config| config.labels)
    }

    /// An image of one layer.
    pub fn import(&self, repository: &str, tar: Vec<u8>) {
        let options = CreateImageOptionsBuilder::default().from_src("-").repo(repository).tag("1").build();
        let progress = self.docker.create_image(Some(options), Some(body_full(tar.into())), None);
        self.wait_for(progress.try_collect::<Vec<_>>()).expect("import an image");
    }

    // What is gone already is as good as removed; assertions look for what stayed.

    /// Ends and removes the containers of a checkout, and then its volumes.
    pub fn remove_all_of(&self, checkout: &str) {
        for container in self.containers(checkout) {
            self.remove_container(&container.name);
        }
        for volume in self.volumes(checkout) {
            self.remove_volume(&volume);
        }
    }

    pub fn remove_container(&self, name: &str) {
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        let _ = self.wait_for(self.docker.remove_container(name, Some(options)));
    }

    pub fn remove_volume(&self, name: &str) {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        let _ = self.wait_for(self.docker.remove_volume(name, Some(options)));
    }

    /// Removes an image that a test made, and the layers that nothing else uses.
    pub fn remove_image(&self, reference: &str) {
        let options = RemoveImageOptionsBuilder::default().build();
        let _ = self.wait_for(self.docker.remove_image(reference, Some(options), None));
    }
}

type Filters = HashMap<&'static str, Vec<String>>;

fn of(checkout: &str) -> Filters {
    Filters::from([("label", vec![format!("{CHECKOUT}={checkout}")])])
}
