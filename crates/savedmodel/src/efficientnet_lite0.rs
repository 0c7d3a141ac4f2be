//! EfficientNet-Lite0: every layer in order, and where in its published weights each variable is found.
//! Comments say what comes out, height x width x depth, for images of 224x224.

use crate::{
    graph::{Padding::Same, Scope, Tensor, Variables},
    layers::{BatchNorm, Layer, Net},
    layout::Layout,
};

/// Height and width of the images it takes.
pub const SIZE: u32 = 224;
/// Classes; there is none for background.
pub const CLASSES: u64 = 1000;

const NORM: BatchNorm = BatchNorm { epsilon: 0.001, gamma: true };

/// Blocks that are alike but for the stride of the first.
struct Stage {
    repeats: usize,
    kernel: u64,
    /// Of its first block; the others have 1.
    stride: i64,
    /// How many times as deep a block is inside as what it is given.
    expansion: u64,
    depth: u64,
}

const STAGES: [Stage; 7] = [
    Stage { repeats: 1, kernel: 3, stride: 1, expansion: 1, depth: 16 }, // 112x112x16
    Stage { repeats: 2, kernel: 3, stride: 2, expansion: 6, depth: 24 }, // 56x56x24
    Stage { repeats: 2, kernel: 5, stride: 2, expansion: 6, depth: 40 }, // 28x28x40
    Stage { repeats: 3, kernel: 3, stride: 2, expansion: 6, depth: 80 }, // 14x14x80
    Stage { repeats: 3, kernel: 5, stride: 1, expansion: 6, depth: 112 }, // 14x14x112
    Stage { repeats: 4, kernel: 5, stride: 2, expansion: 6, depth: 192 }, // 7x7x192
    Stage { repeats: 1, kernel: 3, stride: 1, expansion: 6, depth: 320 }, // 7x7x320
];

/// Images [n,224,224,3] between about -1 and 1 to logits [n,1000]. A second call under another scope shares the variables.
pub fn efficientnet_lite0<'g>(scope: &Scope<'g>, variables: &Variables<'g>, images: &Tensor<f32>) -> Tensor<f32> {
    let net = Net::new("efficientnet_lite0", scope, variables);
    let x = Layer { x: images.clone(), depth: 3 };

    let mut x = net.enter("stem").dense(&x, 32, 3, 2).relu6(&net); // 112x112x32
    let mut number = 0;
    for stage in &STAGES {
        for repeat in 0..stage.repeats {
            let stride = if repeat == 0 { stage.stride } else { 1 };
            x = net.enter(&format!("block_{number}")).block(&x, stage, stride);
            number += 1;
        }
    }
    let x = net.enter("head").dense(&x, 1280, 1, 1).relu6(&net); // 7x7x1280

    net.enter("logits").classifier(&x) // 1000
}

impl Net<'_, '_> {
    /// Wider, looked at, narrow again; what came in is added where it has the same shape.
    fn block(&self, x: &Layer, stage: &Stage, stride: i64) -> Layer {
        let inside = x.depth * stage.expansion;
        let wide = (stage.expansion > 1).then(|| self.enter("expand").dense(x, inside, 1, 1).relu6(self));
        let y = self.enter("depthwise").depthwise(wide.as_ref().unwrap_or(x), stage.kernel, stride).relu6(self);
        let y = self.enter("project").dense(&y, stage.depth, 1, 1);
        let kept = stride == 1 && x.depth == stage.depth;
        if kept { Layer { x: self.scope.add(&y.x, &x.x), depth: y.depth } } else { y }
    }

    /// Convolution over all channels and normalisation.
    fn dense(&self, x: &Layer, depth: u64, kernel: u64, stride: i64) -> Layer {
        let weights = self.variable("weights", [kernel, kernel, x.depth, depth]);
        let y = self.scope.conv2d(&x.x, &weights, stride, Same);
        Layer { x: self.batch_norm(&y, depth, &NORM), depth }
    }

