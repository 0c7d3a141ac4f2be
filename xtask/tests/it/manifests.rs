//! What `cargo xtask manifests` renders of this repository's manifests: snapshots, best practice, Kubernetes' own types, and
//! errors. No cluster and no tool is asked; what tools say is in the real ring.

pub mod case;
mod practice;
mod practices;
mod references;
mod types;

use expect_test::expect_file;
use serde_json::Value;

use case::{CASES, checkout, documents};

use crate::checkout::{Checkout, workspace};

#[test]
fn every_overlay_is_its_snapshot_byte_for_byte_each_time() {
    let checkout = checkout();
    let snapshots = [
        ("1cpu", expect_file!["manifests/rendered/1cpu.yaml"]),
        ("8cpu", expect_file!["manifests/rendered/8cpu.yaml"]),
        ("gpu", expect_file!["manifests/rendered/gpu.yaml"]),
        ("auto", expect_file!["manifests/rendered/auto.yaml"]),
        ("resizer", expect_file!["manifests/rendered/resizer.yaml"]),
        ("kserve", expect_file!["manifests/rendered/kserve.yaml"]),
    ];
    for (overlay, snapshot) in snapshots {
        let case = CASES.iter().find(|case| case.name() == overlay).expect("a case");
        let text = case.text(&checkout);
        assert_eq!(text, case.text(&checkout), "two renderings of {overlay} differ");
        snapshot.assert_eq(&text);
    }
}

#[test]
fn components_change_what_their_snapshots_say() {
    let checkout = checkout();
    let snapshots = [
        ("all+model-init-container", expect_file!["manifests/rendered/all+model-init-container.yaml"]),
        ("all+model-pvc", expect_file!["manifests/rendered/all+model-pvc.yaml"]),
        ("all+model-hostpath", expect_file!["manifests/rendered/all+model-hostpath.yaml"]),
        ("all+batching", expect_file!["manifests/rendered/all+batching.yaml"]),
        ("all+monitoring", expect_file!["manifests/rendered/all+monitoring.yaml"]),
        ("auto+hpa", expect_file!["manifests/rendered/auto+hpa.yaml"]),
        ("auto+headless", expect_file!["manifests/rendered/auto+headless.yaml"]),
        ("all+rest", expect_file!["manifests/rendered/all+rest.yaml"]),
    ];
    for (name, snapshot) in snapshots {
        let case = CASES.iter().find(|case| case.name() == name).expect("a case");
        let plain = CASES.iter().find(|other| other.name() == case.overlay).expect("the overlay alone");
        let (plain, with) = (plain.objects(&checkout), case.objects(&checkout));
        let changed: Vec<&Value> = with.iter().filter(|object| !plain.contains(object)).collect();
        // Two of a kind are changed alike: the first stands for both.
        let first = |(index, object): &(usize, &&Value)| !changed[..*index].iter().any(|other| alike(other, object));
        let shown = changed.iter().enumerate().filter(first).map(|(_, object)| yaml(object));
        snapshot.assert_eq(&shown.collect::<Vec<_>>().join("---\n"));
    }
}

fn alike(one: &Value, other: &Value) -> bool {
    let name = |object: &Value| object["metadata"]["labels"]["app.kubernetes.io/name"].clone();
    one["kind"] == other["kind"] && name(one) == name(other)
}

fn yaml(object: &Value) -> String {
    format!("{}\n", serde_saphyr::to_string(object).expect("YAML").trim_end())
}

