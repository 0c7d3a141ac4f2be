//! The real ring: a real engine, a real Bazel and real trouble. Nothing is faked here, and nothing that these tests did
//! not make themselves is ever removed.

mod disk_full;
mod engine;
mod forwarder;
mod harness;
mod kill;
mod kill_image;
mod memory;
mod remote_engine;
mod together;
