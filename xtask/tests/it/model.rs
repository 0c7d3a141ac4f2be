//! `export-model` and `model-info` as a caller sees them: what the command line changes, what is refused, what is swept.
//! No network and no engine.

use sha2::{Digest, Sha256};

use crate::checkout::Checkout;

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
    assert!(told.contains("to model-data/2  # native: softmax") && told.contains("from a.jpg, /b.jpg"), "{told}");
    let told = plan(&["--checkpoint", "x/y.tar.gz", "--output", "/srv/models"]);
    assert!(
        told.contains("\nexport x/y.tar.gz to /srv/models/1  # native: logits, labels of ImageNet, warm-up"),
        "{told}"
    );
    let told = plan(&["--checkpoint", URL, "--trust-on-first-use"]);
    assert!(told.contains(URL) && told.contains("trusted on first use") && !told.contains("untrained"), "{told}");
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
    ran.failed_saying(1, &["--scores and --warm-up are for the native exporter", "[profiles.current.model]"]);
    let ran = checkout.run(&["--dry-run", "--profile", "sample", "export-model"]);
    ran.failed_saying(1, &["synthetic weights are made by the native exporter only"]);
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
    let (inside, outside) = (format!("model-data/{own}/saved_model.pb"), format!("{own}/saved_model.pb"));
    checkout.write(&inside, "half");
    checkout.write("model-data/.1.partial-00000000-1-2/saved_model.pb", "another checkout's");
    elsewhere.write(&outside, "half");
    elsewhere.write("precious/file", "whole");
    checkout.write("target/xtask/work/model-1-2.partial-at", &elsewhere.path(&own).display().to_string());
    checkout.write("target/xtask/work/model-1-3.partial-at", &elsewhere.path("precious").display().to_string());
    // A lock that was never released is how a killed run is known.
    checkout.write("target/xtask/lock", "`cargo xtask export-model`, process 1\n");
    let ran = checkout.run(&["export-model", "--checkpoint", "nowhere.tar.gz"]);
    ran.failed_saying(1, &["removed a killed run's model-data/.1.partial-", "nowhere.tar.gz"]);
    assert_eq!(checkout.files("model-data"), [".1.partial-00000000-1-2"]);
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
    checkout.write("model-data/1/saved_model.pb", "no model");
    checkout.write("model-data/12/saved_model.pb", "no model either");
    let ran = checkout.run(&["model-info", "model-data"]);
    ran.failed_saying(1, &["read the SavedModel model-data/12"]);
    assert_eq!(ran.stdout, "");
}
