//! The ports' real ends: bollard, git, debootstrap, this machine. No adapter imports another.

mod blocking;
pub(crate) mod cargo;
pub(crate) mod control_plane;
pub(crate) mod cosign;
pub(crate) mod credentials;
pub(crate) mod docker;
pub(crate) mod files;
pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod kubernetes;
pub(crate) mod lock;
pub(crate) mod measurer;
pub(crate) mod registry;
pub(crate) mod rest;
pub(crate) mod script;
pub(crate) mod sources;
