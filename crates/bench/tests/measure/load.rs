//! Load that a server does not keep up with.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use bench::{
    experiment::{Arrivals, Load},
    measure,
    record::PointLoad,
};
use tempfile::tempdir;
use tfserving::{
    Api,
    stand_in::{Behaviour, StandIn},
};

use crate::harness::{Listener, experiment, said};

/// How long the server stalls, once in each second.
const STALL: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_is_seen_by_all_that_were_due_meanwhile() {
    // For the first 300 ms of every second nobody is answered; at all other times everybody is, after 2 ms.
    let begin = Mutex::new(Instant::now());
    let stalling = Behaviour::new(move |asked| {
        let into = begin.lock().expect("no panic").elapsed().as_millis() % 1000;
        let stall = STALL.saturating_sub(Duration::from_millis(u64::try_from(into).expect("below 1000")));
        async move {
            tokio::time::sleep(stall + Duration::from_millis(2)).await;
            said(&asked)
        }
    });
    let one = StandIn::start(Api::Grpc, stalling).expect("a port");
    let (folder, mut listener) = (tempdir().expect("a folder"), Listener::default());
    let mut experiment = experiment(&[("one", &one)]);
    experiment.cells.sizes.clear();
    (experiment.repetitions.restarts, experiment.repetitions.calls) = (1, 1);
    experiment.load = Some(Load {
        concurrency: vec![1],
        rates: vec![0.5],
        arrivals: vec![Arrivals::Constant],
        seconds: 2.0,
        slo_ms: None,
    });
    let record = measure::run(&experiment, folder.path(), &BTreeMap::new(), &mut listener).await.expect("a record");
    let [closed, open] = &record.points[..] else { panic!("{:?}", record.points) };
    assert!(matches!(open.load, PointLoad::Open { .. }));
    // One caller that waits meets each stall once, among hundreds of fast calls; whoever comes at his own pace meets it
    // whenever he comes meanwhile, which is 30 % of the time.
    assert!(closed.latency.p90 < 50.0, "{:?}", closed.latency);
    assert!(open.latency.p90 > 100.0 && open.latency.p99 > 200.0, "{:?}", open.latency);
    assert_eq!((open.sent, open.dropped), (open.answered, 0));
}
