//! The contract held against small programs: each test breaks one promise and reads the complaint.

use super::*;
use crate::domain::proof::fixture::{Fixture, code};
use crate::domain::proof::read;

fn contract(demanded: &str) -> Contract {
    Contract {
        architecture: Architecture::X86_64,
        demanded: demanded.split_whitespace().map(|word| word.parse().unwrap()).collect(),
        ceiling: Ceiling::Demanded,
        dispatched: vec!["dnnl::*".into(), "*_avx2".into()],
        host_libraries: Vec::new(),
    }
}

fn base() -> BaseLibraries {
    let libc = Fixture::library("libc.so.6", &["GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.36"]).build();
    let loader = Fixture::library("ld-linux-x86-64.so.2", &["GLIBC_2.3"]).build();
    BaseLibraries::from_files([("libc.so.6", libc.as_slice()), ("ld-linux-x86-64.so.2", &loader)]).unwrap()
}

#[track_caller]
fn check_with(program: &Fixture, contract: &Contract, base: &BaseLibraries, complaints: &[&str]) {
    let violations = judge(&read(&program.build()).unwrap(), contract, base);
    assert_eq!(violations.iter().map(ToString::to_string).collect::<Vec<_>>(), complaints);
}

#[track_caller]
fn check(program: &Fixture, demanded: &str, complaints: &[&str]) {
    check_with(program, &contract(demanded), &base(), complaints);
}

#[test]
fn good_binaries_pass() {
    check(&Fixture::program(&[("f", &[code::ADDPS, code::RET])]), "", &[]);
    // SSE4 is proved by the AVX that swallowed it, and features nobody surely uses need no proof.
    let optimized = Fixture::program(&[("f", &[code::AVX2, code::FMA])]);
    check(&optimized, "sse4_1 sse4_2 avx avx2 fma movbe", &[]);
    let dispatching = Fixture::program(&[("_ZN4dnnl4gemmIfEEvT_", &[code::AVX512F]), ("xnn_gemm_avx2", &[code::AVX2])]);
    check(&dispatching, "", &[]);
}

#[test]
fn flags_that_did_not_reach_the_compiler_are_noticed() {
    let message = |feature: &str| {
        format!("the compiler was told to use {feature}, but no function outside the dispatched ones does")
    };
    let plain = Fixture::program(&[("f", &[code::AVX])]);
    check(&plain, "avx2 fma", &[&message("fma"), &message("avx2")]);
    // What a dispatched kernel uses says nothing about the flags.
    let dispatching = Fixture::program(&[("f", &[code::AVX]), ("xnn_gemm_avx2", &[code::AVX2])]);
    check(&dispatching, "avx2", &[&message("avx2")]);
}

#[test]
fn features_above_the_ceiling_are_listed_with_their_functions() {
    let program = Fixture::program(&[
        ("light", &[code::FMA, code::RET]),
        ("_ZN1a5heavyEv", &[code::FMA, code::FMA, code::AVX2]),
        ("dnnl_avx2", &[code::FMA]),
    ]);
    let above = "is above what this variant's machines must have, yet";
    check(
        &program,
        "avx",
        &[
            &format!("fma {above} 2 functions use it unasked (3 instructions): a::heavy(); light"),
            &format!("avx2 {above} 1 function uses it unasked (1 instruction): a::heavy()"),
        ],
    );
    let mut free = contract("avx");
    free.ceiling = Ceiling::None;
    check_with(&program, &free, &base(), &[]);
}

#[test]
fn only_the_heaviest_ten_offenders_are_named() {
    let names: Vec<String> = (0..13).map(|i| format!("f{i:02}")).collect();
    let functions: Vec<(&str, &[&[u8]])> =
        names.iter().map(|name| (name.as_str(), [code::POPCNT].as_slice())).collect();
    let violations = judge(&read(&Fixture::program(&functions).build()).unwrap(), &contract(""), &base());
    let text = violations[0].to_string();
    assert!(text.contains("13 functions use it unasked (13 instructions): f00; f01;"), "{text}");
    assert!(text.ends_with("f09; and 3 more"), "{text}");
}

#[test]
fn versions_beyond_the_base_are_named_with_its_best() {
    let mut program = Fixture::program(&[("f", &[code::RET])]);
    let versions = ["GLIBC_2.9", "GLIBC_2.37", "GLIBC_2.38", "GLIBC_ABI_DT_RELR", "weak:GLIBC_2.99", "GLIBCXX_3.4"];
    program.needs = vec![("libc.so.6".into(), versions.map(String::from).to_vec())];
    check(
        &program,
        "",
        &[
            "needs GLIBC_2.38 of libc.so.6, but the base has at most GLIBC_2.36",
            "needs GLIBCXX_3.4 of libc.so.6, but the base has no GLIBCXX version there",
            "needs GLIBC_ABI_DT_RELR of libc.so.6, but the base has not that one",
        ],
    );
    program.needs = vec![("libc.so.6".into(), vec!["GLIBC_2.33".into()])];
    check(&program, "", &["needs GLIBC_2.33 of libc.so.6, but the base has not that one (though GLIBC_2.36)"]);
}

#[test]
fn missing_libraries_and_loader_are_named_unless_the_host_brings_them() {
    let mut program = Fixture::program(&[("f", &[code::RET])]);
    program.needed = ["libc.so.6", "libcudart.so.12", "libcuda.so.1"].map(String::from).to_vec();
    let driver = "needs libcuda.so.1, which only the machine's driver can provide, but the contract does not list it";
    check(&program, "", &["needs libcudart.so.12, which the base does not have", driver]);
    let mut gpu = contract("");
    gpu.host_libraries = vec!["libcuda.so.*".into(), "libcudart.so.12".into()];
    check_with(&program, &gpu, &base(), &[]);
    check_with(
        &Fixture::program(&[("f", &[code::RET])]),
        &contract(""),
        &BaseLibraries::default(),
        &[
            "needs the loader /lib64/ld-linux-x86-64.so.2, which the base does not have",
            "needs libc.so.6, which the base does not have",
        ],
    );
}

#[test]
fn shipped_driver_is_refused_even_when_the_host_may_bring_it() {
    let mut with_driver = base();
    with_driver.add("libcuda.so.535.1", &Fixture::library("libcuda.so.1", &[]).build()).unwrap();
    let mut gpu = contract("");
    gpu.host_libraries = vec!["libcuda.so.1".into()];
    let complaint = |name: &str| format!("{name} is shipped, but it belongs to the driver of the machine that runs it");
    let complaints = [complaint("libcuda.so.1"), complaint("libcuda.so.535.1")];
    let complaints: Vec<&str> = complaints.iter().map(String::as_str).collect();
    check_with(&Fixture::program(&[("f", &[code::RET])]), &gpu, &with_driver, &complaints);
}

#[test]
fn library_or_other_machine_is_no_server() {
    let library = Fixture::library("libnvidia-ml.so.1", &[]);
    let driver = "libnvidia-ml.so.1 is shipped, but it belongs to the driver of the machine that runs it";
    check(&library, "", &["the file is a shared library, not a program", driver]);
    let mut arm = Fixture::program(&[("f", &[code::AVX512F])]);
    arm.machine = 183;
    check(&arm, "avx2", &["the binary is for aarch64, not for x86_64"]);
}

#[test]
fn violations_are_data_too() {
    let violation = Violation::NeverUsed { feature: "fma".parse().unwrap() };
    let json = serde_json::to_string(&violation).unwrap();
    assert_eq!(json, r#"{"violation":"never_used","feature":"fma"}"#);
    assert_eq!(serde_json::from_str::<Violation>(&json).unwrap(), violation);
}
