//! What `up` would start, as plain data: the model in a volume, a network, and one confined container a server.
//! Planning asks no engine: whether an image or a GPU is there is found out when it is started.

use std::{collections::BTreeMap, fmt};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::domain::{
    model::Model,
    profile::Profile,
    serving_image::{
        ImageName, ImageSettings,
        app::{self, AppSettings, Interface},
        plan::{GRPC_PORT, REST_PORT},
    },
    variant::{Device, Variant},
};

/// A server as `config.toml` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    pub name: String,
    pub image: ImageName,
    /// Thousandths of a CPU; none for all of the engine's machine.
    pub millicpus: Option<u32>,
    /// Bytes; none for no limit.
    pub memory: Option<u64>,
    /// Of the engine's host; none for any that is free.
    pub rest_port: Option<u16>,
    pub grpc_port: Option<u16>,
}

/// What the web app's container and its host on the network are called.
pub const APP: &str = "tf-image-resizer";

/// Everything `up` would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpPlan {
    pub title: String,
    pub profile: String,
    pub model: String,
    /// Folder of the version; from the root.
    pub folder: String,
    pub version: u64,
    pub servers: Vec<PlannedServer>,
    pub app: Option<PlannedApp>,
}

/// The web app, before it is known which servers answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedApp {
    pub settings: AppSettings,
    /// What the engine calls its image.
    pub image: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedServer {
    pub settings: ServerSettings,
    /// What the engine calls its image.
    pub image: String,
    pub device: Device,
    /// It cannot start without the host's GPU driver.
    pub needs_gpu: bool,
}

/// What planning needs of the configuration.
pub struct Inputs<'a> {
    pub profile: &'a Profile,
    pub model: &'a Model,
    pub version: u64,
    pub servers: &'a [&'a ServerSettings],
    pub variants: &'a [&'a Variant],
    pub images: &'a ImageSettings,
    pub app: Option<&'a AppSettings>,
}

pub fn up(inputs: &Inputs<'_>) -> UpPlan {
    let servers = inputs.servers.iter().map(|settings| plan_server(inputs, settings));
    UpPlan {
        title: format!("up, profile {}: {}", inputs.profile.name, inputs.profile.about),
        profile: inputs.profile.name.clone(),
        model: inputs.model.name.clone(),
        folder: format!("{}/{}", inputs.model.folder(), inputs.version),
        version: inputs.version,
        servers: servers.collect(),
        app: inputs.app.map(|settings| PlannedApp {
            settings: settings.clone(),
            image: format!("{}:{}", inputs.images.repository, app::NAME),
        }),
    }
}

fn plan_server(inputs: &Inputs<'_>, settings: &ServerSettings) -> PlannedServer {
    let own = inputs.images.aliases.get(&settings.image).unwrap_or(&settings.image);
    let variants = inputs.images.combined.get(own).into_iter().flatten();
    let variants = variants.map(ToString::to_string).chain([own.to_string()]);
    let device = variants.filter_map(|name| inputs.variants.iter().find(|variant| variant.name.to_string() == name));
    let device = device.map(|variant| variant.device).next().unwrap_or(Device::Cpu);
    let toolchain = inputs.profile.devices.get(&device);
    PlannedServer {
        settings: settings.clone(),
        image: format!("{}:{}", inputs.images.repository, settings.image),
        device,
        needs_gpu: device == Device::Gpu && toolchain.is_none_or(|toolchain| !toolchain.host_libraries.is_empty()),
    }
}

impl PlannedServer {
    /// Hash of all that a container is started with; one with the same is left alone.
    pub fn specification(&self, image_id: &str, mounted_at: &str, model_volume: &str) -> String {
        let ServerSettings { name, millicpus, memory, rest_port, grpc_port, .. } = &self.settings;
        let all =
            json!([name, millicpus, memory, rest_port, grpc_port, image_id, mounted_at, model_volume, self.needs_gpu]);
        format!("{:x}", Sha256::digest(all.to_string().as_bytes()))
    }

    /// `NAME=http://NAME:8501`: as the web app finds it.
    fn for_app(&self, interface: Interface) -> String {
        let name = &self.settings.name;
        match interface {
            Interface::Grpc => format!("{name}=grpc://{name}:{GRPC_PORT}"),
            Interface::Rest => format!("{name}=http://{name}:{REST_PORT}"),
        }
    }
}

/// `1 CPU`, `all CPUs`, `0.5 CPU`.
pub fn cpus(millicpus: Option<u32>) -> String {
    match millicpus {
        None => "all CPUs".into(),
        Some(1000) => "1 CPU".into(),
        Some(milli) => format!("{} CPU", f64::from(milli) / 1000.0),
    }
}

impl PlannedApp {
    /// What its environment says of the servers that it compares.
    pub fn servers(&self, servers: &[&PlannedServer]) -> String {
        let each = servers.iter().map(|server| server.for_app(self.settings.interface));
        each.collect::<Vec<_>>().join(";")
    }

    /// Hash of all that its container is started with; one with the same is left alone.
    pub fn specification(&self, image_id: &str, environment: &BTreeMap<String, String>) -> String {
        let AppSettings { port, millicpus, memory, .. } = &self.settings;
        let all = json!([APP, port, millicpus, memory, image_id, environment]);
        format!("{:x}", Sha256::digest(all.to_string().as_bytes()))
    }
}

impl fmt::Display for PlannedApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AppSettings { port, millicpus, memory, .. } = &self.settings;
        write!(f, "docker run --detach --name {APP} --network tf-serving{}", confined(*millicpus, *memory))?;
        let outside = port.map(|port| port.to_string()).unwrap_or_default();
        write!(f, " --publish 127.0.0.1:{outside}:{}", app::PORT)
    }
}

/// Nothing but what it needs.
fn confined(millicpus: Option<u32>, memory: Option<u64>) -> String {
    let mut line = " --read-only --cap-drop ALL --security-opt no-new-privileges".to_owned();
    if let Some(milli) = millicpus {
        line += &format!(" --cpus {}", f64::from(milli) / 1000.0);
    }
    if let Some(bytes) = memory {
        line += &format!(" --memory {bytes}");
    }
    line
}

impl fmt::Display for PlannedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServerSettings { name, millicpus, memory, rest_port, grpc_port, .. } = &self.settings;
        write!(f, "docker run --detach --name {name} --network tf-serving{}", confined(*millicpus, *memory))?;
        if self.needs_gpu {
            write!(f, " --gpus all")?;
        }
        for (outside, inside) in [(grpc_port, GRPC_PORT), (rest_port, REST_PORT)] {
            let outside = outside.map(|port| port.to_string()).unwrap_or_default();
            write!(f, " --publish 127.0.0.1:{outside}:{inside}")?;
        }
        Ok(())
    }
}

impl fmt::Display for UpPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = format!("/models/{}/{}", self.model, self.version);
        write!(f, "# {}\ndocker network create tf-serving", self.title)?;
        write!(f, "\ndocker volume create model && docker cp {}/. uploader:{target}", self.folder)?;
        for server in &self.servers {
            write!(f, "\n{server} --volume model:{target}:ro --env MODEL_NAME={} {}", self.model, server.image)?;
        }
        if let Some(app) = &self.app {
            let servers: Vec<&PlannedServer> = self.servers.iter().collect();
            write!(
                f,
                "\n{app} --env 'TF_SERVERS={}' --env MODEL_NAME={} --env MODEL_SIGNATURE_NAME=... --env MODEL_INPUT_KEY=... {}",
                app.servers(&servers),
                self.model,
                app.image
            )?;
        }
        Ok(())
    }
}
