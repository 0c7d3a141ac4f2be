//! The kill drill: a run ended at ten points, by each signal, is finished by the next one as if nothing had happened.
//! Each point starts from nothing, so that it interrupts real work.

use std::{collections::BTreeMap, fs};

use super::harness::{Checkout, Output, Running, is_real, say};

const BUILD: [&str; 2] = ["build-servers", "cpu-optimized"];

/// Where in a run the signal comes.
#[derive(Debug, Clone, Copy)]
enum Point {
    AtOnce,
    /// It has said this.
    Said(&'static str),
    /// The container is there and its sources are on their way.
    Uploading,
    /// Bazel has told of this many progress lines.
    Progress(usize),
}

/// In the order of a run. The first eight come seconds before its end, so they do interrupt it.
const POINTS: [Point; 10] = [
    Point::AtOnce,
    Point::Said("which Bazel flags it knows started"),
    Point::Said("jobs at"),
    Point::Uploading,
    Point::Said("bazel build started"),
    Point::Said("analysing"),
    Point::Progress(1),
    Point::Progress(2),
    Point::Said("copy the binary out started"),
    Point::Said("prove started"),
];
const SURE: usize = 8;

#[test]
fn a_run_killed_at_ten_points_is_finished_by_the_next() {
    let Some((checkout, reference)) = prepare() else { return };
    let mut sweeps = 0;
    for (index, point) in POINTS.into_iter().enumerate() {
        let ended = end_at(&checkout, point, "KILL");
        assert!(index >= SURE || ended.code.is_none(), "{point:?} did not interrupt:\n{}", ended.stderr);
        let next = finish(&checkout, &reference, point);
        sweeps += usize::from(next.stderr.contains("swept what a killed run left: tfs-"));
    }
    assert!(sweeps > 0, "no run swept a killed run's container");
}

#[test]
fn an_interrupted_run_ends_its_containers_and_is_finished_by_the_next() {
    let Some((checkout, reference)) = prepare() else { return };
    for (index, point) in POINTS.into_iter().enumerate() {
        let ended = end_at(&checkout, point, "INT");
        assert!(checkout.engine.containers(&checkout.id).is_empty(), "{point:?} left a container");
        // At once means before there is a handler: then the signal itself ends the process.
        let interrupted = ended.code == Some(130) || (matches!(point, Point::AtOnce) && ended.code.is_none());
        assert!(index >= SURE || interrupted, "{point:?}: {ended:?}");
        finish(&checkout, &reference, point);
    }
}

#[test]
fn an_interrupt_keeps_the_caches_and_termination_is_one_too() {
    let Some((checkout, reference)) = prepare() else { return };
    let ended = end_at(&checkout, Point::Progress(2), "TERM").expect(130);
    assert!(ended.stderr.contains("interrupted: stopping what runs; caches are kept"), "{}", ended.stderr);
    assert!(checkout.engine.containers(&checkout.id).is_empty());
    assert_eq!(checkout.engine.volumes(&checkout.id).len(), 4, "caches and sources stay");
    finish(&checkout, &reference, Point::Progress(2));
    let hits = &checkout.receipt("tensorflow_model_server.cpu.optimized")["build"]["processes"];
    say(&format!("processes after an interrupt: {hits}"));
}

/// A checkout whose sources take a moment to upload, and what a run that nobody disturbs makes of them.
fn prepare() -> Option<(Checkout, BTreeMap<String, String>)> {
    if !is_real() {
        return None;
    }
    let checkout = Checkout::new();
    // Sorted first: a volume that was cut off in it lacks everything else.
    fs::write(checkout.path("serving/sample/.ballast"), vec![7; 96 << 20]).expect("write the ballast");
    checkout.xtask(&BUILD).expect(0);
    let reference = checkout.binaries();
    assert_eq!(reference.len(), 1);
    Some((checkout, reference))
}

/// A run from nothing that gets `signal` at `point`.
fn end_at(checkout: &Checkout, point: Point, signal: &str) -> Output {
    checkout.make_cold();
    let mut run = checkout.start(&BUILD);
    run.wait_until(&format!("{point:?}"), |run| has_come(checkout, run, point));
    run.signal(signal);
    run.end()
}

fn has_come(checkout: &Checkout, run: &Running, point: Point) -> bool {
    match point {
        Point::AtOnce => true,
        Point::Said(text) => run.has_said(text),
        Point::Uploading => checkout.engine.containers(&checkout.id).iter().any(|name| name.starts_with("build ")),
        Point::Progress(wanted) => {
            let log = checkout.read("target/xtask/logs/cpu-optimized.log");
            log.lines().filter(|line| line.starts_with('[')).count() >= wanted
        }
    }
}

/// The next run succeeds with the same binary and leaves nothing behind.
fn finish(checkout: &Checkout, reference: &BTreeMap<String, String>, point: Point) -> Output {
    let next = checkout.xtask(&BUILD);
    assert_eq!(next.code, Some(0), "after {point:?}:\n{}", next.stderr);
    assert_eq!(checkout.binaries(), *reference, "after {point:?}");
    assert_eq!(checkout.leftovers(), [""; 0], "after {point:?}");
    next
}
