//! What tools of others say of rendered manifests: Kubernetes' schemas of every version, a policy checker, kubectl. They need
//! no cluster; what a cluster says is not tried here.

use std::{collections::BTreeSet, path::PathBuf, process::Command, sync::OnceLock};

use serde_json::{Value, json};

use super::{harness::is_real, judge};
use crate::{
    checkout::{Checkout, workspace},
    manifests::case::{ARTICLE, CASES, Case, checkout, documents},
};

/// Minor versions of Kubernetes 1 whose schemas the pinned validator brings, from the first that we care for.
const MINORS: std::ops::RangeInclusive<u32> = 29..=37;
/// Kinds that Kubernetes has no schema of.
const FOREIGN: [&str; 2] = ["kind ServingRuntime ", "kind InferenceService "];
/// Checks that files say they skip, with their reasons: pulling again, and root and no probes in the pod that writes to nodes.
const SKIPPED: [&str; 5] = ["CKV_K8S_15", "CKV_K8S_23", "CKV_K8S_40", "CKV_K8S_8", "CKV_K8S_9"];

/// The folder of the tools; installed once, however many tests ask.
fn tools() -> &'static PathBuf {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    let pins = || workspace().join("xtask/tests/it/real/kubernetes/requirements.txt");
    TOOLS.get_or_init(|| judge::environment("judge-kubernetes", &pins()))
}

/// What the validator finds wrong with each file: errors, and warnings, by which it lets pass whatever it has no schema of.
fn complaints(checkout: &Checkout, files: &[String], minor: u32) -> Vec<Vec<String>> {
    let mut command = Command::new(tools().join("kubernetes-validate"));
    command.args(["--strict", "-k", &format!("1.{minor}")]).args(files).current_dir(checkout.path(""));
    let output = command.output().expect("run the validator");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let passed = |line: &&str| line.starts_with("INFO ") && line.contains(" passed for resource ");
    let foreign = |line: &&str| line.contains("Couldn't find schema") && FOREIGN.iter().any(|kind| line.contains(kind));
    let of = |file: &String| {
        let own: Vec<&str> = text.lines().filter(|line| line.split(' ').nth(1) == Some(file)).collect();
        // Each object gets one line: silence about one would be no praise.
        assert_eq!(own.len(), documents(&checkout.read(file)).len(), "{file} against 1.{minor}:\n{text}");
        own.into_iter().filter(|line| !passed(line) && !foreign(line)).map(String::from).collect()
    };
    files.iter().map(of).collect()
}

/// A checkout with every case's rendering in `rendered/NAME.yaml`.
fn rendered() -> Checkout {
    let checkout = checkout();
    CASES.iter().for_each(|case| checkout.write(&file(case), &case.text(&checkout)));
    checkout
}

fn file(case: &Case) -> String {
    format!("rendered/{}.yaml", case.name())
}

#[test]
fn schemas_of_every_version_take_every_rendering_and_refuse_the_article() {
    if !is_real() {
        return;
    }
    let checkout = rendered();
    ARTICLE.iter().for_each(|(name, text)| checkout.write(&format!("article/{name}.yaml"), text));
    let ours: Vec<String> = CASES.iter().map(file).collect();
    let article: Vec<String> = ARTICLE.iter().map(|(name, _)| format!("article/{name}.yaml")).collect();
    for minor in MINORS {
        for (case, complaints) in CASES.iter().zip(complaints(&checkout, &ours, minor)) {
            assert_eq!(
                complaints.is_empty(),
                minor >= case.since,
                "{} against 1.{minor}: {complaints:#?}",
                case.name()
            );
        }
        for (name, complaints) in article.iter().zip(complaints(&checkout, &article, minor)) {
            let told = complaints.join("\n");
            assert!(
                told.contains("Deployment with api version extensions/v1beta1"),
                "{name} against 1.{minor}: {told}"
            );
        }
    }
}

