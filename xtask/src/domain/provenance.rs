//! How an image came to be: a SLSA v1 provenance in an in-toto statement, made from the receipts.
//! It says what the receipts say and no more; nobody has signed it unless the push was told to.

use serde_json::{Map, Value, json};

use crate::domain::{
    push::{BinaryMaterial, Materials},
    reference::{Digest, Repository},
};

pub const MEDIA_TYPE: &str = "application/vnd.in-toto+json";
/// In-toto's key for what kind of statement this is.
pub const KIND: (&str, &str) = ("in-toto.io/predicate-type", PREDICATE);
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// What the parameters below mean: docs/push.md.
const BUILD_TYPE: &str = "urn:tf-serving-xtask:image:v1";
const BUILDER: &str = "urn:tf-serving-xtask";

/// The statement about one image.
pub fn slsa(name: &str, repository: &Repository, digest: &Digest, materials: &Materials) -> Value {
    let text = |binary: &BinaryMaterial, key: &str| binary.receipt["build"][key].as_str().map(String::from);
    let mut runs: Vec<String> = materials.binaries.iter().filter_map(|binary| text(binary, "run")).collect();
    runs.dedup();
    let finished = materials.binaries.iter().filter_map(|binary| text(binary, "finished")).max();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": repository.to_string(), "digest": { "sha256": digest.hex() } }],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "image": name,
                    "args": materials.args,
                    "servers": materials.binaries.iter().map(server).collect::<Vec<_>>(),
                },
                "resolvedDependencies": dependencies(materials),
            },
            "runDetails": {
                "builder": { "id": BUILDER, "version": { "xtask": env!("CARGO_PKG_VERSION") } },
                "metadata": { "invocationId": runs.join(" "), "finishedOn": finished },
            },
        },
    })
}

/// What was asked for when the server was built.
fn server(binary: &BinaryMaterial) -> Value {
    let receipt = &binary.receipt;
    json!({
        "variant": binary.variant,
        "profile": receipt["profile"],
        "key": receipt["key"],
        "inputs": receipt["inputs"],
        "command": receipt["build"]["command"],
    })
}

fn dependencies(materials: &Materials) -> Vec<Value> {
    let servers = materials
        .binaries
        .iter()
        .map(|binary| dependency(&format!("tensorflow_model_server {}", binary.variant), "sha256", &binary.sha256));
    let sources = materials.sources.iter().map(|(name, id)| {
        // Git names what it has by 40 digits; a tree of files is named by a sha256.
        let kind = if id.len() == 40 { "gitCommit" } else { "sha256" };
        dependency(name, kind, id)
    });
    let mut images: Vec<(String, String)> =
        materials.binaries.iter().flat_map(|binary| images(&binary.receipt)).collect();
    images.sort();
    images.dedup();
    let images = images.iter().map(|(reference, id)| dependency(reference, "sha256", id));
    servers.chain(sources).chain(images).collect()
}

fn dependency(name: &str, kind: &str, digest: &str) -> Value {
    let digest = Map::from_iter([(kind.to_owned(), Value::from(digest.trim_start_matches("sha256:")))]);
    json!({ "name": name, "digest": digest })
}

/// The images that a binary's receipt names, with their IDs.
fn images(receipt: &Value) -> Vec<(String, String)> {
    let image = |kind: &str| {
        let image = &receipt["build"][kind];
        Some((image["reference"].as_str()?.to_owned(), image["id"].as_str()?.to_owned()))
    };
    ["build_image", "base_image", "serving_base"].into_iter().filter_map(image).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::domain::push::fixture;

    #[test]
    fn it_says_what_the_receipts_say() {
        let repository = fixture::reference("auto").repository;
        let statement = slsa("auto", &repository, &Digest::of(b"image"), &fixture::materials());
        expect![[r#"
            {
              "_type": "https://in-toto.io/Statement/v1",
              "predicate": {
                "buildDefinition": {
                  "buildType": "urn:tf-serving-xtask:image:v1",
                  "externalParameters": {
                    "args": {
                      "BASE": "debian-base:bookworm"
                    },
                    "image": "auto",
                    "servers": [
                      {
                        "command": [
                          "bazel",
                          "build"
                        ],
                        "inputs": {
                          "bazel-flags": [
                            "-c",
                            "opt"
                          ]
                        },
                        "key": "k",
                        "profile": "sample",
                        "variant": "cpu-standard"
                      },
                      {
                        "command": [
                          "bazel",
                          "build"
                        ],
                        "inputs": {
                          "bazel-flags": [
                            "-c",
                            "opt"
                          ]
                        },
                        "key": "k",
                        "profile": "sample",
                        "variant": "cpu-optimized"
                      }
                    ]
                  },
                  "resolvedDependencies": [
                    {
                      "digest": {
                        "sha256": "3333333333333333333333333333333333333333333333333333333333333333"
                      },
                      "name": "tensorflow_model_server cpu-standard"
                    },
                    {
                      "digest": {
                        "sha256": "4444444444444444444444444444444444444444444444444444444444444444"
                      },
                      "name": "tensorflow_model_server cpu-optimized"
                    },
                    {
                      "digest": {
                        "gitCommit": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                      },
                      "name": "serving"
                    },
                    {
                      "digest": {
                        "sha256": "5555555555555555555555555555555555555555555555555555555555555555"
                      },
                      "name": "tree"
                    },
                    {
                      "digest": {
                        "sha256": "2222222222222222222222222222222222222222222222222222222222222222"
                      },
                      "name": "debian-base:bookworm"
                    },
                    {
                      "digest": {
                        "sha256": "1111111111111111111111111111111111111111111111111111111111111111"
                      },
                      "name": "tf-dev:x"
                    }
                  ]
                },
                "runDetails": {
                  "builder": {
                    "id": "urn:tf-serving-xtask",
                    "version": {
                      "xtask": "0.1.0"
                    }
                  },
                  "metadata": {
                    "finishedOn": "2026-11-24T18:00:00Z",
                    "invocationId": "run-1"
                  }
                }
              },
              "predicateType": "https://slsa.dev/provenance/v1",
              "subject": [
                {
                  "digest": {
                    "sha256": "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"
                  },
                  "name": "127.0.0.1:5000/demo/tf-serving"
                }
              ]
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&statement).expect("JSON"));
    }
}
