//! Builds that succeed: what they leave, when they happen again and why, and what `clean` makes of it.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::harness::{CPU_STANDARD, Sample, is_real};
use crate::checkout::{NO_ENGINE, Ran};

const ALL: [&str; 4] = [
    CPU_STANDARD,
    "bin/tensorflow_model_server.cpu.optimized",
    "bin/tensorflow_model_server.gpu.standard",
    "bin/tensorflow_model_server.gpu.optimized",
];

#[test]
fn four_variants_are_built_once() {
    if !is_real() {
        return;
    }
    let mut sample = Sample::new();
    let ran = sample.build(&["--json"]);
    ran.succeeded();
    let events = ran.events();
    let lines: Vec<&str> = results(&events).map(|result| result["line"].as_str().expect("a line")).collect();
    assert_eq!(lines, ALL);
    assert!(results(&events).all(|result| result["details"]["state"] == "built"), "{events:#?}");
    assert!(events.iter().any(|event| event["event"] == "step-finished" && event["step"] == "bazel build"));
    for binary in ALL {
        let mode = fs_err::metadata(sample.path(binary)).expect("built").permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{binary}");
        assert_eq!(format!("bin/{}", sample.receipt(binary)["binary"]["file"].as_str().expect("a name")), binary);
        let path = sample.path(binary).display().to_string();
        let inspected = sample.run(&["--json", "inspect", &path]);
        inspected.succeeded();
        let isa = &inspected.events()[0]["details"]["proof"]["isa"];
        for feature in ["avx2", "fma"] {
            let uses = isa.to_string().contains(&format!("\"{feature}\""));
            assert_eq!(uses, binary.ends_with("optimized"), "{feature} in {binary}: {isa}");
        }
    }
    assert!(sample.engine.containers(&sample.id).is_empty(), "containers stay behind");

    // No engine can be asked, so none was needed.
    sample.set_environment("DOCKER_HOST", NO_ENGINE);
    let ran = sample.build(&["--json"]);
    ran.succeeded();
    let events = ran.events();
    assert_eq!(results(&events).count(), 4);
    assert!(results(&events).all(|result| result["details"]["state"] == "up to date"), "{events:#?}");
    assert_eq!(events.iter().filter(|event| event["event"] == "up-to-date").count(), 4);
}

fn results(events: &[Value]) -> impl Iterator<Item = &Value> {
    events.iter().filter(|event| event["event"] == "result")
}

#[test]
fn every_rebuild_has_its_reason() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    sample.build(&["cpu-standard"]).succeeded();
    let first = sample.receipt(CPU_STANDARD);

    let reason = |ran: Ran| {
        ran.succeeded();
        let rebuild = ran.events().into_iter().find(|event| event["event"] == "rebuild");
        rebuild.map(|event| event["reason"].as_str().expect("a text").to_owned()).unwrap_or_default()
    };
    fs_err::remove_file(sample.path(CPU_STANDARD)).expect("it was built");
    assert_eq!(reason(sample.build(&["--json", "cpu-standard"])), "the binary is gone");

    let path = sample.path(CPU_STANDARD);
    let mut bytes = fs_err::read(&path).expect("built again");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs_err::write(&path, bytes).expect("alter it");
    assert_eq!(reason(sample.build(&["--json", "cpu-standard"])), "the binary is not the one its receipt describes");
    let again = sample.receipt(CPU_STANDARD);
    assert_eq!((&again["key"], &again["inputs"]), (&first["key"], &first["inputs"]));

    let source = "serving/sample/tensorflow_serving/kernels/kernel_check.cc";
    let text = sample.read(source);
    sample.write(source, &format!("{text}\n// edited by a test\n"));
    let told = reason(sample.build(&["--json", "cpu-standard"]));
    assert!(told.starts_with("sources changed: "), "{told}");
    assert!(reason(sample.build(&["--json", "cpu-standard"])).is_empty(), "up to date again");
}

#[test]
fn a_variant_of_ones_own_is_built_and_rebuilt_when_its_flags_change() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let variant = |copts: &str, features: &str| {
        format!(
            "[variants.cpu-avx512]\ndevice = \"cpu\"\ncopts = [{copts}]\ncpu-features = [{features}]\n\n[variants.gpu-standard]"
        )
    };
    let narrow = variant(r#""-mavx2", "-mfma", "-O3""#, r#""avx", "avx2", "fma""#);
    let wide = variant(r#""-mavx2", "-mfma", "-O3", "-mavx512f""#, r#""avx", "avx2", "fma", "avx512f""#);
    sample.edit("config.toml", "[variants.gpu-standard]", &narrow);
    sample.build(&["cpu-avx512"]).succeeded();
    sample.edit("config.toml", &narrow, &wide);
    let ran = sample.build(&["cpu-avx512"]);
    ran.succeeded();
    assert!(ran.stderr.contains("bazel-flags changed: +--copt=-mavx512f"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "bin/tensorflow_model_server.cpu.avx512\n");
    let proof = &sample.receipt("bin/tensorflow_model_server.cpu.avx512")["proof"];
    assert!(proof["isa"].to_string().contains("avx512f"), "{proof}");
}

#[test]
fn clean_takes_what_is_ours_and_nothing_else() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let ran = sample.build(&["cpu-standard"]);
    let foreign = format!("xtask-it-foreign-{}", sample.id);
    sample.engine.make_foreign(&foreign, "debian-base:bookworm");
    let volumes = sample.engine.volumes(&sample.id);
    let listed = sample.run(&["clean"]);
    let kept = sample.engine.volumes(&sample.id).len();
    let removed = sample.run(&["clean", "--execute"]);
    let survived = (sample.engine.inspect(&foreign).is_some(), sample.engine.has_volume(&foreign));
    sample.engine.remove_container(&foreign);
    sample.engine.remove_volume(&foreign);

    for ran in [ran, listed.clone(), removed] {
        ran.succeeded();
    }
    assert!(volumes.len() >= 4, "sources, output base, disk cache and repository cache: {volumes:?}");
    for volume in &volumes {
        let line = listed.stderr.lines().find(|line| line.contains(volume.as_str()));
        let line = line.unwrap_or_else(|| panic!("{volume} is not listed:\n{}", listed.stderr));
        assert!(line.trim_end().ends_with('B') && !line.contains('?'), "{volume} has no size: {line}");
    }
    assert!(!listed.stderr.contains(&foreign), "{}", listed.stderr);
    assert_eq!(kept, volumes.len(), "listing removes nothing");
    assert!(sample.engine.volumes(&sample.id).is_empty() && sample.engine.containers(&sample.id).is_empty());
    assert_eq!(survived, (true, true));
    assert!(sample.has(CPU_STANDARD), "results are no leftovers");
    assert!(!sample.has("target/xtask/logs"));
}
