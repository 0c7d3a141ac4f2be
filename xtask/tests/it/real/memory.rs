//! The kernel kills a compiler: the build goes on with half the jobs, and stops with advice where one job is too many.
//! The sources are a small workspace whose actions each hold a known amount of memory.

use super::harness::{CPU_STANDARD, Sample, is_real};

const BUILD: [&str; 2] = ["build-servers", "cpu-standard"];

#[test]
fn a_killed_compiler_halves_the_jobs() {
    if !is_real() {
        return;
    }
    // Four at once want 1200 MiB beside Bazel's own, two 600.
    let sample = hungry(4, "300m", "jobs = 4\nmemory = \"1100MiB\"");
    let output = sample.start(&BUILD).end().expect(0);
    assert!(output.stderr.contains("cpu-standard: runs again with 2 jobs: the kernel killed"), "{}", output.stderr);
    let receipt = sample.receipt(CPU_STANDARD);
    assert!(receipt["build"]["attempts"].as_u64() > Some(1), "{receipt}");
    assert!(receipt["build"]["jobs"].as_u64() <= Some(2), "{receipt}");
    assert_eq!(sample.binaries().len(), 1);
    assert_eq!(sample.leftovers(), [""; 0]);
}

#[test]
fn one_job_too_many_for_the_memory_stops_with_advice() {
    if !is_real() {
        return;
    }
    let sample = hungry(1, "900m", "jobs = 2\nmemory = \"700MiB\"");
    let output = sample.start(&BUILD).end().expect(1);
    assert!(output.stderr.contains("cpu-standard: runs again with 1 job: "), "{}", output.stderr);
    assert!(output.stderr.contains("out of memory even with one job"), "{}", output.stderr);
    assert!(output.stderr.contains("raise [resources] memory in config.toml"), "{}", output.stderr);
    assert!(sample.files("bin").is_empty(), "{:?}", sample.files("bin"));
    assert_eq!(sample.leftovers(), [""; 0]);
}

/// A checkout whose server needs `count` actions first, each of which holds `size` of memory for seconds.
fn hungry(count: usize, size: &str, resources: &str) -> Sample {
    let sample = Sample::new();
    let build = format!(
        r#"
load("@rules_cc//cc:defs.bzl", "cc_binary")

# `tail` keeps a line that does not end, and keeps it until there is no more to come.
[genrule(
    name = "hungry_%d" % number,
    outs = ["hungry_%d.h" % number],
    cmd = "(head -c {size} /dev/zero; sleep 5) | tail -n 1 | wc -c | sed 's/.*/\\/\\/ &/' > $@",
) for number in range({count})]

cc_binary(
    name = "kernel_check",
    srcs = ["main.cc"] + ["hungry_%d.h" % number for number in range({count})],
)
"#
    );
    let includes: String =
        (0..count).map(|number| format!("#include \"tensorflow_serving/kernels/hungry_{number}.h\"\n")).collect();
    let folder = "serving/sample/tensorflow_serving/kernels";
    sample.write(&format!("{folder}/BUILD"), &build);
    sample.write(&format!("{folder}/main.cc"), &format!("{includes}int main() {{ return 0; }}\n"));
    // What Bazel itself would hold back for want of cores or memory is to be left to the kernel.
    let bazelrc = sample.read("serving/sample/.bazelrc");
    let generous = "build --local_cpu_resources=16 --local_ram_resources=65536\n";
    sample.write("serving/sample/.bazelrc", &format!("{bazelrc}\n{generous}"));
    sample.edit("config.toml", "[resources]\n", &format!("[resources]\n{resources}\n"));
    let startup = "\"--host_jvm_args=-XX:TieredStopAtLevel=1\"";
    sample.edit("config.toml", startup, &format!("{startup}, \"--host_jvm_args=-Xmx256m\""));
    sample
}
