//! `deploy`, `undeploy` and `status` against an API server's double: what is asked of it, and every way in which it fails.

mod double;

use serde_json::{Value, json};

use self::double::{Double, Fault};
use crate::{checkout::Checkout, manifests::case};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/tf-serving/deployments/tf-serving-1cpu";
const AVX2: [&str; 3] = ["AVX", "AVX2", "FMA3"];

/// A checkout with everything pushed, and a cluster whose one node has AVX2.
fn scene() -> (Checkout, Double) {
    let (mut checkout, double) = (case::checkout(), Double::start());
    double.known_to(&mut checkout);
    let labels: serde_json::Map<String, Value> =
        AVX2.iter().map(|flag| (format!("feature.node.kubernetes.io/cpu-cpuid.{flag}"), json!("true"))).collect();
    double.world().objects.get_mut("/api/v1/nodes/plain").expect("there")["metadata"]["labels"] = Value::Object(labels);
    (checkout, double)
}

fn fault(line: &'static str, times: usize, answer: Option<(u16, &str)>) -> Fault {
    Fault { line, times, answer: answer.map(|(status, message)| (status, json!({ "message": message }))) }
}

const ONE: [&str; 5] = ["deploy", "--overlay", "1cpu", "--overlay", "resizer"];

#[test]
fn a_deploy_applies_watches_and_says_where_the_web_app_is() {
    let (checkout, double) = scene();
    let first = checkout.run(&ONE);
    first.succeeded();
    assert_eq!(first.stdout, "http://10.0.0.7:30501\n");
    assert!(first.stderr.contains("Deployment tf-serving-1cpu") && first.stderr.contains("is new"), "{}", first.stderr);
    let writes = double.world().writes.clone();
    assert!(writes[0].contains("/api/v1/namespaces/tf-serving?"), "the namespace comes first: {writes:?}");
    assert!(
        writes
            .iter()
            .all(|line| line.starts_with("PATCH") && line.contains("fieldManager=cargo-xtask&fieldValidation=Strict"))
    );
    let image = double.world().objects[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    assert!(image.as_str().is_some_and(|image| image.contains("@sha256:")), "{image}");
    let second = checkout.run(&ONE);
    second.succeeded();
    assert!(second.stderr.contains("stays as it is") && !second.stderr.contains("is new"), "{}", second.stderr);
    assert!(!format!("{}{}", second.stdout, second.stderr).contains("s3cret"));
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let (checkout, double) = scene();
    let planned = checkout.run(&["deploy", "--overlay", "1cpu", "--context", "double", "--dry-run"]);
    planned.succeeded();
    assert!(
        planned.stdout.contains("kubectl apply --server-side --field-manager cargo-xtask --context double"),
        "{}",
        planned.stdout
    );
    let asked = checkout.run(&["deploy", "--overlay", "1cpu", "--dry-run=server"]);
    asked.succeeded();
    assert!(asked.stderr.contains("is new") && asked.stderr.contains("nothing was applied"), "{}", asked.stderr);
    assert!(double.world().writes.is_empty(), "{:?}", double.world().writes);
    checkout.run(&["up", "--dry-run=server"]).failed_saying(1, &["--dry-run=server is for deploy and undeploy"]);
}

#[test]
fn a_change_is_told_by_its_field() {
    let (checkout, _double) = scene();
    checkout.run(&ONE).succeeded();
    checkout.edit(
        "manifests/server/deployment.yaml",
        "terminationGracePeriodSeconds: 75",
        "terminationGracePeriodSeconds: 90",
    );
    let ran = checkout.run(&ONE);
    ran.succeeded();
    assert!(ran.stderr.contains("terminationGracePeriodSeconds: 75 -> 90"), "{}", ran.stderr);
}

#[test]
fn fields_of_others_are_shown_and_never_taken_unasked() {
    let (checkout, double) = scene();
    checkout.run(&ONE).succeeded();
    double.world().writes.clear();
    double.world().others.insert(DEPLOYMENT.into(), ("kubectl".into(), ".spec.replicas".into()));
    checkout.run(&ONE).failed_saying(
        1,
        &["nothing was applied", "Deployment tf-serving-1cpu: kubectl manages spec.replicas", "--force-conflicts"],
    );
    assert!(double.world().writes.is_empty());
    checkout.run(&[&ONE[..], &["--force-conflicts"]].concat()).succeeded();
    assert!(!double.world().writes.is_empty());
}

#[test]
fn a_failure_in_the_middle_names_its_object_and_the_next_run_goes_on() {
    let (checkout, double) = scene();
    let line = "services/tf-serving-1cpu?fieldManager=cargo-xtask&fieldValidation=Strict HTTP";
    double.world().faults.push(fault(line, 1, Some((422, "spec.ports: Invalid value"))));
    let failed = checkout.run(&ONE);
    failed.failed_saying(1, &["Service tf-serving-1cpu was not applied", "run again", "spec.ports: Invalid value"]);
    checkout.run(&ONE).succeeded();
    assert!(double.world().objects.contains_key(DEPLOYMENT));
}

#[test]
fn passing_trouble_is_waited_out_and_told() {
    let (checkout, double) = scene();
    double.world().faults = vec![
        fault("GET /version", 1, Some((429, "too many requests"))),
        fault("PATCH /apis/apps/v1", 2, Some((503, "apiserver is starting"))),
        fault("GET /api/v1/namespaces/tf-serving/pods", 1, None),
    ];
    let ran = checkout.run(&ONE);
    ran.succeeded();
    for text in ["answered 429: too many requests; again in", "answered 503", "cannot be reached"] {
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
    }
}

#[test]
fn refusals_end_at_once_and_say_what_to_do() {
    let (checkout, double) = scene();
    let refused = |status, texts: &[&str]| {
        double.world().faults = vec![fault("GET /version", 9, Some((status, "no")))];
        checkout.run(&ONE).failed_saying(1, texts);
        assert_eq!(double.world().faults[0].times, 8, "it was tried again");
    };
    refused(401, &["does not take the credentials of its context"]);
    refused(403, &["forbids it: no", "ask for a role"]);
    double.world().faults = vec![fault("GET /version", 9, Some((500, "etcd is gone")))];
    checkout.run(&ONE).failed_saying(1, &["gave up on the cluster double", "after 4 tries", "etcd is gone"]);
    assert!(double.world().writes.is_empty());
}

#[test]
fn a_rollout_that_waits_says_why_for_each() {
    let (checkout, double) = scene();
    double.world().ready = false;
    let pod = json!({
        "metadata": { "namespace": "tf-serving", "labels": {
            "app.kubernetes.io/name": "tf-serving", "app.kubernetes.io/instance": "tf-serving-1cpu",
            "app.kubernetes.io/managed-by": "cargo-xtask", "app.kubernetes.io/part-of": "tf-serving" } },
        "status": { "conditions": [{ "type": "PodScheduled", "status": "False",
            "message": "0/1 nodes are available: 1 Insufficient nvidia.com/gpu." }] },
    });
    double.put("/api/v1/namespaces/tf-serving/pods/one", pod);
    let ran = checkout.run(&["deploy", "--overlay", "1cpu", "--timeout", "1"]);
    ran.failed_saying(
        1,
        &["the rollout is not complete", "Deployment tf-serving-1cpu: 0 of 1 ready; no node for it: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu", "cargo xtask status"],
    );
    let status = checkout.run(&["status"]);
    status.ended(1);
    assert!(status.stdout.contains("0 of 1 ready; no node for it"), "{}", status.stdout);
}

#[test]
fn a_cluster_without_fitting_nodes_is_warned_of_before() {
    let (checkout, double) = scene();
    double.put("/api/v1/nodes/plain", json!({ "status": { "allocatable": { "cpu": "16", "memory": "64Gi" } } }));
    let ran = checkout.run(&["deploy", "--overlay", "1cpu"]);
    ran.succeeded();
    assert!(ran.stderr.contains("fits 0 of 1 node; 1: lacks avx"), "{}", ran.stderr);
}

#[test]
fn what_is_no_longer_rendered_goes_and_what_is_not_ours_stays() {
    let (checkout, double) = scene();
    checkout.run(&["deploy", "--overlay", "1cpu", "--overlay", "8cpu"]).succeeded();
    let eight = DEPLOYMENT.replace("1cpu", "8cpu");
    let mut copied = double.world().objects[&eight].clone();
    copied["metadata"]["managedFields"] = json!([{ "manager": "kubectl" }]);
    let theirs = DEPLOYMENT.replace("tf-serving-1cpu", "theirs");
    double.put(&theirs, copied);
    let ran = checkout.run(&["deploy", "--overlay", "1cpu"]);
    ran.succeeded();
    assert!(ran.stderr.contains("no longer rendered"), "{}", ran.stderr);
    let (has_eight, has_theirs) = {
        let world = double.world();
        (world.objects.contains_key(&eight), world.objects.contains_key(&theirs))
    };
    assert_eq!((has_eight, has_theirs), (false, true));
}

#[test]
fn an_undeploy_takes_ours_and_leaves_a_namespace_with_guests() {
    let (checkout, double) = scene();
    checkout.run(&ONE).succeeded();
    let guest = "/api/v1/namespaces/tf-serving/secrets/theirs";
    double.put(guest, json!({}));
    checkout.run(&["undeploy", "--dry-run=server"]).succeeded();
    assert!(double.world().objects.contains_key(DEPLOYMENT));
    let ran = checkout.run(&["undeploy"]);
    ran.succeeded();
    assert!(ran.stderr.contains("the namespace stays: tf-serving holds Secret theirs"), "{}", ran.stderr);
    let left = |double: &Double| -> Vec<String> {
        double.world().objects.keys().filter(|path| path.contains("tf-serving")).cloned().collect()
    };
    assert_eq!(left(&double), ["/api/v1/namespaces/tf-serving", guest]);
    double.world().objects.remove(guest);
    checkout.run(&["undeploy"]).succeeded();
    assert!(left(&double).is_empty());
    let again = checkout.run(&["undeploy"]);
    again.succeeded();
    assert!(again.stderr.contains("no deploy of ours"), "{}", again.stderr);
}

#[test]
fn another_namespace_gets_everything() {
    let (checkout, double) = scene();
    checkout.run(&[&ONE[..], &["--namespace", "team-a"]].concat()).succeeded();
    let world = double.world();
    assert!(world.objects.contains_key("/api/v1/namespaces/team-a"));
    assert!(world.objects.contains_key(&DEPLOYMENT.replace("/tf-serving/", "/team-a/")));
    assert!(!world.objects.keys().any(|path| path.contains("namespaces/tf-serving")));
}

#[test]
fn what_a_cluster_does_not_know_is_told_at_once() {
    let (checkout, double) = scene();
    checkout.run(&["deploy", "--overlay", "kserve"]).failed_saying(
        1,
        &["nothing was applied", "does not know", "InferenceService (serving.kserve.io/v1beta1)", "ServingRuntime"],
    );
    assert!(double.world().writes.is_empty());
}

#[test]
fn a_cluster_that_cannot_be_found_is_one_clear_error() {
    let (mut checkout, double) = scene();
    checkout.run(&["status", "--context", "prod"]).failed_saying(1, &["no context `prod`; it has: double"]);
    checkout.run(&["deploy", "--overlay", "2cpu"]).failed_saying(1, &["unknown overlay `2cpu`"]);
    checkout
        .run(&["deploy", "--model-version", "9"])
        .failed_saying(1, &["no version 9 of the model `inception`", "push-model"]);
    drop(double);
    checkout.edit("kubeconfig", "http://127.0.0.1:", "http://127.0.0.1:1/");
    checkout.run(&["status"]).failed_saying(1, &["cannot be reached", "after 4 tries"]);
    checkout.write("kubeconfig", "{ no");
    checkout.run(&["status"]).failed_saying(1, &["kubeconfig"]);
    let nowhere = checkout.path("nowhere").display().to_string();
    checkout.set_environment("KUBECONFIG", &nowhere);
    checkout.run(&["status"]).failed_saying(1, &["no kubeconfig", "set KUBECONFIG"]);
}

#[test]
fn a_cluster_that_would_leave_the_model_out_is_not_deployed_to() {
    let (checkout, double) = scene();
    double.world().mounts_images = false;
    double.world().version = "v1.34.4";
    // No dry run can tell in a namespace that is not there yet; the next one does.
    checkout.run(&ONE).failed_saying(1, &["the cluster leaves out", "spec.template.spec.volumes[model]"]);
    double.world().writes.clear();
    checkout.run(&ONE).failed_saying(
        1,
        &[
            "image volumes are off by default",
            "nothing was applied",
            "leaves out",
            "Deployment tf-serving-1cpu: spec.template.spec.volumes[model]",
            "model-init-container",
        ],
    );
    assert!(double.world().writes.is_empty());
    let in_another_way = [&ONE[..], &["--component", "model-init-container"]].concat();
    checkout.run(&in_another_way).succeeded();
    double.world().version = "v1.28.9";
    checkout.run(&in_another_way).failed_saying(1, &["nothing was applied: version: v1.28.9", "1.29 or newer"]);
}

#[test]
fn a_pod_that_its_namespace_will_refuse_is_told_before() {
    let (checkout, _double) = scene();
    let hostpath = ["deploy", "--overlay", "1cpu", "--component", "model-hostpath", "--dry-run=server"];
    let told = "pod security: tf-serving enforces restricted, and of DaemonSet tf-serving-model its volume host is a path of the node";
    let ran = checkout.run(&hostpath);
    assert!(!ran.succeeded().stderr.contains("pod security"), "the component lets go of it: {}", ran.stderr);
    checkout.edit("manifests/components/model-hostpath/kustomization.yaml", "value: privileged", "value: restricted");
    let ran = checkout.run(&hostpath);
    assert!(ran.succeeded().stderr.contains(told), "{}", ran.stderr);
}
