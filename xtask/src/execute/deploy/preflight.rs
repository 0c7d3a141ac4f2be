//! What a cluster is, before anything is asked of it: its version, nodes that the pods fit on, quotas, pod security, pull
//! secrets. What it does not let this user see is a notice, not an end.

use anyhow::Result;
use serde_json::Value;

use crate::{
    domain::{
        check::Check,
        cluster::{fit::fit, quantity, security::breaks},
    },
    ports::{Cluster, Place, Resource},
};

/// What the manifests need at least: `sleep` in preStop, and gRPC probes.
const OLDEST: u64 = 29;
/// Image volumes are on by default from here.
const IMAGE_VOLUMES: u64 = 35;
/// The namespace's label of the pod security standard that pods must keep.
const ENFORCED: &str = "pod-security.kubernetes.io/enforce";

/// All findings; only an error where the cluster itself does not answer.
pub(super) async fn checks<C: Cluster>(objects: &[Value], namespace: &str, cluster: &C) -> Result<Vec<Check>> {
    let mut checks = vec![version(&cluster.version().await?, objects)];
    let nodes = cluster.list(&Resource::core("Node", "nodes", false), None, "").await;
    match nodes {
        Ok(nodes) => checks.extend(objects.iter().filter_map(|object| fits(object, &nodes))),
        Err(error) => checks.push(Check::notice(
            "nodes",
            format!("{error:#}"),
            "whether the pods fit anywhere shows in the rollout only",
        )),
    }
    match cluster.list(&Resource::core("ResourceQuota", "resourcequotas", true), Some(namespace), "").await {
        Ok(quotas) => checks.extend(quotas.iter().flat_map(|quota| exceeded(quota, objects))),
        Err(error) => checks.push(Check::notice(
            "quota",
            format!("{error:#}"),
            "a pod that exceeds one shows in the rollout only",
        )),
    }
    checks.extend(pod_security(objects, namespace, cluster).await);
    checks.extend(pull_secrets(objects, namespace, cluster).await);
    Ok(checks)
}

fn version(version: &str, objects: &[Value]) -> Check {
    let minor = version.trim_start_matches('v').split('.').nth(1).and_then(|minor| minor.parse::<u64>().ok());
    let mounts_images = objects.iter().any(|object| {
        let volumes = object.pointer("/spec/template/spec/volumes").and_then(Value::as_array);
        volumes.into_iter().flatten().any(|volume| volume.get("image").is_some())
    });
    match minor {
        None => {
            Check::notice("version", version, "this is no version that is known here; what it does not know it refuses")
        }
        Some(minor) if minor < OLDEST => {
            Check::blocks("version", version, format!("these manifests need Kubernetes 1.{OLDEST} or newer"))
        }
        Some(minor) if mounts_images && minor < IMAGE_VOLUMES => Check::notice(
            "version",
            format!("{version}, where image volumes are off by default"),
            "turn the gate ImageVolume on (1.33 and newer), or add `--component model-init-container`",
        ),
        Some(_) => Check::fine("version", version),
    }
}

fn fits(object: &Value, nodes: &[Value]) -> Option<Check> {
    let pod = object.pointer("/spec/template/spec")?;
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let fit = fit(pod, nodes);
    let found = format!("{} {} {}", text("/kind"), text("/metadata/name"), fit.in_words());
    Some(if fit.fitting > 0 {
        Check::fine("nodes", found)
    } else {
        Check::notice("nodes", found, "its pods will wait: add such a node, or leave its overlay out")
    })
}

/// What one quota has too little of for all pods of these objects.
fn exceeded(quota: &Value, objects: &[Value]) -> Vec<Check> {
    let name = quota.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let amount = |pointer: &str, key: &str| quota.pointer(pointer)?.get(key)?.as_str().and_then(quantity::parse);
    let hard = quota.pointer("/status/hard").and_then(Value::as_object).into_iter().flatten();
    let check = |(key, _): (&String, &Value)| {
        let left = amount("/status/hard", key)? - amount("/status/used", key).unwrap_or_default();
        let wanted: f64 = objects.iter().map(|object| demanded(object, key)).sum();
        (wanted > left).then(|| {
            let found = format!("{name} has {left} {key} left, and these pods ask for {wanted}");
            Check::notice(
                "quota",
                found,
                "fine where they replace pods that are there; else ask for more, or deploy fewer servers",
            )
        })
    };
    hard.filter_map(check).collect()
}

/// `limits.cpu`, `requests.memory`, `cpu`, `pods` of all replicas of a workload.
fn demanded(object: &Value, key: &str) -> f64 {
    let Some(pod) = object.pointer("/spec/template/spec") else { return 0.0 };
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_f64).unwrap_or(1.0);
    if key == "pods" {
        return replicas;
    }
    let (kind, resource) =
        key.split_once('.').filter(|(kind, _)| matches!(*kind, "limits" | "requests")).unwrap_or(("requests", key));
    let containers = pod.get("containers").and_then(Value::as_array).into_iter().flatten();
    let one = |container: &Value| {
        container.pointer("/resources")?.get(kind)?.get(resource)?.as_str().and_then(quantity::parse)
    };
    replicas * containers.filter_map(one).sum::<f64>()
}

