//! The messages on the wire, with their field numbers written out. Names are those of the `.proto` files.
//! Fields that no client of ours writes or reads are left out; readers skip what they do not know.

pub mod example;
pub mod health;
pub mod metadata;
pub mod predict;
pub mod status;
pub mod tensor;
