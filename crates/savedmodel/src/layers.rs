//! What networks are made of: layers that know their depth, and places at which the names of nodes and of variables go
//! side by side.

use crate::graph::{Scope, Tensor, Variables};

/// What a layer gives, with its depth.
pub struct Layer {
    pub x: Tensor<f32>,
    pub depth: u64,
}

/// A place in the network, in the graph and among the variables.
pub struct Net<'a, 'g> {
    pub scope: Scope<'g>,
    variables: &'a Variables<'g>,
    /// Beginning of the variables' names: the scope's path without what the whole network is under.
    path: String,
}

/// How a network normalises.
pub struct BatchNorm {
    /// Added to a variance before its root is taken.
    pub epsilon: f32,
    /// Whether there is a factor beside the shift.
    pub gamma: bool,
}

impl<'a, 'g> Net<'a, 'g> {
    /// The whole network, whose nodes are under `name` and whose variables are not.
    pub fn new(name: &str, scope: &Scope<'g>, variables: &'a Variables<'g>) -> Self {
        Net { scope: scope.enter(name), variables, path: String::new() }
    }

    pub fn enter(&self, name: &str) -> Self {
        Net { scope: self.scope.enter(name), variables: self.variables, path: format!("{}{name}/", self.path) }
    }

    pub fn variable<const N: usize>(&self, name: &str, shape: [u64; N]) -> Tensor<f32> {
        self.variables.get(&format!("{}{name}", self.path), shape).read().clone()
    }

    /// Shift, mean and variance of a normalisation.
    pub fn statistics(&self, depth: u64) -> [Tensor<f32>; 3] {
        ["beta", "moving_mean", "moving_variance"].map(|name| self.variable(&format!("BatchNorm/{name}"), [depth]))
    }

    /// Normalises by the stored statistics, as in training's last state.
    pub fn batch_norm(&self, y: &Tensor<f32>, depth: u64, kind: &BatchNorm) -> Tensor<f32> {
        let gamma = kind.gamma.then(|| self.variable("BatchNorm/gamma", [depth]));
        let [beta, mean, variance] = self.statistics(depth);
        let norm = self.scope.enter("BatchNorm");
        let rate = norm.rsqrt(&norm.add(&variance, &norm.scalar("epsilon", kind.epsilon)));
        let rate = match gamma {
            Some(gamma) => norm.mul(&rate, &gamma),
            None => rate,
        };
        let shift = norm.sub(&beta, &norm.mul(&mean, &rate));
        norm.add(&norm.mul(y, &rate), &shift)
    }
}
