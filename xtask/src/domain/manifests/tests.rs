//! Composing and resolving, on trees as small as they can be.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::{Tree, compose, in_order, names, plan, resolve, yaml};
use crate::domain::images_lock::ImagesLock;

const HEAD: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
const COMPONENT: &str = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
const SERVER: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: s, labels: {a: b}}\n\
                      spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, \
                      spec: {containers: [{name: c, image: variant://cpu-optimized}]}}}\n";

/// A tree with a server; `files` are added, or stand in for what is there.
fn tree(files: &[(&str, &str)]) -> Tree {
    let base = [
        ("manifests/server.yaml", SERVER.to_owned()),
        ("manifests/namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n".to_owned()),
        (
            "manifests/server/kustomization.yaml",
            format!(
                "{HEAD}resources: [../server.yaml]\nnameSuffix: -1\nlabels: [{{pairs: {{i: s-1}}, includeSelectors: true}}]\n"
            ),
        ),
        (
            "manifests/overlays/one/kustomization.yaml",
            format!("{HEAD}namespace: n\nresources: [../../namespace.yaml, ../../server]\n"),
        ),
        (
            "manifests/overlays/bare/kustomization.yaml",
            format!("{HEAD}namespace: n\nresources: [../../namespace.yaml]\n"),
        ),
        (
            "manifests/components/two/kustomization.yaml",
            format!(
                "{COMPONENT}patches: [{{target: {{kind: Deployment}}, patch: '[{{op: add, path: /spec/replicas, value: 2}}]'}}]\n"
            ),
        ),
    ];
    let own = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    base.into_iter().map(|(path, text)| (path.to_owned(), text)).chain(own).collect()
}

fn all(words: &str) -> Vec<String> {
    words.split_whitespace().map(String::from).collect()
}

#[track_caller]
fn check(tree: &Tree, overlays: &str, components: &str, expected: &Expect) {
    let told = match compose(tree, &all(overlays), &all(components)) {
        Ok(objects) => yaml::stream(&in_order(objects)),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&told);
}

#[test]
fn an_overlay_names_labels_and_places_its_objects() {
    check(
        &tree(&[]),
        "one bare",
        "two",
        &expect![[r#"
            apiVersion: v1
            kind: Namespace
            metadata:
              name: "n"
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              labels:
                a: b
                i: s-1
              name: s-1
              namespace: "n"
            spec:
              replicas: 2
              selector:
                matchLabels:
                  a: b
                  i: s-1
              template:
                metadata:
                  labels:
                    a: b
                    i: s-1
                spec:
                  containers:
                  - image: variant://cpu-optimized
                    name: c
        "#]],
    );
}

#[test]
fn mistakes_in_files_are_told_with_the_file() {
    let with = |text: &str| tree(&[("manifests/overlays/bad/kustomization.yaml", &format!("{HEAD}{text}"))]);
    let check = |text: &str, expected: Expect| check(&with(text), "bad", "", &expected);
    check(
        "resources: [../../nowhere.yaml]",
        expect![
            "manifests/overlays/bad/kustomization.yaml: `../../nowhere.yaml` is neither a file nor a folder with a kustomization"
        ],
    );
    check(
        "resources: [../../../../../x.yaml]",
        expect!["manifests/overlays/bad/kustomization.yaml: `../../../../../x.yaml` leads out of here"],
    );
    check("resources: [../bad]", expect!["manifests/overlays/bad/kustomization.yaml: it is a part of itself"]);
    check(
        "resources: [../../components/two]",
        expect!["manifests/components/two/kustomization.yaml: it is a Component, and used as a Kustomization"],
    );
    check(
        "resources: [../one, ../../namespace.yaml, ../bare]",
        expect!["manifests/overlays/bad/kustomization.yaml: `../bare` brings Namespace n a second time"],
    );
    check(
        "resources: [../one]\npatches: [{target: {kind: Deployment, name: s}, patch: '[]'}]",
        expect!["manifests/overlays/bad/kustomization.yaml: a patch is for Deployment s, which is not here"],
    );
    check(
        "resources: [../bare]\nlabels: [{pairs: {a: b}, includeSelectors: true}]",
        expect![
            "manifests/overlays/bad/kustomization.yaml: includeSelectors: it is not known where a Namespace has its selectors"
        ],
    );
    let told = compose(&with("images: []"), &all("bad"), &[]).expect_err("not of our part").to_string();
    assert!(told.starts_with("manifests/overlays/bad/kustomization.yaml: ") && told.contains("images"), "{told}");
    let broken = tree(&[("manifests/server.yaml", "apiVersion: v1\nkind: X\n")]);
    let told = compose(&broken, &all("one"), &[]).expect_err("no name").to_string();
    assert_eq!(told, "manifests/server.yaml: object 1 lacks apiVersion, kind or metadata.name");
}

#[test]
fn overlays_that_contradict_and_components_without_work_are_errors() {
    let other = format!(
        "{HEAD}namespace: n\nresources: [../../server]\npatches: [{{target: {{kind: Deployment}}, patch: '[{{op: add, path: /spec/x, value: 1}}]'}}]\n"
    );
    let elsewhere = format!("{HEAD}namespace: m\nresources: [../../namespace.yaml]\n");
    let tree = tree(&[
        ("manifests/overlays/other/kustomization.yaml", &other),
        ("manifests/overlays/elsewhere/kustomization.yaml", &elsewhere),
    ]);
    check(
        &tree,
        "one other",
        "",
        &expect![
            "manifests/overlays/other/kustomization.yaml: Deployment s-1 differs from that of an overlay before it"
        ],
    );
    check(
        &tree,
        "one elsewhere",
        "",
        &expect![
            "manifests/overlays/elsewhere/kustomization.yaml: namespace m beside n: render them one after another"
        ],
    );
    check(
        &tree,
        "bare",
        "two",
        &expect!["manifests/components/two/kustomization.yaml: nothing in bare for it to change"],
    );
}

/// A lock whose images need these features; none where the lock is older than that key.
fn lock(images: &[(&str, Option<&str>)]) -> ImagesLock {
    let digest = format!("sha256:{}", "a".repeat(64));
    let mut text = "schema = 1\n".to_owned();
    for (name, features) in images {
        let features = features.map(|features| {
            let list: Vec<String> = features.split_whitespace().map(|name| format!("\"{name}\"")).collect();
            format!("cpu-features = [{}]\n", list.join(", "))
        });
        text += &format!(
            "[images.{name}]\nreference = \"r.example/tf-serving:{name}@{digest}\"\nalso-tagged = []\nsbom = \"{digest}\"\n\
             provenance = \"{digest}\"\nreceipt-key = \"k\"\n{}pushed = \"2026-11-24T18:20:53Z\"\n",
            features.unwrap_or_default()
        );
    }
    text += &format!("[models.m.1]\nreference = \"r.example/m:1@{digest}\"\npushed = \"x\"\n");
    text += &format!("[models.own.3]\nreference = \"r.example/own:3@{digest}\"\npushed = \"x\"\n");
    text += "asked = { signature = \"look\", input = \"pictures\" }\n";
    ImagesLock::parse(&text).expect("a lock")
}

fn pod(affinity: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" }, "spec": {
        "affinity": affinity,
        "containers": [{ "name": "c", "image": "variant://cpu-optimized" }],
        "volumes": [{ "name": "m", "image": { "reference": "model://image" } }],
        "path": "/v1/models/model://name/x", "asked": ["model://signature", "model://input"],
    } })
}

#[test]
fn names_become_digests_and_features_become_affinity() {
    let mut objects = [pod(&json!({}))];
    let lock = lock(&[("cpu-optimized", Some("sse4_2 avx avx2 fma"))]);
    let resolved = resolve(&mut objects, &lock, ("m", None)).expect("all is there");
    let digest = "a".repeat(64);
    assert_eq!(resolved.len(), 2);
    let spec = &objects[0]["spec"];
    assert_eq!((&spec["path"], &spec["asked"]), (&json!("/v1/models/m/x"), &json!(["predict_images", "images"])));
    assert_eq!(spec["containers"][0]["image"], format!("r.example/tf-serving:cpu-optimized@sha256:{digest}"));
    assert_eq!(spec["volumes"][0]["image"]["reference"], format!("r.example/m:1@sha256:{digest}"));
    expect![[r#"
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - key: feature.node.kubernetes.io/cpu-cpuid.AVX2
                operator: In
                values:
                - "true"
              - key: feature.node.kubernetes.io/cpu-cpuid.FMA3
                operator: In
                values:
                - "true"
    "#]]
    .assert_eq(&yaml::document(&spec["affinity"]));
}

#[test]
fn a_model_is_asked_by_its_own_names() {
    let mut objects = [json!({ "asked": "model://signature of model://name by model://input" })];
    let lock = lock(&[]);
    resolve(&mut objects, &lock, ("own", Some(3))).expect("all is there");
    assert_eq!(objects[0]["asked"], "look of own by pictures");
    let mut objects = [json!({ "name": "model://name" })];
    let error = resolve(&mut objects, &lock, ("typo", None)).expect_err("nobody pushed it").to_string();
    assert!(error.contains("has no model `typo`: run cargo xtask push-model"), "{error}");
}

#[test]
fn every_alternative_of_an_affinity_asks_for_the_features_too() {
    let terms = json!([{ "matchExpressions": [{ "key": "x", "operator": "Exists" }] }, { "matchFields": [] }]);
    let mut objects = [pod(
        &json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": terms } } }),
    )];
    resolve(&mut objects, &lock(&[("cpu-optimized", Some("avx"))]), ("m", None)).expect("all is there");
    let after = objects[0]
        .pointer("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let after = after.and_then(Value::as_array).expect("terms");
    let keys = |term: &Value| {
        let all = term["matchExpressions"].as_array().cloned().unwrap_or_default();
        all.iter().filter_map(|one| Some(one["key"].as_str()?.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(keys(&after[0]), ["x", "feature.node.kubernetes.io/cpu-cpuid.AVX"]);
    assert_eq!(keys(&after[1]), ["feature.node.kubernetes.io/cpu-cpuid.AVX"]);
}

#[test]
fn a_server_for_any_cpu_goes_to_any_node() {
    let mut objects = [pod(&json!({}))];
    objects[0]["spec"].as_object_mut().expect("a map").remove("affinity");
    resolve(&mut objects, &lock(&[("cpu-optimized", Some(""))]), ("m", None)).expect("all is there");
    assert_eq!(objects[0]["spec"].get("affinity"), None);
}

#[test]
fn what_the_lock_lacks_is_told_at_once_with_the_remedy() {
    let image = |name: &str| json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" }, "image": name });
    let mut objects = [
        "variant://b",
        "variant://old",
        "variant://a",
        "variant://odd",
        "app://resizer",
        "app://x",
        "model://image",
        "model://m",
    ]
    .map(image)
    .to_vec();
    objects.push(image("variant://b"));
    let error = resolve(&mut objects, &lock(&[("old", None), ("odd", Some("avx pclmulqdq"))]), ("none", None))
        .expect_err("much is missing");
    expect![[r#"
        manifests/images.lock does not say which CPU features are needed by old: run cargo xtask push --registry HOST/PREFIX old
        manifests/images.lock has no image a, b, resizer: run cargo xtask push --registry HOST/PREFIX a b resizer
        app://x: the only app is app://resizer
        manifests/images.lock has no model `none`: run cargo xtask push-model --registry HOST/PREFIX --model none
        model://m: known are model://image, model://name, model://signature and model://input
        odd needs pclmulqdq,avx; no node label tells of pclmulqdq: node feature discovery hides it or does not know it. Build the variant with a feature that brings it and has a label (-mavx brings SSE4 and POPCNT, -mavx2 with -mfma F16C, BMI and LZCNT), or without it, and push again; or serve the image `auto`, which finds out when it starts"#]]
    .assert_eq(&error.to_string());
}

#[test]
fn a_plan_says_each_step_and_an_overlay_counts_once() {
    let text = plan(&all("1cpu gpu 1cpu"), &all("rest"), ("m", None), Some("out".into())).to_string();
    expect![[r"
        # manifests: 1cpu, gpu; with rest
        kubectl kustomize manifests/overlays/1cpu
        kubectl kustomize manifests/overlays/gpu
        kustomize edit add component manifests/components/rest
        resolve variant:// app:// model:// manifests/images.lock  # the newest m
        require-nodes feature.node.kubernetes.io/cpu-cpuid.* manifests/images.lock
        write out/KIND-NAME.yaml"]]
    .assert_eq(&text);
    assert_eq!(plan(&[], &[], ("m", None), None).overlays, ["all"]);
    let text = plan(&[], &[], ("m", Some(2)), None).to_string();
    assert!(text.contains("\nresolve variant:// app:// model:// manifests/images.lock  # version 2 of m\n"), "{text}");
    assert_eq!(names(&tree(&[]), "overlays"), ["bare", "one"]);
}
