//! What a run from begin to end leaves.

use std::{collections::BTreeMap, time::Duration};

use bench::{
    measure,
    protocol::Said,
    record::{self, Outcome, PointLoad, Record},
};
use tempfile::tempdir;
use tfserving::Api;

use crate::harness::{Listener, experiment, server, short_load};

#[tokio::test]
async fn every_server_is_asked_for_every_cell_as_often_as_wanted() {
    let (one, two) = (server(Api::Grpc, Duration::ZERO), server(Api::Rest, Duration::ZERO));
    let (folder, mut listener) = (tempdir().expect("a folder"), Listener::default());
    let experiment = experiment(&[("one", &one), ("two", &two)]);
    let facts = BTreeMap::from([("commit".to_owned(), "abc".to_owned())]);
    let record = measure::run(&experiment, folder.path(), &facts, &mut listener).await.expect("a record");

    // The original, two sizes in two formats, and the pixels of both, which REST is not asked for.
    assert_eq!(record.plates.len(), 2 * 7);
    let mut calls: BTreeMap<_, Vec<&Outcome>> = BTreeMap::new();
    for call in &record.calls {
        calls.entry((call.restart, call.server, &call.cell)).or_default().push(&call.outcome);
    }
    assert_eq!(calls.len(), 2 * 2 * (7 + 5));
    for ((.., cell), outcomes) in &calls {
        assert_eq!(outcomes.len(), 2, "{cell:?}");
        let Outcome::Classes(classes) = outcomes[0] else { panic!("{cell:?}: {outcomes:?}") };
        let plate = record.plates.iter().find(|plate| &plate.cell == *cell).expect("its plate");
        assert_eq!(classes[1].0, format!("{} bytes", plate.bytes), "{cell:?}");
        assert_eq!(outcomes[1], &Outcome::Same);
    }
    assert!(record.calls.iter().all(|call| call.total_ms > 0.0));
    assert_eq!(
        record.self_checks.iter().map(|check| (check.api.as_str(), check.wrong)).collect::<Vec<_>>(),
        [("grpc", 0), ("rest", 0)]
    );
    assert_eq!(record.environment[0].facts["commit"], "abc");
    assert!(record.counters.iter().any(|row| row.server == Some(0) && row.cpu_seconds == Some(1.0)));
    assert!(record.ended.is_some());
    assert_eq!(listener.renewals, 2);
    assert!(listener.said.iter().any(|said| matches!(said, Said::Progress { .. })));
    let read = Record::read(&folder.path().join(record::FILE)).expect("a record").expect("there is one");
    assert!(read == record, "the file says the same");
}

#[tokio::test]
async fn the_order_is_one_of_chance_that_a_seed_repeats() {
    let (one, two) = (server(Api::Grpc, Duration::ZERO), server(Api::Grpc, Duration::ZERO));
    let order = async |seed: u64| {
        let (folder, mut listener) = (tempdir().expect("a folder"), Listener::default());
        let mut experiment = experiment(&[("one", &one), ("two", &two)]);
        experiment.seed = seed;
        let record = measure::run(&experiment, folder.path(), &BTreeMap::new(), &mut listener).await.expect("a record");
        record.calls.iter().map(|call| (call.restart, call.server, call.cell.clone())).collect::<Vec<_>>()
    };
    let (first, again, other) = (order(1).await, order(1).await, order(2).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
    let mut sorted = first.clone();
    sorted.sort();
    assert_ne!(first, sorted);
}

#[tokio::test]
async fn load_presses_each_server_with_what_the_closed_loop_found() {
    let one = server(Api::Grpc, Duration::from_millis(2));
    let (folder, mut listener) = (tempdir().expect("a folder"), Listener::default());
    let mut experiment = experiment(&[("one", &one)]);
    (experiment.repetitions.restarts, experiment.load) = (1, Some(short_load()));
    let record = measure::run(&experiment, folder.path(), &BTreeMap::new(), &mut listener).await.expect("a record");
    assert_eq!(record.points.len(), 4);
    let best = record.points[..2].iter().map(|point| point.answered as f64 / point.seconds).fold(0.0, f64::max);
    for point in &record.points {
        assert_eq!((point.sent, point.late, point.dropped), (point.answered, 0, 0), "{point:?}");
        assert!(point.latency.p50 >= 2.0 && point.bytes > 0 && !point.histogram.is_empty(), "{point:?}");
        if let PointLoad::Open { per_second, .. } = point.load {
            assert!((per_second - best / 2.0).abs() < 1e-6, "{per_second} of {best}");
        }
    }
}

#[tokio::test]
async fn a_format_that_a_server_refuses_is_written_down_and_asked_for_once() {
    let one = server(Api::Grpc, Duration::ZERO);
    let (folder, mut listener) = (tempdir().expect("a folder"), Listener::default());
    let mut experiment = experiment(&[("one", &one)]);
    experiment.cells.formats = vec!["jpeg".into(), "webp".into()];
    experiment.repetitions.calls = 5;
    let record = measure::run(&experiment, folder.path(), &BTreeMap::new(), &mut listener).await.expect("a record");
    let webp: Vec<_> = record.calls.iter().filter(|call| call.cell.format == "webp").collect();
    assert_eq!(webp.len(), 2 * 2 * 2, "restarts, pictures, sizes");
    let refused = Outcome::Failed { code: "INVALID_ARGUMENT".into(), message: "Unknown image file format".into() };
    assert!(webp.iter().all(|call| call.outcome == refused), "{webp:?}");
    assert_eq!(record.calls.len() - webp.len(), 2 * 2 * 5 * (1 + 2 + 2));
}
