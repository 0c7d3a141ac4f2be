//! `up` and `down`: servers with the limits they were promised, replaced only when something of theirs changed, and never
//! anybody else's.

use bollard::models::ContainerInspectResponse;
use serde_json::Value;

use super::{
    harness::{Running, is_real},
    http::get,
    served::Served,
};
use crate::checkout::Ran;

const ONE: &str = "tf-serving-1cpu";
const ALL: &str = "tf-serving-ncpu";
const GPU: &str = "tf-serving-gpu";
/// Where `up` has its container of the model, whatever was said.
const COPYING: &str = "copy model-data/inception/1 to the engine started";
const WAITING: &str = "wait for tf-serving-1cpu to answer started";

/// The shared checkout; what is up goes down with the test.
struct Stage {
    served: &'static Served,
}

impl Stage {
    fn new() -> Self {
        let stage = Self { served: Served::shared() };
        stage.run(&["down"]).succeeded();
        stage
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.served.run(arguments)
    }

    fn container(&self, server: &str) -> String {
        format!("tfs-{}-{server}", self.served.id)
    }

    fn inspect(&self, server: &str) -> Option<ContainerInspectResponse> {
        serde_json::from_str(&self.served.engine.inspect(&self.container(server))?).ok()
    }

    /// ID, which another container of the same name does not have.
    fn id(&self, server: &str) -> Option<String> {
        self.inspect(server)?.id
    }

    fn up(&self, servers: &[&str]) -> Vec<Value> {
        let ran = self.run(&[&["--json", "up"], servers].concat());
        ran.succeeded();
        ran.events()
            .into_iter()
            .filter(|event| event["event"] == "result")
            .map(|event| event["details"].clone())
            .collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.served.run(&["down"]);
    }
}

