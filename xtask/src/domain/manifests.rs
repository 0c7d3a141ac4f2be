//! Kubernetes objects: what is selected of `manifests/`, and the plan of rendering it. How files become objects is in
//! `kustomize`, how objects become what can be applied in `resolve`; no file is read here and no cluster asked.

pub mod kustomize;
pub mod nfd;
mod order;
mod patch;
pub mod resolve;
#[cfg(test)]
mod tests;
pub mod yaml;

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use crate::domain::push::LOCK_FILE;

pub use kustomize::compose;
pub use order::in_order;
pub use resolve::{Resolved, SIGNATURE, resolve};

/// Where all of it stands, from the checkout's root.
pub const FOLDER: &str = "manifests";
/// What is rendered where nothing is named: the article.
pub const DEFAULT_OVERLAY: &str = "all";

/// The YAML files below `manifests/`: path from the root -> text.
pub type Tree = BTreeMap<String, String>;

/// What is rendered, and to where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestsPlan {
    /// Of `manifests/overlays`; one at least.
    pub overlays: Vec<String>,
    /// Of `manifests/components`, in the order in which they work.
    pub components: Vec<String>,
    /// TF Serving's name of what is served.
    pub model: String,
    /// None for the newest in the lock.
    pub model_version: Option<u64>,
    /// A folder for one file an object; none for stdout.
    pub output: Option<String>,
}

pub fn plan(
    overlays: &[String],
    components: &[String],
    (model, model_version): (&str, Option<u64>),
    output: Option<String>,
) -> ManifestsPlan {
    let mut chosen: Vec<String> = Vec::new();
    for overlay in overlays {
        if !chosen.contains(overlay) {
            chosen.push(overlay.clone());
        }
    }
    if chosen.is_empty() {
        chosen.push(DEFAULT_OVERLAY.into());
    }
    ManifestsPlan { overlays: chosen, components: components.to_vec(), model: model.into(), model_version, output }
}

impl fmt::Display for ManifestsPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# manifests: {}", self.overlays.join(", "))?;
        if !self.components.is_empty() {
            write!(f, "; with {}", self.components.join(", "))?;
        }
        for overlay in &self.overlays {
            write!(f, "\nkubectl kustomize {}", overlay_folder(overlay))?;
        }
        for component in &self.components {
            write!(f, "\nkustomize edit add component {}", component_folder(component))?;
        }
        write!(f, "\nresolve variant:// app:// model:// {LOCK_FILE}  # ")?;
        match self.model_version {
            Some(version) => write!(f, "version {version} of {}", self.model)?,
            None => write!(f, "the newest {}", self.model)?,
        }
        write!(f, "\nrequire-nodes feature.node.kubernetes.io/cpu-cpuid.* {LOCK_FILE}")?;
        match &self.output {
            Some(folder) => write!(f, "\nwrite {folder}/KIND-NAME.yaml"),
            None => write!(f, "\nwrite -"),
        }
    }
}

pub fn overlay_folder(name: &str) -> String {
    format!("{FOLDER}/overlays/{name}")
}

pub fn component_folder(name: &str) -> String {
    format!("{FOLDER}/components/{name}")
}

/// The overlays of a tree; `folder` is `overlays` or `components`.
pub fn names(tree: &Tree, folder: &str) -> Vec<String> {
    let below = format!("{FOLDER}/{folder}/");
    let name = |path: &String| Some(path.strip_prefix(&below)?.strip_suffix("/kustomization.yaml")?.to_owned());
    tree.keys().filter_map(name).filter(|name| !name.contains('/')).collect()
}

/// What makes an object the same one in two renderings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// `group/version`, or `v1`.
    pub api_version: String,
}

impl ObjectId {
    /// Of an object that has all an object must have.
    pub fn of(object: &Value) -> Option<Self> {
        let text = |pointer: &str| object.pointer(pointer)?.as_str().map(String::from);
        Some(Self {
            kind: text("/kind")?,
            namespace: text("/metadata/namespace").unwrap_or_default(),
            name: text("/metadata/name")?,
            api_version: text("/apiVersion")?,
        })
    }

    /// `deployment-tf-serving-1cpu.yaml`
    pub fn file_name(&self) -> String {
        format!("{}-{}.yaml", self.kind.to_lowercase(), self.name)
    }
}

impl fmt::Display for ObjectId {
    /// As kubectl says it: `Deployment tf-serving-1cpu`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
