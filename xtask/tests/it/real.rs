//! The real ring: a real engine, a real Bazel and real trouble; runs with XTASK_REAL=1, as `cargo xtask test` does.
//! Nothing is faked here, and nothing that these tests did not make themselves is ever removed.

mod app_image;
mod app_scores;
mod bad_input;
mod bench;
mod builds;
mod control_plane;
mod cutting_server;
mod disk_full;
mod documents;
mod efficientnet;
mod engine;
mod exporters;
mod failures;
mod fault_proxy;
mod forwarder;
mod git_sources;
mod harness;
mod http;
mod image_files;
mod image_gate;
mod image_runs;
mod images;
mod judge;
mod kill;
mod kill_image;
mod manifests;
mod memory;
mod model;
mod model_image;
mod models;
mod nginx;
mod push;
mod pushed;
mod registry;
mod remote_cache;
mod remote_engine;
mod rendered;
mod served;
mod together;
mod up;

pub use harness::{is_real, say};
