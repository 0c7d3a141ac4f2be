//! An engine on another machine: nothing may be bound to a folder of this one, and a lost connection loses nothing.

use std::path::Path;

use super::{
    forwarder::Forwarder,
    harness::{Checkout, Running, is_real},
};

const SOCKET: &str = "/var/run/docker.sock";
const LOG: &str = "target/xtask/logs/cpu-standard.log";

#[test]
fn a_remote_engine_builds_without_a_folder_of_this_machine() {
    if !is_real() {
        return;
    }
    let checkout = Checkout::new();
    let forwarder = Forwarder::new(Path::new(SOCKET));
    start(&checkout, &forwarder.address).end().expect(0);
    assert_eq!(checkout.binaries().len(), 1);
    assert_eq!(checkout.leftovers(), [""; 0]);

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
    let checkout = Checkout::new();
    let forwarder = Forwarder::new(Path::new(SOCKET));
    let mut run = start(&checkout, &forwarder.address);
    assert!(run.wait_until("Bazel's progress", |_| checkout.read(LOG).lines().any(|line| line.starts_with('['))));
    assert!(forwarder.cut() > 0, "there was no connection to cut");
    run.end().expect(0);
    assert_eq!(checkout.binaries().len(), 1);
    assert_eq!(checkout.leftovers(), [""; 0]);

    let follows = forwarder.requests().iter().filter(|head| head.contains("/logs?")).count();
    assert!(follows >= 2, "the log was asked for {follows} times: it was not taken up again");
    let log = checkout.read(LOG);
    for once in ["INFO: Analyzed target", "INFO: Elapsed time: "] {
        assert_eq!(log.matches(once).count(), 1, "`{once}` in:\n{log}");
    }
}

#[test]
fn an_engine_that_is_not_there_is_named_with_what_to_do() {
    if !is_real() {
        return;
    }
    let checkout = Checkout::new();
    for address in ["unix:///nonexistent", "tcp://127.0.0.1:1"] {
        let output = start(&checkout, address).end().expect(1);
        let wanted = format!("error: no container engine answers at {address}; start it");
        assert!(output.stderr.contains(&wanted), "{}", output.stderr);
        assert_eq!(output.stderr.matches("error: ").count(), 1, "{}", output.stderr);
    }
    assert!(checkout.files("bin").is_empty());
}

fn start(checkout: &Checkout, address: &str) -> Running {
    let mut command = checkout.command(&["build-servers", "cpu-standard"]);
    command.env("DOCKER_HOST", address);
    Running::new(command)
}
