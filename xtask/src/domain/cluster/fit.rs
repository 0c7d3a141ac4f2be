//! Which nodes a pod could run on, by what it demands and what they are; how full they are just now does not count.
//! Rules: Kubernetes' scheduler, filters NodeAffinity, TaintToleration, NodeUnschedulable and NodeResourcesFit.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{quantity, words};

/// How many nodes there are, how many a pod fits on, and why others are out: reason -> nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    pub nodes: usize,
    pub fitting: usize,
    pub reasons: BTreeMap<String, usize>,
}

impl Fit {
    /// `fits 2 of 6 nodes; 3 lack AVX2; 1 has the taint nvidia.com/gpu`
    pub fn in_words(&self) -> String {
        let Self { nodes, fitting, reasons } = self;
        let mut said = vec![format!("fits {fitting} of {nodes} {}", if *nodes == 1 { "node" } else { "nodes" })];
        said.extend(reasons.iter().map(|(reason, count)| format!("{count}: {reason}")));
        said.join("; ")
    }
}

/// Holds a pod's specification (of a template) against all nodes.
pub fn fit(pod: &Value, nodes: &[Value]) -> Fit {
    let mut found = Fit { nodes: nodes.len(), ..Fit::default() };
    for node in nodes {
        match against(pod, node) {
            None => found.fitting += 1,
            Some(reason) => *found.reasons.entry(reason).or_default() += 1,
        }
    }
    found
}

/// The first reason why the pod cannot run on the node.
fn against(pod: &Value, node: &Value) -> Option<String> {
    if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        return Some("cordoned".into());
    }
    labels_missing(pod, node).or_else(|| taint(pod, node)).or_else(|| resource_missing(pod, node))
}

fn labels_missing(pod: &Value, node: &Value) -> Option<String> {
    let label = |key: &str| node.pointer("/metadata/labels")?.get(key)?.as_str();
    let selector = pod.get("nodeSelector").and_then(Value::as_object);
    for (key, value) in selector.into_iter().flatten() {
        if label(key) != value.as_str() {
            return Some(words::lacks(key));
        }
    }
    let terms =
        pod.pointer("/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms")?;
    let unmet: Vec<Option<String>> = terms.as_array()?.iter().map(|term| unmet(term, &label)).collect();
    // One term is enough.
    if unmet.iter().any(Option::is_none) { None } else { unmet.into_iter().flatten().next() }
}

fn unmet<'n>(term: &Value, label: &impl Fn(&str) -> Option<&'n str>) -> Option<String> {
    let expressions = term.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    for expression in expressions {
        let key = expression.get("key").and_then(Value::as_str).unwrap_or_default();
        let values: Vec<&str> = expression
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let found = label(key);
        let number = |text: &str| text.parse::<i64>().ok();
        let compare = |holds: fn(&i64, &i64) -> bool| {
            let pair = found.and_then(number).zip(values.first().and_then(|value| number(value)));
            pair.is_some_and(|(found, wanted)| holds(&found, &wanted))
        };
        let holds = match expression.get("operator").and_then(Value::as_str).unwrap_or_default() {
            "In" => found.is_some_and(|found| values.contains(&found)),
            "NotIn" => found.is_none_or(|found| !values.contains(&found)),
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            "Gt" => compare(|found, wanted| found > wanted),
            "Lt" => compare(|found, wanted| found < wanted),
            _ => false,
        };
        if !holds {
            return Some(words::lacks(key));
        }
    }
    None
}

fn taint(pod: &Value, node: &Value) -> Option<String> {
    let taints = node.pointer("/spec/taints").and_then(Value::as_array).into_iter().flatten();
    let repelling = |taint: &&Value| matches!(text(taint, "effect"), "NoSchedule" | "NoExecute");
    let tolerations = || pod.get("tolerations").and_then(Value::as_array).into_iter().flatten();
    let tolerated = |taint: &Value| {
        tolerations().any(|toleration| {
            let key = text(toleration, "key");
            let effect = text(toleration, "effect");
            let same_key = key == text(taint, "key") || (key.is_empty() && text(toleration, "operator") == "Exists");
            let same_value =
                text(toleration, "operator") == "Exists" || text(toleration, "value") == text(taint, "value");
            same_key && same_value && (effect.is_empty() || effect == text(taint, "effect"))
        })
    };
    let taint = taints.filter(repelling).find(|taint| !tolerated(taint))?;
    let key = text(taint, "key");
    Some(match key {
        "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable" => "not ready".into(),
        _ => format!("has the taint {key}, which the pod does not tolerate"),
    })
}

