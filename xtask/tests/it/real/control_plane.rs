//! Deploys on a real control plane, built from Kubernetes' own modules, whose thousand nodes are simulated.

use std::process::Command;

use super::harness::is_real;
use crate::checkout::workspace;

/// Where pods land, what is refused, what is left to others and what goes are asserted by the script, which prints seconds too.
#[test]
fn deploys_land_on_the_right_nodes_roll_scale_and_go() {
    if !is_real() {
        return;
    }
    let mut script = Command::new(workspace().join("benches/kubernetes.sh"));
    let status = script.env("XTASK", env!("CARGO_BIN_EXE_xtask")).status().expect("run benches/kubernetes.sh");
    assert!(status.success(), "benches/kubernetes.sh: {status}");
}
