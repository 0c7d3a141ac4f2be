//! What clusters say, in words that tell what to do: why a pod waits, and what a node lacks.

use serde_json::Value;

use crate::domain::manifests::nfd;

/// `lacks avx2` for a label of node feature discovery, `has not the label x wanted` for others.
pub fn lacks(label: &str) -> String {
    match label.strip_prefix(nfd::PREFIX) {
        Some(flag) => format!("lacks {} (or node feature discovery is not installed)", nfd::feature(flag)),
        None => format!("has not the label {label} as wanted"),
    }
}

/// Why a pod is not ready; none where it is, or where it only has not got there yet.
pub fn waiting(pod: &Value) -> Option<String> {
    unscheduled(pod).or_else(|| {
        let containers = ["/status/initContainerStatuses", "/status/containerStatuses"];
        let statuses = containers.iter().filter_map(|pointer| pod.pointer(pointer)?.as_array()).flatten();
        statuses.filter_map(container).next()
    })
}

fn unscheduled(pod: &Value) -> Option<String> {
    let conditions = pod.pointer("/status/conditions")?.as_array()?;
    let scheduled = conditions.iter().find(|condition| text(condition, "type") == "PodScheduled")?;
    if text(scheduled, "status") != "False" {
        return None;
    }
    let message = text(scheduled, "message");
    // What the scheduler could throw out for it, it could not: that is nothing to act on.
    let message =
        [" preemption:", " no new claims"].iter().fold(message, |text, end| text.split(end).next().unwrap_or(text));
    let message = message.trim_end_matches(['.', ',', ' ']);
    let features = features(pod);
    if !features.is_empty() && message.contains("node affinity/selector") {
        return Some(format!("no node for it: it demands {}; {message}", features.join(" ")));
    }
    Some(format!("no node for it: {message}"))
}

/// CPU features that the pod's affinity demands.
fn features(pod: &Value) -> Vec<String> {
    let terms = pod
        .pointer("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms")
        .and_then(Value::as_array);
    let expressions = terms.into_iter().flatten().filter_map(|term| term.get("matchExpressions")?.as_array()).flatten();
    let flags = expressions.filter_map(|expression| text(expression, "key").strip_prefix(nfd::PREFIX));
    flags.map(nfd::feature).collect()
}

fn container(status: &Value) -> Option<String> {
    /// Exit code of our entrypoint where the CPU lacks what the server demands.
    const WRONG_CPU: i64 = 78;
    const KILLED: i64 = 137;
    let name = text(status, "name");
    let waiting = status.pointer("/state/waiting")?;
    let (reason, message) = (text(waiting, "reason"), text(waiting, "message"));
    let last = status.pointer("/lastState/terminated");
    let code = last.and_then(|last| last.get("exitCode")?.as_i64()).unwrap_or_default();
    Some(match reason {
        // On its way.
        "ContainerCreating" | "PodInitializing" | "" => return None,
        "ErrImagePull" | "ImagePullBackOff" => {
            let lower = message.to_lowercase();
            let why = if lower.contains("unauthorized") || lower.contains("denied") || lower.contains("401") {
                "unauthorized: give the namespace's service account an image pull secret"
            } else if lower.contains("not found") || lower.contains("manifest unknown") {
                "not found: push again, or see whether the lock is of this registry"
            } else if lower.contains("no such host") || lower.contains("dial tcp") || lower.contains("timeout") {
                "the node cannot reach the registry"
            } else {
                message
            };
            format!("{name}: {reason}: {why}")
        }
        "CrashLoopBackOff" if code == WRONG_CPU => {
            format!(
                "{name}: its node's CPU lacks what the server demands (exit code 78): use the image `auto`, or label the nodes"
            )
        }
        "CrashLoopBackOff" if code == KILLED && last.is_some_and(|last| text(last, "reason") == "OOMKilled") => {
            format!("{name}: out of memory: raise its limit")
        }
        "CrashLoopBackOff" => {
            format!("{name}: ended with exit code {code} again and again: see kubectl logs --previous")
        }
        _ if message.is_empty() => format!("{name}: {reason}"),
        _ => format!("{name}: {reason}: {message}"),
    })
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn crashed(reason: &str, message: &str, last: Value) -> String {
        let status = json!({ "name": "tf-serving", "state": { "waiting": { "reason": reason, "message": message } }, "lastState": { "terminated": last } });
        waiting(&json!({ "status": { "containerStatuses": [status] } })).unwrap_or_default()
    }

    #[test]
    fn a_pod_without_a_node_says_what_it_demands() {
        let key = format!("{}AVX2", nfd::PREFIX);
        let message = "0/6 nodes are available: 6 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/6 nodes \
                       are available: 6 Preemption is not helpful for scheduling.";
        let pod = json!({
            "spec": { "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution":
                { "nodeSelectorTerms": [{ "matchExpressions": [{ "key": key, "operator": "In", "values": ["true"] }] }] } } } },
            "status": { "conditions": [{ "type": "PodScheduled", "status": "False", "message": message }] },
        });
        let said = waiting(&pod).expect("it waits");
        assert_eq!(
            said,
            "no node for it: it demands avx2; 0/6 nodes are available: 6 node(s) didn't match Pod's node affinity/selector"
        );
    }

    #[test]
    fn pulls_and_crashes_say_what_to_do() {
        let pull = |message: &str| crashed("ImagePullBackOff", message, Value::Null);
        assert!(pull("401 Unauthorized").contains("image pull secret"));
        assert!(pull("x: not found").contains("push again"));
        assert!(pull("dial tcp: lookup r: no such host").contains("cannot reach"));
        assert!(crashed("CrashLoopBackOff", "", json!({ "exitCode": 78 })).contains("use the image `auto`"));
        assert!(
            crashed("CrashLoopBackOff", "", json!({ "exitCode": 137, "reason": "OOMKilled" }))
                .contains("raise its limit")
        );
        assert!(crashed("CrashLoopBackOff", "", json!({ "exitCode": 1 })).contains("exit code 1"));
        assert_eq!(
            crashed("CreateContainerConfigError", "no key", Value::Null),
            "tf-serving: CreateContainerConfigError: no key"
        );
    }

    #[test]
    fn what_is_only_on_its_way_is_not_told() {
        assert_eq!(crashed("ContainerCreating", "", Value::Null), "");
        assert_eq!(waiting(&json!({ "status": {} })), None);
        let scheduled = json!({ "status": { "conditions": [{ "type": "PodScheduled", "status": "True" }] } });
        assert_eq!(waiting(&scheduled), None);
    }
}
