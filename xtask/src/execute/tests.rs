//! The executor against recording fakes: which calls it makes, in which order, and what it leaves in the checkout.

mod bench;
mod images;
mod up;

use std::path::Path;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::{
    config::Config,
    domain::proof::fixture::{Fixture, code},
    domain::{plan, profile::Profile},
    ports::Exit,
    report::{Options, Surroundings},
    testing::{FakeEngine, FakeHost, FakeSource},
};

const KILLED: Exit = Exit { code: 1, out_of_memory: true };
const SIGKILL: Exit = Exit { code: 137, out_of_memory: false };
const BROKEN: Exit = Exit { code: 1, out_of_memory: false };

/// A checkout, and everything an execution needs beside the engine.
struct Stage {
    folder: TempDir,
    config: Config,
    profile: Profile,
    source: FakeSource,
    host: FakeHost,
    fail_fast: bool,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs_err::create_dir_all(folder.path().join("docker")).expect("create");
        fs_err::write(folder.path().join("docker/tf-dev.sample.Dockerfile"), "FROM x").expect("write");
        let config = Config::parse(include_str!("../../../config.toml"), "config.toml").expect("the real one is sound");
        // The rule of [resources]; the sample itself is so small that it has a rule of its own.
        let sample = config.profile("sample").expect("known").clone();
        let profile = Profile { min_jobs_per_variant: None, ..sample };
        Self { folder, config, profile, source: FakeSource::default(), host: FakeHost::default(), fail_fast: false }
    }

    fn plan(&self, variants: &[&str]) -> Plan {
        let names: Vec<String> = variants.iter().map(|name| (*name).to_owned()).collect();
        let inputs = plan::Inputs {
            profile: &self.profile,
            variants: &self.config.select(&names).expect("known"),
            engine: &self.config.engine,
            resources: &self.config.resources,
            remote: &self.config.remote,
        };
        plan::build_servers(&inputs).expect("the sample has both devices")
    }

    fn folders(&self) -> Folders {
        Folders { root: self.folder.path().to_owned() }
    }

    async fn look(&self, variants: &[&str]) -> Vec<Freshness> {
        look(&self.plan(variants), &self.source, &self.folders()).await.expect("readable")
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            folders: self.folders(),
            run: "run".into(),
            checkout: "checkout".into(),
            labels: Labels::new(),
            resources: &self.config.resources,
            ca_bundle: None,
            headers: BTreeMap::new(),
            fail_fast: self.fail_fast,
        }
    }

    /// Builds, and says per variant how it ended: `built`, `up to date`, `not started` or the error.
    async fn build(&self, variants: &[&str], engine: &FakeEngine) -> Vec<String> {
        let scene = self.scene();
        let ports = Ports { engine, source: &self.source, host: &self.host };
        let freshness = self.look(variants).await;
        let outcomes = build_servers(&self.plan(variants), &freshness, &ports, &scene, &silent()).await;
        let told = outcomes.expect("the images can be made").into_iter().map(|(_, outcome)| match outcome {
            Outcome::Built(_) => "built".to_owned(),
            Outcome::UpToDate(_) => "up to date".to_owned(),
            Outcome::NotStarted => "not started".to_owned(),
            Outcome::Failed(error) => format!("{error:#}"),
        });
        told.collect()
    }

    fn has(&self, path: &str) -> bool {
        self.folder.path().join(path).exists()
    }
}

fn silent() -> Report {
    let nowhere = || Box::new(std::io::sink());
    let clock = Box::new(Instant::now);
    let around = Surroundings { stdout: nowhere(), stderr: nowhere(), width: None, animated: false, clock };
    Report::with_surroundings(Options::default(), around)
}

const STANDARD: &str = "bin/tensorflow_model_server.cpu.standard";

