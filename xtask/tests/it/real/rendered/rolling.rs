//! A new version of the model while clients ask: pods replaced in the order in which a Deployment does it, the new one first.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    super::harness::{is_real, say},
    endpoints::Endpoints,
    kubelet::{Ended, Running},
    load::{Seen, ask_on_and_on},
    node::Node,
    probes::port,
    stage::Stage,
};

const SERVER: &str = "tf-serving-1cpu";
const RENDERING: [&str; 6] = ["--overlay", "1cpu", "--component", "rest", "--component", "model-init-container"];
/// Clients that want predictions, and clients with many small questions.
const CLIENTS: [usize; 2] = [4, 2];
/// How long clients ask before and after what is of interest.
const A_WHILE: Duration = Duration::from_secs(2);

/// The clients stop however the scope is left.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_new_version_comes_without_a_lost_request() {
    if !is_real() {
        return;
    }
    let stage = Stage::new(&["cpu-optimized"]);
    stage.push_second_version();
    let [old, new] =
        ["1", "2"].map(|version| stage.rendered(&[&RENDERING[..], &["--model-version", version]].concat()));
    let strategy = &new.one("Deployment", SERVER)["spec"]["strategy"];
    let one_more = json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } });
    assert_eq!(*strategy, one_more, "pods are replaced in another order than here");
    let [old, new] = [old, new].map(|objects| objects.pod("Deployment", SERVER));
    let node = Node::new();
    let first = Running::start(&node, "first", old, &[]);
    first.probed().until_ready();
    let service = Endpoints::new();
    service.are(&[rest(&first)]);

    let over = AtomicBool::new(false);
    let requests = [predict(), "GET /v1/models/inception/metadata HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()];
    let ask =
        |kind: usize| ask_on_and_on(&service.address, &requests[kind], Duration::from_millis(5 * kind as u64), &over);
    let (ended, seen) = thread::scope(|scope| {
        let _over = Over(&over);
        let clients = [0, 1].map(|kind| (0..CLIENTS[kind]).map(|_| scope.spawn(move || ask(kind))).collect::<Vec<_>>());
        thread::sleep(A_WHILE);
        let second = Running::start(&node, "second", new, &[]);
        second.probed().until_ready();
        service.are(&[rest(&first), rest(&second)]);
        // At the same moment it is told to end.
        service.are(&[rest(&second)]);
        let ended = first.terminate();
        thread::sleep(A_WHILE);
        over.store(true, Ordering::Relaxed);
        let seen =
            clients.map(|kind| kind.into_iter().map(|client| client.join().expect("no panic")).collect::<Vec<_>>());
        (ended, seen)
    });
    tell(&ended, &seen);
    assert_eq!(ended.code, 0, "{}", first.log());
    assert!(ended.after < Duration::from_secs(first.spec.termination_grace_period_seconds), "{ended:?}");
    for kind in &seen {
        let lost: Vec<&String> = kind.iter().flat_map(|seen| &seen.lost).collect();
        assert_eq!(lost, [""; 0], "requests were lost; the old server said:\n{}", first.log());
        let mut answers: Vec<&String> = kind.iter().flat_map(|seen| seen.answers.keys()).collect();
        answers.sort();
        answers.dedup();
        assert_eq!(answers.len(), 2, "one answer a version");
    }
}

fn tell(ended: &Ended, seen: &[Vec<Seen>; 2]) {
    let [predictions, metadata] =
        seen.each_ref().map(|kind| kind.iter().flat_map(|seen| seen.answers.values()).sum::<usize>());
    let all = || seen.iter().flatten();
    let (lost, connections): (usize, usize) =
        (all().map(|seen| seen.lost.len()).sum(), all().map(|seen| seen.connections).sum());
    let slowest = all().map(|seen| seen.slowest).max().unwrap_or_default().as_secs_f64();
    say(&format!(
        "version 1 replaced by 2 under load: {predictions} predictions and {metadata} looks at metadata over {connections} \
         connections, {lost} lost, the slowest {slowest:.1} s; the old server ended by itself with {} after {:.1} s",
        ended.code,
        ended.after.as_secs_f64()
    ));
}

fn rest(pod: &Running) -> SocketAddr {
    SocketAddr::new(pod.address, port(&pod.spec.containers[0].ports, "rest"))
}

fn predict() -> String {
    let picture = savedmodel::Picture::generated().into_iter().next().expect("one is made up");
    let instance = json!({ "b64": STANDARD.encode(picture.bytes) });
    let body = json!({ "signature_name": "predict_images", "instances": [instance] }).to_string();
    let length = body.len();
    format!("POST /v1/models/inception:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
}
