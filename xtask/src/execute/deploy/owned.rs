//! What deploys own in a cluster: found by label and by the managers of its fields, told, and taken away.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Placed;
use crate::{
    domain::cluster::{
        OWNED, is_ours,
        rollout::{Rollout, rollout, selects},
    },
    ports::{Cluster, Place, Resource},
    report::Report,
};

/// Port of the model servers' REST API in their pods.
const REST: u16 = 8501;

/// What an undeploy took away.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    pub objects: Vec<String>,
    /// Why the namespace is still there; none where it is gone, or never was ours.
    pub kept_namespace: Option<String>,
}

/// How things stand.
#[derive(Debug)]
pub(crate) struct Standing {
    pub rollout: Rollout,
    /// Versions of the model that its pods answer with, or that they are made of.
    pub versions: BTreeSet<String>,
}

/// Objects of ours of these kinds; kinds that the cluster does not know have none.
async fn ours<C: Cluster>(kinds: &[(String, String)], namespace: &str, cluster: &C) -> Result<Vec<(Place, Value)>> {
    let mut found = Vec::new();
    for (api_version, kind) in kinds {
        let Some(resource) = cluster.resource(api_version, kind).await? else { continue };
        let within = resource.namespaced.then_some(namespace);
        for object in cluster.list(&resource, within, OWNED).await? {
            let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str).map(String::from) else {
                continue;
            };
            // Of what stands in no namespace, only the namespace itself is this deploy's.
            if is_ours(&object) && (resource.namespaced || name == namespace) {
                found.push((Place { resource: resource.clone(), namespace: within.map(String::from), name }, object));
            }
        }
    }
    Ok(found)
}

/// What earlier deploys put there and this one does not render. The namespace stays: others may have moved in.
pub(super) async fn superseded<C: Cluster>(
    placed: &[Placed<'_>],
    kinds: &[(String, String)],
    namespace: &str,
    cluster: &C,
) -> Result<Vec<Place>> {
    let there = ours(kinds, namespace, cluster).await.context("look for what earlier deploys left")?;
    let rendered: BTreeSet<&Place> = placed.iter().map(|one| &one.place).collect();
    let places = there.into_iter().map(|(place, _)| place);
    Ok(places.filter(|place| place.resource.kind != "Namespace" && !rendered.contains(place)).collect())
}

/// Takes away what is ours, and the namespace where it is and nobody else is in it.
pub(crate) async fn undeploy<C: Cluster>(
    kinds: &[(String, String)],
    namespace: &str,
    dry_run: bool,
    cluster: &C,
    report: &Report,
) -> Result<Removed> {
    let started = report.start(None, "undeploy");
    let there = ours(kinds, namespace, cluster).await?;
    let (spaces, objects): (Vec<_>, Vec<_>) =
        there.into_iter().partition(|(place, _)| place.resource.kind == "Namespace");
    let mut removed = Removed::default();
    for (place, _) in &objects {
        if dry_run || cluster.delete(place).await? {
            removed.objects.push(place.to_string());
        }
    }
    for (place, _) in &spaces {
        match guests(kinds, namespace, cluster).await? {
            Some(guest) => removed.kept_namespace = Some(format!("{namespace} holds {guest}, which is not ours")),
            None => {
                if dry_run || cluster.delete(place).await? {
                    removed.objects.push(place.to_string());
                }
            }
        }
    }
    report.finish_step(started);
    Ok(removed)
}

/// Something in the namespace that no deploy put there, nor the cluster itself.
async fn guests<C: Cluster>(kinds: &[(String, String)], namespace: &str, cluster: &C) -> Result<Option<String>> {
    let more = [("v1", "Secret"), ("v1", "ConfigMap"), ("v1", "Pod"), ("apps/v1", "StatefulSet")];
    let all = kinds.iter().map(|(version, kind)| (version.as_str(), kind.as_str())).chain(more);
    for (api_version, kind) in all.collect::<BTreeSet<_>>() {
        let Some(resource) = cluster.resource(api_version, kind).await?.filter(|resource| resource.namespaced) else {
            continue;
        };
        for object in cluster.list(&resource, Some(namespace), "").await? {
            let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let of_cluster = kind == "ConfigMap" && name == "kube-root-ca.crt";
            // Pods of what has just been deleted are on their way out, and carry its labels.
            if !of_cluster && !is_ours(&object) && !has_our_labels(&object) {
                return Ok(Some(format!("{kind} {name}")));
            }
        }
    }
    Ok(None)
}

fn has_our_labels(object: &Value) -> bool {
    OWNED.split(',').filter_map(|label| label.split_once('=')).all(|(key, value)| {
        object.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str()) == Some(value)
    })
}

