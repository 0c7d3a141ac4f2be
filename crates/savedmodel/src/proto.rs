//! TensorFlow's messages as far as they are used, each with its original field numbers.
//! Maps are sorted, so that the same content always gives the same bytes.

pub mod graph;
pub mod meta;
pub mod request;
pub mod tensor;
