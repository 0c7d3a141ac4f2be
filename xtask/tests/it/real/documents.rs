//! Cheap commands of the documents, done as they stand there: what costs seconds and no other test runs.

use std::process::Command;

use super::{harness::is_real, served::Served};
use crate::manifests::case;

#[test]
fn cheap_commands_do_what_documents_show() {
    if !is_real() {
        return;
    }
    let served = Served::shared();
    let standard = served.run(&["inspect", "bin/tensorflow_model_server.cpu.standard"]);
    assert!(standard.succeeded().stdout.contains("nothing beyond sse2"), "{}", standard.stdout);
    let optimized = served.run(&["inspect", "bin/tensorflow_model_server.cpu.optimized"]);
    let optimized = &optimized.succeeded().stdout;
    for shown in ["architecture   x86_64", "ABI at least ", "\navx2 ", "\nfma ", "fma most in"] {
        assert!(optimized.contains(shown), "`{shown}` is not in:\n{optimized}");
    }

    let doctor = served.run(&["doctor"]);
    assert!(doctor.succeeded().stdout.contains("ready to build"), "{}", doctor.stdout);
    let info = served.run(&["model-info", "model-data/inception"]);
    for shown in ["signature predict_images (tensorflow/serving/predict)", "classes ", "scores "] {
        assert!(info.succeeded().stdout.contains(shown), "`{shown}` is not in:\n{}", info.stdout);
    }
    let listed = served.run(&["clean"]);
    assert!(listed.succeeded().stderr.contains("nothing was removed"), "{}", listed.stderr);
    let dry = served.run(&["build-servers", "--dry-run"]);
    assert!(dry.succeeded().stdout.contains("bazel "), "{}", dry.stdout);
}

#[test]
fn a_status_without_a_cluster_says_what_to_set() {
    if !is_real() {
        return;
    }
    let checkout = case::checkout();
    let mut command = checkout.command(&["status"]);
    let ran = command.env("KUBECONFIG", "/nonexistent/kubeconfig").output().expect("run the program");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.code() == Some(1) && said.contains("no kubeconfig: set KUBECONFIG"), "{said}");
}

#[test]
fn bash_completes_what_the_script_tells_it() {
    if !is_real() {
        return;
    }
    let script = Served::shared().run(&["completions", "bash"]);
    let asked = "COMP_WORDS=(cargo-xtask build-s); COMP_CWORD=1; _cargo__xtask cargo-xtask build-s cargo-xtask; echo \"${COMPREPLY[@]}\"";
    let line = format!("{}\n{asked}", script.succeeded().stdout);
    let ran = Command::new("bash").args(["-euc", &line]).output().expect("run bash");
    let (said, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!((said.trim(), complained.trim()), ("build-servers", ""));
}