#[test]
fn servers_come_up_once_with_their_limits_and_go_down_once() {
    if !is_real() {
        return;
    }
    let stage = Stage::new();
    let up = stage.up(&[]);
    let names: Vec<&str> = up.iter().filter_map(|server| server["server"].as_str()).collect();
    assert_eq!(names, [ONE, GPU, ALL]);
    for server in &up {
        assert_eq!(server["was-up"], false);
        assert!(server["answer-seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{server}");
        let url = server["url"].as_str().expect("a URL").trim_start_matches("http://");
        let (address, path) = url.split_at(url.find('/').expect("a path"));
        assert_eq!(path, "/v1/models/inception");
        assert_eq!(get(address, path).json()["model_version_status"][0]["version"], "1");
    }
    for (server, cpus) in [(ONE, Some(1_000_000_000)), (ALL, None), (GPU, Some(2_000_000_000))] {
        let found = stage.inspect(server).expect("it is up");
        let host = found.host_config.expect("a configuration");
        assert_eq!(host.nano_cpus.filter(|cpus| *cpus > 0), cpus, "{server}");
        assert_eq!((host.memory, host.readonly_rootfs), (Some(8 << 30), Some(true)), "{server}");
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
        assert!(host.binds.unwrap_or_default().is_empty(), "nothing of this machine is bound in");
        let mounts = found.mounts.expect("the model");
        assert_eq!((mounts.len(), mounts[0].rw), (1, Some(false)), "{mounts:?}");
        let networks = found.network_settings.and_then(|settings| settings.networks).expect("networks");
        let network = &networks[&format!("tfs-{}-network", stage.served.id)];
        assert!(
            network.aliases.as_ref().is_some_and(|aliases| aliases.iter().any(|alias| alias == server)),
            "{network:?}"
        );
    }

    let before = [ONE, ALL, GPU].map(|server| stage.id(server));
    assert!(stage.up(&[]).iter().all(|server| server["was-up"] == true));
    assert_eq!([ONE, ALL, GPU].map(|server| stage.id(server)), before, "what runs as it should is left alone");

    let limits = "cpus = \"1\"\nmemory = \"8GiB\"\n# rest-port";
    stage.served.edit("config.toml", limits, &limits.replace('1', "0.5"));
    let again = stage.run(&["up"]);
    stage.served.edit("config.toml", &limits.replace('1', "0.5"), limits);
    again.succeeded();
    let after = [ONE, ALL, GPU].map(|server| stage.id(server));
    assert!(after[0] != before[0] && after[1..] == before[1..], "only what changed is replaced: {before:?} {after:?}");
    assert_eq!(stage.inspect(ONE).and_then(|found| found.host_config?.nano_cpus), Some(500_000_000));

    let down = stage.run(&["down"]);
    down.succeeded();
    assert_eq!(down.stdout.lines().count(), 5, "three servers, a network, a model: {}", down.stdout);
    assert!(stage.served.engine.volumes(&stage.served.id).iter().all(|name| !name.contains("-model-")));
    assert!([ONE, ALL, GPU].iter().all(|server| stage.id(server).is_none()));
    let down = stage.run(&["down"]);
    assert!(down.succeeded().stdout.is_empty() && down.stderr.contains("nothing of this checkout is up"), "{down:?}");
}

#[test]
fn an_up_that_was_killed_is_finished_by_the_next() {
    if !is_real() {
        return;
    }
    let stage = Stage::new();
    for point in [COPYING, WAITING] {
        let mut run: Running = stage.served.start(&["up", ONE]);
        assert!(run.wait_until(point, |run| run.has_said(point)), "it ended before");
        run.signal("KILL");
        assert_eq!(run.end().code, None, "{point}");
        let up = stage.up(&[ONE]);
        assert_eq!(up.len(), 1, "{up:?}");
        let containers: Vec<String> =
            stage.served.engine.containers(&stage.served.id).into_iter().map(|c| c.name).collect();
        assert_eq!(containers, [""; 0], "a container of a run stays behind");
        stage.run(&["down"]).succeeded();
    }
}

#[test]
fn a_server_that_dies_is_told_with_its_last_words_and_costs_the_others_nothing() {
    if !is_real() {
        return;
    }
    let stage = Stage::new();
    let memory = "cpus = \"1\"\nmemory = \"8GiB\"\n# rest-port";
    stage.served.edit("config.toml", memory, &memory.replace("8GiB", "96MiB"));
    let ran = stage.run(&["up", ONE, ALL]);
    stage.served.edit("config.toml", &memory.replace("8GiB", "96MiB"), memory);
    ran.failed_saying(
        1,
        &[&format!("{} does not answer; it said last:", stage.container(ONE)), "sample server", "ended with exit code"],
    );
    assert!(ran.stdout.lines().count() == 1 && ran.stdout.contains("/v1/models/inception"), "{}", ran.stdout);
    assert!(stage.inspect(ALL).and_then(|found| found.state?.running).unwrap_or_default());

    // A container of the name that somebody else started stays what it is.
    stage.run(&["down"]).succeeded();
    let name = stage.container(ONE);
    stage.served.engine.make_foreign(&name, "debian-base:bookworm");
    let ran = stage.run(&["up", ONE]);
    let down = stage.run(&["down"]);
    let survived = stage.id(ONE).is_some();
    stage.served.engine.remove_container(&name);
    stage.served.engine.remove_volume(&name);
    ran.failed_saying(
        1,
        &[&format!("a container {name} exists that this checkout did not start: remove it, or rename the server")],
    );
    down.succeeded();
    assert!(survived, "somebody else's container is gone");
}

#[test]
fn what_is_missing_names_the_command_that_makes_it() {
    if !is_real() {
        return;
    }
    let apart = Served::apart();
    let ran = apart.run(&["up"]);
    ran.failed_saying(1, &["the engine has no image auto, gpu: run `cargo xtask build-images --profile sample` first"]);
    let shared = Served::shared();
    apart.edit("config.toml", &apart.repository, &shared.repository);
    let ran = apart.run(&["up"]);
    ran.failed_saying(1, &["there is no model in model-data/inception/1: run `cargo xtask export-model --profile sample --model inception --version 1` first"]);
    assert!(apart.engine.containers(&apart.id).is_empty() && apart.engine.volumes(&apart.id).is_empty());
}

#[test]
fn clean_takes_what_is_up_and_its_images() {
    if !is_real() {
        return;
    }
    let served = Served::apart();
    served.build_images(&["cpu-standard"]).succeeded();
    served.run(&["export-model"]).succeeded();
    served.edit("config.toml", "image = \"auto\"\ncpus = \"1\"", "image = \"cpu-standard\"\ncpus = \"1\"");
    served.run(&["up", ONE]).succeeded();
    let reference = served.reference("cpu-standard");
    let listed = served.run(&["clean"]).expect(0);
    let server = format!("tfs-{}-{ONE}", served.id);
    let network = format!("tfs-{}-network", served.id);
    for name in [&reference, &server, &network, &format!("tfs-{}-model-", served.id)] {
        assert!(listed.stderr.contains(name.as_str()), "{name} is not listed:\n{}", listed.stderr);
    }
    assert!(
        served.id_of("cpu-standard").is_some() && served.engine.inspect(&server).is_some(),
        "listing removes nothing"
    );
    served.run(&["clean", "--execute"]).succeeded();
    assert_eq!((served.id_of("cpu-standard"), served.engine.inspect(&server)), (None, None));
    assert!(served.engine.volumes(&served.id).is_empty());
    assert!(served.has("bin/images/cpu-standard.receipt.json"), "receipts are results");
}
