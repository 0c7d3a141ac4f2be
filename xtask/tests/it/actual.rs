//! The program with a real engine and a real Bazel; runs with XTASK_REAL=1, as `cargo xtask test` does.
//! Each test has a checkout of its own, whose containers and volumes go with it; images stay, they are shared.

mod bad_input;
mod builds;
mod engine;
mod failures;
mod git_sources;
mod nginx;
mod remote_cache;

use std::io::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::checkout::{Checkout, Ran, workspace};
use engine::Engine;

/// Whether real tests are wanted; says aloud where they are not.
fn is_real() -> bool {
    let is_real = std::env::var_os("XTASK_REAL").is_some_and(|value| value == "1");
    if !is_real {
        // Past the test runner's capturing: a skipped test must be seen.
        let _ = writeln!(std::io::stderr(), "skipped: set XTASK_REAL=1 (cargo xtask test does)");
    }
    is_real
}

const CPU_STANDARD: &str = "bin/tensorflow_model_server.cpu.standard";
const SAMPLE_FLAGS: &str = "flags = [\"-c\", \"opt\"]";

/// A checkout of the sample profile on the real engine.
struct Sample {
    checkout: Checkout,
    engine: Engine,
    /// What its labels say.
    id: String,
}

impl Sample {
    fn new() -> Self {
        let checkout = Checkout::empty();
        for part in ["config.toml", "docker", "serving/sample"] {
            let to = checkout.path(part);
            fs_err::create_dir_all(to.parent().expect("in a folder")).expect("create");
            copy(&workspace().join(part), &to);
        }
        checkout.edit("config.toml", "default-profile = \"current\"", "default-profile = \"sample\"");
        let machine = fs_err::read_to_string("/etc/hostname").unwrap_or_default();
        let root = checkout.path("config.toml").parent().expect("in a folder").display().to_string();
        let digest = Sha256::digest(format!("{}\n{root}", machine.trim()).as_bytes());
        Self { checkout, engine: Engine::connect(), id: format!("{digest:x}")[..8].to_owned() }
    }

    /// Replaces a text of the sample profile's part of `config.toml`.
    fn edit_profile(&self, from: &str, to: &str) {
        let text = self.checkout.read("config.toml");
        let at = text.find("[profiles.sample]").expect("the sample has a profile");
        assert!(text[at..].contains(from), "the sample's profile has no `{from}`");
        self.checkout.write("config.toml", &format!("{}{}", &text[..at], text[at..].replacen(from, to, 1)));
    }

    /// Adds Bazel flags to all variants of the sample.
    fn add_flags(&self, flags: &[&str]) {
        let flags: String = flags.iter().map(|flag| format!(", {flag:?}")).collect();
        self.edit_profile(SAMPLE_FLAGS, &SAMPLE_FLAGS.replace(']', &format!("{flags}]")));
    }

    fn build(&self, arguments: &[&str]) -> Ran {
        self.checkout.run(&[&["build-servers"], arguments].concat())
    }

    fn receipt(&self, binary: &str) -> Value {
        serde_json::from_str(&self.checkout.read(&format!("{binary}.receipt.json"))).expect("a receipt is JSON")
    }

    fn has(&self, path: &str) -> bool {
        self.checkout.path(path).exists()
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.engine.remove_all_of(&self.id);
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    if from.is_dir() {
        fs_err::create_dir_all(to).expect("create");
        for entry in fs_err::read_dir(from).expect("list").flatten() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs_err::copy(from, to).map(|_| ()).expect("copy");
    }
}
