//! Builds that fail inside: Bazel's own errors, broken contracts, and what becomes of the other variants.

use std::process::Command;

use super::harness::{CPU_STANDARD, Sample, is_real};

const REJECTED: &str = "target/xtask/rejected/tensorflow_model_server.cpu.standard";

#[test]
fn a_missing_target_says_where_its_name_stands() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    sample.edit_profile("kernels:kernel_check", "kernels:no_such_server");
    sample.build(&["cpu-standard"]).failed_saying(
        1,
        &[
            "no such target '//tensorflow_serving/kernels:no_such_server'",
            "the sources have no such Bazel target: mend `label` of this profile in config.toml",
            "target/xtask/logs/cpu-standard.log",
        ],
    );
    assert!(!sample.has("bin") || fs_err::read_dir(sample.path("bin")).expect("list").next().is_none());
}

#[test]
fn a_compile_error_is_shown_and_leaves_the_other_variant_alone() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let broken = "[variants.cpu-standard]\ndevice = \"cpu\"\n";
    sample.edit("config.toml", broken, &format!("{broken}copts = [\"-include/nowhere/x.h\"]\n"));
    // One after another: what runs side by side has begun when the first one fails.
    sample.edit_profile("min-jobs-per-variant = 1 ", "min-jobs-per-variant = 2 ");
    let ran = sample.build(&["cpu-standard", "gpu-standard", "--fail-fast"]);
    ran.failed_saying(1, &["/nowhere/x.h: No such file or directory", "not started"]);
    assert_eq!(ran.stdout, "");
    assert!(!sample.has("bin/tensorflow_model_server.gpu.standard"), "--fail-fast goes on");

    let ran = sample.build(&["cpu-standard", "gpu-standard"]);
    ran.failed_saying(
        1,
        &[
            "ERROR: /sources/tensorflow_serving/",
            "fatal error: /nowhere/x.h: No such file or directory",
            "whole log: target/xtask/logs/cpu-standard.log",
        ],
    );
    assert_eq!(ran.stdout, "bin/tensorflow_model_server.gpu.standard\n");
    let state = |variant: &str, state: &str| {
        ran.stderr.lines().any(|line| line.trim_start().starts_with(variant) && line.contains(&format!(" {state} ")))
    };
    assert!(state("cpu-standard", "failed") && state("gpu-standard", "built"), "{}", ran.stderr);
    assert!(sample.has("bin/tensorflow_model_server.gpu.standard") && !sample.has(CPU_STANDARD));
    let log = sample.log("cpu-standard");
    assert!(log.contains("compilation terminated"), "{log}");
}

#[test]
fn flags_that_sneak_in_features_break_the_contract() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    sample.add_flags(&["--copt=-mavx2", "--copt=-O3"]);
    sample.build(&["cpu-standard"]).failed_saying(
        1,
        &[
            "avx2 is above what this variant's machines must have",
            "sample::MatMul",
            &format!("xtask inspect {REJECTED}"),
        ],
    );
    assert!(sample.has(REJECTED) && !sample.has(CPU_STANDARD));
    assert!(!sample.has(&format!("{CPU_STANDARD}.receipt.json")));
}

#[test]
fn a_base_with_an_older_glibc_refuses_the_binary() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let image = format!("xtask-it-old-{}", sample.id);
    sample.engine.import(&image, old_root(&sample));
    sample.edit_profile("serving-base = { bootstrap = \"bookworm\" }", &format!("serving-base = \"{image}:1\""));
    let ran = sample.build(&["cpu-standard"]);
    sample.engine.remove_image(&format!("{image}:1"));
    ran.failed_saying(
        1,
        &[
            &format!("the binary breaks its contract (serving base {image}:1)"),
            "needs GLIBC_2.34 of libc.so.6, but the base has at most GLIBC_2.17",
            "needs libstdc++.so.6, which the base does not have",
        ],
    );
    assert!(sample.has(REJECTED) && !sample.has(CPU_STANDARD));
}

/// A root file system with nothing but a C library of long ago.
fn old_root(sample: &Sample) -> Vec<u8> {
    sample.write("old/versions", "GLIBC_2.2.5 { global: a; };\nGLIBC_2.17 { global: b; };\n");
    sample.write("old/libc.c", "void a(void) {}\nvoid b(void) {}\n");
    let library = sample.path("old/libc.so.6");
    let compiled = Command::new("gcc")
        .current_dir(sample.path("old"))
        .args(["-shared", "-nostdlib", "-Wl,-soname,libc.so.6", "-Wl,--version-script=versions", "libc.c", "-o"])
        .arg(&library)
        .output()
        .expect("run gcc");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_path_with_name(&library, "lib/x86_64-linux-gnu/libc.so.6").expect("into memory");
    tar.append_path_with_name(&library, "bin/true").expect("into memory");
    tar.into_inner().expect("into memory")
}
