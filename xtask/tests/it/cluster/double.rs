//! An API server's double on loopback: it keeps what is applied, answers as the real one does, and misbehaves when told to.
//! Deployments are as ready as `ready` says, at once; nothing schedules and nothing runs.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

use serde_json::{Value, json};

use crate::checkout::Checkout;

/// Kinds that it knows: group and version, plural, whether namespaced.
const KINDS: [(&str, &str, &str, bool); 15] = [
    ("v1", "Namespace", "namespaces", false),
    ("v1", "Node", "nodes", false),
    ("v1", "Pod", "pods", true),
    ("v1", "Service", "services", true),
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Secret", "secrets", true),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("v1", "ServiceAccount", "serviceaccounts", true),
    ("v1", "ResourceQuota", "resourcequotas", true),
    ("apps/v1", "Deployment", "deployments", true),
    ("apps/v1", "DaemonSet", "daemonsets", true),
    ("batch/v1", "Job", "jobs", true),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
];
/// Few, so that lists have pages.
const PAGE: usize = 2;

/// What goes wrong with requests whose line contains a text, so many times.
pub struct Fault {
    pub line: &'static str,
    pub times: usize,
    /// The answer; none breaks the connection.
    pub answer: Option<(u16, Value)>,
}

#[derive(Default)]
pub struct World {
    /// By path.
    pub objects: BTreeMap<String, Value>,
    /// Request lines of what changes something.
    pub writes: Vec<String>,
    pub faults: Vec<Fault>,
    /// Path -> a manager and the field it has.
    pub others: BTreeMap<String, (String, String)>,
    /// Whether rollouts come to an end.
    pub ready: bool,
    /// Whether it mounts images as volumes; one that does not leaves them out in silence.
    pub mounts_images: bool,
    pub version: &'static str,
}

#[derive(Clone)]
pub struct Double {
    world: Arc<Mutex<World>>,
    port: u16,
}

impl Double {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let double = Self {
            world: Arc::new(Mutex::new(World {
                ready: true,
                mounts_images: true,
                version: "v1.35.0",
                ..World::default()
            })),
            port,
        };
        let serving = double.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream));
            }
        });
        double.put("/api/v1/nodes/plain", json!({ "status": { "addresses": [{ "type": "InternalIP", "address": "10.0.0.7" }], "allocatable": { "cpu": "16", "memory": "64Gi" } } }));
        double
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic")
    }

    pub fn put(&self, path: &str, object: Value) {
        let mut object = object;
        object["metadata"]["name"] = json!(path.rsplit('/').next());
        self.world().objects.insert(path.into(), object);
    }

    /// Has the checkout talk to this double, by a kubeconfig of its own.
    pub fn known_to(&self, checkout: &mut Checkout) {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "double",
            "clusters": [{ "name": "double", "cluster": { "server": format!("http://127.0.0.1:{}", self.port) } }],
            "users": [{ "name": "bob", "user": { "token": "s3cret" } }],
            "contexts": [{ "name": "double", "context": { "cluster": "double", "user": "bob" } }],
        });
        checkout.write("kubeconfig", &config.to_string());
        let path = checkout.path("kubeconfig").display().to_string();
        checkout.set_environment("KUBECONFIG", &path);
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut writer = stream;
        loop {
            let (mut line, mut length) = (String::new(), 0);
            if reader.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).expect("a header");
                let header = header.trim().to_lowercase();
                if header.is_empty() {
                    break;
                }
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a number");
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let Some((status, answer)) = self.answer(line.trim(), &body) else { return };
            let text = answer.to_string();
            let after = if status == 429 { "Retry-After: 1\r\n" } else { "" };
            let head = format!(
                "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{after}Content-Length: {}\r\n\r\n",
                text.len()
            );
            if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(text.as_bytes())).is_err() {
                return;
            }
        }
    }

    fn answer(&self, line: &str, body: &Value) -> Option<(u16, Value)> {
        let mut world = self.world();
        if let Some(fault) = world.faults.iter_mut().find(|fault| fault.times > 0 && line.contains(fault.line)) {
            fault.times -= 1;
            return fault.answer.clone();
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if method != "GET" && !query.contains("dryRun") {
            world.writes.push(line.into());
        }
        Some(match method {
            "GET" => world.get(path, query),
            "PATCH" => world.patch(path, query, body),
            "DELETE" => match world.objects.remove(path) {
                Some(_) => (200, json!({ "kind": "Status", "status": "Success" })),
                None => not_found(path),
            },
            _ => (405, json!({ "message": "not known here" })),
        })
    }
}

