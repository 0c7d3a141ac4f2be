//! An engine on another machine: nothing may be bound to a folder of this one, and a lost connection loses nothing.

use std::path::Path;

use super::{
    forwarder::Forwarder,
    harness::{Running, Sample, is_real},
};

const SOCKET: &str = "/var/run/docker.sock";

#[test]
fn a_remote_engine_builds_without_a_folder_of_this_machine() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let forwarder = Forwarder::new(Path::new(SOCKET));
    start(&sample, &forwarder.address).end().expect(0);
    assert_eq!(sample.binaries().len(), 1);
    assert_eq!(sample.leftovers(), [""; 0]);

    let bodies = forwarder.create_bodies();
    let kinds = |body: &serde_json::Value| -> Vec<String> {
        let mounts = body["HostConfig"]["Mounts"].as_array().cloned().unwrap_or_default();
        mounts.iter().map(|mount| mount["Type"].as_str().unwrap_or("none").to_owned()).collect()
    };
    for body in &bodies {
        assert!(body["HostConfig"]["Binds"].is_null(), "{body}");
        assert!(kinds(body).iter().all(|kind| kind == "volume"), "{body}");
    }
    assert!(bodies.iter().any(|body| kinds(body).len() == 4), "no build container among {bodies:?}");
}

#[test]
fn a_build_survives_the_loss_of_every_connection() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let forwarder = Forwarder::new(Path::new(SOCKET));
    let mut run = start(&sample, &forwarder.address);
    assert!(
        run.wait_until("Bazel's progress", |_| sample.log("cpu-standard").lines().any(|line| line.starts_with('[')))
    );
    assert!(forwarder.cut() > 0, "there was no connection to cut");
    run.end().expect(0);
    assert_eq!(sample.binaries().len(), 1);
    assert_eq!(sample.leftovers(), [""; 0]);

    let follows = forwarder.requests().iter().filter(|head| head.contains("/logs?")).count();
    assert!(follows >= 2, "the log was asked for {follows} times: it was not taken up again");
    let log = sample.log("cpu-standard");
    for once in ["INFO: Analyzed target", "INFO: Elapsed time: "] {
        assert_eq!(log.matches(once).count(), 1, "`{once}` in:\n{log}");
    }
}

#[test]
fn an_engine_that_is_not_there_is_named_with_what_to_do() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    for address in ["unix:///nonexistent", "tcp://127.0.0.1:1"] {
        let output = start(&sample, address).end().expect(1);
        let wanted = format!("error: no container engine answers at {address}; start it");
        assert!(output.stderr.contains(&wanted), "{}", output.stderr);
        assert_eq!(output.stderr.matches("error: ").count(), 1, "{}", output.stderr);
    }
    assert!(sample.files("bin").is_empty());
}

fn start(sample: &Sample, address: &str) -> Running {
    let mut command = sample.command(&["build-servers", "cpu-standard"]);
    command.env("DOCKER_HOST", address);
    Running::new(command)
}
