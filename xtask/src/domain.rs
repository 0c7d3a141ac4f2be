//! What the commands are about, as plain values and pure functions: no daemon, disk, network, clock or environment.

pub mod bazel_output;
pub mod check;
pub mod dialect;
pub mod event;
pub mod label;
pub mod model;
pub mod plan;
pub mod profile;
pub mod proof;
pub mod receipt;
pub mod serving_image;
pub mod settings;
pub mod source;
pub mod step;
pub mod toolchain;
pub mod up;
pub mod variant;
