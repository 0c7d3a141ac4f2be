//! `bench` on real servers: reports of what is up, of images and of servers of others, a run that is killed and goes on, a
//! comparison, and `down --all` behind it.

use std::process::Command;

use serde_json::Value;

use super::{
    harness::{Running, is_real},
    served::Served,
};
use crate::checkout::Ran;

const ONE: &str = "tf-serving-1cpu";
/// As little as can be measured.
const LITTLE: [&str; 9] = ["--quick", "--sizes", "64", "--repetitions", "2", "--seconds", "0.3", "--concurrency", "1"];

/// The shared checkout; what is up goes down with the test, and reports with it.
struct Stage {
    served: &'static Served,
}

impl Stage {
    fn new() -> Self {
        let stage = Self { served: Served::shared() };
        stage.clear();
        stage
    }

    fn clear(&self) {
        let _ = self.served.run(&["down", "--all"]);
        let _ = fs_err::remove_dir_all(self.served.path("reports"));
    }

    fn bench(&self, arguments: &[&str]) -> Ran {
        self.served.run(&self.line(arguments))
    }

    fn line<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["bench"], arguments, &LITTLE].concat()
    }

    fn report(&self, folder: &str) -> Value {
        serde_json::from_str(&self.served.read(&format!("{folder}/report.json"))).expect("a report is JSON")
    }

    /// Words of the record, by what kind of row they are.
    fn rows(&self, folder: &str, kind: &str) -> Vec<Value> {
        let record = self.served.read(&format!("{folder}/records.ndjson"));
        let rows = record.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row is JSON"));
        rows.filter(|row| row["row"] == kind).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.clear();
    }
}

#[test]
fn servers_images_and_targets_are_measured_killed_runs_go_on_and_reports_are_compared() {
    if !is_real() {
        return;
    }
    let stage = Stage::new();
    what_is_up_is_measured_and_a_killed_run_goes_on(&stage);
    a_target_is_asked_and_nothing_else(&stage);
    images_end_with_the_bench(&stage);
    let compared = stage.served.run(&["bench", "compare", "reports/up", "reports/target"]);
    assert!(compared.succeeded().stdout.contains("reports/compare/"), "{}", compared.stdout);

    let down = stage.served.run(&["down", "--all"]);
    assert!(down.succeeded().stdout.contains(&format!("-{ONE}\n")), "{}", down.stdout);
    let again = stage.served.run(&["down", "--all"]);
    assert!(
        again.succeeded().stdout.is_empty() && again.stderr.contains("nothing of this checkout is up"),
        "{again:?}"
    );
}

fn what_is_up_is_measured_and_a_killed_run_goes_on(stage: &Stage) {
    let arguments = ["--server", ONE, "--restarts", "2", "--output", "reports/up"];
    let line = stage.line(&arguments);
    let mut run: Running = stage.served.start(&line);
    let record = stage.served.path("reports/up/records.ndjson");
    let has_calls = || fs_err::read_to_string(&record).is_ok_and(|text| text.contains("\"row\":\"call\""));
    assert!(run.wait_until("a call", |_| has_calls()), "it ended before");
    run.signal("KILL");
    assert_eq!(run.end().code, None);
    assert!(!programs_run(), "the program that measures outlives who started it");

    let ran = stage.bench(&arguments);
    ran.succeeded();
    assert!(ran.stderr.contains("reports/up: an interrupted run of the same goes on"), "{}", ran.stderr);
    assert!(ran.stdout.lines().next().is_some_and(|first| first == "reports/up/report.html"), "{}", ran.stdout);
    let report = stage.report("reports/up");
    assert_eq!(report["answered"].as_array().map(Vec::len), Some(6), "all questions have an answer");
    let server = &report["experiment"]["servers"][0];
    assert_eq!((server["name"].as_str(), server["build"]["cpus"].as_str()), (Some(ONE), Some("1")));
    let calls = stage.rows("reports/up", "call");
    let of = |restart: u64| calls.iter().filter(|call| call["restart"] == restart).count();
    assert!(of(0) > 0 && of(0) == of(1), "{} and {} calls", of(0), of(1));
    assert!(calls.iter().all(|call| call["outcome"]["failed"].is_null()), "{calls:?}");
    assert!(stage.rows("reports/up", "counters").iter().any(|row| row["server"] == 0 && row["cpu_seconds"].is_f64()));

    // The same again is measured again.
    stage.bench(&arguments).succeeded();
    let kept = stage.served.files("reports");
    assert_eq!(kept.len(), 2, "{kept:?}");
}

/// Gone a moment after its caller, whose last words it still wanted to hear.
fn programs_run() -> bool {
    for _ in 0..100 {
        let found = Command::new("pgrep").args(["-x", "bench"]).output().expect("run pgrep");
        if found.stdout.is_empty() {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    true
}

fn a_target_is_asked_and_nothing_else(stage: &Stage) {
    let container = format!("tfs-{}-{ONE}", stage.served.id);
    let address = stage.served.engine.published(&container, "8501/tcp").expect("it is up");
    let before = stage.served.engine.inspect(&container);
    let target = format!("mine=http://{address}");
    let ran = stage.bench(&["--target", &target, "--output", "reports/target"]);
    ran.succeeded();
    let model = &stage.report("reports/target")["experiment"]["model"];
    assert_eq!((model["signature"].as_str(), model["input"].as_str()), (Some("predict_images"), Some("images")));
    let id = |text: &Option<String>| {
        let found: Value = serde_json::from_str(text.as_deref().expect("it is up")).expect("JSON");
        (found["Id"].clone(), found["State"]["StartedAt"].clone())
    };
    assert_eq!(id(&before), id(&stage.served.engine.inspect(&container)), "it was never restarted");
    let ran = stage.bench(&["--target", &target, "--model", "other", "--output", "reports/other"]);
    ran.failed_saying(1, &["mine has no model other, or not yet"]);
}

fn images_end_with_the_bench(stage: &Stage) {
    let ran = stage.bench(&["--image", "cpu-standard", "--image", "cpu-optimized", "--cpus", "1", "--no-load"]);
    // Load was asked for in short, and left out in full.
    ran.failed_saying(2, &["cannot be used with"]);
    let ran = stage.bench(&["--image", "cpu-standard", "--image", "cpu-optimized", "--cpus", "1"]);
    ran.succeeded();
    let report = stage.report("reports/latest");
    let flags: Vec<&str> = report["experiment"]["servers"]
        .as_array()
        .expect("two")
        .iter()
        .filter_map(|server| server["build"]["flags"].as_str())
        .collect();
    assert_eq!(flags, ["standard", "optimized"]);
    assert_ne!(report["answered"][4]["state"], "not-measured", "the question of build flags has its pair");
    for name in ["cpu-standard", "cpu-optimized"] {
        assert_eq!(stage.served.engine.inspect(&format!("tfs-{}-bench-{name}", stage.served.id)), None);
    }
}
