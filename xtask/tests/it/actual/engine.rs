//! What tests ask of the engine behind the program's back, by label and by name.
//! It removes only what carries the label of a test's own checkout, or what the test itself named.

use std::{collections::HashMap, future::Future};

use bollard::{
    Docker, body_full,
    models::{ContainerCreateBody, VolumeCreateRequest},
    query_parameters::{
        CreateContainerOptionsBuilder, CreateImageOptionsBuilder, ListContainersOptionsBuilder,
        ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
        RemoveVolumeOptionsBuilder,
    },
};
use futures_util::TryStreamExt;
use tokio::runtime::{Builder, Runtime};

const CHECKOUT: &str = "tf-serving-xtask.checkout";

pub struct Engine {
    docker: Docker,
    runtime: Runtime,
}

impl Engine {
    pub fn connect() -> Self {
        Self {
            docker: Docker::connect_with_defaults().expect("an engine for the real tests"),
            runtime: Builder::new_current_thread().enable_all().build().expect("a runtime"),
        }
    }

    fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// IDs of the containers of a checkout.
    pub fn containers(&self, checkout: &str) -> Vec<String> {
        let filters = HashMap::from([("label", vec![format!("{CHECKOUT}={checkout}")])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self.wait(self.docker.list_containers(Some(options))).expect("list containers");
        found.into_iter().filter_map(|container| container.id).collect()
    }

    /// All that the engine tells anybody of a container; none once it is gone.
    pub fn inspect(&self, container: &str) -> Option<String> {
        let found = self.wait(self.docker.inspect_container(container, None)).ok()?;
        Some(serde_json::to_string(&found).expect("plain data"))
    }

    pub fn volumes(&self, checkout: &str) -> Vec<String> {
        let filters = HashMap::from([("label", vec![format!("{CHECKOUT}={checkout}")])]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let found = self.wait(self.docker.list_volumes(Some(options))).expect("list volumes");
        found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect()
    }

    pub fn remove_all_of(&self, checkout: &str) {
        for container in self.containers(checkout) {
            self.remove_container(&container);
        }
        for volume in self.volumes(checkout) {
            self.remove_volume(&volume);
        }
    }

    /// A container and a volume of this name without any label, as somebody else would make them.
    pub fn make_foreign(&self, name: &str, image: &str) {
        let volume = VolumeCreateRequest { name: Some(name.into()), ..Default::default() };
        self.wait(self.docker.create_volume(volume)).expect("create a volume");
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let command = Some(vec!["/bin/true".to_owned()]);
        let body = ContainerCreateBody { image: Some(image.into()), cmd: command, ..Default::default() };
        self.wait(self.docker.create_container(Some(options), body)).expect("create a container");
    }

    pub fn has_volume(&self, name: &str) -> bool {
        self.wait(self.docker.inspect_volume(name)).is_ok()
    }

    // What is gone already is as good as removed; assertions look for what stayed.

    pub fn remove_container(&self, name: &str) {
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        let _ = self.wait(self.docker.remove_container(name, Some(options)));
    }

    pub fn remove_volume(&self, name: &str) {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        let _ = self.wait(self.docker.remove_volume(name, Some(options)));
    }

    /// An image of one layer.
    pub fn import(&self, repository: &str, tar: Vec<u8>) {
        let options = CreateImageOptionsBuilder::default().from_src("-").repo(repository).tag("1").build();
        let progress = self.docker.create_image(Some(options), Some(body_full(tar.into())), None);
        self.wait(progress.try_collect::<Vec<_>>()).expect("import an image");
    }

    pub fn remove_image(&self, reference: &str) {
        let options = RemoveImageOptionsBuilder::default().build();
        let _ = self.wait(self.docker.remove_image(reference, Some(options), None));
    }
}
