//! Real TensorFlow as the judge of what `export-model` writes: it makes the checkpoints, loads the exports with both of its
//! loaders, and holds them against a network and a preprocessing that share nothing with ours.

use std::{path::Path, process::Command};

use sha2::Digest;

use super::{
    cutting_server::CuttingServer,
    harness::{Running, is_real},
    judge::{TensorFlow, run},
};
use crate::checkout::{Checkout, workspace};

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn export(checkout: &Checkout, arguments: &[&str]) {
    checkout.run(&[&["export-model"], arguments].concat()).succeeded();
}

#[test]
fn tensorflow_judges_the_export_equal_to_an_independent_reference() {
    if !is_real() {
        return;
    }
    let tensorflow = TensorFlow::installed();
    let checkout = Checkout::bare();
    let checkpoint = checkout.path("inception-v3");
    let written = tensorflow.run("write_checkpoint.py", &[text(&checkpoint)]);
    assert_eq!(written["tensors"], 1172, "all kinds of a training checkpoint: {written}");

    export(&checkout, &["--checkpoint", text(&checkpoint)]);
    let logits = checkout.path("model-data/inception/1");
    let labels = workspace().join("crates/savedmodel/data/imagenet-labels.txt");
    let judged = |folder: &Path, more: &[&str]| {
        let arguments = [text(&checkpoint), text(folder), "--labels", text(&labels), "--require", "predict_pixels"];
        tensorflow.run("reference.py", &[&arguments[..], more].concat())
    };
    let all = [
        "--logits",
        "inception_v3/logits/logits/BiasAdd:0",
        "--logits",
        "predict_pixels=pixels/inception_v3/logits/logits/BiasAdd:0",
    ];
    let verdict = judged(&logits, &all);
    assert_eq!((&verdict["variables_bit_equal"], &verdict["labels_judged"]), (&388.into(), &1001.into()), "{verdict}");
    assert!(verdict["images"].as_u64() >= Some(10), "{verdict}");
    let difference = verdict["max_diff_logits"].as_f64().expect("a number");
    assert!(difference <= 1e-4, "{verdict}");
    let bundle = tensorflow.run("bundle.py", &[text(&logits)]);
    assert_eq!(bundle["tensors"], 388);
    let warm_up = tensorflow.run("warmup.py", &[text(&logits)]);
    assert_eq!(warm_up["records"], 4, "{warm_up}");

    export(&checkout, &["--checkpoint", text(&checkpoint), "--scores", "softmax", "--version", "2"]);
    judged(&checkout.path("model-data/inception/2"), &["--scores", "softmax", "--quick"]);

    // Out of the archive come the same bytes.
    run(Command::new("tar").args(["czf", "inception-v3.tar.gz", "inception-v3"]).current_dir(checkout.path(".")));
    export(&checkout, &["--checkpoint", "inception-v3.tar.gz", "--version", "3"]);
    for file in ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"] {
        let read =
            |version: &str| fs_err::read(checkout.path(&format!("model-data/inception/{version}/{file}"))).expect(file);
        assert!(read("1") == read("3"), "{file} differs");
    }
    lost_connections_a_kill_and_a_wrong_sum(&checkout);
}

/// The archive of the test above over a network that cuts every connection, through a kill, and against a wrong pin.
fn lost_connections_a_kill_and_a_wrong_sum(checkout: &Checkout) {
    let archive = fs_err::read(checkout.path("inception-v3.tar.gz")).expect("made above");
    let server = CuttingServer::start(archive.clone(), 100 << 20);
    let url = server.url("inception-v3.tar.gz");
    let arguments = ["export-model", "--checkpoint", &url, "--trust-on-first-use", "--version", "4"];

    let mut running = Running::new(checkout.command(&arguments));
    let partial = checkout.path("target/xtask/downloads/.inception-v3.tar.gz.partial");
    let length = || fs_err::metadata(&partial).map_or(0, |meta| meta.len());
    assert!(running.wait_until("150 MiB", |_| length() > 150 << 20), "it ended before it was killed");
    running.signal("KILL");
    running.end();
    let before = server.starts();
    assert!(before.len() >= 2 && before[0] == 0 && before[1] >= 100 << 20, "{before:?}");

    let ran = checkout.run(&arguments);
    ran.succeeded();
    let after = &server.starts()[before.len()..];
    assert!(after.iter().all(|start| *start >= 150 << 20), "what had come was asked for again: {after:?}");
    assert!(ran.stderr.contains("connection lost"), "{}", ran.stderr);
    let read = |version: &str| {
        fs_err::read(checkout.path(&format!("model-data/inception/{version}/saved_model.pb"))).expect("there")
    };
    assert!(read("4") == read("1"));
    assert_eq!(checkout.files("target/xtask/work"), Vec::<String>::new(), "something is left behind");

    let pin = format!("checkpoint = \"{url}?again\"\nsha256 = \"{}\"\n", "0".repeat(64));
    let config = checkout.read("config.toml");
    let start = config.find("checkpoint = \"http").expect("the article's address");
    let end = start + config[start..].find('\n').expect("a line") + 1;
    checkout.write("config.toml", &format!("{}{pin}{}", &config[..start], &config[end..]));
    let ran = checkout.run(&["export-model", "--version", "5"]);
    let sum = format!("{:x}", sha2::Sha256::digest(&archive));
    ran.failed_saying(1, &[&sum, &"0".repeat(64), "inception-v3.tar.gz"]);
    let versions = checkout.files("model-data/inception");
    assert_eq!(versions, ["1", "2", "3", "4"], "half a version");
    assert_eq!(length(), 0, "a file that nobody may use is kept");
}

#[test]
fn untrained_weights_are_alive_and_say_what_they_are() {
    if !is_real() {
        return;
    }
    let tensorflow = TensorFlow::installed();
    let checkout = Checkout::bare();
    let ran = checkout.run(&["export-model", "--profile", "sample"]);
    ran.succeeded();
    assert!(ran.stderr.contains("meaningless"), "{}", ran.stderr);
    let verdict = tensorflow.run("warmup.py", &[text(&checkout.path("model-data/inception/1"))]);
    assert_eq!(verdict["kinds"], serde_json::json!({ "predict_log": 3, "classify_log": 1 }));
}

#[test]
fn fresh_checkpoints_of_tensorflow_read_back_equal() {
    if !is_real() {
        return;
    }
    let tensorflow = TensorFlow::installed();
    let checkout = Checkout::bare();
    let folder = checkout.path("fixtures");
    tensorflow.run("fixtures.py", &[text(&folder)]);
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--package", "savedmodel", "--test", "fixtures"]).current_dir(workspace());
    let told = run(cargo.env("SAVEDMODEL_FIXTURES", &folder));
    assert!(told.contains("2 passed"), "{told}");
}