    /// Convolution of each channel by itself and normalisation.
    fn depthwise(&self, x: &Layer, kernel: u64, stride: i64) -> Layer {
        let weights = self.variable("weights", [kernel, kernel, x.depth, 1]);
        let y = self.scope.depthwise_conv2d(&x.x, &weights, stride, Same);
        Layer { x: self.batch_norm(&y, x.depth, &NORM), depth: x.depth }
    }

    fn classifier(&self, x: &Layer) -> Tensor<f32> {
        let mean = self.scope.mean_of_places(&x.x); // 1280
        let weights = self.variable("weights", [x.depth, CLASSES]);
        let biases = self.variable("biases", [CLASSES]);
        self.scope.bias_add(&self.scope.mat_mul(&mean, &weights), &biases)
    }
}

impl Layer {
    fn relu6(self, net: &Net<'_, '_>) -> Self {
        Layer { x: net.scope.relu6(&self.x), depth: self.depth }
    }
}

/// A layer's scope here; its weights, its normalisation and the order of its weights' dimensions there.
const LAYERS: [(&str, &str, &str, Layout); 6] = [
    ("stem", "_conv_stem", "_bn0", Layout::Convolution),
    ("expand", "_expand_conv", "_bn0", Layout::Convolution),
    ("depthwise", "_depthwise_conv", "_bn1", Layout::Depthwise),
    ("project", "_project_conv", "_bn2", Layout::Convolution),
    ("head", "_conv_head", "_bn1", Layout::Convolution),
    ("logits", "_fc", "", Layout::Transposed),
];

/// Part of a layer here; whether it is the normalisation's, and its name there.
const PARTS: [(&str, bool, &str); 6] = [
    ("weights", false, "weight"),
    ("biases", false, "bias"),
    ("BatchNorm/gamma", true, "weight"),
    ("BatchNorm/beta", true, "bias"),
    ("BatchNorm/moving_mean", true, "running_mean"),
    ("BatchNorm/moving_variance", true, "running_var"),
];

/// What the weights of a variable are called where they come from, and how they lie there.
pub fn origin(variable: &str) -> (String, Layout) {
    let (block, rest) = match variable.strip_prefix("block_").and_then(|rest| rest.split_once('/')) {
        Some((number, rest)) => (format!("_blocks.{number}."), rest),
        None => (String::new(), variable),
    };
    let (scope, part) = rest.split_once('/').expect("every variable is in a layer");
    let layer = LAYERS.iter().find(|(layer, ..)| *layer == scope).expect("every layer is in the table");
    let part = PARTS.iter().find(|(name, ..)| *name == part).expect("every part is in the table");
    let (_, weights, norm, layout) = layer;
    let (_, of_norm, name) = part;
    let layout = if *name == "weight" && !of_norm { *layout } else { Layout::AsIs };
    (format!("{block}{}.{name}", if *of_norm { norm } else { weights }), layout)
}

/// Whether a name is one of trained values, of which a network has no more than it knows.
pub fn is_trained(name: &str) -> bool {
    PARTS.iter().any(|(_, _, part)| name.rsplit('.').next() == Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_where_the_weights_have_them() {
        for (variable, name, layout) in [
            ("stem/weights", "_conv_stem.weight", Layout::Convolution),
            ("stem/BatchNorm/gamma", "_bn0.weight", Layout::AsIs),
            ("block_15/expand/BatchNorm/moving_variance", "_blocks.15._bn0.running_var", Layout::AsIs),
            ("block_0/depthwise/weights", "_blocks.0._depthwise_conv.weight", Layout::Depthwise),
            ("block_3/project/BatchNorm/beta", "_blocks.3._bn2.bias", Layout::AsIs),
            ("head/BatchNorm/moving_mean", "_bn1.running_mean", Layout::AsIs),
            ("logits/weights", "_fc.weight", Layout::Transposed),
            ("logits/biases", "_fc.bias", Layout::AsIs),
        ] {
            assert_eq!(origin(variable), (name.to_owned(), layout), "{variable}");
        }
        assert!(is_trained("_blocks.1._se_reduce.weight") && !is_trained("_bn0.num_batches_tracked"));
    }
}
