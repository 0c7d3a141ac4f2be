//! The kill drill: a run ended at ten points, by each signal, is finished by the next one as if nothing had happened.
//! Each point starts from nothing, so that it interrupts real work.

use std::{collections::BTreeMap, fs};

use super::harness::{Running, Sample, is_real};
use crate::checkout::Ran;

const BUILD: [&str; 2] = ["build-servers", "cpu-optimized"];

/// Where in a run the signal comes.
#[derive(Debug, Clone, Copy)]
enum Point {
    AtOnce,
    /// It has said this.
    Said(&'static str),
    /// The container is there and its sources are on their way.
    Uploading,
    /// Bazel has counted this many finished actions.
    Done(usize),
}

/// In the order of a run. The first six come seconds before its end, so they do interrupt it.
const POINTS: [Point; 10] = [
    Point::AtOnce,
    Point::Said("which Bazel flags it knows started"),
    Point::Said("jobs at"),
    Point::Uploading,
    Point::Said("bazel build started"),
    Point::Said("analysing"),
    Point::Done(1),
    Point::Done(6),
    Point::Said("copy the binary out started"),
    Point::Said("prove started"),
];
const SURE: usize = 6;

#[test]
fn a_run_killed_at_ten_points_is_finished_by_the_next() {
    let Some((sample, reference)) = prepare() else { return };
    let mut sweeps = 0;
    for (index, point) in POINTS.into_iter().enumerate() {
        let ended = end_at(&sample, point, "KILL");
        assert!(index >= SURE || ended.code.is_none(), "{point:?} did not interrupt:\n{}", ended.stderr);
        let next = finish(&sample, &reference, point);
        sweeps += usize::from(next.stderr.contains("swept what a killed run left: tfs-"));
    }
    assert!(sweeps > 0, "no run swept a killed run's container");
}

#[test]
fn an_interrupted_run_ends_its_containers_and_is_finished_by_the_next() {
    let Some((sample, reference)) = prepare() else { return };
    for (index, point) in POINTS.into_iter().enumerate() {
        let ended = end_at(&sample, point, "INT");
        assert!(sample.engine.containers(&sample.id).is_empty(), "{point:?} left a container");
        // At once means before there is a handler: then the signal itself ends the process.
        let interrupted = ended.code == Some(130) || (matches!(point, Point::AtOnce) && ended.code.is_none());
        assert!(index >= SURE || interrupted, "{point:?}: {ended:?}");
        finish(&sample, &reference, point);
    }
}

#[test]
fn termination_is_an_interrupt_and_what_was_compiled_is_kept() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    // The compilers end long before this action does.
    let build = "serving/sample/tensorflow_serving/kernels/BUILD";
    let slow = "\ngenrule(\n    name = \"slow\",\n    outs = [\"slow.h\"],\n    cmd = \"sleep 20 && touch $@\",\n)\n";
    sample.edit(build, "srcs = [\"kernel_check.cc\"]", "srcs = [\"kernel_check.cc\", \"slow.h\"]");
    sample.write(build, &(sample.read(build) + slow));
    let mut run = sample.start(&BUILD);
    assert!(run.wait_until("eleven finished actions", |_| done(&sample) >= 11));
    run.signal("TERM");
    let ended = run.end().expect(143);
    assert!(ended.stderr.contains("interrupted: stopping what runs; caches are kept"), "{}", ended.stderr);
    assert!(sample.engine.containers(&sample.id).is_empty());
    assert_eq!(sample.engine.volumes(&sample.id).len(), 4, "caches and sources stay");

    sample.start(&BUILD).end().expect(0);
    let receipt = sample.receipt("bin/tensorflow_model_server.cpu.optimized");
    let local = receipt["build"]["processes"]["local"].as_u64().expect("a count");
    assert!(local <= 10 - 4, "{local} of 10 compilations and other processes ran again");
    assert_eq!(sample.leftovers(), [""; 0]);
}

/// A checkout whose sources take a moment to upload, and what a run that nobody disturbs makes of them.
fn prepare() -> Option<(Sample, BTreeMap<String, String>)> {
    if !is_real() {
        return None;
    }
    let sample = Sample::new();
    // Sorted first: a volume that was cut off in it lacks everything else.
    fs::write(sample.path("serving/sample/.ballast"), vec![7; 96 << 20]).expect("write the ballast");
    sample.start(&BUILD).end().expect(0);
    let reference = sample.binaries();
    assert_eq!(reference.len(), 1);
    Some((sample, reference))
}

/// A run from nothing that gets `signal` at `point`.
fn end_at(sample: &Sample, point: Point, signal: &str) -> Ran {
    sample.make_cold();
    let mut run = sample.start(&BUILD);
    run.wait_until(&format!("{point:?}"), |run| has_come(sample, run, point));
    run.signal(signal);
    run.end()
}

fn has_come(sample: &Sample, run: &Running, point: Point) -> bool {
    match point {
        Point::AtOnce => true,
        Point::Said(text) => run.has_said(text),
        Point::Uploading => sample.engine.containers(&sample.id).iter().any(|found| found.role == "build"),
        Point::Done(actions) => done(sample) >= actions,
    }
}

/// Finished actions by Bazel's last count, such as 4 in `[4 / 15] Compiling`.
fn done(sample: &Sample) -> usize {
    let log = sample.log("cpu-optimized");
    let counts =
        log.lines().filter_map(|line| line.strip_prefix('[')?.split_once(" / ")?.0.replace(',', "").parse().ok());
    counts.max().unwrap_or_default()
}

/// The next run succeeds with the same binary and leaves nothing behind.
fn finish(sample: &Sample, reference: &BTreeMap<String, String>, point: Point) -> Ran {
    let next = sample.start(&BUILD).end();
    assert_eq!(next.code, Some(0), "after {point:?}:\n{}", next.stderr);
    assert_eq!(sample.binaries(), *reference, "after {point:?}");
    assert_eq!(sample.leftovers(), [""; 0], "after {point:?}");
    next
}
