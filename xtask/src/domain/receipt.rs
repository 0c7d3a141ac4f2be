//! The receipt beside a binary: what went in, what ran, what came out, and whether it still holds.
//! Its key decides "up to date"; comparing inputs says in words why something is rebuilt. Schema: docs/receipt.md.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::domain::{plan::VariantBuild, proof::Summary};

/// Raised when the shape or the meaning of the inputs changes; older receipts then no longer hold.
pub const SCHEMA: u32 = 1;

/// Inputs by name: everything that decides the binary's bytes, and the contract it was proved against.
pub type InputTable = BTreeMap<String, Value>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub schema: u32,
    pub variant: String,
    pub profile: String,
    /// sha256 over `inputs` as canonical JSON.
    pub key: String,
    pub inputs: InputTable,
    pub binary: BinaryRecord,
    pub build: BuildRecord,
    pub proof: Summary,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinaryRecord {
    pub file: String,
    pub sha256: String,
    pub bytes: u64,
}

/// What ran. None of it is part of the key: a faster machine makes the same binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildRecord {
    pub run: String,
    /// The exact command of the build container, program first; remote headers are not on it.
    pub command: Vec<String>,
    pub jobs: u32,
    /// Attempts, more than one when the kernel killed a compiler and the jobs were halved.
    pub attempts: u32,
    pub build_image: ImageRecord,
    pub base_image: ImageRecord,
    pub serving_base: ImageRecord,
    pub engine: String,
    /// RFC 3339, UTC.
    pub finished: String,
    pub seconds: BTreeMap<String, f64>,
    /// Bazel's own counts: `disk cache hit`, `remote cache hit`, `local`, `internal`, ...
    pub processes: BTreeMap<String, u64>,
    pub cache_hits: u64,
    pub log: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    pub reference: String,
    pub id: String,
}

/// What only the disk can tell of the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFacts {
    /// Hash of the folder's content, or the pinned commits.
    pub sources: Value,
    /// sha256 of each build image's Dockerfile.
    pub dockerfiles: BTreeMap<String, String>,
}

/// The inputs of one variant.
pub fn inputs(build: &VariantBuild, facts: &SourceFacts) -> InputTable {
    let image = &build.run.image.image;
    let contract = &build.prove.contract;
    let table = json!({
        "profile": build.profile,
        "label": build.run.build.label,
        "sources": facts.sources,
        "bazel-startup": build.run.build.startup,
        "bazel-flags": build.run.build.flags,
        "environment": build.run.environment,
        "tf-dev dockerfile": facts.dockerfiles.get(&image.dockerfile),
        "tf-dev base": image.base.to_string(),
        "tf-dev args": image.args,
        "serving-base": build.prove.serving_base.to_string(),
        "cpu-features": contract.demanded,
        "ceiling": contract.ceiling,
        "dispatched": contract.dispatched,
        "host-libraries": contract.host_libraries,
    });
    let mut inputs: InputTable = match table {
        Value::Object(map) => map.into_iter().collect(),
        _ => InputTable::new(),
    };
    if let Some(folder) = &build.prove.libraries {
        inputs.insert("serving-libraries".into(), json!(folder));
    }
    inputs
}

/// sha256 over the canonical JSON of the inputs (sorted keys, no blanks).
pub fn key(inputs: &InputTable) -> String {
    let text = serde_json::to_string(inputs).expect("a table of JSON values with string keys is JSON");
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// Why the inputs differ, one phrase an input: `bazel-flags changed: +--copt=-mavx512f`.
pub fn changes(before: &InputTable, now: &InputTable) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let null = Value::Null;
    names
        .into_iter()
        .map(|name| (name, before.get(name).unwrap_or(&null), now.get(name).unwrap_or(&null)))
        .filter(|(_, before, now)| before != now)
        .map(|(name, before, now)| format!("{name} changed: {}", difference(before, now)))
        .collect()
}

fn difference(before: &Value, now: &Value) -> String {
    match (before, now) {
        (Value::Array(before), Value::Array(now)) => {
            let signed = |sign: char, from: &[Value], other: &[Value]| -> Vec<String> {
                from.iter().filter(|item| !other.contains(item)).map(|item| format!("{sign}{}", plain(item))).collect()
            };
            let words = [signed('+', now, before), signed('-', before, now)].concat();
            if words.is_empty() { "order or repetition".into() } else { words.join(" ") }
        }
        (Value::Object(before), Value::Object(now)) => {
            let null = Value::Null;
            let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
            let entries = keys.into_iter().map(|k| (k, before.get(k).unwrap_or(&null), now.get(k).unwrap_or(&null)));
            let words = entries.filter(|(_, b, n)| b != n).map(|(k, b, n)| format!("{k} {} -> {}", plain(b), plain(n)));
            words.collect::<Vec<_>>().join(", ")
        }
        _ => format!("{} -> {}", plain(before), plain(now)),
    }
}

/// A value as people write it; long hashes are cut.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(text) if text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit()) => text[..12].into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(value: Value) -> InputTable {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn a_new_flag_is_named() {
        let before = table(json!({"bazel-flags": ["-c", "opt"], "label": "//a:b"}));
        let now = table(json!({"bazel-flags": ["-c", "opt", "--copt=-mavx512f"], "label": "//a:b"}));
        assert_eq!(changes(&before, &now), ["bazel-flags changed: +--copt=-mavx512f"]);
        assert_ne!(key(&before), key(&now));
    }

    #[test]
    fn reordered_flags_and_changed_hashes_are_told_apart() {
        let before = table(json!({"f": ["a", "b"], "sources": "a".repeat(64), "args": {"V": "1", "W": "2"}}));
        let now = table(json!({"f": ["b", "a"], "sources": "b".repeat(64), "args": {"V": "3", "W": "2"}}));
        assert_eq!(
            changes(&before, &now),
            [
                "args changed: V 1 -> 3",
                "f changed: order or repetition",
                "sources changed: aaaaaaaaaaaa -> bbbbbbbbbbbb"
            ]
        );
    }

    #[test]
    fn equal_inputs_have_equal_keys_whatever_their_order() {
        let a = table(json!({"x": 1, "y": {"b": 1, "a": 2}}));
        let b = table(json!({"y": {"a": 2, "b": 1}, "x": 1}));
        assert_eq!(key(&a), key(&b));
        assert!(changes(&a, &b).is_empty());
    }
}
