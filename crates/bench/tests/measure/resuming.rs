//! Runs that were interrupted, anywhere, and go on.

use std::{collections::BTreeMap, path::Path, time::Duration};

use bench::{
    Error,
    experiment::{Experiment, Load},
    measure,
    record::{self, Record, Row},
};
use tempfile::tempdir;
use tfserving::Api;

use crate::harness::{Listener, experiment, server, short_load};

async fn run(experiment: &Experiment, folder: &Path) -> Result<Record, Error> {
    measure::run(experiment, folder, &BTreeMap::new(), &mut Listener::default()).await
}

/// What was asked, in order, without what it took.
fn asked(record: &Record) -> Vec<(u32, u32, record::Cell, record::Outcome)> {
    record.calls.iter().map(|call| (call.restart, call.server, call.cell.clone(), call.outcome.clone())).collect()
}

#[tokio::test]
async fn a_run_goes_on_wherever_it_was_cut_off() {
    let (one, two) = (server(Api::Grpc, Duration::ZERO), server(Api::Grpc, Duration::ZERO));
    let mut experiment = experiment(&[("one", &one), ("two", &two)]);
    (experiment.repetitions.calls, experiment.load) = (1, Some(Load { rates: Vec::new(), ..short_load() }));
    let whole = tempdir().expect("a folder");
    let expected = run(&experiment, whole.path()).await.expect("a record");
    let text = fs_err::read_to_string(whole.path().join(record::FILE)).expect("the record");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let ends = |line: &&str| line.contains(r#""row":"done""#);
    let units: Vec<_> = lines.iter().filter(|line| ends(line)).collect();
    assert_eq!(units.len(), 1 + 2 + 2 * (2 + 2), "self-check, plates, grid and load");

    for (at, _) in lines.iter().enumerate().filter(|(_, line)| ends(line)) {
        let torn = &lines[at + 1][..lines[at + 1].len() / 2];
        // After a unit, and in the middle of the line that follows, which for the last of them is the end of the run.
        for kept in [lines[..=at].concat(), lines[..=at].concat() + torn] {
            let folder = tempdir().expect("a folder");
            fs_err::write(folder.path().join(record::FILE), &kept).expect("written");
            let record = run(&experiment, folder.path()).await.expect("a record");
            assert_eq!(asked(&record), asked(&expected), "cut off after line {}", at + 1);
            assert_eq!(record.points.len(), expected.points.len());
            assert_eq!(record.plates.len(), expected.plates.len());
            assert_eq!((record.begun.clone(), record.self_checks.len()), (expected.begun.clone(), 1));
            let path = folder.path().join(record::FILE);
            assert!(Record::read(&path).expect("read") == Some(record), "the file says the same");
        }
    }
}

#[tokio::test]
async fn a_run_that_was_dropped_in_the_middle_goes_on() {
    let one = server(Api::Grpc, Duration::from_millis(5));
    let (experiment, folder) = (experiment(&[("one", &one)]), tempdir().expect("a folder"));
    let path = folder.path().join(record::FILE);
    let begun = run(&experiment, folder.path());
    let many_calls = async {
        let calls = |text: String| text.matches(r#""row":"call""#).count();
        while fs_err::read_to_string(&path).map_or(0, calls) < 20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        _ = begun => panic!("it was faster than expected"),
        () = many_calls => {}
    }
    let interrupted = Record::read(&path).expect("read").expect("a record");
    assert_eq!((interrupted.calls.len(), interrupted.ended), (14, None), "one block is whole");
    let record = run(&experiment, folder.path()).await.expect("a record");
    assert_eq!(record.calls.len(), 2 * 2 * 7 * 2);
    assert_eq!(record.environment.len(), 2, "it was begun twice");
}

#[tokio::test]
async fn what_is_complete_is_not_measured_again() {
    let one = server(Api::Grpc, Duration::ZERO);
    let (experiment, folder) = (experiment(&[("one", &one)]), tempdir().expect("a folder"));
    let first = run(&experiment, folder.path()).await.expect("a record");
    drop(one);
    assert!(run(&experiment, folder.path()).await.expect("a record") == first);
}

#[tokio::test]
async fn another_experiments_record_is_left_alone_and_other_addresses_are_no_other_experiment() {
    let (one, two) = (server(Api::Grpc, Duration::ZERO), server(Api::Grpc, Duration::ZERO));
    let folder = tempdir().expect("a folder");
    let first = experiment(&[("one", &one)]);
    run(&first, folder.path()).await.expect("a record");
    let mut elsewhere = first.clone();
    elsewhere.servers[0].address = two.address("x").endpoint.to_string();
    run(&elsewhere, folder.path()).await.expect("the same experiment");
    let other = Experiment { seed: 8, ..first };
    let error = run(&other, folder.path()).await.expect_err("another experiment").to_string();
    assert!(error.contains("is the record of another experiment; move it away"), "{error}");
}

#[tokio::test]
async fn a_damaged_line_is_told_with_its_number() {
    let one = server(Api::Grpc, Duration::ZERO);
    let (experiment, folder) = (experiment(&[("one", &one)]), tempdir().expect("a folder"));
    let record = run(&experiment, folder.path()).await.expect("a record");
    let path = folder.path().join(record::FILE);
    let text = fs_err::read_to_string(&path).expect("the record");
    for damage in ["{\"row\":\"unheard-of\"}", "no JSON"] {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[4] = damage;
        fs_err::write(&path, lines.join("\n") + "\n").expect("written");
        let error = run(&experiment, folder.path()).await.expect_err("damaged").to_string();
        assert!(error.contains("records.ndjson line 5: ") && error.contains("move the folder away"), "{error}");
    }
    let rows = [Row::Ended { at: record.begun }];
    assert_eq!(Record::from_rows(rows), None);
    fs_err::write(&path, "{\"row\":\"exper").expect("written");
    assert_eq!(Record::read(&path).expect("nothing whole"), None);
}
