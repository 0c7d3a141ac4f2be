//! The rows of best practice as functions over rendered objects: each returns what breaks it, a phrase a fault.

use serde_json::Value;

pub type Check = fn(&[Value]) -> Vec<String>;

/// Row -> what breaks it.
pub const ROWS: [(&str, Check); 14] = [
    ("api", api),
    ("labels", labels),
    ("gpu", gpu),
    ("gpu-cpus", gpu_cpus),
    ("probes", probes),
    ("model", model),
    ("image", image),
    ("isa", isa),
    ("threads", threads),
    ("strategy", strategy),
    ("service", service),
    ("security", security),
    ("shutdown", shutdown),
    ("resources", resources),
];

const GPU: &str = "nvidia.com/gpu";
const CPUID: &str = "feature.node.kubernetes.io/cpu-cpuid.";

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn of_kind<'o>(objects: &'o [Value], kind: &'static str) -> impl Iterator<Item = &'o Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn name(object: &Value) -> String {
    text(object, "/metadata/name").to_owned()
}

/// Objects with their pods: of workloads by their template, of a KServe runtime by itself.
fn pods(objects: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    objects.iter().filter_map(|object| {
        let runtime = (object["kind"] == "ServingRuntime").then(|| &object["spec"]);
        Some((object, runtime.or_else(|| object.pointer("/spec/template/spec"))?))
    })
}

/// Deployments of model servers with their pod and its one container.
fn servers(objects: &[Value]) -> impl Iterator<Item = (&Value, &Value, &Value)> {
    let named = |object: &&Value| name(object).starts_with("tf-serving");
    let all = of_kind(objects, "Deployment").filter(named);
    all.map(|object| {
        (object, &object["spec"]["template"]["spec"], &object["spec"]["template"]["spec"]["containers"][0])
    })
}

fn has_gpu(pod: &Value) -> bool {
    list(pod, "/containers").iter().any(|container| container["resources"]["limits"].get(GPU).is_some())
}

fn asks_for_gpu(object: &Value) -> bool {
    name(object).ends_with("-gpu")
}

