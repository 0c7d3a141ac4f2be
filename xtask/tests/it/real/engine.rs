//! What the tests ask of the engine behind the program's back, by label and by name.
//! It removes only what carries the label of a test's own checkout, or what the test itself named.

use std::{
    collections::HashMap,
    future::Future,
    io::{Read, Write},
    path::Path,
};

use bollard::{
    Docker, body_full,
    models::{
        ContainerCreateBody, ContainerSummary, HostConfig, ImageInspect, Mount, MountType, PortBinding,
        VolumeCreateRequest,
    },
    query_parameters::{
        CreateContainerOptions, CreateContainerOptionsBuilder, CreateImageOptionsBuilder,
        DownloadFromContainerOptionsBuilder, KillContainerOptionsBuilder, ListContainersOptionsBuilder,
        ListImagesOptionsBuilder, ListVolumesOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
        RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder, UploadToContainerOptionsBuilder,
    },
};
use futures_util::{StreamExt, TryStreamExt};
use tokio::runtime::{Builder, Runtime};

/// Says whose a container or volume is.
const CHECKOUT: &str = "tf-serving-xtask.checkout";
/// Says which checkout made an image.
const IMAGE_CHECKOUT: &str = "tf-serving-xtask.image-checkout";
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

    pub fn image(&self, reference: &str) -> Option<ImageInspect> {
        self.wait_for(self.docker.inspect_image(reference)).ok()
    }

    /// Writes `docker save` of an image into a file.
    pub fn save(&self, reference: &str, to: &Path) {
        let mut file = fs_err::File::create(to).expect("create");
        let mut chunks = self.docker.export_image(reference);
        self.wait_for(async {
            while let Some(chunk) = chunks.try_next().await.expect("read the image") {
                file.write_all(&chunk).expect("write");
            }
        });
    }

    /// A file of an image, as text.
    pub fn file_of(&self, image: &str, path: &str) -> String {
        // A container needs a command, even one that never starts.
        let command = Some(vec!["true".to_owned()]);
        let body = ContainerCreateBody { image: Some(image.into()), cmd: command, ..Default::default() };
        let made = self.wait_for(self.docker.create_container(None::<CreateContainerOptions>, body));
        let container = made.expect("create a container").id;
        let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
        let chunks = self.docker.download_from_container(&container, Some(options));
        let tar: Result<Vec<_>, _> = self.wait_for(chunks.try_collect());
        self.remove_container(&container);
        let tar = tar.expect("read the file").concat();
        let mut archive = tar::Archive::new(tar.as_slice());
        let mut entry = archive.entries().expect("a tar").next().expect("one file").expect("an entry");
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("UTF-8");
        text
    }

    /// Starts a container confined as in a cluster, with what `models` holds in its folder of models.
    pub fn serve(&self, name: &str, image: &str, variables: &[&str], cpus: f64, models: Vec<u8>) {
        let scratch = Mount { typ: Some(MountType::VOLUME), target: Some("/models".into()), ..Default::default() };
        let port = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(String::new()) };
        let host = HostConfig {
            mounts: Some(vec![scratch]),
            readonly_rootfs: Some(true),
            cap_drop: Some(vec!["ALL".into()]),
            security_opt: Some(vec!["no-new-privileges".into()]),
            nano_cpus: Some((cpus * 1e9) as i64),
            memory: Some(2 << 30),
            port_bindings: Some(HashMap::from([("8501/tcp".into(), Some(vec![port]))])),
            ..Default::default()
        };
        let body = ContainerCreateBody {
            image: Some(image.into()),
            env: Some(variables.iter().map(ToString::to_string).collect()),
            host_config: Some(host),
            ..Default::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        self.wait_for(self.docker.create_container(Some(options), body)).expect("create a container");
        let to = UploadToContainerOptionsBuilder::default().path("/models").build();
        let sent = self.docker.upload_to_container(name, Some(to), body_full(models.into()));
        self.wait_for(sent).expect("send the models");
        self.wait_for(self.docker.start_container(name, None)).expect("start a container");
    }

    /// Where this machine reaches a port of a container that runs.
    pub fn published(&self, container: &str, port: &str) -> Option<String> {
        let found = self.wait_for(self.docker.inspect_container(container, None)).ok()?;
        let binding = found.network_settings?.ports?.remove(port)??.pop()?;
        Some(format!("127.0.0.1:{}", binding.host_port?))
    }

    /// The exit code of a container, once it has ended.
    pub fn wait(&self, container: &str) -> i64 {
        let ended: Vec<_> = self.wait_for(self.docker.wait_container(container, None).collect());
        match ended.into_iter().next().expect("the engine says how it ended") {
            Ok(ended) => ended.status_code,
            Err(bollard::errors::Error::DockerContainerWaitError { code, .. }) => code,
            Err(error) => panic!("{error}"),
        }
    }

    /// All that a container has said.
    pub fn log(&self, container: &str) -> String {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
        let log: Vec<_> =
            self.wait_for(self.docker.logs(container, Some(options)).try_collect()).expect("read the log");
        log.iter().map(ToString::to_string).collect()
    }

    /// Command lines of the processes in a container.
    pub fn processes(&self, container: &str) -> String {
        let found = self.wait_for(self.docker.top_processes(container, None)).expect("list its processes");
        found.processes.unwrap_or_default().iter().map(|fields| fields.join(" ") + "\n").collect()
    }

    pub fn signal(&self, container: &str, signal: &str) {
        let options = KillContainerOptionsBuilder::default().signal(signal).build();
        self.wait_for(self.docker.kill_container(container, Some(options))).expect("signal a container");
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

    /// Removes the images of a repository, and those without a name that a checkout made on the way to them.
    pub fn remove_images_of(&self, repository: &str, checkout: &str) {
        let named = Filters::from([("reference", vec![repository.to_owned()])]);
        let on_the_way = Filters::from([("label", vec![format!("{IMAGE_CHECKOUT}={checkout}")])]);
        for filters in [named, on_the_way] {
            let options = ListImagesOptionsBuilder::default().filters(&filters).build();
            let found = self.wait_for(self.docker.list_images(Some(options))).expect("list images");
            for image in found {
                // Older engines give that name to what has none.
                let mut names = image.repo_tags;
                names.retain(|name| name != "<none>:<none>");
                names.iter().chain(names.is_empty().then_some(&image.id)).for_each(|name| self.remove_image(name));
            }
        }
    }
}

type Filters = HashMap<&'static str, Vec<String>>;

fn of(checkout: &str) -> Filters {
    Filters::from([("label", vec![format!("{CHECKOUT}={checkout}")])])
}
