//! A profile is data: which sources, which build image and which Bazel flags make a server.
//! Nothing in the code may ask for a profile by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::domain::{model::Model, proof::Feature, source::Sources, variant::Device};

/// One generation of TensorFlow Serving and the toolchain that builds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub about: String,
    /// The server's Bazel label.
    pub label: String,
    /// Instead of the one in `[resources]`, where the sources are far from TensorFlow's size.
    pub min_jobs_per_variant: Option<u32>,
    pub sources: Sources,
    pub bazel: Bazel,
    /// Build images by name; devices refer to them.
    pub build_images: BTreeMap<String, BuildImage>,
    pub devices: BTreeMap<Device, DeviceToolchain>,
    /// What is exported and served where no other is named.
    pub model: Model,
    /// All that can be named, that one too.
    pub models: BTreeMap<String, Model>,
}

/// The Bazel of a profile and what it is always told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bazel {
    pub version: BazelVersion,
    pub startup: Vec<String>,
    pub flags: Vec<String>,
    /// CPU features that `flags` turn on for every variant.
    pub cpu_features: BTreeSet<Feature>,
}

/// Major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BazelVersion(pub u32, pub u32, pub u32);

impl fmt::Display for BazelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The image that holds compilers and Bazel, called `tf-dev` since the article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildImage {
    pub name: String,
    /// Path of the Dockerfile, from the workspace's root.
    pub dockerfile: String,
    pub base: BaseImage,
    pub args: BTreeMap<String, String>,
}

/// Where an image begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseImage {
    /// A reference that the engine pulls; pinned when it carries a digest.
    Registry(String),
    /// A Debian release made by debootstrap on this machine.
    Bootstrap(String),
}

impl BaseImage {
    /// What the engine calls it.
    pub fn reference(&self) -> String {
        match self {
            BaseImage::Registry(reference) => reference.clone(),
            BaseImage::Bootstrap(release) => format!("debian-base:{release}"),
        }
    }

    pub fn is_pinned(&self) -> bool {
        match self {
            BaseImage::Registry(reference) => reference.contains("@sha256:"),
            BaseImage::Bootstrap(_) => true,
        }
    }
}

impl fmt::Display for BaseImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaseImage::Registry(reference) => f.write_str(reference),
            BaseImage::Bootstrap(release) => write!(f, "debootstrap:{release}"),
        }
    }
}

/// How a serving image of a device is made from its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingRecipe {
    /// Path of the Dockerfile, from the workspace's root.
    pub dockerfile: String,
    pub args: BTreeMap<String, String>,
    /// A folder of the build image that is laid over the root of serving images: its `opt/serving/lib/` holds what the
    /// serving base does not have.
    pub libraries: Option<String>,
    /// What these libraries themselves demand of a CPU, whatever the server does.
    pub cpu_features: BTreeSet<Feature>,
}

/// What a profile does differently for one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceToolchain {
    /// Name of the build image.
    pub build_image: String,
    pub flags: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// Where the server's libraries come from; what it needs must be there.
    pub serving_base: BaseImage,
    pub serving: ServingRecipe,
    /// Patterns of function names that look at the CPU before they run, so that they may exceed the contract.
    pub dispatched: Vec<String>,
    /// Libraries that the host's container runtime brings (the GPU driver's).
    pub host_libraries: Vec<String>,
}
