//! `import-model` as its users meet it: any SavedModel, from a folder or an archive, becomes a version that is never touched.
//! No network and no engine.

use std::{os::unix::fs::symlink, path::Path, process::Command};

use serde_json::Value;

use crate::checkout::Checkout;

const RECEIPT: &str = "assets.extra/export_receipt.json";
const WARM_UP: &str = "assets.extra/tf_serving_warmup_requests";

/// A checkout beside which somebody's model of numbers lies, in `theirs/1`.
fn with_a_model() -> Checkout {
    let checkout = Checkout::bare();
    fs_err::create_dir_all(checkout.path("theirs/1/assets.extra")).expect("create");
    fs_err::write(checkout.path("theirs/1/saved_model.pb"), savedmodel::half_plus_two()).expect("write");
    checkout.write("theirs/1/assets.extra/note.txt", "theirs");
    checkout
}

fn tar(folder: &Path, options: &str, archive: &str) {
    let status = Command::new("tar").current_dir(folder).args([options, archive, "theirs"]).status().expect("run tar");
    assert!(status.success());
}

#[test]
fn a_folder_becomes_a_version_once() {
    let checkout = with_a_model();
    let import =
        |arguments: &[&str]| checkout.run(&[&["import-model", "theirs/1", "--model", "half"], arguments].concat());
    let ran = import(&[]);
    assert_eq!(ran.succeeded().stdout, "model-data/half/1\n");
    assert!(ran.stderr.contains("cargo xtask up --model half --model-version 1"), "{}", ran.stderr);
    let receipt: Value = serde_json::from_str(&checkout.read(&format!("model-data/half/1/{RECEIPT}"))).expect("JSON");
    assert_eq!((&receipt["model"], &receipt["inputs"]["exporter"]), (&"half".into(), &"none".into()));
    let files: Vec<&str> =
        receipt["files"].as_array().expect("a list").iter().filter_map(|file| file["path"].as_str()).collect();
    // It takes numbers, no pictures: there is nothing to warm it up with.
    assert_eq!(files, ["assets.extra/note.txt", "saved_model.pb"]);
    assert_eq!(checkout.files("model-data/half"), ["1"]);

    let events = import(&["--json"]).expect(0).events();
    let result = events.iter().find(|event| event["event"] == "result").expect("a result");
    assert_eq!(result["details"]["state"], "up to date");
    checkout.write("theirs/1/assets.extra/note.txt", "theirs, changed");
    import(&[]).failed_saying(1, &["model-data/half/1 was made from something else", "--version 2"]);
    assert_eq!(import(&["--version", "2"]).expect(0).stdout, "model-data/half/2\n");
    assert_eq!(checkout.read("model-data/half/1/assets.extra/note.txt"), "theirs");
}

#[test]
fn the_newest_of_several_versions_and_archives_are_brought_too() {
    let checkout = with_a_model();
    fs_err::create_dir_all(checkout.path("theirs/12")).expect("create");
    fs_err::write(checkout.path("theirs/12/saved_model.pb"), savedmodel::half_plus_two()).expect("write");
    checkout.run(&["import-model", "theirs", "--model", "a"]).succeeded();
    assert_eq!(checkout.files("model-data/a"), ["12"], "the newest, with its number");
    let again = checkout.run(&["import-model", "theirs/12", "--model", "a"]);
    assert!(again.succeeded().stderr.contains("up to date"), "{}", again.stderr);
    checkout.run(&["import-model", "theirs/1", "--model", "a"]).succeeded();
    assert_eq!(checkout.files("model-data/a"), ["1", "12"]);
    for (options, archive) in [("-czf", "theirs.tar.gz"), ("-cf", "theirs.tar")] {
        tar(&checkout.path(""), options, archive);
        let ran = checkout.run(&["import-model", archive, "--model", archive]);
        assert_eq!(ran.succeeded().stdout, format!("model-data/{archive}/1\n"));
    }
    assert!(checkout.files("target/xtask/work").is_empty());
}

#[test]
fn a_model_of_pictures_gets_warm_up_requests_for_its_own_signature() {
    let checkout = Checkout::bare();
    checkout.run(&["--profile", "sample", "export-model"]).succeeded();
    fs_err::rename(checkout.path("model-data/inception/1"), checkout.path("theirs")).expect("move");
    fs_err::remove_dir_all(checkout.path("theirs/assets.extra")).expect("there");
    checkout.run(&["import-model", "theirs", "--model", "mine"]).succeeded();
    let info = checkout.run(&["--json", "model-info", "model-data/mine/1"]).expect(0).events();
    assert_eq!(info[0]["details"]["model"]["warm_up_records"], 2);
    let requests = fs_err::read(checkout.path(&format!("model-data/mine/1/{WARM_UP}"))).expect("made");
    let says = |text: &[u8]| requests.windows(text.len()).any(|part| part == text);
    assert!(says(b"predict_images") && says(b"mine") && !says(b"predict_pixels"));
    checkout.run(&["import-model", "theirs", "--model", "cold", "--no-warm-up"]).succeeded();
    assert!(!checkout.path(&format!("model-data/cold/1/{WARM_UP}")).exists(), "nobody wanted them");
}

#[test]
fn what_is_no_model_or_leads_elsewhere_is_refused_and_leaves_nothing() {
    let checkout = with_a_model();
    let refused = |from: &str, texts: &[&str]| {
        checkout.run(&["import-model", from, "--model", "x"]).failed_saying(1, texts);
        let left: Vec<String> = checkout.files("model-data/x");
        assert!(left.is_empty() && checkout.files("target/xtask/work").is_empty(), "{from}: {left:?}");
    };
    refused("nowhere", &["nothing was started", "- SavedModel nowhere: name a folder with saved_model.pb"]);
    checkout.write("junk/saved_model.pb", "no model");
    refused("junk", &["saved_model.pb"]);
    checkout.write("empty/readme", "");
    refused("empty", &["holds neither saved_model.pb nor a version"]);
    refused("config.toml", &["config.toml"]);
    symlink("/etc/hostname", checkout.path("theirs/1/link")).expect("link");
    refused("theirs/1", &["theirs/1/link is neither a file nor a folder: refused"]);
    symlink(checkout.path("junk"), checkout.path("empty/2")).expect("link");
    refused("empty", &["empty/2 is a link that leads elsewhere: refused"]);
    tar(&checkout.path(""), "-czf", "linked.tar.gz");
    refused("linked.tar.gz", &["out of the folder: refused"]);
    checkout.run(&["import-model", "theirs/1", "--model", "../x"]).failed_saying(2, &["`../x` is no model name"]);
    checkout.run(&["import-model", "theirs/1"]).failed_saying(2, &["--model <NAME>"]);
}
