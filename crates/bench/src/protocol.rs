//! The talk with `cargo xtask`, whose words are a crate of their own: this program's dependencies are not its caller's.

pub use bench_protocol::protocol::*;
