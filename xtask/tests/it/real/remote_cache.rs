//! A team's remote cache: the second machine's build is served from it, and its password stays where it belongs.

use std::{path::Path, sync::mpsc, thread, time::Duration};

use super::{
    engine::Engine,
    harness::{CPU_STANDARD, Sample, is_real},
    nginx::Nginx,
};

const VARIABLE: &str = "XTASK_IT_CACHE_AUTHORIZATION";
const SECRET: &str = "Bearer s3cret-of-the-remote-cache-42";

impl Sample {
    /// A machine of the team: a checkout with caches of its own.
    fn with_remote_cache(address: &str) -> Self {
        let mut sample = Self::new();
        let cache = format!("[bazel]\nremote-cache = \"{address}\"\nheaders = {{ Authorization = \"{VARIABLE}\" }}");
        sample.edit("config.toml", "[bazel]", &cache);
        // Containers then reach a cache that listens on this machine's loopback.
        sample.edit("config.toml", "[engine]", "[engine]\nnetwork = \"host\"");
        sample.set_environment(VARIABLE, SECRET);
        sample
    }
}

#[test]
fn the_second_machine_is_served_and_the_secret_is_nowhere() {
    if !is_real() {
        return;
    }
    let nginx = Nginx::start(SECRET);
    assert!(nginx.status("").is_some_and(|status| status.contains("401")), "it asks nobody for the header");
    assert!(nginx.status(SECRET).is_some_and(|status| status.contains("404")), "it does not take the header");

    let first = Sample::with_remote_cache(&nginx.address());
    let watched = watch(&first.id);
    let ran = first.build(&["cpu-standard", "--verbose"]);
    let seen = watched();
    ran.succeeded();
    assert_eq!(first.receipt(CPU_STANDARD)["build"]["cache_hits"], 0);
    assert!(nginx.log("access.log").contains("\"PUT /cas/"), "{}", nginx.log("access.log"));

    let second = Sample::with_remote_cache(&nginx.address());
    let again = second.build(&["cpu-standard", "--verbose"]);
    again.succeeded();
    let build = &second.receipt(CPU_STANDARD)["build"];
    assert!(build["cache_hits"].as_u64().expect("a number") > 0, "{build:#}");
    assert!(build["processes"]["remote cache hit"].as_u64().expect("a number") > 0, "{build:#}");
    assert_eq!(first.receipt(CPU_STANDARD)["binary"]["sha256"], second.receipt(CPU_STANDARD)["binary"]["sha256"]);

    let secret = SECRET.trim_start_matches("Bearer ");
    assert!(seen.iter().any(|container| container.contains("--remote_cache=")), "no build was seen: {seen:?}");
    assert!(!seen.iter().any(|container| container.contains(secret)), "the engine shows it");
    for (sample, ran) in [(&first, &ran), (&second, &again)] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "it is in the output");
        let root = sample.path("");
        let holders = files_with(&root, secret.as_bytes());
        assert!(holders.is_empty(), "it is in {holders:?}");
    }
    let plan = first.run(&["--dry-run", "build-servers", "cpu-standard"]);
    plan.succeeded();
    assert!(plan.stdout.contains(&format!("Authorization from ${VARIABLE}")) && !plan.stdout.contains(secret));
}

/// Inspects the containers of a checkout until the returned function is called, which gives all that was seen.
fn watch(checkout: &str) -> impl FnOnce() -> Vec<String> {
    let (stop, stopped) = mpsc::channel::<()>();
    let checkout = checkout.to_owned();
    let watcher = thread::spawn(move || {
        let engine = Engine::connect();
        let mut seen = Vec::new();
        while stopped.try_recv().is_err() {
            seen.extend(engine.containers(&checkout).iter().filter_map(|container| engine.inspect(&container.name)));
            // A build lives for seconds; looking without a pause would take a core from it.
            thread::sleep(Duration::from_millis(100));
        }
        seen
    });
    move || {
        stop.send(()).expect("the watcher listens");
        watcher.join().expect("the watcher only looks")
    }
}

fn files_with(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).expect("list").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if fs_err::read(&path).expect("read").windows(needle.len()).any(|window| window == needle) {
            found.push(path.display().to_string());
        }
    }
    found
}
