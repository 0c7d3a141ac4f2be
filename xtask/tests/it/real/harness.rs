//! A checkout of the sample on the real engine for each test, and runs of the program that are watched and signalled.
//! What a test asserts stands in the test; here is only how to act and how to look.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    ops::{Deref, DerefMut},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::engine::Engine;
use crate::checkout::{Checkout, Ran, real_config, workspace};

/// Longer than anything that is waited for takes on the slowest machine; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(300);

pub const CPU_STANDARD: &str = "bin/tensorflow_model_server.cpu.standard";
const SERVER: &str = "//tensorflow_serving/model_servers:tensorflow_model_server";
/// The server's kernels without the server and TensorFlow: seconds of compiling where only the building matters.
const KERNELS: &str = "//tensorflow_serving/kernels:kernel_check";
const SAMPLE_FLAGS: &str = "flags = [\"-c\", \"opt\"]";

/// Whether this is the real ring; says aloud when not.
pub fn is_real() -> bool {
    let real = std::env::var_os("XTASK_REAL").is_some_and(|value| value == "1");
    if !real {
        say("skipped: set XTASK_REAL=1 (cargo xtask test does)");
    }
    real
}

/// Past the capturing of the test runner, so that it is seen.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What a configuration says of the web app.
pub fn app_section(config: &str) -> &str {
    let from = config.find("[app]\n").expect("it has the web app");
    let whole = &config[from..];
    &whole[..whole.find("\n\n").map_or(whole.len(), |end| end + 1)]
}

/// A checkout with the sample's sources, which is its default profile. Its containers and volumes go with it; images
/// stay, they are shared.
pub struct Sample {
    checkout: Checkout,
    pub engine: Engine,
    /// What its labels say.
    pub id: String,
}

impl Sample {
    /// What it builds as its server is the server's kernels alone.
    pub fn new() -> Self {
        let sample = Self::with_the_server();
        sample.edit_profile(SERVER, KERNELS);
        sample
    }

    /// It builds the server that serves, which takes a minute.
    pub fn with_the_server() -> Self {
        Self::in_checkout(Checkout::empty())
    }

    /// Brings the sources of a checkout to those of the workspace; results and caches that it has stay.
    pub fn in_checkout(checkout: Checkout) -> Self {
        for part in ["docker", "serving/sample"] {
            let _ = fs_err::remove_dir_all(checkout.path(part));
            copy(&workspace().join(part), &checkout.path(part));
        }
        checkout.write("config.toml", &real_config());
        checkout.edit("config.toml", "default-profile = \"current\"", "default-profile = \"sample\"");
        // The web app takes minutes to compile: only tests that are about it have it.
        let config = checkout.read("config.toml");
        checkout.write("config.toml", &config.replace(app_section(&config), ""));
        let machine = fs_err::read_to_string("/etc/hostname").unwrap_or_default();
        let config = checkout.path("config.toml");
        let root = config.parent().expect("it stands in a folder").display();
        let digest = Sha256::digest(format!("{}\n{root}", machine.trim()).as_bytes());
        Self { checkout, engine: Engine::connect(), id: format!("{digest:x}")[..8].to_owned() }
    }

    /// Replaces a text of the sample profile's part of `config.toml`.
    pub fn edit_profile(&self, from: &str, to: &str) {
        let text = self.read("config.toml");
        let at = text.find("[profiles.sample]").expect("the sample has a profile");
        assert!(text[at..].contains(from), "the sample's profile has no `{from}`");
        self.write("config.toml", &format!("{}{}", &text[..at], text[at..].replacen(from, to, 1)));
    }

    /// Adds Bazel flags to all variants of the sample.
    pub fn add_flags(&self, flags: &[&str]) {
        let flags: String = flags.iter().map(|flag| format!(", {flag:?}")).collect();
        self.edit_profile(SAMPLE_FLAGS, &SAMPLE_FLAGS.replace(']', &format!("{flags}]")));
    }

