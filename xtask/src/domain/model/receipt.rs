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
            "network": native.network,
            "graph-revision": facts.graph_revision,
            "scores": native.scores,
            "label-prefix": plan.label_prefix(),
            "warm-up": facts.warm_up,
        }),
        PlannedExporter::Brought(brought) => {
            json!({ "exporter": "none", "warms-up": brought.warms_up, "warm-up": facts.warm_up })
        }
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

/// Tells an exporter that was built from any other: by what goes into it, not by how it is run.
pub fn recipe(build: &BuildExporter, facts: Option<&SourceFacts>) -> String {
    let built = built(build, json!({ "bazel": build.build.label }), facts);
    receipt::key(&built.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn bazel(build: &BuildExporter, facts: Option<&SourceFacts>) -> Value {
    built(build, json!({ "bazel": build.build.label, "command": build.run.command }), facts)
}

fn built(build: &BuildExporter, exporter: Value, facts: Option<&SourceFacts>) -> Value {
    let image = &build.image.image;
    json!({
        "exporter": exporter,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::{
        CheckpointSource, Network, Scores,
        plan::{Native, RunExporter},
    };

    fn plan(exporter: PlannedExporter) -> ExportPlan {
        ExportPlan {
            profile: "p".into(),
            model: "inception".into(),
            version: 1,
            checkpoint: CheckpointSource::Synthetic(7),
            trust_on_first_use: false,
            exporter,
            output: "model-data".into(),
        }
    }

    fn native(scores: Scores) -> ExportPlan {
        let network = Network::InceptionV3;
        plan(PlannedExporter::Native(Native { network, scores, warm_up: vec!["a.jpg".into()] }))
    }

    fn facts() -> Facts {
        let checkpoint = Some("synthetic:7".into());
        Facts { checkpoint, graph_revision: 3, warm_up: vec!["cafe".into()], sources: None }
    }

    fn receipt(plan: &ExportPlan, facts: &Facts) -> ModelReceipt {
        let inputs = inputs(plan, facts);
        let key = receipt::key(&inputs);
        ModelReceipt { schema: SCHEMA, model: plan.model.clone(), key, inputs, files: Vec::new(), notice: None }
    }

    #[test]
    fn inputs_are_what_decides_the_files_and_no_more() {
        let table = inputs(&native(Scores::Logits), &facts());
        let expected = json!({
            "checkpoint": "synthetic:7",
            "exporter": "native",
            "graph-revision": 3,
            "label-prefix": "(untrained) ",
            "model-name": "inception",
            "network": "inception-v3",
            "scores": "logits",
            "warm-up": ["cafe"],
        });
        assert_eq!(json!(table), expected);
        let moved =
            ExportPlan { version: 2, output: "/elsewhere".into(), profile: "q".into(), ..native(Scores::Logits) };
        assert_eq!(inputs(&moved, &facts()), table);
    }

    #[test]
    fn a_command_of_an_image_is_an_input() {
        let run = |command: &str| {
            let run = RunExporter { image: "x:1".into(), command: vec![command.into()], network: None, memory: None };
            plan(PlannedExporter::Image(run))
        };
        let told = differences(&receipt(&run("a"), &facts()), &inputs(&run("b"), &facts()));
        assert_eq!(told, ["exporter changed: command [\"a\"] -> [\"b\"]"]);
    }

    #[test]
    fn differences_are_told_in_words() {
        let before = receipt(&native(Scores::Logits), &facts());
        let now = Facts { graph_revision: 4, warm_up: Vec::new(), ..facts() };
        assert_eq!(
            differences(&before, &inputs(&native(Scores::Softmax), &now)),
            ["graph-revision changed: 3 -> 4", "scores changed: logits -> softmax", "warm-up changed: -cafe"]
        );
        assert!(differences(&before, &before.inputs).is_empty());
        let altered = ModelReceipt { key: "0".into(), ..before.clone() };
        assert_eq!(differences(&altered, &before.inputs), ["its receipt was altered"]);
        let older = ModelReceipt { schema: 0, ..before };
        assert_eq!(differences(&older, &older.inputs), ["its receipt has schema 0, this xtask writes 1"]);
    }

    #[test]
    fn weights_that_are_still_to_be_fetched_differ_from_none() {
        let before = receipt(&native(Scores::Logits), &facts());
        let unknown = Facts { checkpoint: None, ..facts() };
        assert!(differences(&before, &inputs(&native(Scores::Logits), &unknown)).is_empty());
        let other = Facts { checkpoint: Some(of_archive("abc")), ..facts() };
        let told = differences(&before, &inputs(&native(Scores::Logits), &other));
        assert_eq!(told, ["checkpoint changed: synthetic:7 -> sha256:abc"]);
    }

    #[test]
    fn a_receipt_is_read_as_it_was_written() {
        let receipt = receipt(&native(Scores::Logits), &facts());
        let text = serde_json::to_string(&receipt).expect("plain data");
        assert!(!text.contains("notice"), "{text}");
        assert_eq!(serde_json::from_str::<ModelReceipt>(&text).expect("own text"), receipt);
    }
}
