//! Exporters in containers: the order of what is asked of the engine, and that nothing stays on it but the kept image.

use super::*;
use crate::{
    domain::{label, model::Exporter},
    ports::Exit,
    testing::tar_of,
};

const KEPT: &str = "tf:sample";

/// A checkpoint file, and an image that makes one version of it.
fn image() -> Stage {
    let mut stage = Stage::new();
    stage.write("weights", "w");
    stage.model.checkpoint = Some(CheckpointSource::Path("weights".into()));
    stage.model.exporter = Exporter::Image { image: "exporter:1".into(), command: vec!["export".into()] };
    let left = [("output/", ""), ("output/3/saved_model.pb", "model"), ("output/3/variables/", "")];
    stage.engine.output = ("a word\n", tar_of(&left));
    stage
}

fn bazel() -> Stage {
    let mut stage = image();
    stage.write("docker/tf-dev.sample.Dockerfile", "FROM x");
    let (label, arguments) = ("//a/b:c".to_owned(), vec!["--x".to_owned()]);
    stage.model.exporter = Exporter::Bazel { label, arguments, kept: "tf".into() };
    stage
}

/// What was asked of the engine, without looking for images.
fn calls(stage: &Stage) -> Vec<String> {
    stage.engine.calls.borrow().iter().filter(|call| !call.starts_with("image ")).cloned().collect()
}

#[tokio::test]
async fn a_command_of_an_image_is_handed_the_checkpoint_and_relieved_of_its_version() {
    let (stage, library) = (image(), FakeLibrary::default());
    assert_eq!(stage.export(&library).await, "exported");
    let expected = [
        "pull exporter:1",
        "create export",
        "upload export /",
        "run export",
        "download export /output",
        "remove export",
    ];
    assert_eq!(calls(&stage), expected);
    assert_eq!(stage.engine.sent.borrow()["export"], ["output/", "checkpoint/", "checkpoint/weights"]);
    assert_eq!(stage.engine.commands.borrow()["export"], ["export"]);
    assert_eq!(library.calls(), ["fingerprint", "verify"]);
    assert_eq!(stage.files("model-data"), ["1"]);
    assert_eq!(stage.files("model-data/1"), ["assets.extra", "saved_model.pb", "variables"]);
    let receipt: ModelReceipt =
        serde_json::from_str(&stage.read("model-data/1/assets.extra/export_receipt.json")).expect("a receipt");
    let files: Vec<_> = receipt.files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
    assert_eq!(files, [("saved_model.pb", 5)]);
    assert_eq!(stage.read("target/xtask/logs/export-model.log"), "a word\n");

    assert_eq!(stage.export(&library).await, "up to date");
    assert_eq!(calls(&stage).len(), expected.len(), "nothing was asked of the engine");
}

#[tokio::test]
async fn a_label_is_built_and_its_program_kept_as_an_image() {
    let (mut stage, library) = (bazel(), FakeLibrary::default());
    assert_eq!(stage.export(&library).await, "exported");
    let expected = [
        "facts",
        "import debian-base:bookworm",
        "build_image tf-dev:sample-debian",
        "create probe",
        "run probe",
        "remove probe",
        "create exporter-1",
        "has_path exporter-1 /sources/.xtask-complete",
        "upload exporter-1 /sources",
        "upload exporter-1 /",
        "run exporter-1",
        "remove exporter-1",
        "create keep-exporter",
        "run keep-exporter",
        "commit keep-exporter tf:sample",
        "remove keep-exporter",
        "create export",
        "upload export /",
        "run export",
        "download export /output",
        "remove export",
    ];
    assert_eq!(calls(&stage), expected);
    let commands = stage.engine.commands.borrow().clone();
    assert_eq!(commands["exporter-1"].last().map(String::as_str), Some("//a/b:c"));
    assert_eq!(commands["keep-exporter"].last().map(String::as_str), Some("bazel-bin"));
    assert_eq!(commands["export"], ["/opt/exporter/c", "--x"]);
    let sent = stage.engine.sent.borrow().clone();
    assert_eq!(sent["exporter-1"], ["bazel/ca-bundle.crt"]);
    assert!(!sent.contains_key("keep-exporter"), "what is kept as an image gets no private files");
    let labels = stage.engine.kept.borrow()[KEPT].clone();
    assert!(labels.contains_key(label::RECIPE) && labels[label::IMAGE_CHECKOUT] == "checkout", "{labels:?}");
    assert!(!labels.contains_key(label::CHECKOUT), "containers of others would be swept: {labels:?}");

    stage.model.version = 2;
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(stage.engine.calls_of(&["commit"]).len(), 1, "the kept image is used again");
    stage.model.version = 3;
    stage.model.exporter = Exporter::Bazel { label: "//a/b:d".into(), arguments: Vec::new(), kept: "tf".into() };
    assert_eq!(stage.export(&library).await, "exported");
    assert_eq!(stage.engine.calls_of(&["commit"]).len(), 2, "another label is another exporter");
}

#[tokio::test]
async fn a_failing_exporter_is_told_with_its_last_words_and_leaves_nothing() {
    let check = async |exit: Exit, parts: &[&str]| {
        let stage = image();
        stage.engine.ends("export", &[exit]);
        let told = stage.export(&FakeLibrary::default()).await;
        for part in parts {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(calls(&stage).last().map(String::as_str), Some("remove export"));
        assert!(stage.files("model-data").is_empty());
        assert_eq!(stage.export(&FakeLibrary::default()).await, "exported", "the next run succeeds");
    };
    let words = "it said last:\n  a word\nwhole log: target/xtask/logs/export-model.log";
    check(Exit { code: 3, out_of_memory: false }, &["exited with 3: exporter exporter:1; ", words]).await;
    check(Exit { code: 1, out_of_memory: true }, &["out of memory; the engine's machine", words]).await;
    check(Exit { code: 137, out_of_memory: false }, &["out of memory; the engine's machine", words]).await;
}

#[tokio::test]
async fn an_exporter_must_leave_one_version() {
    let (mut stage, library) = (image(), FakeLibrary::default());
    stage.engine.output.1 = tar_of(&[("output/", "")]);
    let told = stage.export(&library).await;
    assert!(told.contains("it wrote no version below /output") && told.contains("a word"), "{told}");
    stage.engine.output.1 = tar_of(&[("output/1/saved_model.pb", ""), ("output/2/saved_model.pb", "")]);
    assert!(stage.export(&library).await.contains("it wrote 2 versions below /output, where one is wanted: 1, 2"));
    stage.engine.output.1 = tar_of(&[("output/1/x -> /etc/passwd", "")]);
    assert!(stage.export(&library).await.contains("output/1/x, which is neither a file nor a folder: refused"));
    assert_eq!(stage.engine.calls_of(&["create"]).len(), stage.engine.calls_of(&["remove"]).len());
    assert!(stage.files("model-data").is_empty());
}

#[tokio::test]
async fn a_build_or_copy_that_fails_keeps_nothing() {
    for (container, expected) in [
        ("exporter", "build the exporter: bazel build //a/b:c exited with 3"),
        ("keep-exporter", "build the exporter: copying the exporter out of Bazel's folders exited with 3:\na word"),
    ] {
        let stage = bazel();
        stage.engine.ends(container, &[Exit { code: 3, out_of_memory: false }]);
        let told = stage.export(&FakeLibrary::default()).await;
        assert!(told.contains(expected), "{told}");
        assert!(stage.engine.kept.borrow().is_empty());
        assert_eq!(stage.engine.calls_of(&["create"]).len(), stage.engine.calls_of(&["remove"]).len());
    }
}
