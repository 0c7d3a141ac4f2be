//! An image's materials, as small as tests can have them.

use serde_json::json;

use super::{BinaryMaterial, Materials, Package, PackageKind};
use crate::domain::reference::Reference;

/// On a registry that is never asked.
pub fn reference(tag: &str) -> Reference {
    let address: crate::domain::reference::RegistryAddress = "127.0.0.1:5000/demo".parse().expect("an address");
    Reference { repository: address.repository("tf-serving").expect("a name"), tag: tag.parse().expect("a tag") }
}

pub fn materials() -> Materials {
    let package = |kind, name: &str, version: &str| Package { kind, name: name.into(), version: version.into() };
    let id = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let receipt = json!({
        "profile": "sample",
        "key": "k",
        "inputs": { "bazel-flags": ["-c", "opt"] },
        "build": {
            "run": "run-1",
            "command": ["bazel", "build"],
            "finished": "2026-11-24T18:00:00Z",
            "build_image": { "reference": "tf-dev:x", "id": id("1") },
            "serving_base": { "reference": "debian-base:bookworm", "id": id("2") },
        },
    });
    let binary = |variant: &str, digit: &str| BinaryMaterial {
        variant: variant.into(),
        sha256: digit.repeat(64),
        receipt: receipt.clone(),
    };
    Materials {
        binaries: vec![binary("cpu-standard", "3"), binary("cpu-optimized", "4")],
        packages: vec![
            package(PackageKind::Python, "tensorflow-cpu", "2.20.0"),
            package(PackageKind::Debian, "libstdc++6", "12.2.0-14+deb12u1"),
            package(PackageKind::Ubuntu, "libc6", "1:2.35"),
        ],
        sources: [("serving".to_owned(), "b".repeat(40)), ("tree".to_owned(), "5".repeat(64))].into(),
        tensorflow: Some("2.20.0".into()),
        created: "2025-01-01T00:00:00Z".into(),
        args: json!({ "BASE": "debian-base:bookworm" }),
    }
}
