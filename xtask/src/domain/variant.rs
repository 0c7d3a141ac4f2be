//! A variant is one way to build the server: a device and the flags that go with it.
//! Names are parsed here once and trusted afterwards; nothing here knows what a profile is.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::domain::proof::Feature;

/// One way to build the server, as `config.toml` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    pub name: VariantName,
    pub device: Device,
    /// Compiler flags, in the order they are handed to Bazel.
    pub copts: Vec<String>,
    /// Further Bazel flags, in order.
    pub flags: Vec<String>,
    /// CPU features that the compiler may use and that the binary therefore demands of a CPU.
    pub cpu_features: BTreeSet<Feature>,
    /// Whether features beyond the demanded ones break the contract.
    pub exact: bool,
}

impl Variant {
    /// The file in `bin/` that holds this variant's server: `tensorflow_model_server.cpu.optimized`.
    pub fn binary_name(&self) -> String {
        format!("tensorflow_model_server.{}.{}", self.device, self.name.optimization())
    }
}

/// `device-optimization`: the device, a hyphen, then lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VariantName(String);

impl VariantName {
    /// What follows the device: `optimized` in `cpu-optimized`.
    pub fn optimization(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, rest)| rest)
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no variant name: it is `cpu-` or `gpu-` followed by lower-case letters, digits or hyphens")]
pub struct VariantNameError(String);

impl FromStr for VariantName {
    type Err = VariantNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("cpu-").or_else(|| text.strip_prefix("gpu-")).unwrap_or_default();
        let valid = rest.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if valid { Ok(Self(text.into())) } else { Err(VariantNameError(text.into())) }
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What the server computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    Cpu,
    Gpu,
}

impl Device {
    pub const ALL: [Device; 2] = [Device::Cpu, Device::Gpu];
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Device::Cpu => "cpu",
            Device::Gpu => "gpu",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_device_and_optimization() {
        let name: VariantName = "gpu-avx512-o3".parse().expect("valid");
        assert_eq!(name.optimization(), "avx512-o3");
        assert_eq!(name.to_string(), "gpu-avx512-o3");
    }

    #[test]
    fn names_that_could_leave_a_folder_are_refused() {
        for bad in ["", "cpu", "cpu-", "tpu-fast", "cpu-../x", "cpu-A", "cpu- x", "cpu--x", "-cpu-x"] {
            assert!(bad.parse::<VariantName>().is_err(), "{bad}");
        }
    }
}
