//! What the tests ask of the engine behind the program's back.
//! It looks by label and by name, and removes only what carries the label of a test's own checkout.

use std::{collections::HashMap, future::Future};

use bollard::{
    Docker,
    models::ContainerSummary,
    query_parameters::{
        ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
        RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
    },
};
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

impl Engine {
    /// The engine that the program under test uses by default.
    pub fn new() -> Self {
        Self::with(Docker::connect_with_defaults().expect("an engine for the real ring"))
    }

    pub fn with(docker: Docker) -> Self {
        Self { docker, runtime: Builder::new_current_thread().enable_all().build().expect("a runtime") }
    }

    pub fn wait_for<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// Containers of a checkout, as `role name`.
    pub fn containers(&self, checkout: &str) -> Vec<String> {
        let label = |found: &ContainerSummary, name: &str| found.labels.as_ref()?.get(name).cloned();
        let name = |found: &ContainerSummary| found.names.clone().unwrap_or_default().join(" ");
        let found = self.all_containers();
        let ours = found.iter().filter(|found| label(found, CHECKOUT).as_deref() == Some(checkout));
        ours.map(|found| format!("{} {}", label(found, ROLE).unwrap_or_default(), name(found))).collect()
    }

    /// Containers of anybody whose command has `marker` in it.
    pub fn containers_that_run(&self, marker: &str) -> Vec<String> {
        let commands = self.all_containers().into_iter().filter_map(|found| found.command);
        commands.filter(|command| command.contains(marker)).collect()
    }

    fn all_containers(&self) -> Vec<ContainerSummary> {
        let options = ListContainersOptionsBuilder::default().all(true).build();
        self.wait_for(self.docker.list_containers(Some(options))).expect("list containers")
    }

    pub fn volumes(&self, checkout: &str) -> Vec<String> {
        let filters = HashMap::from([("label", vec![format!("{CHECKOUT}={checkout}")])]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let found = self.wait_for(self.docker.list_volumes(Some(options))).expect("list volumes");
        found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect()
    }

    /// Ends and removes the containers of a checkout.
    pub fn remove_containers(&self, checkout: &str) {
        for container in self.containers(checkout) {
            let name = container.rsplit_once('/').map_or("", |(_, name)| name);
            let options = RemoveContainerOptionsBuilder::default().force(true).build();
            // One that ends just now is as good as removed; what stays is seen by the assertions.
            let _ = self.wait_for(self.docker.remove_container(name, Some(options)));
        }
    }

    pub fn remove_volumes(&self, checkout: &str) {
        for volume in self.volumes(checkout) {
            let options = RemoveVolumeOptionsBuilder::default().force(true).build();
            let _ = self.wait_for(self.docker.remove_volume(&volume, Some(options)));
        }
    }

    /// Removes an image that a test made, and the layers that nothing else uses.
    pub fn remove_image(&self, reference: &str) {
        let options = RemoveImageOptionsBuilder::default().build();
        let _ = self.wait_for(self.docker.remove_image(reference, Some(options), None));
    }
}