/// Keys of the labels that every alternative of a pod's node affinity asks for.
fn node_labels(pod: &Value) -> Vec<String> {
    let terms = list(pod, "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let keys = |term: &Value| list(term, "/matchExpressions").iter().map(|one| text(one, "/key").to_owned()).collect();
    let all: Vec<Vec<String>> = terms.iter().map(keys).collect();
    let first = all.first().cloned().unwrap_or_default();
    first.into_iter().filter(|key| all.iter().all(|keys| keys.contains(key))).collect()
}

/// Faults of single objects, with their names before them.
fn told<'o>(each: impl Iterator<Item = (&'o Value, Vec<(&'static str, bool)>)>) -> Vec<String> {
    let broken = each.flat_map(|(object, rules)| {
        rules.into_iter().filter(|(_, kept)| !kept).map(move |(rule, _)| format!("{}: {rule}", name(object)))
    });
    broken.collect()
}

fn api(objects: &[Value]) -> Vec<String> {
    told(of_kind(objects, "Deployment").chain(of_kind(objects, "DaemonSet")).map(|object| {
        let selector = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let labels = &object["spec"]["template"]["metadata"]["labels"];
        let keys = ["app.kubernetes.io/name", "app.kubernetes.io/instance"];
        let wanted = if object["kind"] == "Deployment" { &keys[..] } else { &keys[..1] };
        let rules = vec![
            ("apps/v1", object["apiVersion"] == "apps/v1"),
            ("a selector", selector.is_some_and(|map| wanted.iter().all(|key| map.contains_key(*key)))),
            ("selects its own pods", selector.is_none_or(|map| map.iter().all(|(key, value)| labels[key] == *value))),
        ];
        (object, rules)
    }))
}

fn labels(objects: &[Value]) -> Vec<String> {
    told(objects.iter().map(|object| {
        let labels = &object["metadata"]["labels"];
        let has = |key: &str| labels.get(format!("app.kubernetes.io/{key}")).is_some();
        let rules = vec![("name", has("name")), ("part-of", has("part-of")), ("managed-by", has("managed-by"))];
        (object, rules)
    }))
}

fn gpu(objects: &[Value]) -> Vec<String> {
    let device = |(object, pod): &(&Value, &Value)| has_gpu(pod) || asks_for_gpu(object);
    told(pods(objects).filter(device).map(|(object, pod)| {
        let tolerated = list(pod, "/tolerations").iter().any(|one| one["key"] == GPU);
        let host = list(pod, "/volumes").iter().any(|volume| volume.get("hostPath").is_some());
        let containers = list(pod, "/containers");
        let own_path = containers.iter().flat_map(|one| list(one, "/env")).any(|one| one["name"] == "LD_LIBRARY_PATH");
        let rules = vec![
            ("the device plugin's resource", has_gpu(pod)),
            ("a toleration", tolerated),
            ("a label of GPU feature discovery", node_labels(pod).iter().any(|key| key.starts_with("nvidia.com/gpu."))),
            ("no host mounts", !host),
            ("no library path", !own_path),
        ];
        (object, rules)
    }))
}

fn gpu_cpus(objects: &[Value]) -> Vec<String> {
    told(servers(objects).filter(|(object, ..)| asks_for_gpu(object)).map(|(object, _, container)| {
        let cpus = text(container, "/resources/limits/cpu").parse::<u32>().unwrap_or(0);
        (object, vec![("two CPUs at least", cpus >= 2)])
    }))
}

fn probes(objects: &[Value]) -> Vec<String> {
    let servers = servers(objects).map(|(object, _, container)| {
        let startup = &container["startupProbe"];
        let number = |key: &str| startup[key].as_u64().unwrap_or(0);
        let rules = vec![
            ("startup over gRPC", startup.get("grpc").is_some()),
            ("patience for six tries, a minute apart", number("periodSeconds") * number("failureThreshold") >= 360),
            ("ready once the model is live", text(container, "/readinessProbe/httpGet/path").ends_with("/metadata")),
            ("liveness over gRPC", container.pointer("/livenessProbe/grpc").is_some()),
        ];
        (object, rules)
    });
    let app = of_kind(objects, "Deployment").filter(|object| name(object) == "tf-image-resizer").map(|object| {
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        let has = |probe: &str| container[probe].get("httpGet").is_some();
        (object, vec![("three probes", ["startupProbe", "readinessProbe", "livenessProbe"].into_iter().all(has))])
    });
    told(servers.chain(app))
}

fn model(objects: &[Value]) -> Vec<String> {
    told(servers(objects).map(|(object, pod, container)| {
        let mounts = list(container, "/volumeMounts");
        let mount = mounts.iter().find(|mount| mount["name"].as_str().is_some_and(|name| !name.contains("tmp")));
        let volume = list(pod, "/volumes").iter().find(|volume| Some(&volume["name"]) == mount.map(|one| &one["name"]));
        let rules = vec![
            ("read-only", mount.is_some_and(|mount| mount["readOnly"] == true)),
            ("no host path", volume.is_some_and(|volume| volume.get("hostPath").is_none())),
        ];
        (object, rules)
    }))
}

fn image(objects: &[Value]) -> Vec<String> {
    let pinned = |reference: &str| {
        let hex = |digest: &str| digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        reference.split_once("@sha256:").is_some_and(|(tagged, digest)| {
            hex(digest) && tagged.rsplit('/').next().is_some_and(|last| last.contains(':'))
        })
    };
    told(pods(objects).map(|(object, pod)| {
        let containers = || list(pod, "/containers").iter().chain(list(pod, "/initContainers"));
        let volumes = list(pod, "/volumes").iter().filter_map(|volume| volume.get("image"));
        let references =
            containers().map(|one| text(one, "/image")).chain(volumes.clone().map(|one| text(one, "/reference")));
        let policies =
            containers().map(|one| text(one, "/imagePullPolicy")).chain(volumes.map(|one| text(one, "/pullPolicy")));
        let rules = vec![
            ("tag and digest", references.into_iter().all(pinned)),
            ("pulled once", policies.into_iter().all(|policy| policy == "IfNotPresent")),
        ];
        (object, rules)
    }))
}

fn isa(objects: &[Value]) -> Vec<String> {
    let runs_server = |(_, pod): &(&Value, &Value)| {
        list(pod, "/containers").iter().any(|container| text(container, "/image").contains("tf-serving:"))
    };
    told(
        pods(objects)
            .filter(runs_server)
            .filter(|(_, pod)| !text(pod, "/containers/0/image").contains(":resizer"))
            .map(|(object, pod)| {
                let labels = node_labels(pod);
                let asks = |flag: &str| labels.iter().any(|key| key.strip_prefix(CPUID) == Some(flag));
                let optimized = text(pod, "/containers/0/image").contains("-optimized@");
                let rules = vec![
                    ("a label of the CPU's features", labels.iter().any(|key| key.starts_with(CPUID))),
                    ("AVX2 and FMA for what was built with them", !optimized || asks("AVX2") && asks("FMA3")),
                ];
                (object, rules)
            }),
    )
}

fn threads(objects: &[Value]) -> Vec<String> {
    let server = |(object, _): &(&Value, &Value)| {
        object["kind"] == "ServingRuntime" || object["kind"] == "Deployment" && name(object).starts_with("tf-serving")
    };
    told(pods(objects).filter(server).map(|(object, pod)| {
        let container = &pod["containers"][0];
        let number = list(container, "/env").iter().find(|one| one["name"] == "TF_SERVING_CPUS");
        let from = number.map(|one| &one["valueFrom"]["resourceFieldRef"]);
        let own =
            from.is_some_and(|from| from["resource"] == "limits.cpu" && from["containerName"] == container["name"]);
        (object, vec![("thread pools by the limit", own && !text(container, "/resources/limits/cpu").is_empty())])
    }))
}

fn strategy(objects: &[Value]) -> Vec<String> {
    told(of_kind(objects, "Deployment").map(|object| {
        let strategy = &object["spec"]["strategy"];
        let rolling = strategy["type"] == "RollingUpdate"
            && strategy["rollingUpdate"]["maxSurge"] == 1
            && strategy["rollingUpdate"]["maxUnavailable"] == 0;
        let kept = if has_gpu(&object["spec"]["template"]["spec"]) { strategy["type"] == "Recreate" } else { rolling };
        (object, vec![("the new one before the old one goes, but for a single GPU", kept)])
    }))
}

fn service(objects: &[Value]) -> Vec<String> {
    told(of_kind(objects, "Service").map(|object| {
        let is_app = name(object) == "tf-resizer";
        let ports = list(object, "/spec/ports");
        let port = |number: u64| ports.iter().find(|port| port["port"] == number);
        let rules = if is_app {
            vec![(
                "NodePort 30501",
                object["spec"]["type"] == "NodePort" && port(5051).is_some_and(|port| port["nodePort"] == 30501),
            )]
        } else {
            vec![
                ("inside the cluster only", object["spec"]["type"] == "ClusterIP"),
                ("gRPC says so", port(9000).is_some_and(|port| port["appProtocol"] == "kubernetes.io/h2c")),
            ]
        };
        (object, rules)
    }))
}

fn security(objects: &[Value]) -> Vec<String> {
    let mut faults = told(pods(objects).map(|(object, pod)| {
        let contexts = || list(pod, "/containers").iter().chain(list(pod, "/initContainers"));
        let either = |pointer: &str, wanted: Value| {
            let of = |value: &Value| value.pointer(&format!("/securityContext{pointer}")).cloned();
            contexts().all(|container| of(container).or_else(|| of(pod)) == Some(wanted.clone()))
        };
        let each = |key: &str, wanted: bool| contexts().all(|container| container["securityContext"][key] == wanted);
        let drops = contexts().all(|container| container["securityContext"]["capabilities"]["drop"][0] == "ALL");
        let no_token = pod["automountServiceAccountToken"] == false || object["kind"] == "ServingRuntime";
        let rules = vec![
            ("not root", either("/runAsNonRoot", true.into())),
            ("seccomp", either("/seccompProfile/type", "RuntimeDefault".into())),
            ("no escalation", each("allowPrivilegeEscalation", false)),
            ("read-only root", each("readOnlyRootFilesystem", true)),
            ("no capabilities", drops),
            ("no token", no_token),
            ("a namespace of its own", !matches!(text(object, "/metadata/namespace"), "" | "default")),
        ];
        (object, rules)
    }));
    let restricted = of_kind(objects, "Namespace")
        .any(|object| object["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted");
    if !restricted {
        faults.push("the namespace does not enforce restricted pod security".into());
    }
    let all = serde_json::json!(["Ingress", "Egress"]);
    let denied = of_kind(objects, "NetworkPolicy").any(|policy| {
        policy["spec"]["podSelector"] == serde_json::json!({})
            && policy["spec"]["policyTypes"] == all
            && policy["spec"].get("ingress").is_none()
    });
    if !denied {
        faults.push("no network policy denies all".into());
    }
    let strangers = of_kind(objects, "NetworkPolicy")
        .filter(|policy| policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "tf-serving");
    for from in strangers.flat_map(|policy| list(policy, "/spec/ingress")).flat_map(|rule| list(rule, "/from")) {
        let who = text(from, "/podSelector/matchLabels/app.kubernetes.io~1name");
        if !["tf-image-resizer", "prometheus"].contains(&who) {
            faults.push(format!("servers let in {from}"));
        }
    }
    faults
}

fn shutdown(objects: &[Value]) -> Vec<String> {
    told(of_kind(objects, "Deployment").map(|object| {
        let pod = &object["spec"]["template"]["spec"];
        let sleep = pod.pointer("/containers/0/lifecycle/preStop/sleep/seconds").and_then(Value::as_u64);
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
        (
            object,
            vec![("time for a request of a minute after the pause", sleep.is_some_and(|sleep| grace >= sleep + 60))],
        )
    }))
}

fn resources(objects: &[Value]) -> Vec<String> {
    told(of_kind(objects, "Deployment").map(|object| {
        let resources = &object["spec"]["template"]["spec"]["containers"][0]["resources"];
        let both = ["cpu", "memory"].into_iter().all(|key| resources["limits"].get(key).is_some());
        (object, vec![("limits equal to requests", both && resources["limits"] == resources["requests"])])
    }))
}