/// Every workload of ours, with the model that it serves.
pub(crate) async fn status<C: Cluster>(
    kinds: &[(String, String)],
    namespace: &str,
    cluster: &C,
) -> Result<Vec<Standing>> {
    let there = ours(kinds, namespace, cluster).await?;
    let pods = cluster.list(&Resource::pods(), Some(namespace), OWNED).await?;
    let mut standings = Vec::new();
    for (_, object) in &there {
        let Some(rollout) = rollout(object, &pods) else { continue };
        let mut versions = BTreeSet::new();
        // One that is on its way out serves nobody new.
        let stays = |pod: &&Value| pod.pointer("/metadata/deletionTimestamp").is_none();
        for pod in pods.iter().filter(|pod| selects(object, pod)).filter(stays) {
            versions.extend(version(pod, namespace, cluster).await?);
        }
        standings.push(Standing { rollout, versions });
    }
    Ok(standings)
}

/// What a pod answers, or else what it was made of; none of a pod without a model.
async fn version<C: Cluster>(pod: &Value, namespace: &str, cluster: &C) -> Result<Option<String>> {
    let Some(model) = served(pod) else { return Ok(None) };
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let ready = pod.pointer("/status/phase").and_then(Value::as_str) == Some("Running");
    let told = if ready { cluster.ask_pod(namespace, name, REST, &format!("/v1/models/{model}")).await? } else { None };
    let live = told.and_then(|text| serde_json::from_str::<Value>(&text).ok()).and_then(|told| {
        let states = told.get("model_version_status")?.as_array()?;
        let live = states.iter().find(|one| one.get("state").and_then(Value::as_str) == Some("AVAILABLE"))?;
        Some(live.get("version")?.as_str()?.to_owned())
    });
    // A model on a volume is not named by its pod.
    let made_of = declared(pod).map_or_else(|| "(not asked)".to_owned(), |version| format!("{version} (not asked)"));
    Ok(Some(live.unwrap_or(made_of)))
}

/// What a pod's model server calls its model; the web app knows that name too, and serves none.
fn served(pod: &Value) -> Option<&str> {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
    containers.filter_map(|container| container.get("env")?.as_array()).find_map(|variables| {
        let value = |wanted: &str| {
            let named = |variable: &&Value| variable.get("name").and_then(Value::as_str) == Some(wanted);
            variables.iter().find(named)?.get("value")?.as_str()
        };
        value("MODEL_BASE_PATH").and_then(|_| value("MODEL_NAME"))
    })
}

/// The tag of the model's image in a pod: its version.
fn declared(pod: &Value) -> Option<String> {
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten();
    let volume = volumes.filter_map(|volume| volume.pointer("/image/reference")?.as_str());
    let init = pod.pointer("/spec/initContainers").and_then(Value::as_array).into_iter().flatten();
    let init = init.filter_map(|container| container.get("image")?.as_str());
    let reference = volume.chain(init).next()?;
    Some(reference.split('@').next()?.rsplit_once(':')?.1.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_says_which_version_it_was_made_of() {
        let volume = json!({ "spec": { "volumes": [{ "name": "tmp" }, { "image": { "reference": "h:5000/d/model-inception:3@sha256:ab" } }] } });
        assert_eq!(declared(&volume).as_deref(), Some("3"));
        let init = json!({ "spec": { "initContainers": [{ "image": "h/model-inception:7@sha256:ab" }] } });
        assert_eq!(declared(&init).as_deref(), Some("7"));
        assert_eq!(declared(&json!({ "spec": {} })), None);
        let variables = |last: &str| json!([{ "name": "PORT" }, { "name": "MODEL_NAME", "value": "m" }, { "name": last, "value": "x" }]);
        let named = json!({ "spec": { "containers": [{ "env": variables("MODEL_BASE_PATH") }] } });
        assert_eq!(served(&json!({ "spec": { "containers": [{ "env": variables("TF_SERVERS") }] } })), None);
        assert_eq!((served(&named), served(&init)), (Some("m"), None));
    }
}
