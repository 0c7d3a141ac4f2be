//! A control plane of Kubernetes for the gate, compiled beside its stages by the script that the test runs too.

use std::{os::unix::process::CommandExt, path::Path, process::Stdio};

use anyhow::{Context, Result};
use tokio::process::{Child, Command};

/// Starts to build the control plane that deploys are tried on, with whatever the processors have left, and says nothing:
/// the test that needs it builds the same, after this has ended or where it failed. It ends with the value.
pub(crate) fn start(root: &Path) -> Result<ControlPlane> {
    let mut build = Command::new("nice");
    build.args(["-n", "19", "benches/control-plane.sh", "build"]).current_dir(root);
    build.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    Ok(ControlPlane(build.spawn().context("start benches/control-plane.sh")?))
}

/// A build that goes on beside the stages.
pub(crate) struct ControlPlane(Child);

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // Its compilers are of its group; and who kills them is of another than ours, which a second Ctrl-C would end.
        if let Some(id) = self.0.id() {
            let mut kill = std::process::Command::new("kill");
            kill.args(["-KILL", "--", &format!("-{id}")]).stderr(Stdio::null()).process_group(0);
            let _ = kill.status();
        }
    }
}
