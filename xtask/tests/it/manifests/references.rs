//! Whatever an object says of another one is there: names, ports, keys, files.

use serde_json::Value;

use super::case::{CASES, checkout};

/// An object of a rendering by kind and name.
fn named<'o>(objects: &'o [Value], kind: &str, name: &Value) -> Option<&'o Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == *name)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Pods of Deployments, DaemonSets and Jobs.
fn pods(objects: &[Value]) -> impl Iterator<Item = &Value> {
    objects.iter().filter_map(|object| object.pointer("/spec/template/spec"))
}

/// Whether a selector finds the pods of one Deployment, and of one only.
fn finds_one(objects: &[Value], selector: &Value) -> bool {
    let selector = selector.as_object().expect("a map of labels");
    let of = |object: &&Value| {
        let labels = &object["spec"]["template"]["metadata"]["labels"];
        object["kind"] == "Deployment" && selector.iter().all(|(key, value)| labels[key] == *value)
    };
    objects.iter().filter(of).count() == 1
}

fn has_port(container: &Value, port: &Value) -> bool {
    list(container, "ports").iter().any(|one| one["name"] == *port || one["containerPort"] == *port)
}

/// What leads nowhere.
fn lost(objects: &[Value]) -> Vec<String> {
    let mut lost = Vec::new();
    let mut must = |there: bool, what: String| {
        if !there {
            lost.push(what);
        }
    };
    for object in objects {
        let spec = &object["spec"];
        let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
        match object["kind"].as_str().unwrap_or_default() {
            "Service" => {
                must(finds_one(objects, &spec["selector"]), format!("{name}: its pods"));
                for port in list(spec, "ports") {
                    let mut all = pods(objects).flat_map(|pod| list(pod, "containers"));
                    must(all.any(|one| has_port(one, &port["targetPort"])), format!("{name}: {port}"));
                }
            }
            "PodDisruptionBudget" => {
                must(finds_one(objects, &spec["selector"]["matchLabels"]), format!("{name}: its pods"));
            }
            "HorizontalPodAutoscaler" => {
                let target = &spec["scaleTargetRef"];
                let there = named(objects, "Deployment", &target["name"]);
                must(there.is_some_and(|there| there["spec"].get("replicas").is_none()), format!("{name}: {target}"));
            }
            _ => {}
        }
    }
    for pod in pods(objects) {
        for volume in list(pod, "volumes") {
            for (key, kind, by) in
                [("configMap", "ConfigMap", "name"), ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName")]
            {
                let there = volume.get(key).is_none_or(|source| named(objects, kind, &source[by]).is_some());
                must(there, format!("{volume}"));
            }
        }
        for container in list(pod, "containers").iter().chain(list(pod, "initContainers")) {
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                let ports = ["grpc", "httpGet"].into_iter().filter_map(|way| container[probe].get(way)?.get("port"));
                ports.for_each(|port| must(has_port(container, port), format!("{probe}: port {port}")));
            }
            for mount in list(container, "volumeMounts") {
                must(list(pod, "volumes").iter().any(|volume| volume["name"] == mount["name"]), format!("{mount}"));
            }
            for variable in list(container, "env").iter().filter(|one| is_file(one)) {
                must(file(objects, pod, container, variable).is_some(), format!("{variable}"));
            }
        }
    }
    lost
}

fn is_file(variable: &Value) -> bool {
    variable["name"].as_str().is_some_and(|name| name.ends_with("_FILE"))
}

/// The text of the file that a variable names: a key of a ConfigMap that is mounted there.
fn file(objects: &[Value], pod: &Value, container: &Value, variable: &Value) -> Option<String> {
    let (folder, key) = variable["value"].as_str()?.rsplit_once('/')?;
    let mount = list(container, "volumeMounts").iter().find(|mount| mount["mountPath"] == folder)?;
    let volume = list(pod, "volumes").iter().find(|volume| volume["name"] == mount["name"])?;
    let map = named(objects, "ConfigMap", &volume["configMap"]["name"])?;
    map["data"][key].as_str().map(String::from)
}

#[test]
fn nothing_leads_nowhere() {
    let checkout = checkout();
    for case in CASES {
        let lost = lost(&case.objects(&checkout));
        assert!(lost.is_empty(), "{}: {lost:#?}", case.name());
    }
}

#[test]
fn what_leads_nowhere_would_be_seen() {
    let checkout = checkout();
    let case = |name: &str| CASES.iter().find(|case| case.name() == name).expect("a case").objects(&checkout);
    for (name, kind) in
        [("all+batching", "ConfigMap"), ("all+model-pvc", "PersistentVolumeClaim"), ("auto+hpa", "Deployment")]
    {
        let mut objects = case(name);
        objects.retain(|object| object["kind"] != kind);
        assert!(!lost(&objects).is_empty(), "{name} without its {kind}");
    }
}

#[test]
fn the_web_app_knows_each_server_by_its_service_and_port() {
    let checkout = checkout();
    for (name, port) in [("all", 9000), ("all+rest", 8501)] {
        let objects = CASES.iter().find(|case| case.name() == name).expect("a case").objects(&checkout);
        let app = named(&objects, "Deployment", &"tf-image-resizer".into()).expect("the web app");
        let variables = list(&app["spec"]["template"]["spec"]["containers"][0], "env");
        let servers = variables.iter().find(|one| one["name"] == "TF_SERVERS").and_then(|one| one["value"].as_str());
        let servers: Vec<&str> = servers.expect("servers").split(';').collect();
        assert_eq!(servers.len(), 3);
        for server in servers {
            let address = server.trim_start_matches(|c| c != ':' && c != '=').trim_start_matches([':', '=']);
            let (host, own) = address.trim_start_matches("http://").rsplit_once(':').expect("HOST:PORT");
            let service =
                named(&objects, "Service", &host.into()).unwrap_or_else(|| panic!("{name}: no service {host}"));
            assert_eq!(own, port.to_string());
            assert!(list(&service["spec"], "ports").iter().any(|one| one["port"] == port), "{name}: {host}");
        }
    }
}

#[test]
fn servers_that_are_watched_say_where_their_figures_are() {
    let checkout = checkout();
    let objects = CASES.iter().find(|case| case.name() == "all+monitoring").expect("a case").objects(&checkout);
    let mut watched = 0;
    for object in objects.iter().filter(|object| object["kind"] == "Deployment") {
        let (pod, template) = (&object["spec"]["template"]["spec"], &object["spec"]["template"]["metadata"]);
        let container = &pod["containers"][0];
        let Some(variable) = list(container, "env").iter().find(|one| one["name"] == "MONITORING_CONFIG_FILE") else {
            continue;
        };
        let text = file(&objects, pod, container, variable).expect("the file");
        let path = template["annotations"]["prometheus.io/path"].as_str().expect("a path");
        assert!(text.contains("enable: true") && text.contains(&format!("path: \"{path}\"")), "{text}");
        assert_eq!(template["annotations"]["prometheus.io/port"], "8501");
        watched += 1;
    }
    assert_eq!(watched, 3);
}
