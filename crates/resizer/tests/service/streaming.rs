//! Answers as they come: the events of `/compare`, their order, and what happens when nobody follows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tfserving::{
    Code,
    stand_in::{Behaviour, Reply},
};
use tokio::sync::Semaphore;

use super::{
    client::{Json, form, post},
    harness::{Running, grpc, jpeg, rest, start, telling, told},
};

/// All events with their data.
async fn events(running: &Running, query: &str) -> Vec<(String, Json)> {
    let response = post(running, &format!("/compare{query}"), form("cat.jpg", &jpeg(300, 200))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.expect("a body");
    let blocks = text.split("\n\n").filter(|block| block.starts_with("event:"));
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').expect("two lines");
        let data = data.strip_prefix("data: ").expect("data");
        (name["event: ".len()..].to_owned(), serde_json::from_str(data).expect("JSON"))
    };
    blocks.map(event).collect()
}

#[tokio::test]
async fn events_come_in_their_order_and_the_last_is_the_whole_reply() {
    let (first, second) = (grpc(&telling()), rest(&telling()));
    let running = start(vec![first.address("a"), second.address("b")]).await;
    let events = events(&running, "?sizes=128,64&formats=jpeg,png").await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = [vec!["start"], vec!["derivative"; 5], vec!["cell"; 10], vec!["done"]].concat();
    assert_eq!(names, wanted);
    let start = &events[0].1;
    assert_eq!(
        start.keys(),
        ["filename", "content_type", "filesize", "width", "height", "format", "server_names", "servers", "sizes"]
    );
    assert_eq!((start.at("width").number(), start.at("format").text()), (300.0, "JPEG"));
    let done = &events.last().expect("there are some").1.at("files").list()[0];
    assert_eq!(start.at("sizes"), done.at("sizes"));
    for (name, data) in &events {
        let row = |data: &Json| done.at("derivatives").object()[data.at("key").text()].clone();
        match name.as_str() {
            "derivative" => {
                let row = row(data);
                for (key, value) in data.object().iter().filter(|(key, _)| *key != "key") {
                    assert_eq!(row.at(key), value, "{key}");
                }
            }
            "cell" => {
                let row = row(data);
                assert_eq!(data.at("prediction"), &row.at("predictions").object()[data.at("server").text()]);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn cells_arrive_before_the_slowest_server_has_answered() {
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    let slow = grpc(&Behaviour::new(move |asked| {
        let gate = Arc::clone(&waiting);
        async move {
            gate.acquire().await.expect("open").forget();
            told(&asked)
        }
    }));
    let quick = rest(&telling());
    let running = start(vec![slow.address("slow"), quick.address("quick")]).await;
    let mut response = post(&running, "/compare?sizes=64", form("cat.jpg", &jpeg(300, 200))).await;
    let mut text = String::new();
    while text.matches("\"server\":\"quick\"").count() < 2 {
        let chunk = response.chunk().await.expect("a stream").expect("more of it");
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(!text.contains("event: done") && !text.contains("\"server\":\"slow\""), "{text}");
    gate.add_permits(100);
    text.push_str(&response.text().await.expect("the rest"));
    assert!(text.contains("event: done"), "{text}");
}

#[tokio::test]
async fn all_servers_failing_ends_in_the_problem_of_an_upload() {
    let refusing = grpc(&Behaviour::always(Reply::Refusal(Code::NotFound, "no such model".into())));
    let running = start(vec![refusing.address("a")]).await;
    let events = events(&running, "?sizes=64").await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["start", "derivative", "derivative", "cell", "cell", "failed"]);
    let problem = events[5].1.at("problem");
    assert_eq!((problem.at("status").number(), problem.keys().len()), (502.0, 4));
}

#[tokio::test]
async fn a_comparison_that_nobody_follows_is_ended() {
    let (begun, ended) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (beginning, ending) = (Arc::clone(&begun), Arc::clone(&ended));
    let never = grpc(&Behaviour::new(move |_| {
        let (beginning, ending) = (Arc::clone(&beginning), CountedDrop(Arc::clone(&ending)));
        async move {
            beginning.add_permits(1);
            let _ending = ending;
            std::future::pending::<Reply>().await
        }
    }));
    let running = start(vec![never.address("a")]).await;
    let response = post(&running, "/compare", form("cat.jpg", &jpeg(300, 200))).await;
    begun.acquire().await.expect("open").forget();
    drop(response);
    let over = async {
        while ended.load(Ordering::SeqCst) == 0 || running.service.metrics.text().contains("uploads_in_work 1") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), over).await.expect("the call was given up and the place is free");
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

struct CountedDrop(Arc<AtomicUsize>);

impl Drop for CountedDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
