//! Cargo on this workspace, for the gate that developers and CI share.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result};
use tokio::process::{Child, Command};
use xshell::{Shell, cmd};

use super::blocking::blocking;

/// Starts to build the control plane that deploys are tried on, with whatever the processors have left, and says nothing:
/// the test that needs it builds the same, after this has ended or where it failed. It ends with the value.
pub(crate) fn control_plane(root: &Path) -> Result<ControlPlane> {
    let mut build = Command::new("nice");
    build.args(["-n", "19", "benches/control-plane.sh", "build"]).current_dir(root);
    build.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    Ok(ControlPlane(build.spawn().context("start benches/control-plane.sh")?))
}

/// A build that goes on beside the stages.
pub(crate) struct ControlPlane(Child);

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // Its compilers are of its group.
        if let Some(id) = self.0.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }
}

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
