//! The receipt inside a version's folder: what went into the model, and which files came out.
//! It tells neither time nor run nor version, so that the same inputs give the same folder. Schema: docs/receipt.md.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::plan::{BuildExporter, ExportPlan, PlannedExporter};
use crate::domain::receipt::{self, InputTable, SourceFacts};

/// Raised when the shape or the meaning of the inputs changes; older receipts then no longer hold.
pub const SCHEMA: u32 = 1;
/// Where it stands below the version's folder: inside, so that it is renamed with it. TF Serving passes it over.
pub const PATH: &str = "assets.extra/export_receipt.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReceipt {
    pub schema: u32,
    /// TF Serving's model name.
    pub model: String,
    /// sha256 over `inputs` as canonical JSON.
    pub key: String,
    pub inputs: InputTable,
    pub files: Vec<FileRecord>,
    /// What everybody who meets the model has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Below the version's folder.
    pub path: String,
    pub bytes: u64,
    /// None where the file has checksums of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What only the disk and the library can tell of the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Identity of the weights: `sha256:…`, `v1:…`, `v2:…`, `synthetic:…`; none while it is still to be fetched.
    pub checkpoint: Option<String>,
    pub graph_revision: u32,
    /// sha256 of each warm-up picture.
    pub warm_up: Vec<String>,
    /// Of an exporter that is built.
    pub sources: Option<SourceFacts>,
}

/// Name of the input that may have to be fetched before it is known.
const WEIGHTS: &str = "checkpoint";

/// The inputs of an export.
pub fn inputs(plan: &ExportPlan, facts: &Facts) -> InputTable {
    let own = match &plan.exporter {
        PlannedExporter::Native(native) => json!({
            "exporter": "native",
            "network": "inception-v3",
            "graph-revision": facts.graph_revision,
            "scores": native.scores,
            "label-prefix": plan.label_prefix(),
            "warm-up": facts.warm_up,
        }),
        PlannedExporter::Image(run) => json!({ "exporter": { "image": run.image, "command": run.command } }),
        PlannedExporter::Bazel(build) => bazel(build, facts.sources.as_ref()),
    };
    let shared = json!({ WEIGHTS: facts.checkpoint, "model-name": plan.model });
    let tables = [own, shared].into_iter().filter_map(|table| match table {
        Value::Object(map) => Some(map),
        _ => None,
    });
    tables.flatten().collect()
}

fn bazel(build: &BuildExporter, facts: Option<&SourceFacts>) -> Value {
    let image = &build.image.image;
    json!({
        "exporter": { "bazel": build.build.label, "command": build.run.command },
        "sources": facts.map(|facts| &facts.sources),
        "bazel-startup": build.build.startup,
        "bazel-flags": build.build.flags,
        "environment": build.environment,
        "tf-dev dockerfile": facts.and_then(|facts| facts.dockerfiles.get(&image.dockerfile)),
        "tf-dev base": image.base.to_string(),
        "tf-dev args": image.args,
    })
}

/// Why a receipt is not that of `now`; nothing where it is. Weights that are still to be fetched are passed over.
pub fn differences(receipt: &ModelReceipt, now: &InputTable) -> Vec<String> {
    if receipt.schema != SCHEMA {
        return vec![format!("its receipt has schema {}, this xtask writes {SCHEMA}", receipt.schema)];
    }
    if receipt.key != receipt::key(&receipt.inputs) {
        return vec!["its receipt was altered".into()];
    }
    let mut before = receipt.inputs.clone();
    if now.get(WEIGHTS).is_none_or(Value::is_null) {
        before.insert(WEIGHTS.into(), Value::Null);
    }
    receipt::changes(&before, now)
}

/// Identity of an archive by its sha256: the same wherever it came from.
pub fn of_archive(sha256: &str) -> String {
    format!("sha256:{sha256}")
}
