//! A temporary checkout and the compiled program run in it. Nothing here judges what the program does.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// The workspace these tests were compiled in.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ stands in the workspace")
}

/// An address where no engine ever answers.
pub const NO_ENGINE: &str = "unix:///nonexistent/engine.sock";

/// A folder with a configuration of its own, which makes it a checkout.
pub struct Checkout {
    folder: PathBuf,
    /// Removes the folder; none where it stays.
    _passing: Option<TempDir>,
    environment: BTreeMap<String, String>,
}

impl Checkout {
    /// Nothing but the real `config.toml`; no engine can be reached.
    pub fn bare() -> Self {
        let checkout = Self::empty();
        checkout.write("config.toml", &real_config());
        checkout.with_environment("DOCKER_HOST", NO_ENGINE)
    }

    pub fn empty() -> Self {
        let passing = TempDir::with_prefix("xtask-it-").expect("temporary folder");
        Self { folder: passing.path().to_owned(), _passing: Some(passing), environment: BTreeMap::new() }
    }

    /// A folder that outlives the tests, with what it holds already.
    pub fn lasting(folder: &Path) -> Self {
        fs_err::create_dir_all(folder).expect("create");
        Self { folder: folder.to_owned(), _passing: None, environment: BTreeMap::new() }
    }

    pub fn with_environment(mut self, name: &str, value: &str) -> Self {
        self.set_environment(name, value);
        self
    }

    /// For all runs from now on.
    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.environment.insert(name.into(), value.into());
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs_err::create_dir_all(path.parent().expect("a file stands in a folder")).expect("create");
        fs_err::write(path, text).expect("write");
    }

    pub fn read(&self, relative: &str) -> String {
        fs_err::read_to_string(self.path(relative)).expect("read")
    }

    /// Replaces a text that must be there.
    pub fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "{relative} has no `{from}`");
        self.write(relative, &text.replacen(from, to, 1));
    }

    /// Names in a folder, sorted; none where it does not exist.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs_err::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The program with this checkout's configuration; it inherits no choice of colours.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let config = self.path("config.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.current_dir(&self.folder).arg("--config").arg(config).args(arguments);
        command.env_remove("NO_COLOR").envs(&self.environment).stdin(Stdio::null());
        command
    }

    /// Runs to the end, however long that takes.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("run the program"))
    }
}

/// What a run of the program left behind.
#[derive(Debug, Clone)]
pub struct Ran {
    /// None where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn succeeded(&self) -> &Self {
        self.ended(0)
    }

    /// Asserts the exit code and that stderr contains each text.
    #[track_caller]
    pub fn failed_saying(&self, code: i32, texts: &[&str]) -> &Self {
        self.ended(code);
        for text in texts {
            assert!(self.stderr.contains(text), "stderr lacks `{text}`:\n{}", self.stderr);
        }
        self
    }

    /// The same, of a run that must have ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        self.ended(code);
        self
    }

    /// Every line of stdout as JSON; one that is none fails the test.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in `{line}`"));
        self.stdout.lines().map(parse).collect()
    }
}

/// The workspace's own, but for the sample's model: synthetic Inception needs no package.
pub fn real_config() -> String {
    let text = fs_err::read_to_string(workspace().join("config.toml")).expect("the workspace has a configuration");
    let trained = "model = \"efficientnet-lite0\"\n";
    assert!(text.contains(trained), "the sample's model is another");
    text.replace(trained, "")
}
