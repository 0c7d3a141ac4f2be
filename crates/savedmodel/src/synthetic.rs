//! Weights that nobody trained, where no checkpoint can be had: the same on every platform for the same seed, and scaled
//! so that activations neither die nor explode on their way through the network.
//! Only additions, multiplications and square roots make them, which IEEE 754 rounds alike everywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

use crate::{
    checkpoint::{NamedTensors, Take},
    error::{Error, Result, TensorFault},
    layout::Layout,
    model::{Scores, servable},
    network::Network,
    tensor::{DataType, TensorSpec},
};

/// Made-up values of a network's variables, under the names and in the shapes that its checkpoints have.
#[derive(Debug)]
pub struct Synthetic {
    origin: PathBuf,
    seed: u64,
    specs: BTreeMap<String, TensorSpec>,
    distributions: BTreeMap<String, Distribution>,
}

/// Values from `middle - spread` to `middle + spread`, each as likely as any other.
#[derive(Debug, Clone, Copy)]
struct Distribution {
    middle: f32,
    spread: f32,
}

impl Synthetic {
    /// Weights for a network.
    pub fn new(network: Network, seed: u64) -> Self {
        let (mut specs, mut distributions) = (BTreeMap::new(), BTreeMap::new());
        for (variable, spec) in servable(network, "", Scores::Logits).variables {
            let origin = network.origin(&variable);
            distributions.insert(origin.name.clone(), Distribution::of(&variable, &spec, origin.layout));
            specs.insert(origin.name.clone(), origin.spec(&spec));
        }
        Self { origin: format!("synthetic:{seed}").into(), seed, specs, distributions }
    }

    /// A generator of its own for each tensor: none depends on which others are wanted.
    fn generator(&self, name: &str) -> Xoshiro256PlusPlus {
        let mut seed = [0; 32];
        seed.copy_from_slice(&Sha256::digest(format!("{}\n{name}", self.seed)));
        Xoshiro256PlusPlus::from_seed(seed)
    }
}

impl NamedTensors for Synthetic {
    fn origin(&self) -> &Path {
        &self.origin
    }

    fn specs(&self) -> &BTreeMap<String, TensorSpec> {
        &self.specs
    }

    fn read(&mut self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()> {
        let mut bytes = Vec::new();
        for name in wanted {
            let missing = || Error::tensor(&self.origin, name, TensorFault::Missing);
            let spec = self.specs.get(*name).ok_or_else(missing)?;
            debug_assert_eq!(spec.dtype, DataType::FLOAT);
            let Distribution { middle, spread } = self.distributions[*name];
            let mut generator = self.generator(name);
            bytes.clear();
            bytes.reserve(spec.bytes().unwrap_or(0) as usize);
            for _ in 0..spec.shape.elements().unwrap_or(0) {
                // 24 bits, as many as a float's mantissa holds: from -1 to 1.
                let uniform = (generator.next_u64() >> 40) as f32 / (1u32 << 23) as f32 - 1.0;
                bytes.extend_from_slice(&(middle + spread * uniform).to_le_bytes());
            }
            take(name, &bytes)?;
        }
        Ok(())
    }
}

impl Distribution {
    fn of(variable: &str, spec: &TensorSpec, layout: Layout) -> Self {
        let (layer, part) = variable.rsplit_once('/').unwrap_or_default();
        let (middle, spread) = match part {
            "weights" => {
                // He's rule: variance 2/n keeps a rectified signal's size, and a uniform one of half width w has w*w/3.
                // One that is not rectified but added to others keeps less.
                let wanted = if layer.ends_with("/project") { 1.0 } else { 6.0 };
                let outputs = if layout == Layout::Depthwise { 2 } else { 1 };
                let inputs: u64 = spec.shape.0.iter().rev().skip(outputs).product();
                (0.0, (wanted / inputs.max(1) as f32).sqrt())
            }
            "moving_variance" => (1.0, 0.5),
            "gamma" => (1.0, 0.1),
            _ => (0.0, 0.1),
        };
        Self { middle, spread }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn tensor(seed: u64, name: &str, alone: bool) -> Vec<u8> {
        let mut source = Synthetic::new(Network::InceptionV3, seed);
        let other = "conv0/weights/ExponentialMovingAverage";
        let wanted: BTreeSet<&str> = if alone { [name].into() } else { [name, other].into() };
        let found = Mutex::new(Vec::new());
        let take = |taken: &str, bytes: &[u8]| {
            if taken == name {
                *found.lock().expect("no panic") = bytes.to_vec();
            }
            Ok(())
        };
        source.read(&wanted, &take).expect("made up");
        found.into_inner().expect("no panic")
    }

    #[test]
    fn the_same_seed_gives_the_same_weights_on_every_platform() {
        let name = "logits/logits/biases/ExponentialMovingAverage";
        let bytes = tensor(2016, name, true);
        assert_eq!(bytes, tensor(2016, name, false));
        assert_ne!(bytes, tensor(2017, name, true));
        let sum = format!("{:x}", Sha256::digest(&bytes));
        assert_eq!((bytes.len(), &sum[..16]), (4004, "3cea52679482d1ac"));
    }

    #[test]
    fn weights_have_the_variance_of_hes_rule() {
        let bytes = tensor(1, "conv4/weights/ExponentialMovingAverage", true);
        let values: Vec<f64> =
            bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().expect("four")))).collect();
        let variance = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        let wanted = 2.0 / (3.0 * 3.0 * 80.0);
        assert!((variance / wanted - 1.0).abs() < 0.02, "{variance} {wanted}");
    }
}
