//! A checkout with two images of random bytes on the engine, as if their servers had been built and had passed their gates.
//! Names are this test's own; the images go with it.

use std::{
    cell::RefCell,
    ops::Deref,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};

use super::super::{engine::Engine, harness::Running};
use crate::checkout::{Checkout, real_config};

/// Bytes of each image: enough to be cut in the middle.
const SIZE: usize = 12 << 20;

pub struct Shop {
    checkout: Checkout,
    engine: Engine,
    names: [String; 2],
    /// Registries that were pushed to.
    hosts: RefCell<Vec<String>>,
}

impl Shop {
    pub fn new() -> Self {
        static SHOPS: AtomicU32 = AtomicU32::new(0);
        let own = format!("{}x{}", std::process::id(), SHOPS.fetch_add(1, Ordering::SeqCst));
        let names = ["a", "b"].map(|name| format!("cpu-push-{own}-{name}"));
        let (mut checkout, engine) = (Checkout::empty(), Engine::connect());
        let real = real_config();
        let (before, rest) = real.split_once("[variants.").expect("there are variants");
        let after = &rest[rest.find("# ──").expect("something follows them")..];
        let variants: String = names.iter().map(|name| format!("[variants.{name}]\ndevice = \"cpu\"\n\n")).collect();
        checkout.write("config.toml", &format!("{before}{variants}{after}"));
        checkout.edit("config.toml", "default-profile = \"current\"", "default-profile = \"sample\"");
        for name in &names {
            let file = format!("tensorflow_model_server.cpu.{}", name.trim_start_matches("cpu-"));
            checkout.write(&format!("bin/{file}.receipt.json"), &receipt(name, &file).to_string());
            import(&checkout, name);
        }
        let configuration = checkout.path("docker-config").display().to_string();
        checkout.set_environment("DOCKER_CONFIG", &configuration);
        Self { checkout, engine, names, hosts: RefCell::default() }
    }

    pub fn names(&self) -> [String; 2] {
        self.names.clone()
    }

    pub fn push(&self, host: &str, more: &[&str]) -> Running {
        let registry = format!("{host}/demo");
        self.hosts.borrow_mut().push(host.to_owned());
        Running::new(self.command(&[&["push", "--registry", &registry], more].concat()))
    }

    pub fn has_lock(&self) -> bool {
        self.path("manifests/images.lock").exists()
    }

    /// References of the lock, in its order.
    pub fn locked(&self) -> Vec<String> {
        let lock = self.read("manifests/images.lock");
        let references = lock.lines().filter_map(|line| line.strip_prefix("reference = \"")?.strip_suffix('"'));
        references.map(String::from).collect()
    }

    /// References of a registry that the engine knows.
    pub fn tags_on_the_engine(&self, host: &str) -> Vec<String> {
        let tags = self.names.iter().map(|name| format!("{host}/demo/tf-serving:{name}"));
        tags.filter(|tag| self.engine.image_labels(tag).is_some()).collect()
    }

    /// Puts the manifest of one tag under another, as somebody else would.
    pub fn copy_tag(&self, host: &str, from: &str, to: &str) {
        let image = |tag: &str| format!("docker://{host}/demo/tf-serving:{tag}");
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["copy", "--src-tls-verify=false", "--dest-tls-verify=false", &image(from), &image(to)]);
        let output = skopeo.output().expect("run skopeo");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// As `docker login` leaves it.
    pub fn log_in(&self, host: &str, user: &str, password: &str) {
        self.configure(&json!({ "auths": { host: { "username": user, "password": password } } }));
    }

    /// As a credential helper has it.
    pub fn log_in_by_helper(&mut self, host: &str, user: &str, password: &str) {
        let answer = json!({ "ServerURL": host, "Username": user, "Secret": password });
        self.checkout.write("helpers/docker-credential-xtask-test", &format!("#!/bin/sh\ncat >&2\necho '{answer}'\n"));
        let program = self.path("helpers/docker-credential-xtask-test");
        fs_err::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.path("helpers").display());
        self.checkout.set_environment("PATH", &path);
        self.configure(&json!({ "credHelpers": { host: "xtask-test" } }));
    }

    fn configure(&self, configuration: &Value) {
        self.write("docker-config/config.json", &configuration.to_string());
    }
}

impl Deref for Shop {
    type Target = Checkout;

    fn deref(&self) -> &Checkout {
        &self.checkout
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for name in &self.names {
            self.engine.remove_image(&format!("tf-serving:{name}"));
            // A push that was killed leaves the tag it was pushing.
            for host in self.hosts.borrow().iter() {
                self.engine.remove_image(&format!("{host}/demo/tf-serving:{name}"));
            }
        }
    }
}

/// An image of one file that no compression makes smaller.
fn import(checkout: &Checkout, name: &str) {
    let line = format!("head -c {SIZE} /dev/urandom > blob && tar -c blob | docker import - tf-serving:{name}");
    let folder = checkout.path("");
    let output = Command::new("sh").args(["-c", &line]).current_dir(folder).output().expect("run sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn receipt(name: &str, file: &str) -> Value {
    let image = json!({ "reference": "debian-base:bookworm", "id": format!("sha256:{:064}", 1) });
    json!({
        "schema": 1,
        "variant": name,
        "profile": "sample",
        "key": "0".repeat(64),
        "inputs": { "sources": "1".repeat(64) },
        "binary": { "file": file, "sha256": "2".repeat(64), "bytes": 1 },
        "build": {
            "run": "test", "command": ["bazel"], "jobs": 1, "attempts": 1, "engine": "test", "seconds": {}, "processes": {},
            "finished": "2026-01-01T00:00:00Z", "cache_hits": 0, "log": "log",
            "build_image": image, "base_image": image, "serving_base": image,
        },
        "proof": { "isa": null, "elf": {
            "architecture": "x86_64", "bits": 64, "kind": "position_independent_program", "interpreter": null, "soname": null,
            "needed": [], "needed_versions": {}, "defined_versions": [], "runpath": null, "build_id": null, "stripped": false,
        } },
    })
}
