//! The image that brings a model to a cluster's nodes: the version's files and the program that places them. Clusters
//! mount it as an image volume, or run its program as an init container. Planned from names alone.

use std::fmt;

use serde_json::json;

use super::{Model, receipt::ModelReceipt};
use crate::domain::{
    push::LOCK_FILE,
    reference::{Digest, Reference, ReferenceError, RegistryAddress, Tag},
};

/// The cargo package that copies and checks, and its place in the image.
pub const PLACER: &str = "place-model";
/// As `sha256sum --check` reads it from the image's root.
pub const SUMS: &str = "SHA256SUMS";
const VARIABLES: &str = "variables/";

/// What a push of one version would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPushPlan {
    pub profile: String,
    pub model: String,
    pub version: u64,
    /// From the root.
    pub folder: String,
    pub reference: Reference,
    /// Further tags of the same repository.
    pub also: Vec<Tag>,
}

/// The layers, the lowest first. The program hardly ever changes, the variables only with the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Program,
    Variables,
    /// The graph, what stands beside it, and the sums of all.
    Graph,
}

impl Layer {
    pub const ALL: [Self; 3] = [Self::Program, Self::Variables, Self::Graph];

    /// Where a file of the version goes; `path` is below the version's folder.
    pub fn of(path: &str) -> Self {
        if path.starts_with(VARIABLES) { Self::Variables } else { Self::Graph }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Variables => "variables",
            Self::Graph => "graph",
        }
    }
}

/// The plan for one version; `version` and `also` are the command line's.
pub fn plan(
    address: &RegistryAddress,
    profile: &str,
    model: &Model,
    version: Option<u64>,
    also: &[String],
) -> Result<ModelPushPlan, ReferenceError> {
    let version = version.unwrap_or(model.version);
    // Repositories know no capitals.
    let repository = address.repository(&format!("model-{}", model.name.to_lowercase()))?;
    Ok(ModelPushPlan {
        profile: profile.into(),
        model: model.name.clone(),
        version,
        folder: format!("{}/{version}", model.folder()),
        reference: Reference { repository, tag: version.to_string().parse()? },
        also: also.iter().map(|tag| tag.parse()).collect::<Result<_, _>>()?,
    })
}

/// The image's configuration: the same bytes for the same layers, whoever makes them and whenever.
pub fn config(plan: &ModelPushPlan, receipt: Option<&ModelReceipt>, architecture: &str, layers: &[Digest]) -> Vec<u8> {
    let mut labels = json!({
        "org.opencontainers.image.title": format!("model {}", plan.model),
        "org.opencontainers.image.version": plan.version.to_string(),
    });
    if let Some(receipt) = receipt {
        labels["tf-serving-xtask.receipt"] = json!(receipt.key);
        if let Some(notice) = &receipt.notice {
            labels["org.opencontainers.image.description"] = json!(notice);
        }
    }
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Entrypoint": [format!("/{PLACER}")], "Labels": labels, "User": "65532:65532" },
        "rootfs": { "type": "layers", "diff_ids": layers },
    });
    config.to_string().into_bytes()
}

/// Go's name of this machine's architecture, as images spell it.
pub fn architecture(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

impl ModelPushPlan {
    /// Where the version lies in the image: below `models`, where KServe looks as well.
    pub fn place(&self) -> String {
        format!("models/{}/{}", self.model, self.version)
    }
}

impl fmt::Display for ModelPushPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, version, folder, reference, also, .. } = self;
        write!(f, "# push-model: {model}, version {version}, what is there already stays")?;
        write!(f, "\ncargo build --release --package {PLACER}  # static, goes into the image")?;
        write!(f, "\nverify {folder}")?;
        for layer in Layer::ALL {
            write!(f, "\npack {}", layer.name())?;
        }
        write!(f, "\npush {reference}")?;
        for tag in also {
            write!(f, "\nput-manifest {}:{tag}  # of {reference}", reference.repository)?;
        }
        write!(f, "\nlock {model} {version} {LOCK_FILE}")
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn model(name: &str) -> Model {
        Model { version: 3, ..Model::brought(name) }
    }

    #[test]
    fn a_version_is_planned_from_names() {
        let address = "127.0.0.1:5000/demo".parse().expect("an address");
        let planned = plan(&address, "sample", &model("Inception"), None, &["latest".into()]).expect("a plan");
        expect![[r"
            # push-model: Inception, version 3, what is there already stays
            cargo build --release --package place-model  # static, goes into the image
            verify model-data/Inception/3
            pack program
            pack variables
            pack graph
            push 127.0.0.1:5000/demo/model-inception:3
            put-manifest 127.0.0.1:5000/demo/model-inception:latest  # of 127.0.0.1:5000/demo/model-inception:3
            lock Inception 3 manifests/images.lock"]]
        .assert_eq(&planned.to_string());
        let other = plan(&address, "sample", &model("Inception"), Some(7), &[]).expect("a plan");
        assert_eq!((other.folder.as_str(), other.reference.tag.as_str()), ("model-data/Inception/7", "7"));
        let error = plan(&address, "sample", &model("a b"), None, &[]).expect_err("no repository");
        assert!(error.to_string().contains("model-a b"), "{error}");
    }

    #[test]
    fn the_configuration_tells_neither_time_nor_machine() {
        let address = "127.0.0.1:5000".parse().expect("an address");
        let planned = plan(&address, "sample", &model("inception"), None, &[]).expect("a plan");
        let bytes = config(&planned, None, architecture("x86_64"), &[Digest::of(b"low"), Digest::of(b"high")]);
        let text = String::from_utf8(bytes).expect("JSON");
        assert!(text.contains(r#""architecture":"amd64""#) && text.contains("/place-model"), "{text}");
        assert!(!text.contains("created") && !text.contains("history"), "{text}");
    }

    #[test]
    fn files_lie_in_the_layer_that_changes_with_them() {
        assert_eq!(Layer::of("variables/variables.index"), Layer::Variables);
        assert_eq!(Layer::of("saved_model.pb"), Layer::Graph);
        assert_eq!(Layer::of("assets.extra/tf_serving_warmup_requests"), Layer::Graph);
    }
}
