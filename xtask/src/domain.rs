//! What the commands are about, as plain values and pure functions: no daemon, disk, network, clock or environment.

pub mod bazel_output;
pub mod check;
pub mod cluster;
pub mod dialect;
pub mod event;
pub mod images_lock;
pub mod label;
pub mod manifests;
pub mod model;
pub mod oci;
pub mod plan;
pub mod profile;
pub mod proof;
pub mod provenance;
pub mod push;
pub mod receipt;
pub mod reference;
pub mod retry;
pub mod sbom;
pub mod serving_image;
pub mod settings;
pub mod source;
pub mod step;
pub mod toolchain;
pub mod up;
pub mod variant;
