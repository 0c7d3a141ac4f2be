//! Cargo on this workspace, for the gate that developers and CI share.

use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::blocking::blocking;

/// Runs `cargo` with `arguments` in `root`; its output goes straight to the terminal.
pub(crate) async fn run(root: &Path, arguments: Vec<String>, environment: Vec<(&'static str, String)>) -> Result<()> {
    let root = root.to_owned();
    blocking(&|_| {}, move |_| {
        let shell = Shell::new().context("find the current folder")?;
        shell.change_dir(&root);
        let line = arguments.join(" ");
        let command = cmd!(shell, "cargo {arguments...}").quiet();
        let command = environment.into_iter().fold(command, |command, (name, value)| command.env(name, value));
        command.run().with_context(|| format!("run cargo {line}"))
    })
    .await
}
