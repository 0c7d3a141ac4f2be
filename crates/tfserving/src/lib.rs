//! TensorFlow Serving as a client sees it: its messages, its two interfaces, one type of error.
//!
//! A [`Server`] is a name and an [`Address`]; whether it speaks gRPC or REST is the address's matter, and answers look the
//! same. Nothing here knows of pictures, and nothing is tried twice: whether a call is worth another try is its caller's to say
//! ([`CallError::may_be_retried`]).

pub mod address;
pub mod answer;
pub mod call;
pub mod connections;
pub mod error;
pub mod grpc;
pub mod options;
pub mod proto;
pub mod rest;
pub mod server;
pub mod server_timing;
#[cfg(feature = "stand-in")]
pub mod stand_in;
pub mod tensor;

pub use self::{
    address::{Address, Api, Endpoint, read_list},
    answer::{Answer, Classes, Metadata, Prediction, Signature, State, Timing, Value, VersionStatus},
    call::{Classify, Model, Predict, Version},
    error::{CallError, Code, Origin},
    options::Options,
    server::Server,
    tensor::{DataType, Tensor, TensorError, Values},
};