/// Holds every pod against the standard that its namespace will enforce: as it is rendered, or else as it is.
async fn pod_security<C: Cluster>(objects: &[Value], namespace: &str, cluster: &C) -> Vec<Check> {
    let place =
        Place { resource: Resource::core("Namespace", "namespaces", false), namespace: None, name: namespace.into() };
    let rendered = objects.iter().find(|object| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        text("/kind") == Some("Namespace") && text("/metadata/name") == Some(namespace)
    });
    let space = match rendered {
        Some(space) => Some(space.clone()),
        None => match cluster.get(&place).await {
            Ok(found) => found,
            Err(error) => {
                let mend = "whether the namespace refuses pods shows in the rollout only";
                return vec![Check::notice("pod security", format!("{error:#}"), mend)];
            }
        },
    };
    let level = space.as_ref().and_then(|space| space.pointer("/metadata/labels")?.get(ENFORCED)?.as_str());
    level.map_or_else(Vec::new, |level| objects.iter().filter_map(|object| refused(object, namespace, level)).collect())
}

fn refused(object: &Value, namespace: &str, level: &str) -> Option<Check> {
    let broken = breaks(object.pointer("/spec/template/spec")?, level)?;
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let found = format!("{namespace} enforces {level}, and of {} {} {broken}", text("/kind"), text("/metadata/name"));
    Some(Check::notice(
        "pod security",
        found,
        "its pods will be refused: mend it, or choose a namespace that lets go of this",
    ))
}

async fn pull_secrets<C: Cluster>(objects: &[Value], namespace: &str, cluster: &C) -> Option<Check> {
    let account = Place {
        resource: Resource::core("ServiceAccount", "serviceaccounts", true),
        namespace: Some(namespace.into()),
        name: "default".into(),
    };
    let has = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_array).is_some_and(|secrets| !secrets.is_empty())
    };
    let named = objects.iter().any(|object| has(object, "/spec/template/spec/imagePullSecrets"));
    let account = cluster.get(&account).await.ok()?;
    let given = account.as_ref().is_some_and(|account| has(account, "/imagePullSecrets"));
    (!named && !given).then(|| {
        let mend = "fine where nodes log in by themselves or the registry is open; else give the account one";
        Check::notice("pull secrets", format!("the default service account of {namespace} has none"), mend)
    })
}

/// Where a node port of the web app is found.
pub(super) async fn url<C: Cluster>(objects: &[Value], cluster: &C) -> Option<String> {
    let ports = objects.iter().filter_map(|object| object.pointer("/spec/ports")?.as_array()).flatten();
    let port = ports.filter_map(|port| port.get("nodePort")?.as_u64()).next()?;
    let nodes = cluster.list(&Resource::core("Node", "nodes", false), None, "").await.ok()?;
    let addresses = nodes.iter().filter_map(|node| node.pointer("/status/addresses")?.as_array()).flatten();
    let addresses: Vec<(&str, &str)> =
        addresses.filter_map(|one| Some((one.get("type")?.as_str()?, one.get("address")?.as_str()?))).collect();
    let of = |kind: &str| addresses.iter().find(|(other, _)| *other == kind).map(|(_, address)| *address);
    Some(format!("http://{}:{port}", of("ExternalIP").or_else(|| of("InternalIP"))?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::check::State;

    #[test]
    fn a_version_is_judged_by_what_the_manifests_use() {
        let mounts = [json!({ "spec": { "template": { "spec": { "volumes": [{ "image": {} }] } } } })];
        let state = |text: &str, objects: &[Value]| version(text, objects).state;
        assert_eq!(state("v1.28.4", &[]), State::Blocks);
        assert_eq!(state("v1.29.0", &[]), State::Fine);
        assert_eq!(state("v1.33.1", &mounts), State::Notice);
        assert_eq!(state("v1.35.0-eks-1", &mounts), State::Fine);
        assert_eq!(state("next", &[]), State::Notice);
    }

    #[test]
    fn a_quota_counts_all_replicas() {
        let quota = json!({ "metadata": { "name": "q" }, "status": { "hard": { "limits.cpu": "4", "pods": "10", "cpu": "100" }, "used": { "limits.cpu": "1" } } });
        let object = |replicas: u32| {
            let container = json!({ "resources": { "limits": { "cpu": "2" }, "requests": { "cpu": "2" } } });
            json!({ "spec": { "replicas": replicas, "template": { "spec": { "containers": [container] } } } })
        };
        assert!(exceeded(&quota, &[object(1)]).is_empty());
        let found = exceeded(&quota, &[object(2)]);
        assert_eq!(found[0].found, "q has 3 limits.cpu left, and these pods ask for 4");
        assert_eq!(found.len(), 1);
    }
}
