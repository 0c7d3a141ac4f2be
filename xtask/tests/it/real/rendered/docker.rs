//! The engine's own command line: what it is told can be read, and tried by hand.

use std::process::Command;

/// Runs it; what it printed, or all that it said.
pub fn docker<S: AsRef<str>>(arguments: &[S]) -> Result<String, String> {
    let words: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let ran = Command::new("docker").args(&words).output().expect("run docker");
    let [out, err] = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    if ran.status.success() { Ok(out) } else { Err(format!("docker {}: {out}{err}", words.join(" "))) }
}

/// The same of what must succeed.
#[track_caller]
pub fn done<S: AsRef<str>>(arguments: &[S]) -> String {
    docker(arguments).unwrap_or_else(|error| panic!("{error}"))
}

/// All that a container has said so far.
pub fn log(container: &str) -> String {
    let ran = Command::new("docker").args(["logs", container]).output().expect("run docker");
    [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}
