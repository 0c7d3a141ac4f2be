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
    labels,
    model::{Scores, servable},
    tensor::{DataType, TensorSpec},
};

/// What the names of a training checkpoint's averaged variables end in.
pub const AVERAGED: &str = "/ExponentialMovingAverage";

/// Made-up averaged variables.
#[derive(Debug)]
pub struct Synthetic {
    origin: PathBuf,
    seed: u64,
    specs: BTreeMap<String, TensorSpec>,
}

impl Synthetic {
    /// Weights for Inception-v3.
    pub fn inception_v3(seed: u64) -> Self {
        let variables = servable(&labels::imagenet(""), Scores::Logits).variables;
        let specs = variables.into_iter().map(|(name, spec)| (format!("{name}{AVERAGED}"), spec)).collect();
        Self { origin: format!("synthetic:{seed}").into(), seed, specs }
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
            let (middle, spread) = distribution(name, spec);
            let mut generator = self.generator(name);
            bytes.clear();
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

/// Middle and half width of a tensor's values.
fn distribution(name: &str, spec: &TensorSpec) -> (f32, f32) {
    let name = name.strip_suffix(AVERAGED).unwrap_or(name);
    match name.rsplit('/').next().unwrap_or_default() {
        "weights" => {
            // He's rule: variance 2/n keeps a rectified signal's size, and a uniform one of half width w has w*w/3.
            let inputs: u64 = spec.shape.0.iter().rev().skip(1).product();
            (0.0, (6.0 / inputs.max(1) as f32).sqrt())
        }
        "moving_variance" => (1.0, 0.5),
        _ => (0.0, 0.1),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn tensor(seed: u64, name: &str, alone: bool) -> Vec<u8> {
        let mut source = Synthetic::inception_v3(seed);
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
