//! Killing a run while the engine builds its tf-dev image: the engine ends the step, and the next run builds the image.

use super::harness::{CPU_STANDARD, Running, Sample, is_real};

const BUILD: [&str; 2] = ["build-servers", "cpu-standard"];

#[test]
fn a_run_killed_while_its_image_is_built_leaves_no_step_running() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    // One step more than the shared image has: all before it come from the engine's own cache.
    let marker = format!("drill-{}", sample.id);
    let slow = format!("\nRUN echo {marker} && sleep 8\n");
    let dockerfile = sample.read("docker/tf-dev.sample.Dockerfile") + &slow;
    sample.write("docker/tf-dev.sample.Dockerfile", &dockerfile);
    for (signal, code) in [("KILL", None), ("INT", Some(130))] {
        let mut run = sample.start(&BUILD);
        assert!(run.wait_until("the slow step", |_| !sample.engine.containers_that_run(&marker).is_empty()));
        run.signal(signal);
        assert_eq!(run.end().code, code, "{signal}");
        until_gone(&sample, &marker);
    }
    let run = sample.start(&BUILD).end().expect(0);
    assert!(run.stderr.contains("build image tf-dev:sample-debian-"), "{}", run.stderr);
    assert_eq!(sample.leftovers(), [""; 0]);
    assert_eq!(sample.binaries().len(), 1);
    let receipt = sample.receipt(CPU_STANDARD);
    let image = receipt["build"]["build_image"]["reference"].as_str().expect("the image that was built");
    sample.engine.remove_image(image);
}

/// The engine notices the lost client in its own time.
fn until_gone(sample: &Sample, marker: &str) {
    let mut clock = Running::new({
        let mut command = std::process::Command::new("sleep");
        command.arg("60");
        command
    });
    let gone = clock.wait_until("the end of the step", |_| sample.engine.containers_that_run(marker).is_empty());
    assert!(gone, "a step of a killed build still has its container");
}
