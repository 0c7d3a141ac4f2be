//! Two runs at once in one checkout: the second stops or waits as it was told, and neither harms the other.

use super::harness::{Sample, is_real};

const BUILD: [&str; 2] = ["build-servers", "cpu-standard"];

#[test]
fn a_second_run_names_the_first_and_waits_for_it() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let mut first = sample.start(&BUILD);
    assert!(first.wait_until("its work", |run| run.has_said("bazel build started")));

    let refused = sample.start(&["build-servers", "cpu-standard", "--no-wait"]).end().expect(1);
    let holder = "this checkout is in use by `cargo xtask build-servers`, process ";
    assert!(refused.stderr.contains(holder), "{}", refused.stderr);
    assert_eq!(refused.stdout, "");

    let mut second = sample.start(&BUILD);
    assert!(second.wait_until("the waiting", |run| run.has_said(&format!("waiting: {holder}"))));
    let first = first.end().expect(0);
    let second = second.end().expect(0);
    assert!(first.stderr.contains("cpu-standard: to be rebuilt: not built yet"), "{}", first.stderr);
    assert!(second.stderr.contains("cpu-standard: up to date"), "{}", second.stderr);
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(sample.binaries().len(), 1);
    assert_eq!(sample.leftovers(), [""; 0]);
}
