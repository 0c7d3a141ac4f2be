//! The order in which objects are applied: what others need comes first, then by name.

use serde_json::Value;

use super::ObjectId;

/// Kinds before all others; those that are not here come last.
const FIRST: &[&str] = &[
    "Namespace",
    "NetworkPolicy",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Job",
    "DaemonSet",
    "Service",
    "Deployment",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "ServingRuntime",
];

/// The objects as they are applied.
pub fn in_order(mut objects: Vec<Value>) -> Vec<Value> {
    objects.sort_by_key(|object| {
        let id = ObjectId::of(object);
        let rank = |id: &ObjectId| FIRST.iter().position(|kind| *kind == id.kind).unwrap_or(FIRST.len());
        (id.as_ref().map(rank), id)
    });
    objects
}