    pub fn build(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["build-servers"], arguments].concat())
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(arguments))
    }

    pub fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    pub fn receipt(&self, binary: &str) -> Value {
        serde_json::from_str(&self.read(&format!("{binary}.receipt.json"))).expect("a receipt is JSON")
    }

    /// Bazel's log of a variant; empty where there is none yet.
    pub fn log(&self, variant: &str) -> String {
        fs_err::read_to_string(self.path(&format!("target/xtask/logs/{variant}.log"))).unwrap_or_default()
    }

    /// Binaries with their sha256, each held against its receipt.
    pub fn binaries(&self) -> BTreeMap<String, String> {
        let files = self.files("bin").into_iter();
        let binaries = files.filter_map(|name| Some(format!("bin/{}", name.strip_suffix(".receipt.json")?)));
        let with_sha256 = binaries.map(|binary| {
            let bytes = fs_err::read(self.path(&binary)).expect("a receipt's binary");
            let sha256 = format!("{:x}", Sha256::digest(&bytes));
            assert_eq!(self.receipt(&binary)["binary"]["sha256"], sha256.as_str(), "the receipt of {binary}");
            (binary, sha256)
        });
        with_sha256.collect()
    }

    /// Everything a run must not leave: its containers, half-written binaries, files it worked on.
    pub fn leftovers(&self) -> Vec<String> {
        let partial = self.files("bin").into_iter().filter(|name| name.contains(".partial"));
        let containers = self.engine.containers(&self.id).into_iter().map(|found| format!("{found:?}"));
        containers.chain(partial).chain(self.files("target/xtask/work")).collect()
    }

    /// Forgets all that was built, so that the next run starts from nothing.
    pub fn make_cold(&self) {
        self.engine.remove_all_of(&self.id);
        assert!(self.engine.volumes(&self.id).is_empty(), "volumes of {} are still in use", self.id);
        for folder in ["bin", "target/xtask"] {
            let _ = fs_err::remove_dir_all(self.path(folder));
        }
    }
}

impl Deref for Sample {
    type Target = Checkout;

    fn deref(&self) -> &Checkout {
        &self.checkout
    }
}

impl DerefMut for Sample {
    fn deref_mut(&mut self) -> &mut Checkout {
        &mut self.checkout
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.engine.remove_all_of(&self.id);
    }
}

pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs_err::create_dir_all(to).expect("create");
        for entry in fs_err::read_dir(from).expect("list").flatten() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs_err::copy(from, to).expect("copy");
    }
}

/// A run under way, and what it has said so far.
pub struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
}

impl Running {
    pub fn new(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start xtask");
        let stdout = Heard::new(child.stdout.take().expect("piped"));
        let stderr = Heard::new(child.stderr.take().expect("piped"));
        Self { child, stdout, stderr }
    }

    pub fn has_said(&self, text: &str) -> bool {
        self.stderr.text().contains(text)
    }

    /// Waits until `reached`; false where the run ended before.
    pub fn wait_until(&mut self, what: &str, mut reached: impl FnMut(&Self) -> bool) -> bool {
        let begin = Instant::now();
        loop {
            if reached(self) {
                return true;
            }
            if self.child.try_wait().expect("ask for its end").is_some() {
                return reached(self);
            }
            assert!(begin.elapsed() < PATIENCE, "never came to `{what}`:\n{}", self.stderr.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// `KILL`, `INT` or `TERM`; one that has ended already does not mind.
    pub fn signal(&self, name: &str) {
        let line = format!("kill -{name} {} 2>/dev/null", self.child.id());
        let _ = Command::new("sh").args(["-c", &line]).status();
    }

    /// Waits for the end, but not for ever.
    pub fn end(mut self) -> Ran {
        let begin = Instant::now();
        let code = loop {
            match self.child.try_wait().expect("ask for its end") {
                Some(status) => break status.code(),
                None => assert!(begin.elapsed() < PATIENCE, "does not end:\n{}", self.stderr.text()),
            }
            thread::sleep(Duration::from_millis(5));
        };
        Ran { code, stdout: self.stdout.all(), stderr: self.stderr.all() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipe that is always read, so that its writer never waits.
struct Heard {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Heard {
    fn new(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let heard = text.clone();
        let reader = thread::spawn(move || {
            let lines = BufReader::new(pipe).lines().map_while(Result::ok);
            lines.for_each(|line| *heard.lock().expect("no reader panics") += &format!("{line}\n"));
        });
        Self { text, reader: Some(reader) }
    }

    fn text(&self) -> String {
        self.text.lock().expect("no reader panics").clone()
    }

    fn all(&mut self) -> String {
        self.reader.take().map(JoinHandle::join);
        self.text()
    }
}
