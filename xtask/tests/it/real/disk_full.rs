//! The engine's disk fills up: one clear error with the way out, and nothing half-written.
//! A second engine on a small file system of its own stands in, so that no real disk is filled.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use bollard::{API_DEFAULT_VERSION, Docker, query_parameters::ImportImageOptionsBuilder};
use futures_util::StreamExt;
use tempfile::TempDir;

use super::{
    engine::Engine,
    harness::{PATIENCE, Running, Sample, is_real, say},
};

const BASE: &str = "debian-base:bookworm";

#[test]
fn a_disk_that_fills_up_is_one_clear_error() {
    if !is_real() {
        return;
    }
    if !fs::read_to_string("/proc/self/status").unwrap_or_default().contains("\nUid:\t0\t") {
        say("skipped: a second engine needs root");
        return;
    }
    let sample = Sample::new();
    // The base comes from the first engine; this makes sure that it has one.
    sample.start(&["build-servers", "cpu-standard"]).end().expect(0);
    sample.make_cold();
    let small = SmallEngine::new("600m");
    small.take_base(&sample.engine);

    // Its data root is mounted in a namespace that the preflight cannot look into: the build itself finds out.
    let dockerfile = "ARG BASE\nFROM ${BASE}\nRUN dd if=/dev/zero of=/large bs=1M count=2000\n";
    sample.write("docker/tf-dev.sample.Dockerfile", dockerfile);
    let mut command = sample.command(&["build-servers", "cpu-standard"]);
    command.env("DOCKER_HOST", small.address());
    let output = Running::new(command).end().expect(1);
    assert!(output.stderr.contains("No space left on device"), "{}", output.stderr);
    assert!(output.stderr.contains("a disk is full: the engine's data root"), "{}", output.stderr);
    assert!(!output.stderr.contains('\u{1b}'), "{:?}", output.stderr);
    assert_eq!(output.stderr.matches("error: ").count(), 1, "{}", output.stderr);
    assert!(sample.files("bin").is_empty(), "{:?}", sample.files("bin"));
    assert_eq!(sample.leftovers(), [""; 0]);
}

/// An engine whose data root is a small file system in memory, in namespaces of its own: the first engine's network is
/// out of its reach, and its mounts and processes end with it.
struct SmallEngine {
    engine: Child,
    folder: TempDir,
}

impl SmallEngine {
    fn new(size: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["data", "exec"] {
            fs::create_dir(path(name)).expect("create a folder");
        }
        let script = format!(
            "mount -t tmpfs -o size={size} tmpfs data && exec dockerd --data-root $PWD/data --exec-root $PWD/exec \
             --pidfile $PWD/pid --host unix://$PWD/socket --bridge=none --iptables=false"
        );
        let log = fs::File::create(path("log")).expect("create its log");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", &script]);
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let small = Self { engine: command.spawn().expect("start a second engine"), folder };
        let begin = Instant::now();
        while small.connect().is_none() {
            let log = || fs::read_to_string(small.folder.path().join("log")).unwrap_or_default();
            assert!(begin.elapsed() < PATIENCE, "the second engine does not answer:\n{}", log());
            thread::sleep(Duration::from_millis(100));
        }
        small
    }

    fn address(&self) -> String {
        format!("unix://{}/socket", self.folder.path().display())
    }

    fn connect(&self) -> Option<Engine> {
        let docker = Docker::connect_with_unix(&self.address(), 120, API_DEFAULT_VERSION).ok()?;
        let engine = Engine::with(docker);
        engine.wait_for(engine.docker.ping()).ok().map(|_| engine)
    }

    /// Copies the base image from another engine.
    fn take_base(&self, from: &Engine) {
        let saved = from.docker.export_image(BASE).map(|chunk| chunk.expect("read the base image"));
        let saved: Vec<_> = from.wait_for(saved.collect());
        let to = self.connect().expect("it answered before");
        let body = bollard::body_full(saved.concat().into());
        let loaded = to.docker.import_image(ImportImageOptionsBuilder::default().build(), body, None);
        let loaded: Vec<_> = to.wait_for(loaded.collect());
        assert!(loaded.iter().all(Result::is_ok), "{loaded:?}");
    }
}

impl Drop for SmallEngine {
    fn drop(&mut self) {
        let _ = self.engine.kill();
        let _ = self.engine.wait();
    }
}
