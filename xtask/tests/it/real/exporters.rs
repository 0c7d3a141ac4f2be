//! Exporters in containers on a real engine: built with Bazel and kept, run from an image, failing, and cut off.
//! The sample's stand-in exporter shows the way; what it writes is a model of five nodes.

use std::{
    ops::Deref,
    process::Command,
    time::{Duration, Instant},
};

use super::harness::{Sample, is_real};
use crate::checkout::{NO_ENGINE, Ran, workspace};

const EXPORT: &str = "export-model";
const MODEL: &str = "model-data/inception/1/saved_model.pb";
const RECEIPT: &str = "assets.extra/export_receipt.json";
/// The point at which the engine has a container, whatever was said.
const CREATED: &str = "a container";
const PROGRAM: &str = "/opt/exporter/inception_saved_model --checkpoint_dir=/checkpoint/net --output_dir=/output";

/// A checkout of the sample with a small V1 checkpoint, whose profile has an exporter in a container.
struct Stage {
    sample: Sample,
    /// The image in which a built exporter is kept; it goes with the stage.
    kept: String,
}

impl Stage {
    /// Where it says so, the exporter has been built already, for what follows to run it from its image.
    fn new(is_built: bool) -> Self {
        let sample = Sample::new();
        sample.write("weights/net/checkpoint", "model_checkpoint_path: \"model.ckpt-157585\"\n");
        let weights = workspace().join("crates/savedmodel/tests/data/v1_plain");
        fs_err::copy(weights, sample.path("weights/net/model.ckpt-157585")).expect("copy");
        let name = format!("xtask-it-exporter-{}", sample.id);
        let arguments = r#"["--checkpoint_dir=/checkpoint/net", "--output_dir=/output"]"#;
        let label = "//tensorflow_serving/example:inception_saved_model";
        let exporter = format!(r#"{{ bazel = "{label}", arguments = {arguments}, image = "{name}" }}"#);
        let model = format!("checkpoint = \"weights/net\"\nexporter = {exporter}");
        sample.edit_profile("checkpoint = { synthetic = 2016 }", &model);
        let stage = Self { sample, kept: format!("{name}:sample") };
        if is_built {
            stage.run(&[EXPORT]).succeeded();
            fs_err::remove_dir_all(stage.path("model-data/inception")).expect("it was exported");
        }
        stage
    }

    /// From now on the exporter is a command of the kept image.
    fn runs(&self, script: &str) {
        let text = self.read("config.toml");
        let (before, after) = text.rsplit_once("\nexporter = ").expect("the profile has one");
        let rest = after.split_once('\n').map_or("", |(_, rest)| rest);
        let exporter = format!("{{ image = \"{}\", command = [\"sh\", \"-c\", {script:?}] }}", self.kept);
        self.write("config.toml", &format!("{before}\nexporter = {exporter}\n{rest}"));
    }

    /// Containers, half-written versions and notes of a run, and volumes that are no caches.
    fn leftovers(&self) -> Vec<String> {
        let scratch = self.engine.volumes(&self.id).into_iter().filter(|name| !name.starts_with("tfs-"));
        let partial = self.files("model-data/inception").into_iter().filter(|name| name.starts_with('.'));
        self.sample.leftovers().into_iter().chain(scratch).chain(partial).collect()
    }

    fn read_bytes(&self, path: &str) -> Vec<u8> {
        fs_err::read(self.path(path)).expect("read")
    }

    fn info(&self, version: &str) -> String {
        let ran = self.run(&["model-info", version]);
        ran.succeeded();
        ran.stdout
    }
}

impl Deref for Stage {
    type Target = Sample;

