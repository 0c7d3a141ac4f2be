//! One binary of integration tests: what people see of the program, and the rules that hold its code together.
//! Tests with a real engine are below `real` and run only when asked for.

mod checkout;
mod cli;
mod cluster;
mod documents;
mod entrypoint;
mod import;
mod manifests;
mod measure;
mod model;
mod plans;
mod real;
mod tidy;
