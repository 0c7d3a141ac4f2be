//! The image of the web app: one static program of this workspace, and the certificates by which it knows servers.
//! Here is what it is made of and what it is called; how it is tried is `execute`'s concern.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    ImageName,
    plan::{Content, Inputs, PlannedImage},
};
use crate::domain::{label, plan::PlanError, receipt::InputTable, variant::Device};

/// Its image's tag, its cargo package and its program.
pub const NAME: &str = "resizer";
/// Where it listens inside its container.
pub const PORT: u16 = 5051;
pub const DOCKERFILE: &str = "docker/resizer.Dockerfile";
const ABOUT: &str = "web app: one image, many derivatives, many TensorFlow servers, one comparison";
/// What decides its program, from the root: folders, then files.
pub const FOLDERS: [&str; 3] = ["crates/resizer/page", "crates/resizer/src", "crates/tfserving/src"];
pub const FILES: [&str; 5] =
    ["Cargo.lock", "Cargo.toml", "crates/resizer/Cargo.toml", "crates/resizer/build.rs", "crates/tfserving/Cargo.toml"];

/// Raised when cargo is asked otherwise, so that images made before are made anew.
const CALL: u32 = 1;

/// What `config.toml` says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSettings {
    /// Of the engine's host; none for any that is free.
    pub port: Option<u16>,
    /// Thousandths of a CPU; none for all of the engine's machine.
    pub millicpus: Option<u32>,
    /// Bytes; none for no limit.
    pub memory: Option<u64>,
    pub interface: Interface,
}

/// How it asks the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    Grpc,
    Rest,
}

pub(super) fn plan(inputs: &Inputs<'_>, name: &ImageName) -> Result<PlannedImage, PlanError> {
    let profile = inputs.profile;
    let toolchain = profile.devices.get(&Device::Cpu).ok_or_else(|| PlanError::NoSuchDevice {
        profile: profile.name.clone(),
        variant: name.to_string(),
        device: Device::Cpu.to_string(),
    })?;
    let aliases = inputs.images.aliases.iter().filter(|(_, target)| *target == name);
    Ok(PlannedImage {
        name: name.clone(),
        content: Content::App,
        repository: inputs.images.repository.clone(),
        aliases: aliases.map(|(alias, _)| alias.clone()).collect(),
        profile: profile.name.clone(),
        about: ABOUT.into(),
        device: Device::Cpu,
        servers: Vec::new(),
        instead: Vec::new(),
        dockerfile: DOCKERFILE.into(),
        args: BTreeMap::new(),
        base: toolchain.serving_base.clone(),
        libraries: None,
        host_libraries: Vec::new(),
        network: inputs.engine.network.clone(),
    })
}

/// The inputs of its image; `sources` and `dockerfile` are digests.
pub fn inputs(image: &PlannedImage, sources: &str, dockerfile: &str, created: &str) -> InputTable {
    let table = json!({
        "profile": image.profile,
        "repository": image.repository,
        "dockerfile": dockerfile,
        "base": image.base.to_string(),
        "sources": sources,
        "cargo-call": CALL,
        "created": created,
    });
    match table {
        Value::Object(map) => map.into_iter().collect(),
        _ => InputTable::new(),
    }
}

/// Labels of its image: the conventional ones, and the receipt without which nobody starts or pushes it.
pub fn labels(image: &PlannedImage, inputs: &InputTable, key: &str, created: &str) -> BTreeMap<String, String> {
    let sources = inputs.get("sources").and_then(Value::as_str).unwrap_or_default();
    let pairs = [
        ("org.opencontainers.image.title", image.reference()),
        ("org.opencontainers.image.description", image.about.clone()),
        ("org.opencontainers.image.created", created.to_owned()),
        ("org.opencontainers.image.version", image.name.to_string()),
        ("org.opencontainers.image.revision", sources.to_owned()),
        ("org.opencontainers.image.base.name", image.base.to_string()),
        (label::RECEIPT, key.to_owned()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}
