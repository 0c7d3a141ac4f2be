//! `cargo xtask …` out of documents: parsed by the program's own command line, and planned in a checkout of its own.

use std::{
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use clap::{Parser, error::ErrorKind};
use xtask::cli::Cli;

use crate::checkout::{Checkout, NO_ENGINE, workspace};

/// What documents write for something of the reader's: the option it follows (any where empty), and what stands for it here.
/// Without words it is left out.
const PLACEHOLDERS: [(&str, &str, &str); 16] = [
    ("", "HOST[:PORT]/PREFIX", "127.0.0.1:5000/demo"),
    ("", "HOST[:PORT][/PREFIX]", "127.0.0.1:5000/demo"),
    ("", "HOST/PREFIX", "registry.example/demo"),
    ("", "[VARIANT...]", ""),
    ("", "[SERVER...]", ""),
    ("", "VARIANT", "cpu-standard"),
    ("", "...", ""),
    ("--profile", "NAME", "sample"),
    ("--server", "NAME", "tf-serving-1cpu"),
    ("--image", "NAME", "cpu-standard"),
    ("--target", "NAME=URL", "tfs=http://127.0.0.1:8501"),
    ("", "NAME", "inception"),
    ("", "N", "2"),
    ("", "DIR|TAR", "mine.tar.gz"),
    ("", "PATH", "checkpoint.tar.gz"),
    ("", "TAG", "2.20-{name}"),
];

/// Words of the shell that are not known here.
const VARIABLE: (&str, &str) = ("$CI_COMMIT", "0123abcd");

/// The words behind `cargo xtask`, with placeholders filled; none where it is another command.
pub fn arguments(words: &[String]) -> Option<Vec<String>> {
    let rest = words.strip_prefix(["cargo".to_owned(), "xtask".to_owned()].as_slice())?;
    let mut filled: Vec<String> = Vec::new();
    for word in rest {
        let before = filled.last().map_or("", String::as_str).to_owned();
        let known = |(option, placeholder, _): &&(&str, &str, &str)| {
            placeholder == word && (option.is_empty() || *option == before)
        };
        match PLACEHOLDERS.iter().find(known) {
            Some((.., "")) => {}
            Some((.., value)) => filled.push((*value).to_owned()),
            None => filled.push(word.replace(VARIABLE.0, VARIABLE.1)),
        }
    }
    Some(filled)
}

/// Holds a command against the program's own types; a bare verb may lack what it needs where it is only called by its name.
pub fn parse(arguments: &[String], is_name: bool) -> Result<(), String> {
    let Err(error) = Cli::try_parse_from(["cargo xtask".to_owned()].iter().chain(arguments)) else { return Ok(()) };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(()),
        ErrorKind::MissingRequiredArgument if is_name && arguments.len() == 1 => Ok(()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if is_name && arguments.is_empty() => Ok(()),
        _ => Err(format!("cargo xtask {}: {}", arguments.join(" "), error.to_string().trim())),
    }
}

/// Runs it up to its plan, with this configuration; it has to say something.
pub fn plan(arguments: &[String], config: &str) -> Result<(), String> {
    let checkout = Checkout::empty();
    let mut words: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| !word.starts_with("--dry-run")).collect();
    let own = words.iter().position(|word| *word == "--config").and_then(|at| words.get(at + 1)).copied();
    let name = own.unwrap_or("config.toml");
    checkout.write(name, config);
    // What `measure` can run is what lies there.
    symlink(workspace().join("benches"), checkout.path("benches")).expect("link the benches");
    if own.is_none() {
        words.extend(["--config", name]);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(checkout.path("")).args(&words).arg("--dry-run").env("DOCKER_HOST", NO_ENGINE);
    let ran = command.stdin(Stdio::null()).output().expect("run the program");
    let line = arguments.join(" ");
    if !ran.status.success() {
        return Err(format!("cargo xtask {line} --dry-run: {}", String::from_utf8_lossy(&ran.stderr).trim()));
    }
    if ran.stdout.trim_ascii().is_empty() {
        return Err(format!("cargo xtask {line} --dry-run: it plans nothing"));
    }
    // Files are looked at below the checkout, so that a plan that made some would be seen.
    let mut left = checkout.files("");
    left.retain(|file| file != name && !file.starts_with("benches"));
    if left.is_empty() { Ok(()) } else { Err(format!("cargo xtask {line} --dry-run: it made {}", left.join(" "))) }
}
