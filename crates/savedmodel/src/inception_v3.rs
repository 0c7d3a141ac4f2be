//! Inception-v3 as it was trained in 2016: every layer in order, under the names its checkpoint has.
//! Comments say what comes out, height x width x depth, for images of 299x299.

use crate::{
    graph::{
        Padding::{self, Same, Valid},
        Scope, Tensor, Variables,
    },
    layers::{BatchNorm, Layer, Net},
};

/// Height and width of the images it takes.
pub const SIZE: u32 = 299;
/// Classes, of which number 0 is background that is never trained on.
pub const CLASSES: u64 = 1001;
/// What the names of a training checkpoint's averaged variables end in, which alone are used.
pub const AVERAGED: &str = "/ExponentialMovingAverage";

const NORM: BatchNorm = BatchNorm { epsilon: 0.001, gamma: false };

/// Images [n,299,299,3] between -1 and 1 to logits [n,1001]. A second call under another scope shares the variables.
pub fn inception_v3<'g>(scope: &Scope<'g>, variables: &Variables<'g>, images: &Tensor<f32>) -> Tensor<f32> {
    let net = Net::new("inception_v3", scope, variables);
    let x = Layer { x: images.clone(), depth: 3 };

    let x = net.conv("conv0", &x, 32, [3, 3], 2, Valid); // 149x149x32
    let x = net.conv("conv1", &x, 32, [3, 3], 1, Valid); // 147x147x32
    let x = net.conv("conv2", &x, 64, [3, 3], 1, Same); // 147x147x64
    let x = net.max_pool("pool1", &x); // 73x73x64
    let x = net.conv("conv3", &x, 80, [1, 1], 1, Valid); // 73x73x80
    let x = net.conv("conv4", &x, 192, [3, 3], 1, Valid); // 71x71x192
    let x = net.max_pool("pool2", &x); // 35x35x192

    let x = net.enter("mixed_35x35x256a").mixed_35(&x, 32); // 35x35x256
    let x = net.enter("mixed_35x35x288a").mixed_35(&x, 64); // 35x35x288
    let x = net.enter("mixed_35x35x288b").mixed_35(&x, 64); // 35x35x288
    let x = net.enter("mixed_17x17x768a").reduce_to_17(&x); // 17x17x768
    let x = net.enter("mixed_17x17x768b").mixed_17(&x, 128); // 17x17x768
    let x = net.enter("mixed_17x17x768c").mixed_17(&x, 160); // 17x17x768
    let x = net.enter("mixed_17x17x768d").mixed_17(&x, 160); // 17x17x768
    let x = net.enter("mixed_17x17x768e").mixed_17(&x, 192); // 17x17x768
    net.enter("aux_logits").declare_side_head(x.depth);
    let x = net.enter("mixed_17x17x1280a").reduce_to_8(&x); // 8x8x1280
    let x = net.enter("mixed_8x8x2048a").mixed_8(&x); // 8x8x2048
    let x = net.enter("mixed_8x8x2048b").mixed_8(&x); // 8x8x2048

    net.enter("logits").logits(&x) // 1001
}

impl Net<'_, '_> {
    fn mixed_35(&self, x: &Layer, pool_depth: u64) -> Layer {
        let branch1x1 = self.enter("branch1x1").conv("Conv", x, 64, [1, 1], 1, Same);

        let net = self.enter("branch5x5");
        let y = net.conv("Conv", x, 48, [1, 1], 1, Same);
        let branch5x5 = net.conv("Conv_1", &y, 64, [5, 5], 1, Same);

        let net = self.enter("branch3x3dbl");
        let y = net.conv("Conv", x, 64, [1, 1], 1, Same);
        let y = net.conv("Conv_1", &y, 96, [3, 3], 1, Same);
        let branch3x3dbl = net.conv("Conv_2", &y, 96, [3, 3], 1, Same);

        let branch_pool = self.enter("branch_pool").pooled_conv(x, pool_depth);
        self.concat(&[branch1x1, branch5x5, branch3x3dbl, branch_pool])
    }

    fn reduce_to_17(&self, x: &Layer) -> Layer {
        let branch3x3 = self.enter("branch3x3").conv("Conv", x, 384, [3, 3], 2, Valid);

        let net = self.enter("branch3x3dbl");
        let y = net.conv("Conv", x, 64, [1, 1], 1, Same);
        let y = net.conv("Conv_1", &y, 96, [3, 3], 1, Same);
        let branch3x3dbl = net.conv("Conv_2", &y, 96, [3, 3], 2, Valid);

        let branch_pool = self.enter("branch_pool").max_pool("MaxPool", x);
        self.concat(&[branch3x3, branch3x3dbl, branch_pool])
    }