#[test]
fn every_overlay_and_every_component_is_tried() {
    let names = |folder: &str| {
        let entries = fs_err::read_dir(workspace().join("manifests").join(folder)).expect("list").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let sorted = |names: Vec<&str>| {
        let mut names: Vec<String> = names.into_iter().map(String::from).collect();
        names.sort();
        names
    };
    let overlays = CASES.iter().filter(|case| case.component.is_none()).map(|case| case.overlay);
    assert_eq!(sorted(overlays.collect()), names("overlays"));
    assert_eq!(sorted(CASES.iter().filter_map(|case| case.component).collect()), names("components"));
}

#[test]
fn several_overlays_are_one_stream_without_repetition() {
    let checkout = checkout();
    let kinds = |arguments: &[&str]| {
        let ran = checkout.run(arguments);
        ran.succeeded();
        let names = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
        documents(&ran.stdout).iter().map(names).collect::<Vec<_>>()
    };
    let apart = ["1cpu", "8cpu", "gpu", "resizer"].map(|overlay| ["--overlay", overlay]).concat();
    assert_eq!(kinds(&[&["manifests"], &apart[..]].concat()), kinds(&["manifests"]));
}

#[test]
fn a_folder_gets_one_file_an_object_and_is_replaced_as_a_whole() {
    let checkout = checkout();
    let to = |overlay: &str| checkout.run(&["manifests", "--overlay", overlay, "--output", "out"]);
    let ran = to("all");
    ran.succeeded();
    assert!(ran.stdout.lines().any(|line| line == "out/deployment-tf-serving-gpu.yaml"), "{}", ran.stdout);
    let files = checkout.files("out");
    assert_eq!(files.len(), ran.stdout.lines().count() + 1, "and the list of them");
    let list = documents(&checkout.read("out/kustomization.yaml"));
    assert_eq!(list[0]["resources"][0], "namespace-tf-serving.yaml", "first what others need");
    let objects: Vec<Value> = list[0]["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|file| documents(&checkout.read(&format!("out/{}", file.as_str().expect("a name")))).remove(0))
        .collect();
    assert_eq!(objects, documents(&checkout.run(&["manifests"]).stdout));

    to("resizer").succeeded();
    assert!(!checkout.files("out").contains(&"deployment-tf-serving-gpu.yaml".into()));
    assert_eq!(checkout.files("").iter().filter(|name| name.contains("out")).count(), 1, "nothing is left beside it");
    checkout.write("mine/notes.txt", "mine");
    let ran = checkout.run(&["manifests", "--output", "mine"]);
    ran.failed_saying(1, &["mine holds files that were not rendered"]);
    assert_eq!(checkout.files("mine"), ["notes.txt"]);
}

#[test]
fn a_dry_run_prints_the_plan_and_reads_nothing() {
    let checkout = Checkout::bare();
    let ran = checkout.run(&["--dry-run", "manifests", "--overlay", "1cpu", "--component", "rest", "--output", "out"]);
    ran.succeeded();
    assert!(ran.stdout.contains("\nkubectl kustomize manifests/overlays/1cpu\n"), "{}", ran.stdout);
    assert_eq!((ran.stderr.as_str(), checkout.files("")), ("", vec!["config.toml".to_owned()]));
}

#[test]
fn objects_are_data_with_json() {
    let ran = checkout().run(&["--json", "manifests", "--overlay", "1cpu"]);
    ran.succeeded();
    let events = ran.events();
    let objects = events.iter().find_map(|event| find(event, "objects")).expect("objects");
    assert_eq!(objects.as_array().map(Vec::len), Some(6));
}

fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let map = value.as_object()?;
    map.get(key).or_else(|| map.values().find_map(|value| find(value, key)))
}

#[test]
fn what_cannot_be_rendered_is_one_clear_error() {
    let checkout = checkout();
    let fails = |arguments: &[&str], texts: &[&str]| {
        let ran = checkout.run(&[&["manifests"], arguments].concat());
        ran.failed_saying(1, texts);
        assert_eq!(ran.stdout, "");
    };
    fails(
        &["--overlay", "2cpu", "--overlay", "gpu"],
        &["unknown overlay `2cpu`", "known: 1cpu, 8cpu, all, auto, gpu, kserve, resizer"],
    );
    fails(&["--component", "model-pcv"], &["unknown component `model-pcv`, did you mean `model-pvc`?"]);
    fails(
        &["--component", "hpa"],
        &["components/hpa/kustomization.yaml: a patch is for Deployment tf-serving-auto, which is not here"],
    );
    fails(
        &["--overlay", "resizer", "--component", "headless"],
        &["components/headless/kustomization.yaml: nothing in resizer for it to change"],
    );
    checkout.edit("manifests/images.lock", "[images.gpu-optimized]", "[images.gpu-mine]");
    fails(
        &[],
        &[
            "manifests/images.lock has no image gpu-optimized: run cargo xtask push --registry HOST/PREFIX gpu-optimized",
        ],
    );
    checkout.edit("manifests/images.lock", "cpu-features = [\"sse4_1\", \"sse4_2\", \"avx\", \"fma\", \"avx2\"]\n", "");
    fails(
        &["--overlay", "1cpu"],
        &["does not say which CPU features are needed by cpu-optimized: run cargo xtask push"],
    );
    checkout.edit(
        "manifests/images.lock",
        "cpu-features = [\"sse4_2\", \"avx\"]",
        "cpu-features = [\"bmi2\", \"avx\"]",
    );
    checkout.edit("manifests/images.lock", "[images.auto]", "[images.other]");
    checkout.edit("manifests/images.lock", "[images.cpu-standard]", "[images.auto]");
    fails(&["--overlay", "auto"], &["auto needs bmi2,avx; no node label tells of bmi2", "push again"]);
    checkout.write("manifests/images.lock", "<<<<<<< HEAD\n");
    fails(&[], &["manifests/images.lock", "restore it from git"]);
    fs_err::remove_file(checkout.path("manifests/images.lock")).expect("remove");
    fails(&[], &["manifests/images.lock is not there", "cargo xtask push --registry HOST/PREFIX"]);
    checkout.edit("manifests/server/service.yaml", "kind: Service\n", "kind: Service\nkind: Service\n");
    checkout.write("manifests/images.lock", &case::lock());
    fails(&[], &["manifests/server/service.yaml", "duplicate"]);
}
