//! What is known of a cluster and what it is asked for, as plain data: its objects are JSON, as it speaks.

pub mod difference;
pub mod fit;
pub mod quantity;
pub mod rollout;
pub mod security;
pub mod words;

use std::fmt;

use serde_json::Value;

use crate::domain::manifests::ManifestsPlan;

/// Under which name fields are ours.
pub const FIELD_MANAGER: &str = "cargo-xtask";
/// Label selector of everything that deploys put there.
pub const OWNED: &str = "app.kubernetes.io/managed-by=cargo-xtask,app.kubernetes.io/part-of=tf-serving";

/// A field that somebody else manages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    pub manager: String,
    /// `spec.replicas`
    pub field: String,
}

/// What a deploy would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployPlan {
    pub rendering: ManifestsPlan,
    /// Of the kubeconfig; none for its current one.
    pub context: Option<String>,
    /// None for the one that the manifests name.
    pub namespace: Option<String>,
    pub force_conflicts: bool,
}

impl fmt::Display for DeployPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = self.context.as_ref().map(|context| format!(" --context {context}")).unwrap_or_default();
        writeln!(f, "{}", self.rendering)?;
        if let Some(namespace) = &self.namespace {
            writeln!(f, "kustomize edit set namespace {namespace}")?;
        }
        writeln!(f, "kubectl version{context} && kubectl get nodes{context}")?;
        writeln!(f, "kubectl diff --server-side{context} -f -")?;
        let force = if self.force_conflicts { " --force-conflicts" } else { "" };
        writeln!(f, "kubectl apply --server-side --field-manager {FIELD_MANAGER}{force}{context} -f -")?;
        writeln!(f, "kubectl delete{context} --selector {OWNED}  # what is no longer rendered")?;
        write!(f, "kubectl rollout status{context} --selector {OWNED}")
    }
}

/// Objects in another namespace than the one that they were written for.
pub fn moved(objects: &mut [Value], namespace: &str) {
    for object in objects {
        let is_namespace = object.get("kind").and_then(Value::as_str) == Some("Namespace");
        let pointer = if is_namespace { "/metadata/name" } else { "/metadata/namespace" };
        if let Some(named) = object.pointer_mut(pointer) {
            *named = Value::String(namespace.into());
        }
    }
}

/// The namespace of the objects.
pub fn namespace_of(objects: &[Value]) -> Option<&str> {
    objects.iter().find_map(|object| object.pointer("/metadata/namespace")?.as_str())
}

/// Whether an object is ours by the cluster's own account: labels can be copied, managed fields not.
pub fn is_ours(object: &Value) -> bool {
    let managers = object.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    managers.filter_map(|entry| entry.get("manager")?.as_str()).any(|manager| manager == FIELD_MANAGER)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_move_with_their_namespace() {
        let mut objects = vec![
            json!({ "kind": "Namespace", "metadata": { "name": "tf-serving" } }),
            json!({ "kind": "Service", "metadata": { "name": "a", "namespace": "tf-serving" } }),
            json!({ "kind": "ClusterRole", "metadata": { "name": "b" } }),
        ];
        assert_eq!(namespace_of(&objects), Some("tf-serving"));
        moved(&mut objects, "team-a");
        assert_eq!(objects[0]["metadata"]["name"], "team-a");
        assert_eq!(objects[1]["metadata"], json!({ "name": "a", "namespace": "team-a" }));
        assert_eq!(objects[2]["metadata"], json!({ "name": "b" }));
    }

    #[test]
    fn what_merely_has_our_labels_is_not_ours() {
        assert!(is_ours(
            &json!({ "metadata": { "managedFields": [{ "manager": "kubectl" }, { "manager": FIELD_MANAGER }] } })
        ));
        assert!(!is_ours(&json!({ "metadata": { "managedFields": [{ "manager": "kubectl" }] } })));
        assert!(!is_ours(&json!({ "metadata": {} })));
    }
}
