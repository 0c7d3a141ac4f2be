//! Wanted tensors shared out between two threads.

use std::collections::{BTreeMap, BTreeSet};

use crate::tensor::TensorSpec;

/// The wanted tensors in two parts of about the same size.
pub fn halves<'w>(
    specs: &BTreeMap<String, TensorSpec>,
    wanted: &BTreeSet<&'w str>,
) -> (BTreeSet<&'w str>, BTreeSet<&'w str>) {
    let bytes = |name: &str| specs.get(name).and_then(TensorSpec::bytes).unwrap_or(0);
    let total = wanted.iter().fold(0u64, |sum, name| sum.saturating_add(bytes(name)));
    let mut sum = 0u64;
    wanted.iter().partition(|name| {
        sum = sum.saturating_add(bytes(name));
        sum <= total / 2
    })
}
