//! What a pod breaks of the pod security standard that its namespace enforces. Rules: Kubernetes' "Pod Security Standards",
//! those for the fields that servers' pods have; sysctls, /proc, SELinux and AppArmor are left to the cluster.

use serde_json::Value;

/// Capabilities that `baseline` lets a container add.
const ADDABLE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Kinds of volumes that `restricted` lets a pod have.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// The first thing that a pod's specification (of a template) has against `level`; none where it keeps it.
pub fn breaks(pod: &Value, level: &str) -> Option<String> {
    match level {
        "baseline" => breaks_baseline(pod),
        "restricted" => breaks_baseline(pod).or_else(|| breaks_restricted(pod)),
        _ => None,
    }
}

fn breaks_baseline(pod: &Value) -> Option<String> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().find(|key| is_true(pod, &format!("/{key}")));
    if let Some(shared) = shared {
        return Some(format!("it sets {shared}"));
    }
    if let Some(volume) = list(pod, "/volumes").find(|volume| volume.get("hostPath").is_some()) {
        return Some(format!("its volume {} is a path of the node", name(volume)));
    }
    if at(pod, "/securityContext/seccompProfile/type") == Some("Unconfined") {
        return Some("its system calls are not confined".into());
    }
    containers(pod).find_map(|container| {
        let broken = if is_true(container, "/securityContext/privileged") {
            "is privileged".to_owned()
        } else if list(container, "/ports").any(|port| port.get("hostPort").is_some_and(|port| port != 0)) {
            "takes a port of the node".to_owned()
        } else if at(container, "/securityContext/seccompProfile/type") == Some("Unconfined") {
            "does not confine its system calls".to_owned()
        } else {
            let added = list(container, "/securityContext/capabilities/add").filter_map(Value::as_str);
            let added = added.into_iter().find(|capability| !ADDABLE.contains(capability))?;
            format!("adds the capability {added}")
        };
        Some(format!("its container {} {broken}", name(container)))
    })
}

fn breaks_restricted(pod: &Value) -> Option<String> {
    let is_allowed = |volume: &&Value| VOLUMES.iter().any(|kind| volume.get(kind).is_some());
    if let Some(volume) = list(pod, "/volumes").find(|volume| !is_allowed(volume)) {
        return Some(format!("its volume {} is of a kind that is not allowed", name(volume)));
    }
    containers(pod).find_map(|container| {
        // What a container says wins over its pod.
        let either = |key: &str| {
            let pointer = format!("/securityContext/{key}");
            container.pointer(&pointer).or_else(|| pod.pointer(&pointer))
        };
        let drops = || list(container, "/securityContext/capabilities/drop").any(|capability| capability == "ALL");
        let confined =
            || matches!(either("seccompProfile/type")?.as_str()?, "RuntimeDefault" | "Localhost").then_some(());
        let broken = if container.pointer("/securityContext/allowPrivilegeEscalation") != Some(&Value::Bool(false)) {
            "may gain privileges"
        } else if either("runAsNonRoot") != Some(&Value::Bool(true))
            || either("runAsUser").is_some_and(|user| user == 0)
        {
            "may run as root"
        } else if !drops() {
            "does not drop all capabilities"
        } else if list(container, "/securityContext/capabilities/add")
            .any(|capability| capability != "NET_BIND_SERVICE")
        {
            "adds a capability"
        } else if confined().is_none() {
            "does not confine its system calls"
        } else {
            return None;
        };
        Some(format!("its container {} {broken}", name(container)))
    })
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["/initContainers", "/containers"].into_iter().flat_map(|pointer| list(pod, pointer))
}

fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

fn is_true(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer) == Some(&Value::Bool(true))
}

fn name(value: &Value) -> &str {
    at(value, "/name").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A pod that keeps `restricted`, with one value replaced.
    fn pod(pointer: &str, value: Value) -> Value {
        let mut pod = json!({
            "hostNetwork": false,
            "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "c", "ports": [{ "containerPort": 1 }], "securityContext": {
                "allowPrivilegeEscalation": false, "privileged": false, "capabilities": { "drop": ["ALL"], "add": [] } } }],
            "volumes": [{ "name": "v", "emptyDir": {} }, { "name": "m", "image": {} }],
        });
        if let Some(place) = pod.pointer_mut(pointer) {
            *place = value;
        }
        pod
    }

    #[track_caller]
    fn check(pointer: &str, value: Value, expected: [Option<&str>; 2]) {
        let pod = pod(pointer, value);
        let told = ["baseline", "restricted"].map(|level| breaks(&pod, level));
        assert_eq!(told.each_ref().map(Option::as_deref), expected, "{pointer}");
        assert_eq!(breaks(&pod, "privileged"), None);
    }

    #[test]
    fn each_level_forbids_more() {
        check("/none", Value::Null, [None; 2]);
        check("/hostNetwork", json!(true), [Some("it sets hostNetwork"); 2]);
        check("/volumes/0", json!({ "name": "v", "hostPath": {} }), [Some("its volume v is a path of the node"); 2]);
        check(
            "/volumes/0",
            json!({ "name": "v", "nfs": {} }),
            [None, Some("its volume v is of a kind that is not allowed")],
        );
        let own = "/containers/0/securityContext";
        check(&format!("{own}/privileged"), json!(true), [Some("its container c is privileged"); 2]);
        check(
            "/containers/0/ports/0",
            json!({ "hostPort": 80 }),
            [Some("its container c takes a port of the node"); 2],
        );
        let add = format!("{own}/capabilities/add");
        check(&add, json!(["SYS_ADMIN"]), [Some("its container c adds the capability SYS_ADMIN"); 2]);
        check(&add, json!(["CHOWN"]), [None, Some("its container c adds a capability")]);
        check(&add, json!(["NET_BIND_SERVICE"]), [None; 2]);
        check(
            &format!("{own}/capabilities/drop"),
            json!([]),
            [None, Some("its container c does not drop all capabilities")],
        );
        check(
            &format!("{own}/allowPrivilegeEscalation"),
            json!(true),
            [None, Some("its container c may gain privileges")],
        );
        for (key, value) in [("runAsUser", json!(0)), ("runAsNonRoot", json!(false))] {
            check(&format!("/securityContext/{key}"), value, [None, Some("its container c may run as root")]);
        }
        check(
            "/securityContext/seccompProfile/type",
            json!("Unconfined"),
            [Some("its system calls are not confined"); 2],
        );
        let profile = "/securityContext/seccompProfile";
        check(profile, Value::Null, [None, Some("its container c does not confine its system calls")]);
    }
}
