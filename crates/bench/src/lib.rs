//! The article's questions as an experiment: servers are asked for many pictures in many forms, calls are timed, and answers
//! hold because they come with intervals.
//!
//! `experiment` is what is asked for, `record` what was measured, `verdict` what it comes to: plain values, between which
//! `measure` calls servers, `questions` judge on `statistics`, and `report` writes for people. `protocol` is how the
//! caller, who can start servers anew, is spoken to.

mod chance;
pub mod compare;
pub mod error;
pub mod found;
pub mod measure;
pub mod pictures;
pub mod protocol;
pub mod questions;
pub mod record;
pub mod report;
pub mod statistics;
pub mod verdict;

pub use bench_protocol::experiment;

pub use self::error::Error;