    fn mixed_17(&self, x: &Layer, depth: u64) -> Layer {
        let branch1x1 = self.enter("branch1x1").conv("Conv", x, 192, [1, 1], 1, Same);

        let net = self.enter("branch7x7");
        let y = net.conv("Conv", x, depth, [1, 1], 1, Same);
        let y = net.conv("Conv_1", &y, depth, [1, 7], 1, Same);
        let branch7x7 = net.conv("Conv_2", &y, 192, [7, 1], 1, Same);

        let net = self.enter("branch7x7dbl");
        let y = net.conv("Conv", x, depth, [1, 1], 1, Same);
        let y = net.conv("Conv_1", &y, depth, [7, 1], 1, Same);
        let y = net.conv("Conv_2", &y, depth, [1, 7], 1, Same);
        let y = net.conv("Conv_3", &y, depth, [7, 1], 1, Same);
        let branch7x7dbl = net.conv("Conv_4", &y, 192, [1, 7], 1, Same);

        let branch_pool = self.enter("branch_pool").pooled_conv(x, 192);
        self.concat(&[branch1x1, branch7x7, branch7x7dbl, branch_pool])
    }

    fn reduce_to_8(&self, x: &Layer) -> Layer {
        let net = self.enter("branch3x3");
        let y = net.conv("Conv", x, 192, [1, 1], 1, Same);
        let branch3x3 = net.conv("Conv_1", &y, 320, [3, 3], 2, Valid);

        let net = self.enter("branch7x7x3");
        let y = net.conv("Conv", x, 192, [1, 1], 1, Same);
        let y = net.conv("Conv_1", &y, 192, [1, 7], 1, Same);
        let y = net.conv("Conv_2", &y, 192, [7, 1], 1, Same);
        let branch7x7x3 = net.conv("Conv_3", &y, 192, [3, 3], 2, Valid);

        let branch_pool = self.enter("branch_pool").max_pool("MaxPool", x);
        self.concat(&[branch3x3, branch7x7x3, branch_pool])
    }

    fn mixed_8(&self, x: &Layer) -> Layer {
        let branch1x1 = self.enter("branch1x1").conv("Conv", x, 320, [1, 1], 1, Same);

        let net = self.enter("branch3x3");
        let y = net.conv("Conv", x, 384, [1, 1], 1, Same);
        let wide = net.conv("Conv_1", &y, 384, [1, 3], 1, Same);
        let high = net.conv("Conv_2", &y, 384, [3, 1], 1, Same);
        let branch3x3 = net.concat(&[wide, high]);

        let net = self.enter("branch3x3dbl");
        let y = net.conv("Conv", x, 448, [1, 1], 1, Same);
        let y = net.conv("Conv_1", &y, 384, [3, 3], 1, Same);
        let wide = net.conv("Conv_2", &y, 384, [1, 3], 1, Same);
        let high = net.conv("Conv_3", &y, 384, [3, 1], 1, Same);
        let branch3x3dbl = net.concat(&[wide, high]);

        let branch_pool = self.enter("branch_pool").pooled_conv(x, 192);
        self.concat(&[branch1x1, branch3x3, branch3x3dbl, branch_pool])
    }

    fn logits(&self, x: &Layer) -> Tensor<f32> {
        let x = self.scope.avg_pool(&x.x, 8, 1, Valid); // 1x1x2048
        let net = self.enter("logits");
        let x = net.scope.reshape(&x, &[-1, 2048]);
        let weights = net.variable("weights", [2048, CLASSES]);
        let biases = net.variable("biases", [CLASSES]);
        net.scope.bias_add(&net.scope.mat_mul(&x, &weights), &biases)
    }

    /// The head that only training used: nothing reads its variables, but a checkpoint and an export have them.
    fn declare_side_head(&self, depth: u64) {
        for (name, shape) in [("proj", [1, 1, depth, 128]), ("Conv", [5, 5, 128, 768])] {
            let net = self.enter(name);
            net.variable("weights", shape);
            net.statistics(shape[3]);
        }
        self.variable("FC/weights", [768, CLASSES]);
        self.variable("FC/biases", [CLASSES]);
    }

    /// Convolution, normalisation by the stored statistics, rectification.
    fn conv(&self, name: &str, x: &Layer, depth: u64, kernel: [u64; 2], stride: i64, padding: Padding) -> Layer {
        let net = self.enter(name);
        let weights = net.variable("weights", [kernel[0], kernel[1], x.depth, depth]);
        let y = net.scope.conv2d(&x.x, &weights, stride, padding);
        Layer { x: net.scope.relu(&net.batch_norm(&y, depth, &NORM)), depth }
    }

    fn pooled_conv(&self, x: &Layer, depth: u64) -> Layer {
        let pooled = Layer { x: self.scope.avg_pool(&x.x, 3, 1, Same), depth: x.depth };
        self.conv("Conv", &pooled, depth, [1, 1], 1, Same)
    }

    fn max_pool(&self, name: &str, x: &Layer) -> Layer {
        Layer { x: self.scope.enter(name).max_pool(&x.x, 3, 2, Valid), depth: x.depth }
    }

    fn concat(&self, parts: &[Layer]) -> Layer {
        let tensors: Vec<&Tensor<f32>> = parts.iter().map(|part| &part.x).collect();
        Layer { x: self.scope.concat_depth(&tensors), depth: parts.iter().map(|part| part.depth).sum() }
    }
}
