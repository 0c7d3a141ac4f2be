//! Servers that are not there, say nothing useful, or leave.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bench::{Error, experiment::Experiment, measure, record::Outcome, record::Record};
use tempfile::{TempDir, tempdir};
use tfserving::{
    Api, Code,
    stand_in::{Behaviour, Reply, StandIn},
};

use crate::harness::{Listener, behaviour, experiment, said, server};

async fn run(experiment: &Experiment, folder: &TempDir) -> Result<Record, Error> {
    measure::run(experiment, folder.path(), &BTreeMap::new(), &mut Listener::default()).await
}

#[tokio::test]
async fn a_server_that_dies_ends_the_run_which_goes_on_once_it_is_back() {
    let (one, two) = (server(Api::Grpc, Duration::ZERO), server(Api::Grpc, Duration::from_millis(5)));
    let (experiment, folder) = (experiment(&[("one", &one), ("two", &two)]), tempdir().expect("a folder"));
    let at = two.at();
    let death = async {
        let path = folder.path().join(bench::record::FILE);
        let blocks = |text: String| text.matches(r#""unit":"grid/"#).count();
        while fs_err::read_to_string(&path).map_or(0, blocks) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(two);
    };
    let (told, ()) = tokio::join!(run(&experiment, &folder), death);
    let error = told.expect_err("it is gone").to_string();
    assert!(error.starts_with("server two was lost during grid/0/"), "{error}");
    let _two = StandIn::start_at(at, Api::Grpc, behaviour(Duration::ZERO)).expect("its port again");
    let record = run(&experiment, &folder).await.expect("a record");
    assert_eq!(record.calls.len(), 2 * 2 * 2 * 7 * 2);
    assert!(record.calls.iter().all(|call| !matches!(call.outcome, Outcome::Failed { .. })));
}

#[tokio::test]
async fn single_failures_are_written_down_and_nothing_is_tried_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let one = Behaviour::new(move |asked| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let refusal = Reply::Refusal(Code::ResourceExhausted, "busy".into());
        std::future::ready(if number % 4 == 3 { refusal } else { said(&asked) })
    });
    let one = StandIn::start(Api::Grpc, one).expect("a port");
    let (experiment, folder) = (experiment(&[("one", &one)]), tempdir().expect("a folder"));
    let record = run(&experiment, &folder).await.expect("a record");
    assert_eq!(calls.load(Ordering::SeqCst), record.calls.len() + 2, "and a warm-up for each restart");
    let busy = Outcome::Failed { code: "RESOURCE_EXHAUSTED".into(), message: "busy".into() };
    assert_eq!(record.calls.iter().filter(|call| call.outcome == busy).count(), (record.calls.len() + 2) / 4);
}

#[tokio::test]
async fn a_server_that_answers_no_call_is_told_at_once() {
    let refusal = Reply::Refusal(Code::NotFound, "Servable not found for request: Latest(inception)".into());
    let one = StandIn::start(Api::Rest, Behaviour::always(refusal)).expect("a port");
    let (mut experiment, folder) = (experiment(&[("one", &one)]), tempdir().expect("a folder"));
    experiment.repetitions.warm_up = 3;
    let error = run(&experiment, &folder).await.expect_err("no answer").to_string();
    assert_eq!(
        error,
        "server one answers no call: NOT_FOUND: Servable not found for request: Latest(inception); \
         check the model's name, signature and input"
    );
}

#[tokio::test]
async fn what_cannot_be_measured_is_told_before_anything_is_begun() {
    let one = server(Api::Grpc, Duration::ZERO);
    let folder = tempdir().expect("a folder");
    let mut nothing = experiment(&[("one", &one)]);
    nothing.repetitions.calls = 0;
    let twice = experiment(&[("one", &one), ("one", &one)]);
    let mut nowhere = experiment(&[("one", &one)]);
    nowhere.servers[0].address = "ftp://host:1".into();
    for (experiment, words) in [
        (experiment(&[]), "this cannot be measured: no server is given; name at least one"),
        (nothing, "this cannot be measured: nothing is asked for; give 1 or more repetitions and restarts"),
        (twice, "this cannot be measured: two servers are called one; give each a name of its own"),
        (nowhere, "server one: `server=ftp://host:1`: `ftp` is none of grpc, grpcs, http, https"),
    ] {
        assert_eq!(run(&experiment, &folder).await.expect_err(words).to_string(), words);
    }
}