/// The policy checker's findings in a folder.
fn findings(checkout: &Checkout, folder: &str) -> Value {
    let mut command = Command::new(tools().join("checkov"));
    command.args(["--framework", "kubernetes", "--skip-download", "--compact", "--output", "json"]);
    command.args(["--directory", folder]).current_dir(checkout.path("")).env("LOG_LEVEL", "ERROR");
    let output = command.output().expect("run the policy checker");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_policy_checker_finds_nothing_but_reasoned_exceptions_and_much_in_the_article() {
    if !is_real() {
        return;
    }
    let checkout = rendered();
    let ours = findings(&checkout, "rendered");
    assert_eq!(ours["summary"]["failed"], 0, "{ours:#}");
    assert_eq!(ours["summary"]["parsing_errors"], 0, "{ours:#}");
    assert!(ours["summary"]["passed"].as_u64() > Some(1000), "{}", ours["summary"]);
    let skipped = ours["results"]["skipped_checks"].as_array().expect("a list");
    let ids: BTreeSet<&str> = skipped.iter().filter_map(|one| one["check_id"].as_str()).collect();
    assert_eq!(ids, SKIPPED.into());
    for one in skipped {
        let reason = one["check_result"]["suppress_comment"].as_str().unwrap_or_default();
        assert!(reason.len() > 20, "{one:#}");
    }
    ARTICLE.iter().for_each(|(name, text)| checkout.write(&format!("article/{name}.yaml"), text));
    let article = findings(&checkout, "article");
    assert!(article["summary"]["failed"].as_u64() > Some(40), "{}", article["summary"]);
}

/// What `kubectl kustomize` makes of a case.
fn kustomized(checkout: &Checkout, case: &Case) -> Vec<Value> {
    let folder = match case.component {
        None => format!("manifests/overlays/{}", case.overlay),
        Some(component) => {
            let text = format!(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: tf-serving\n\
                 resources: [../manifests/overlays/{}]\ncomponents: [../manifests/components/{component}]\n",
                case.overlay
            );
            checkout.write("mixed/kustomization.yaml", &text);
            "mixed".into()
        }
    };
    let mut command = Command::new(tools().join("kubectl"));
    let text = judge::run(command.args(["kustomize", &folder]).current_dir(checkout.path("")));
    // Names of the model are parts of texts, and taken back less well than put in.
    let names = [("name", "inception"), ("signature", "predict_images"), ("input", "images")];
    documents(&names.iter().fold(text, |text, (what, name)| text.replace(&format!("model://{what}"), name)))
}

/// Takes back what rendering adds to kustomize's objects: digests become names again, labels of CPU features go.
fn undone(value: &mut Value) {
    match value {
        Value::String(text) => {
            for (image, scheme) in [("tf-serving:", "variant://"), ("model-inception:", "model://image")] {
                let Some(at) = text.find(&format!("registry.example/ml/{image}")) else { continue };
                let tag = text[at..].rsplit_once('@').map_or("", |(tagged, _)| tagged).rsplit(':').next().unwrap_or("");
                let name = match (scheme, tag) {
                    ("variant://", "resizer") => "app://resizer".to_owned(),
                    ("variant://", tag) => format!("{scheme}{tag}"),
                    _ => scheme.to_owned(),
                };
                *text = format!("{}{name}", &text[..at]);
            }
        }
        Value::Array(list) => {
            list.retain(|one| {
                !one["key"].as_str().is_some_and(|key| key.starts_with("feature.node.kubernetes.io/cpu-"))
            });
            list.iter_mut().for_each(undone);
        }
        Value::Object(map) => {
            map.values_mut().for_each(undone);
            let nothing = json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{ "matchExpressions": [] }] } } });
            if map.get("affinity") == Some(&nothing) {
                map.remove("affinity");
            }
        }
        _ => {}
    }
}

#[test]
fn kubectl_kustomize_gives_our_objects_but_for_digests_and_affinity() {
    if !is_real() {
        return;
    }
    let checkout = checkout();
    let sorted = |mut objects: Vec<Value>| {
        objects.sort_by_key(|object| format!("{} {}", object["kind"], object["metadata"]["name"]));
        objects
    };
    for case in CASES {
        let resolved = case.objects(&checkout);
        let mut ours = resolved.clone();
        ours.iter_mut().for_each(undone);
        assert_ne!(ours, resolved, "{}: nothing was resolved", case.name());
        let theirs = kustomized(&checkout, &case);
        assert_eq!(sorted(ours), sorted(theirs), "{}", case.name());
    }
}