#[tokio::test]
async fn one_variant_is_built_proved_and_installed_in_order() {
    let (stage, engine) = (Stage::new(), FakeEngine::new(2));
    assert_eq!(stage.build(&["cpu-standard"], &engine).await, ["built"]);
    let calls = engine.calls.borrow().clone();
    let calls: Vec<&str> = calls.iter().filter(|call| !call.starts_with("image ")).map(String::as_str).collect();
    assert_eq!(
        calls,
        [
            "facts",
            "import debian-base:bookworm",
            "build_image tf-dev:sample-debian",
            "create probe",
            "run probe",
            "remove probe",
            "create cpu-standard-1",
            "has_path cpu-standard-1 /sources/.xtask-complete",
            "upload cpu-standard-1 /sources",
            "run cpu-standard-1",
            "copy_out cpu-standard-1",
            "remove cpu-standard-1",
            "create libraries-cpu-standard",
            "read_file libraries-cpu-standard /lib/x86_64-linux-gnu/libc.so.6",
            "read_file libraries-cpu-standard /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "remove libraries-cpu-standard",
        ]
    );
    assert_eq!(*stage.host.calls.borrow(), ["bootstrap bookworm"]);
    assert!(stage.has(STANDARD) && stage.has(&format!("{STANDARD}.receipt.json")));
    let entries = fs_err::read_dir(stage.folder.path().join("bin")).expect("there").count();
    assert_eq!(entries, 2, "nothing half-written stays");
}

#[tokio::test]
async fn variants_share_images_libraries_and_what_bazel_said_of_itself() {
    let (stage, engine) = (Stage::new(), FakeEngine::new(2));
    assert_eq!(stage.build(&["cpu-standard", "gpu-standard"], &engine).await, ["built", "built"]);
    assert_eq!(engine.calls_of(&["import", "build_image"]).len(), 2);
    let created = engine.calls_of(&["create"]);
    assert_eq!(
        created,
        ["create probe", "create cpu-standard-1", "create libraries-cpu-standard", "create gpu-standard-1"],
        "one after another on two cores"
    );
}

#[tokio::test]
async fn images_that_are_there_are_not_made() {
    let (stage, mut engine) = (Stage::new(), FakeEngine::new(2));
    engine.has_images = true;
    assert_eq!(stage.build(&["cpu-standard"], &engine).await, ["built"]);
    assert!(engine.calls_of(&["import", "pull", "build_image"]).is_empty());
    assert!(stage.host.calls.borrow().is_empty());
}

#[tokio::test]
async fn sources_are_uploaded_only_where_their_mark_is_missing() {
    let (stage, mut engine) = (Stage::new(), FakeEngine::new(2));
    engine.has_sources = true;
    assert_eq!(stage.build(&["cpu-standard"], &engine).await, ["built"]);
    assert!(engine.calls_of(&["upload"]).is_empty());
}

#[tokio::test]
async fn a_failing_variant_does_not_stop_the_others() {
    let (stage, engine) = (Stage::new(), FakeEngine::new(2));
    engine.ends("cpu-standard", &[BROKEN]);
    let told = stage.build(&["cpu-standard", "gpu-standard"], &engine).await;
    assert!(told[0].contains("exited with 1") && told[0].contains("target/xtask/logs/cpu-standard.log"), "{told:?}");
    assert_eq!(told[1], "built");
    assert!(!stage.has(STANDARD) && stage.has("bin/tensorflow_model_server.gpu.standard"));
    assert!(engine.calls_of(&["remove"]).contains(&"remove cpu-standard-1".to_owned()));
}

#[tokio::test]
async fn fail_fast_starts_nothing_after_a_failure() {
    let (mut stage, engine) = (Stage::new(), FakeEngine::new(2));
    stage.fail_fast = true;
    engine.ends("cpu-standard", &[BROKEN]);
    let told = stage.build(&["cpu-standard", "gpu-standard"], &engine).await;
    assert_eq!(told[1], "not started");
    assert!(!engine.calls_of(&["create"]).contains(&"create gpu-standard-1".to_owned()));
}