fn resource_missing(pod: &Value, node: &Value) -> Option<String> {
    let containers = pod.get("containers").and_then(Value::as_array).into_iter().flatten();
    let mut wanted: BTreeMap<&str, f64> = BTreeMap::new();
    for container in containers {
        // What is only limited is requested as well.
        for kind in ["/resources/limits", "/resources/requests"] {
            let other = container.pointer("/resources/requests");
            for (name, amount) in container.pointer(kind).and_then(Value::as_object).into_iter().flatten() {
                if kind.ends_with("limits") && other.is_some_and(|requests| requests.get(name).is_some()) {
                    continue;
                }
                *wanted.entry(name).or_default() += amount.as_str().and_then(quantity::parse).unwrap_or_default();
            }
        }
    }
    wanted.into_iter().find_map(|(name, wanted)| {
        let there = node.pointer("/status/allocatable")?.get(name).and_then(Value::as_str).and_then(quantity::parse);
        match there.filter(|there| *there > 0.0) {
            None => Some(format!("has no {name}")),
            Some(there) if there < wanted => Some(format!("has too little {name} altogether")),
            Some(_) => None,
        }
    })
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(labels: Value, taints: Value, gpus: &str) -> Value {
        let allocatable = json!({ "cpu": "8", "memory": "32Gi", "nvidia.com/gpu": gpus });
        json!({ "metadata": { "labels": labels }, "spec": { "taints": taints }, "status": { "allocatable": allocatable } })
    }

    fn pod(affinity: Value, limits: Value) -> Value {
        let required = json!({ "nodeSelectorTerms": [{ "matchExpressions": affinity }] });
        json!({
            "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": required } },
            "tolerations": [{ "key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule" }],
            "containers": [{ "resources": { "limits": limits } }],
        })
    }

    const AVX2: &str = "feature.node.kubernetes.io/cpu-cpuid.AVX2";

    #[test]
    fn a_pod_fits_where_labels_taints_and_resources_do() {
        let needs_avx2 = pod(json!([{ "key": AVX2, "operator": "In", "values": ["true"] }]), json!({ "cpu": "4" }));
        let nodes = [
            node(json!({ AVX2: "true" }), json!([]), "0"),
            node(json!({}), json!([]), "0"),
            node(json!({ AVX2: "true" }), json!([{ "key": "nvidia.com/gpu", "effect": "NoSchedule" }]), "1"),
            node(json!({ AVX2: "true" }), json!([{ "key": "dedicated", "value": "x", "effect": "NoExecute" }]), "0"),
        ];
        let found = fit(&needs_avx2, &nodes);
        assert_eq!((found.nodes, found.fitting), (4, 2));
        let words = found.in_words();
        assert!(words.starts_with("fits 2 of 4 nodes; 1: has the taint dedicated"), "{words}");
        assert!(words.contains("1: lacks avx2"), "{words}");
    }

    #[test]
    fn resources_are_those_of_an_empty_node() {
        let nodes = [node(json!({}), json!([]), "0"), node(json!({}), json!([]), "2")];
        let with = |limits| fit(&json!({ "containers": [{ "resources": { "limits": limits } }] }), &nodes);
        assert_eq!(with(json!({ "nvidia.com/gpu": "1" })).reasons, [("has no nvidia.com/gpu".to_owned(), 1)].into());
        assert_eq!(with(json!({ "cpu": "9" })).fitting, 0);
        assert_eq!(with(json!({ "memory": "32Gi" })).fitting, 2);
    }

    #[test]
    fn operators_are_kubernetes_own() {
        let nodes = [node(json!({ "a": "7" }), json!([]), "0")];
        let holds = |operator: &str, key: &str, values: Value| {
            let affinity = json!([{ "key": key, "operator": operator, "values": values }]);
            fit(&pod(affinity, json!({})), &nodes).fitting == 1
        };
        assert!(holds("Gt", "a", json!(["5"])) && !holds("Gt", "a", json!(["7"])) && holds("Lt", "a", json!(["8"])));
        assert!(
            holds("Exists", "a", json!([]))
                && !holds("Exists", "b", json!([]))
                && holds("DoesNotExist", "b", json!([]))
        );
        assert!(
            holds("NotIn", "b", json!(["1"])) && !holds("NotIn", "a", json!(["7"])) && !holds("In", "b", json!(["1"]))
        );
    }

    #[test]
    fn a_cordoned_node_and_one_that_is_not_ready_are_told() {
        let mut cordoned = node(json!({}), json!([]), "0");
        cordoned["spec"]["unschedulable"] = json!(true);
        let lost = node(json!({}), json!([{ "key": "node.kubernetes.io/not-ready", "effect": "NoExecute" }]), "0");
        let reasons = fit(&json!({ "containers": [] }), &[cordoned, lost]).reasons;
        assert_eq!(reasons.keys().collect::<Vec<_>>(), ["cordoned", "not ready"]);
    }
}
