//! The receipt of a serving image: what went in, what ran, what came out, and how its gate went.
//! Only an image that passed its gate has one, and only an image that has one is pushed. Schema: docs/receipt.md.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Server, list, plan::PlannedImage};
use crate::domain::{
    label,
    proof::{Feature, feature::FeatureError},
    receipt::{ImageRecord, InputTable, Receipt},
};

/// Raised when the shape or the meaning of the inputs changes; older receipts then no longer hold.
pub const SCHEMA: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageReceipt {
    pub schema: u32,
    pub image: String,
    pub profile: String,
    /// sha256 over `inputs` as canonical JSON.
    pub key: String,
    pub inputs: InputTable,
    /// Its names on the engine.
    pub references: Vec<String>,
    /// The engine's image ID, which is the sha256 of the image's configuration.
    pub id: String,
    /// Bytes of all layers, unpacked.
    pub bytes: u64,
    /// RFC 3339, UTC: from SOURCE_DATE_EPOCH, or the end of the youngest server's build.
    pub created: String,
    /// Receipts of the servers inside, best first; none in the web app's.
    pub servers: Vec<Receipt>,
    pub packages: Vec<Package>,
    /// sha256 of the web app's program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    pub build: ImageBuildRecord,
    pub gate: Gate,
}

impl ImageReceipt {
    /// What the least demanding server inside asks of a CPU: without it the image cannot start at all.
    pub fn cpu_features(&self) -> Result<BTreeSet<Feature>, FeatureError> {
        self.servers.last().map_or(Ok(BTreeSet::new()), |server| features_of(&self.inputs, &server.binary.file))
    }
}

/// Of one of the servers, by its file; a file that the inputs do not know is no server without demands.
fn features_of(inputs: &InputTable, file: &str) -> Result<BTreeSet<Feature>, FeatureError> {
    let list = inputs.get("cpu-features").and_then(|all| all.get(file)?.as_str()).unwrap_or_default();
    list.split(',').filter(|name| *name != "-").map(str::parse).collect()
}

/// A package that gave files to an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// `deb`, `pypi` or `cargo`.
    pub kind: String,
}

/// What ran; none of it is part of the key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageBuildRecord {
    pub run: String,
    pub engine: String,
    pub serving_base: ImageRecord,
    /// The build image whose libraries went in.
    pub libraries: Option<ImageRecord>,
    /// RFC 3339, UTC.
    pub finished: String,
    pub seconds: f64,
    pub log: String,
}

/// What the final image did under the manifests' security context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// From the container's start until the model can be asked.
    pub start_seconds: f64,
    pub first_prediction_seconds: f64,
    /// From SIGTERM to the container's end.
    pub stop_seconds: f64,
}

/// What only the disk can tell of the inputs: sha256 of the files that make an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFacts {
    pub dockerfile: String,
    pub root_script: String,
    pub entrypoint: String,
}

/// The inputs of one image; `servers` are the receipts of its binaries, in the plan's order.
pub fn inputs(image: &PlannedImage, servers: &[Receipt], facts: &RecipeFacts, created: &str) -> InputTable {
    // By file, so that a change is told of one of them and in a few words.
    let each = |of: &dyn Fn(&Receipt, &Server) -> String| -> Map<String, Value> {
        let pairs = servers.iter().zip(&image.servers);
        pairs.map(|(receipt, server)| (server.file.clone(), json!(of(receipt, server)))).collect()
    };
    let instead = image.instead.iter().map(|other| format!("{} {}", other.reference, list(&other.features)));
    let table = json!({
        "profile": image.profile,
        "repository": image.repository,
        "dockerfile": facts.dockerfile,
        "serving-root": facts.root_script,
        "entrypoint": facts.entrypoint,
        "args": image.build_args(),
        "base": image.base.to_string(),
        "servers": each(&|receipt, _| receipt.binary.sha256.clone()),
        "receipts": each(&|receipt, _| receipt.key.clone()),
        "cpu-features": each(&|_, server| list(&server.features)),
        "instead": instead.collect::<Vec<_>>(),
        "created": created,
    });
    match table {
        Value::Object(map) => map.into_iter().collect(),
        _ => InputTable::new(),
    }
}

/// Labels of an image: the conventional ones, and what a node or an admission rule wants to know of it.
pub fn labels(image: &PlannedImage, servers: &[Receipt], key: &str, created: &str) -> BTreeMap<String, String> {
    let each = |of: &dyn Fn(&Receipt) -> String| servers.iter().map(of).collect::<Vec<_>>().join(",");
    let sources = sources(servers);
    let revision = sources.values().next().and_then(Value::as_str).unwrap_or_default().to_owned();
    let flags = |receipt: &Receipt| {
        let flags = receipt.inputs.get("bazel-flags").and_then(Value::as_array);
        flags.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    // What the least demanding server asks: without it the image cannot start at all.
    let demanded = image.servers.last().map(|server| list(&server.features)).unwrap_or_default();
    let pairs = [
        ("org.opencontainers.image.title", image.reference()),
        ("org.opencontainers.image.description", image.about.clone()),
        ("org.opencontainers.image.created", created.to_owned()),
        ("org.opencontainers.image.version", image.name.to_string()),
        ("org.opencontainers.image.revision", revision),
        ("org.opencontainers.image.base.name", image.base.to_string()),
        (label::SOURCES, Value::Object(sources).to_string()),
        (label::VARIANTS, each(&|receipt| receipt.variant.clone())),
        (label::FLAGS, each(&flags)),
        (label::CPU_FEATURES, demanded),
        (label::BINARY_SHA256, each(&|receipt| receipt.binary.sha256.clone())),
        (label::BINARY_RECEIPT, each(&|receipt| receipt.key.clone())),
        (label::TF_DEV, each(&|receipt| receipt.build.build_image.reference.clone())),
        (label::RECEIPT, key.to_owned()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Name -> commit of what the servers were built from, or the digest of a tree.
pub fn sources(servers: &[Receipt]) -> Map<String, Value> {
    let mut all = Map::new();
    for receipt in servers {
        match receipt.inputs.get("sources") {
            Some(Value::Object(commits)) => all.extend(commits.clone()),
            Some(digest) => {
                all.insert("tree".into(), digest.clone());
            }
            None => {}
        }
    }
    all
}

/// The packages of a list with one `name<TAB>version<TAB>kind` a line.
pub fn packages(text: &str) -> Vec<Package> {
    let package = |line: &str| {
        let mut fields = line.split('\t').map(String::from);
        Some(Package { name: fields.next()?, version: fields.next()?, kind: fields.next()? })
    };
    text.lines().filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_of_a_server_are_those_of_its_inputs() {
        let inputs: InputTable = [("cpu-features".to_owned(), json!({ "a": "avx,fma", "b": "-" }))].into();
        let told =
            |file: &str| features_of(&inputs, file).map(|features| list(&features.into_iter().collect::<Vec<_>>()));
        assert_eq!(told("a").expect("known"), "avx,fma");
        assert_eq!(told("b").expect("known"), "-");
        told("c").expect_err("not known is not none");
    }

    #[test]
    fn packages_are_read_line_by_line() {
        let found = packages("libc6\t2.36-9\tdeb\ntensorflow-cpu\t2.21.0\tpypi\nbroken line\n");
        let names: Vec<_> = found.iter().map(|package| (package.name.as_str(), package.kind.as_str())).collect();
        assert_eq!(names, [("libc6", "deb"), ("tensorflow-cpu", "pypi")]);
    }
}
