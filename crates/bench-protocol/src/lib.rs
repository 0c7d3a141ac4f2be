//! What `cargo xtask bench` and the program that measures tell each other: the experiment, and the lines of their talk.
//! A crate of its own, so that the first `cargo xtask` need not compile what measuring takes.

pub mod experiment;
pub mod protocol;
