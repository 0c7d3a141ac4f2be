//! The web app: one image, many derivatives, many servers, one comparison.
//!
//! `web` speaks HTTP and holds no rules; `compare` runs one comparison from bytes to a reply; `fleet` asks servers; `picture`
//! knows pictures and nothing else. What measures agreement (`agreement`) and what is written (`reply`) are plain values.

pub mod admission;
pub mod agreement;
pub mod ask;
pub mod compare;
pub mod config;
pub mod event;
pub mod fleet;
pub mod metrics;
pub mod page;
pub mod picture;
pub mod problem;
pub mod reply;
pub mod run;
pub mod service;
pub mod table;
pub mod upload;
pub mod web;
