//! Real TensorFlow in Python, installed once: what runs its scripts and reads their verdicts.
//! What is judged stands in the tests.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::checkout::workspace;

pub const JUDGE: &str = "crates/savedmodel/tests/judge";

/// TensorFlow in a virtual environment that stays below `target/`: installing it takes a minute.
pub struct TensorFlow {
    python: PathBuf,
}

impl TensorFlow {
    pub fn installed() -> Self {
        Self { python: environment("judge", &workspace().join(JUDGE).join("requirements.txt")).join("python") }
    }

    /// The interpreter that has it.
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Runs one of the judge's scripts; what it reports last is its verdict.
    pub fn run(&self, script: &str, arguments: &[&str]) -> Value {
        let mut command = Command::new(&self.python);
        command.arg(workspace().join(JUDGE).join(script)).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        let stdout = run(&mut command);
        let verdict: Value =
            serde_json::from_str(stdout.lines().last().unwrap_or_default()).expect("a verdict is JSON");
        assert_eq!(verdict["ok"], true, "{script}: {verdict:#}");
        verdict
    }
}

/// The folder of programs of a virtual environment below `target/xtask` that holds exactly these pins.
pub fn environment(name: &str, pins: &Path) -> PathBuf {
    let folder = workspace().join("target/xtask").join(name);
    let programs = folder.join("bin");
    let wanted = fs_err::read_to_string(pins).expect("the pins");
    // What was cut off while it was installed lacks the mark.
    let mark = folder.join("installed-requirements.txt");
    if fs_err::read_to_string(&mark).ok().as_ref() != Some(&wanted) {
        let _ = fs_err::remove_dir_all(&folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--requirement"];
        run(Command::new(programs.join("python")).args(pip).arg(pins));
        fs_err::write(mark, wanted).expect("write");
    }
    programs
}

/// Runs to a good end and gives what was said on stdout.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", told(&output.stdout), told(&output.stderr));
    told(&output.stdout)
}