    fn deref(&self) -> &Sample {
        &self.sample
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.engine.remove_all_of(&self.id);
        self.engine.remove_image(&self.kept);
    }
}

#[test]
fn an_exporter_is_built_kept_and_run_again_from_its_image() {
    if !is_real() {
        return;
    }
    let mut stage = Stage::new(false);
    let ran = stage.run(&[EXPORT]);
    ran.succeeded();
    assert_eq!(ran.stdout, "model-data/inception/1\n");
    assert!(ran.stderr.contains(&format!("keep the exporter as {}", stage.kept)), "{}", ran.stderr);
    assert_eq!(stage.leftovers(), [""; 0]);
    assert_eq!(stage.engine.volumes(&stage.id).len(), 4, "sources and caches stay");
    let info = stage.info("model-data/inception/1");
    assert!(info.contains("serving_default (tensorflow/serving/predict)"), "{info}");
    let log = stage.read("target/xtask/logs/export-model.log");
    let loaded = "Successfully loaded model from /checkpoint/net/model.ckpt-157585 at step=157585.";
    assert!(log.contains("stand-in") && log.contains(loaded), "{log}");

    let labels = stage.engine.image_labels(&stage.kept).expect("it is kept");
    let label = |name: &str| labels.get(&format!("tf-serving-xtask.{name}")).map_or("", String::as_str);
    assert_eq!((label("image-checkout"), label("checkout"), label("run"), label("role")), (&*stage.id, "", "", ""));
    assert!(stage.run(&["clean"]).expect(0).stderr.contains(&stage.kept), "clean lists what is kept");
    let again = stage.run(&[EXPORT, "--version", "5"]).expect(0);
    assert!(again.stderr.contains("built from the same inputs already"), "{}", again.stderr);
    assert!(!again.stderr.contains("bazel build"), "{}", again.stderr);

    let packed = Command::new("tar").args(["-czf", "net.tar.gz", "net"]).current_dir(stage.path("weights")).status();
    assert!(packed.expect("run tar").success());
    stage.runs(PROGRAM);
    stage.run(&[EXPORT, "--checkpoint", "weights/net.tar.gz", "--version", "2"]).succeeded();
    assert_eq!(stage.read_bytes("model-data/inception/2/saved_model.pb"), stage.read_bytes(MODEL));
    assert!(stage.info("model-data/inception/2").contains("serving_default"));
    assert!(stage.read(&format!("model-data/inception/2/{RECEIPT}")).contains("\"checkpoint\": \"sha256:"));
    assert_eq!(stage.leftovers(), [""; 0]);

    // No engine can be asked, so none was needed.
    stage.sample.set_environment("DOCKER_HOST", NO_ENGINE);
    stage.run(&[EXPORT, "--checkpoint", "weights/net.tar.gz", "--version", "2"]).succeeded();
    stage.run(&[EXPORT, "--version", "6"]).failed_saying(1, &["no container engine answers"]);
    assert_eq!(stage.files("model-data/inception"), ["1", "2", "5"]);
}

#[test]
fn an_exporter_that_fails_or_writes_no_version_is_told_and_leaves_nothing() {
    if !is_real() {
        return;
    }
    let stage = Stage::new(true);
    let fails = |script: &str, texts: &[&str]| {
        stage.runs(script);
        let ran = stage.run(&[EXPORT]);
        ran.failed_saying(1, texts);
        assert_eq!((stage.leftovers(), stage.files("model-data/inception")), (Vec::new(), Vec::new()), "{script}");
        ran
    };
    let log = "whole log: target/xtask/logs/export-model.log";
    let lost = PROGRAM.replace("/checkpoint/net", "/checkpoint/elsewhere");
    fails(&lost, &["wrote no version below /output", "No checkpoint file found at /checkpoint/elsewhere", log]);
    fails("echo going wrong; exit 3", &["exited with 3", "going wrong", log]);
    let twice = format!("{PROGRAM} && {PROGRAM} --model_version=22");
    fails(&twice, &["it wrote 2 versions below /output, where one is wanted: 1, 22"]);
    fails("mkdir /output/1 && ln -s /etc/passwd /output/1/saved_model.pb", &["neither a file nor a folder: refused"]);
    fails("mkdir /output/1 && echo nonsense > /output/1/saved_model.pb", &["verify the version"]);
    let told = fails("/nowhere/program", &["exited with 127", log]);
    assert_eq!(told.stdout, "");

    // Any user of an image may read the one and write into the other.
    stage.runs(&format!("setpriv --reuid=65534 --regid=65534 --clear-groups {PROGRAM}"));
    stage.run(&[EXPORT]).succeeded();

    stage.edit("config.toml", "[resources]\n", "[resources]\nmemory = \"32MiB\"\n");
    stage.runs("head -c 200M /dev/zero | tail");
    let ran = stage.run(&[EXPORT, "--version", "2"]);
    ran.failed_saying(1, &["out of memory; raise [resources] memory in config.toml", log]);
}

#[test]
fn an_exporter_that_is_cut_off_leaves_nothing_and_the_next_run_succeeds() {
    if !is_real() {
        return;
    }
    let stage = Stage::new(true);
    stage.runs(&format!("echo under way; sleep 5; exec {PROGRAM}"));
    let mut swept = 0;
    for signal in ["INT", "KILL"] {
        for point in ["unpack the checkpoint started", CREATED, ": under way"] {
            let begin = Instant::now();
            let ran = cut_off(&stage, signal, point);
            if signal == "INT" {
                assert_eq!(ran.code, Some(130), "{point}:\n{}", ran.stderr);
                assert_eq!(stage.leftovers(), [""; 0], "{point}");
                assert!(begin.elapsed() < Duration::from_secs(10), "nothing has to be waited for");
            } else {
                assert_eq!(ran.code, None, "{point}:\n{}", ran.stderr);
            }
        }
        let next = stage.run(&[EXPORT]);
        next.succeeded();
        swept += usize::from(next.stderr.contains("swept what a killed run left: tfs-"));
        assert_eq!(stage.leftovers(), [""; 0], "after {signal}");
        assert_eq!(stage.files("model-data/inception"), ["1"]);
        stage.info("model-data/inception/1");
        fs_err::remove_dir_all(stage.path("model-data/inception")).expect("exported");
    }
    assert_eq!(swept, 1, "the run after the kills sweeps");
}

#[test]
fn a_build_that_is_cut_off_keeps_no_image_and_the_next_run_succeeds() {
    if !is_real() {
        return;
    }
    let stage = Stage::new(false);
    for (signal, code) in [("INT", Some(130)), ("KILL", None)] {
        for point in ["bazel build started", "keep the exporter as"] {
            let ran = cut_off(&stage, signal, point);
            assert_eq!(ran.code, code, "{point}:\n{}", ran.stderr);
            assert!(stage.engine.image_labels(&stage.kept).is_none(), "{signal} at {point}");
            assert!(signal == "KILL" || stage.leftovers().is_empty(), "{point}: {:?}", stage.leftovers());
        }
    }
    stage.run(&[EXPORT]).succeeded();
    assert_eq!(stage.leftovers(), [""; 0]);
    assert!(stage.engine.image_labels(&stage.kept).is_some());
}

fn cut_off(stage: &Stage, signal: &str, point: &str) -> Ran {
    let mut run = stage.start(&[EXPORT]);
    let come = run.wait_until(point, |run| match point {
        CREATED => !stage.engine.containers(&stage.id).is_empty(),
        said => run.has_said(said),
    });
    assert!(come, "it ended before `{point}`");
    run.signal(signal);
    run.end()
}
