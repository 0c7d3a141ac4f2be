//! A checkout of its own for each test, and the compiled program run in it.
//! What a test asserts stands in the test; here is only how to act and how to look.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::engine::Engine;

/// Longer than anything here takes on the slowest machine; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(300);

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

/// A temporary checkout with the sample's sources. Its containers and volumes go with it; images stay, they are shared.
pub struct Checkout {
    folder: TempDir,
    pub id: String,
    pub engine: Engine,
}

impl Checkout {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        for part in ["config.toml", "docker", "serving/sample"] {
            copy(&workspace.join(part), &folder.path().join(part));
        }
        let machine = fs::read_to_string("/etc/hostname").unwrap_or_default();
        let identity = format!("{}\n{}", machine.trim(), folder.path().display());
        let id = format!("{:x}", Sha256::digest(identity.as_bytes()))[..8].to_owned();
        Self { folder, id, engine: Engine::new() }
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_default()
    }

    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("create its folder");
        fs::write(path, text).expect("write into the checkout");
    }

    /// Replaces one piece of a file, which must be there.
    pub fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "{relative} has no `{from}`");
        self.write(relative, &text.replacen(from, to, 1));
    }

    /// The program in this checkout, ready to run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("--config").arg(self.path("config.toml")).args(["--profile", "sample", "--no-progress"]);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(arguments))
    }

    /// Runs to the end.
    pub fn xtask(&self, arguments: &[&str]) -> Output {
        self.start(arguments).end()
    }

    /// Binaries in `bin/` with their sha256, each held against its receipt.
    pub fn binaries(&self) -> BTreeMap<String, String> {
        let receipts = self.files("bin").into_iter().filter(|name| name.ends_with(".receipt.json"));
        let binaries = receipts.map(|receipt| {
            let name = receipt.trim_end_matches(".receipt.json").to_owned();
            let bytes = fs::read(self.path("bin").join(&name)).expect("a receipt's binary");
            let sha256 = format!("{:x}", Sha256::digest(&bytes));
            assert_eq!(self.receipt(&name)["binary"]["sha256"], sha256.as_str(), "the receipt of {name}");
            (name, sha256)
        });
        binaries.collect()
    }

    pub fn receipt(&self, binary: &str) -> Value {
        serde_json::from_str(&self.read(&format!("bin/{binary}.receipt.json"))).expect("a receipt is JSON")
    }

    /// Names in a folder, sorted; none where it does not exist.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Everything a run must not leave: its containers, half-written binaries, files it worked on.
    pub fn leftovers(&self) -> Vec<String> {
        let partial = self.files("bin").into_iter().filter(|name| name.contains(".partial"));
        let containers = self.engine.containers(&self.id).into_iter();
        containers.chain(partial).chain(self.files("target/xtask/work")).collect()
    }

    /// Forgets all that was built, so that the next run starts from nothing.
    pub fn make_cold(&self) {
        self.engine.remove_containers(&self.id);
        self.engine.remove_volumes(&self.id);
        assert!(self.engine.volumes(&self.id).is_empty(), "volumes of {} are still in use", self.id);
        for folder in ["bin", "target/xtask"] {
            let _ = fs::remove_dir_all(self.path(folder));
        }
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        self.engine.remove_containers(&self.id);
        self.engine.remove_volumes(&self.id);
    }
}

/// How a run ended; no code where a signal ended it.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// The same, of a run that must have ended with `code`.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        self
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

    /// Waits for the end.
    pub fn end(mut self) -> Output {
        let begin = Instant::now();
        let code = loop {
            match self.child.try_wait().expect("ask for its end") {
                Some(status) => break status.code(),
                None => assert!(begin.elapsed() < PATIENCE, "does not end:\n{}", self.stderr.text()),
            }
            thread::sleep(Duration::from_millis(5));
        };
        Output { code, stdout: self.stdout.all(), stderr: self.stderr.all() }
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

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("create a folder");
        for entry in fs::read_dir(from).expect("read a folder").flatten() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().expect("a file in a folder")).expect("create a folder");
        fs::copy(from, to).expect("copy a file");
    }
}
