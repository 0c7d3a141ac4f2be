//! How far a workload's rollout is: of a Deployment, a DaemonSet or a Job and the pods that are its own.

use serde_json::Value;

use super::words;

/// One workload at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// `Deployment tf-serving-1cpu`.
    pub name: String,
    pub wanted: i64,
    pub ready: i64,
    /// Of the newest template.
    pub updated: i64,
    pub state: State,
    /// Why pods wait, each once.
    pub waiting: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Complete,
    UnderWay,
    /// It does not go on, and may once somebody helps; in the cluster's words.
    Stuck(String),
    /// It will not go on.
    GaveUp(String),
}

/// Reads a workload; none for a kind that rolls nothing out.
pub fn rollout(workload: &Value, pods: &[Value]) -> Option<Rollout> {
    let (kind, name) = (text(workload, "/kind"), text(workload, "/metadata/name"));
    let number = |pointer: &str| workload.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let (wanted, ready, updated, old) = match kind {
        "Deployment" => {
            let (all, updated) = (number("/status/replicas"), number("/status/updatedReplicas"));
            let wanted = workload.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
            (wanted, number("/status/readyReplicas"), updated, all - updated)
        }
        "DaemonSet" => {
            let (wanted, updated) =
                (number("/status/desiredNumberScheduled"), number("/status/updatedNumberScheduled"));
            (wanted, number("/status/numberReady"), updated, wanted - updated)
        }
        "Job" => {
            let wanted = workload.pointer("/spec/completions").and_then(Value::as_i64).unwrap_or(1);
            (wanted, number("/status/succeeded"), wanted, 0)
        }
        _ => return None,
    };
    // Only what the controller has seen counts.
    let seen = kind == "Job" || number("/status/observedGeneration") >= number("/metadata/generation");
    let done = seen && ready >= wanted && updated >= wanted && old <= 0;
    let own: Vec<&Value> = pods.iter().filter(|pod| selects(workload, pod)).collect();
    let mut waiting: Vec<String> = own.iter().filter_map(|pod| words::waiting(pod)).collect();
    waiting.sort();
    waiting.dedup();
    let state = match stuck(workload).filter(|_| seen) {
        _ if done => State::Complete,
        Some(stuck) => stuck,
        None => State::UnderWay,
    };
    Some(Rollout { name: format!("{kind} {name}"), wanted, ready, updated, state, waiting })
}

/// Whether a pod is the workload's, by its labels.
pub fn selects(workload: &Value, pod: &Value) -> bool {
    let selector = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let labels = pod.pointer("/metadata/labels");
    let same_space = text(workload, "/metadata/namespace") == text(pod, "/metadata/namespace");
    same_space
        && selector.is_some_and(|selector| {
            selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
        })
}

fn stuck(workload: &Value) -> Option<State> {
    let conditions = workload.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find_map(|condition| {
        let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
        let message = text(condition, "/message");
        match (kind, status) {
            // Of quotas and of pod security: there is no pod that could say so.
            ("ReplicaFailure", "True") => Some(State::Stuck(message.to_owned())),
            ("Progressing", "False") | ("Failed", "True") => Some(State::GaveUp(message.to_owned())),
            _ => None,
        }
    })
}

impl Rollout {
    /// What a table's last column says.
    pub fn why(&self) -> String {
        match &self.state {
            State::Complete => String::new(),
            State::Stuck(why) | State::GaveUp(why) if self.waiting.is_empty() => why.clone(),
            State::UnderWay | State::Stuck(_) | State::GaveUp(_) => self.waiting.join("; "),
        }
    }

    /// `1 of 2 ready; no node for it: …`
    pub fn in_words(&self) -> String {
        let (Self { ready, wanted, .. }, why) = (self, self.why());
        if why.is_empty() { format!("{ready} of {wanted} ready") } else { format!("{ready} of {wanted} ready; {why}") }
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(status: Value) -> Value {
        json!({
            "kind": "Deployment",
            "metadata": { "name": "a", "namespace": "n", "generation": 2 },
            "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "a" } } },
            "status": status,
        })
    }

    fn state(status: Value) -> State {
        rollout(&deployment(status), &[]).expect("a rollout").state
    }

    #[test]
    fn a_deployment_is_complete_once_only_new_pods_are_ready() {
        let status = |seen, replicas, updated, ready| json!({ "observedGeneration": seen, "replicas": replicas, "updatedReplicas": updated, "readyReplicas": ready });
        assert_eq!(state(status(2, 2, 2, 2)), State::Complete);
        assert_eq!(state(status(1, 2, 2, 2)), State::UnderWay);
        assert_eq!(state(status(2, 3, 2, 3)), State::UnderWay);
        assert_eq!(state(status(2, 2, 1, 2)), State::UnderWay);
        assert_eq!(state(json!({})), State::UnderWay);
    }

    #[test]
    fn what_will_not_go_on_says_why() {
        let condition = |kind: &str, status: &str| json!({ "observedGeneration": 2, "conditions": [{ "type": kind, "status": status, "message": "exceeded quota" }] });
        assert_eq!(state(condition("ReplicaFailure", "True")), State::Stuck("exceeded quota".into()));
        assert_eq!(state(condition("Progressing", "False")), State::GaveUp("exceeded quota".into()));
        assert_eq!(state(condition("Progressing", "True")), State::UnderWay);
    }

    #[test]
    fn pods_of_others_are_none_of_its_business() {
        let message = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.";
        let pod = |app: &str| {
            json!({
                "metadata": { "namespace": "n", "labels": { "app": app } },
                "status": { "conditions": [{ "type": "PodScheduled", "status": "False", "message": message }] },
            })
        };
        let found = rollout(&deployment(json!({})), &[pod("a"), pod("a"), pod("b")]).expect("a rollout");
        assert_eq!(found.why(), "no node for it: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu");
        assert!(rollout(&deployment(json!({})), &[pod("b")]).expect("a rollout").waiting.is_empty());
    }

    #[test]
    fn daemon_sets_and_jobs_roll_out_too() {
        let daemon = |ready| json!({ "kind": "DaemonSet", "metadata": { "name": "a", "generation": 1 }, "status": { "observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberReady": ready } });
        assert_eq!(rollout(&daemon(3), &[]).expect("one").state, State::Complete);
        assert_eq!(rollout(&daemon(2), &[]).expect("one").state, State::UnderWay);
        let job = |status: Value| json!({ "kind": "Job", "metadata": { "name": "a" }, "spec": {}, "status": status });
        assert_eq!(rollout(&job(json!({ "succeeded": 1 })), &[]).expect("one").state, State::Complete);
        let failed = json!({ "conditions": [{ "type": "Failed", "status": "True", "message": "backoff" }] });
        assert_eq!(rollout(&job(failed), &[]).expect("one").state, State::GaveUp("backoff".into()));
        assert_eq!(rollout(&json!({ "kind": "Service" }), &[]), None);
    }
}
