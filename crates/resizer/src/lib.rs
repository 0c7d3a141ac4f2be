//! The web app: one image, many derivatives, many servers, one comparison.

pub mod page;
pub mod picture;