#[tokio::test]
async fn out_of_memory_halves_the_jobs_until_it_fits() {
    let (stage, engine) = (Stage::new(), FakeEngine::new(4));
    engine.ends("cpu-standard", &[KILLED, SIGKILL]);
    assert_eq!(stage.build(&["cpu-standard"], &engine).await, ["built"]);
    assert_eq!(jobs_of(&engine), ["--jobs=4", "--jobs=2", "--jobs=1"]);
    let receipt = fs_err::read_to_string(stage.folder.path().join(format!("{STANDARD}.receipt.json"))).expect("there");
    let receipt: serde_json::Value = serde_json::from_str(&receipt).expect("JSON");
    assert_eq!((&receipt["build"]["jobs"], &receipt["build"]["attempts"]), (&1.into(), &3.into()));
}

#[tokio::test]
async fn out_of_memory_with_one_job_is_the_end() {
    let (stage, engine) = (Stage::new(), FakeEngine::new(4));
    engine.ends("cpu-standard", &[SIGKILL, KILLED, SIGKILL]);
    let told = stage.build(&["cpu-standard"], &engine).await;
    assert!(told[0].starts_with("out of memory even with one job"), "{told:?}");
    assert_eq!(jobs_of(&engine), ["--jobs=4", "--jobs=2", "--jobs=1"]);
    let removed = engine.calls_of(&["remove"]);
    assert!(removed.ends_with(&[1, 2, 3].map(|n| format!("remove cpu-standard-{n}"))), "{removed:?}");
}

fn jobs_of(engine: &FakeEngine) -> Vec<String> {
    let commands = engine.commands.borrow();
    let words = commands.values().flatten().filter(|word| word.starts_with("--jobs=")).cloned();
    words.collect()
}

#[tokio::test]
async fn a_binary_that_breaks_its_contract_never_reaches_bin() {
    let (stage, mut engine) = (Stage::new(), FakeEngine::new(2));
    engine.binary = Fixture::program(&[("sneaky", &[code::AVX2, code::RET])]).build();
    let told = stage.build(&["cpu-standard"], &engine).await;
    assert!(told[0].contains("avx2 is above") && told[0].contains("sneaky"), "{told:?}");
    assert!(stage.has("target/xtask/rejected/tensorflow_model_server.cpu.standard"));
    assert!(fs_err::read_dir(stage.folder.path().join("bin")).expect("there").next().is_none());
}

#[tokio::test]
async fn what_is_up_to_date_is_seen_without_an_engine() {
    let (stage, engine) = (Stage::new(), FakeEngine::new(2));
    let before = stage.look(&["cpu-standard"]).await;
    assert_eq!((before[0].reason.as_str(), before[0].current.is_none()), ("not built yet", true));
    stage.build(&["cpu-standard"], &engine).await;
    let after = stage.look(&["cpu-standard", "gpu-standard"]).await;
    assert!(after[0].current.is_some() && after[0].reason.starts_with("inputs and binary as in the receipt"));
    assert!(after[1].current.is_none());
    let told = stage.build(&["cpu-standard", "gpu-standard"], &engine).await;
    assert_eq!(told, ["up to date", "built"]);
    assert_eq!(engine.calls_of(&["run"]), ["run probe", "run cpu-standard-1", "run gpu-standard-1"]);
    alter(&stage.folder.path().join(STANDARD));
    assert_eq!(stage.look(&["cpu-standard"]).await[0].reason, "the binary is not the one its receipt describes");
}

fn alter(path: &Path) {
    let mut bytes = fs_err::read(path).expect("there");
    bytes.push(0);
    fs_err::write(path, bytes).expect("write");
}

#[tokio::test]
async fn variants_build_side_by_side_only_where_jobs_allow() {
    for (cores, at_once) in [(2, 1), (31, 1), (32, 2), (128, 2)] {
        let (stage, engine) = (Stage::new(), FakeEngine::new(cores));
        assert_eq!(stage.build(&["cpu-standard", "gpu-standard"], &engine).await, ["built", "built"]);
        assert_eq!(engine.most_at_once.get(), at_once, "{cores} cores");
    }
}
