//! A checkout with two images of random bytes on the engine that its receipts take for those that passed their gates: large
//! enough to be cut in the middle, and small enough to be pushed many times. The images go with it.

use std::{ops::Deref, os::unix::fs::PermissionsExt, process::Command};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::{harness::Running, served::Served};

/// Bytes of each image.
const SIZE: usize = 12 << 20;
/// In the order in which they are pushed.
const NAMES: [&str; 2] = ["cpu-standard", "cpu-optimized"];

pub struct Shop {
    served: Served,
}

impl Shop {
    pub fn new() -> Self {
        let mut served = Served::apart();
        for name in NAMES {
            import(&served, name);
            forge_receipt(&served, name);
        }
        let configuration = served.path("docker-config").display().to_string();
        served.sample.set_environment("DOCKER_CONFIG", &configuration);
        Self { served }
    }

    pub fn names(&self) -> [String; 2] {
        NAMES.map(String::from)
    }

    pub fn push(&self, host: &str, more: &[&str]) -> Running {
        let registry = format!("{host}/demo");
        let images: &[&str] = if more.iter().any(|word| NAMES.contains(word)) { &[] } else { &NAMES };
        self.start(&[&["push", "--registry", &registry], images, more].concat())
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

    /// Puts the manifest of one tag under another, as somebody else would.
    pub fn copy_tag(&self, host: &str, from: &str, to: &str) {
        let image = |tag: &str| format!("docker://{host}/demo/{}:{tag}", self.repository);
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
        self.write("helpers/docker-credential-xtask-test", &format!("#!/bin/sh\ncat >&2\necho '{answer}'\n"));
        let program = self.path("helpers/docker-credential-xtask-test");
        fs_err::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.path("helpers").display());
        self.served.sample.set_environment("PATH", &path);
        self.configure(&json!({ "credHelpers": { host: "xtask-test" } }));
    }

    fn configure(&self, configuration: &Value) {
        self.write("docker-config/config.json", &configuration.to_string());
    }
}

impl Deref for Shop {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.served
    }
}

/// An image of one file that no compression makes smaller.
fn import(served: &Served, name: &str) {
    let reference = served.reference(name);
    let line = format!("head -c {SIZE} /dev/urandom > blob && tar -c blob | docker import - {reference}");
    let output = Command::new("sh").args(["-c", &line]).current_dir(served.path("")).output().expect("run sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The receipt of a real image, made out to the one of random bytes.
fn forge_receipt(served: &Served, name: &str) {
    let real = Served::shared();
    let mut receipt = real.image_receipt(name);
    let inputs = receipt["inputs"].to_string().replace(&real.repository, &served.repository);
    receipt["key"] = format!("{:x}", Sha256::digest(inputs.as_bytes())).into();
    receipt["inputs"] = serde_json::from_str(&inputs).expect("still JSON");
    receipt["id"] = served.id_of(name).expect("imported").into();
    served.write(&format!("bin/images/{name}.receipt.json"), &receipt.to_string());
}
