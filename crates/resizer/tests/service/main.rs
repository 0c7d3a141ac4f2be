//! The service over real sockets, with stand-ins for model servers: what it answers, in which order, and what it does when
//! servers or clients misbehave.

mod batch;
mod binary;
mod browsing;
mod cells;
mod client;
mod harness;
mod hostile;
mod original;
mod streaming;
mod wrong;