impl World {
    fn get(&self, path: &str, query: &str) -> (u16, Value) {
        if path == "/version" {
            return (200, json!({ "gitVersion": self.version }));
        }
        if let Some(object) = self.objects.get(path) {
            return (200, object.clone());
        }
        let version = path.strip_prefix("/apis/").or_else(|| path.strip_prefix("/api/")).unwrap_or_default();
        let known: Vec<_> = KINDS.iter().filter(|(group, ..)| *group == version).collect();
        if !known.is_empty() {
            let entry = |(_, kind, plural, namespaced): &&(&str, &str, &str, bool)| json!({ "kind": kind, "name": plural, "namespaced": namespaced });
            return (200, json!({ "resources": known.iter().map(entry).collect::<Vec<_>>() }));
        }
        let plural = path.rsplit('/').next().unwrap_or_default();
        if KINDS.iter().any(|(.., other, _)| *other == plural) { self.list(path, query) } else { not_found(path) }
    }

    fn list(&self, path: &str, query: &str) -> (u16, Value) {
        let query: BTreeMap<String, String> = url_pairs(query).collect();
        let selector = query.get("labelSelector").cloned().unwrap_or_default();
        let wanted: Vec<(&str, &str)> = selector.split(',').filter_map(|pair| pair.split_once('=')).collect();
        let selected = |object: &&Value| wanted.iter().all(|(key, value)| object["metadata"]["labels"][*key] == *value);
        let below = |other: &&String| {
            other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/') && !rest[1..].contains('/'))
        };
        let all: Vec<&Value> =
            self.objects.iter().filter(|(other, _)| below(other)).map(|(_, object)| object).filter(selected).collect();
        let from = query.get("continue").and_then(|from| from.parse().ok()).unwrap_or(0);
        let page: Vec<&Value> = all.iter().copied().skip(from).take(PAGE).collect();
        let next = if from + PAGE < all.len() { (from + PAGE).to_string() } else { String::new() };
        (200, json!({ "items": page, "metadata": { "continue": next } }))
    }

    fn patch(&mut self, path: &str, query: &str, body: &Value) -> (u16, Value) {
        if let Some(namespace) = body["metadata"]["namespace"].as_str()
            && !self.objects.contains_key(&format!("/api/v1/namespaces/{namespace}"))
        {
            return (404, json!({ "message": format!("namespaces \"{namespace}\" not found") }));
        }
        if let Some((manager, field)) = self.others.get(path).filter(|_| !query.contains("force=true")) {
            let cause = json!({ "reason": "FieldManagerConflict", "message": format!("conflict with \"{manager}\" using apps/v1"), "field": field });
            return (409, json!({ "message": "Apply failed with 1 conflict", "details": { "causes": [cause] } }));
        }
        let mut object = body.clone();
        object["metadata"]["managedFields"] = json!([{ "manager": "cargo-xtask", "operation": "Apply" }]);
        object["metadata"]["generation"] = json!(1);
        if !self.mounts_images
            && let Some(volumes) = object.pointer_mut("/spec/template/spec/volumes").and_then(Value::as_array_mut)
        {
            volumes.retain(|volume| volume.get("image").is_none());
        }
        if object["kind"] == "Deployment" && self.ready {
            let replicas = object["spec"]["replicas"].as_u64().unwrap_or(1);
            object["status"] = json!({ "observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas });
        }
        if !query.contains("dryRun=All") {
            self.objects.insert(path.into(), object.clone());
        }
        (200, object)
    }
}

fn not_found(path: &str) -> (u16, Value) {
    (404, json!({ "kind": "Status", "message": format!("{path} not found") }))
}

/// Pairs of a query, of which only commas and slashes are escaped.
fn url_pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let plain = |text: &str| text.replace("%2C", ",").replace("%2F", "/").replace("%3D", "=");
    query.split('&').filter_map(move |pair| pair.split_once('=').map(|(key, value)| (plain(key), plain(value))))
}
