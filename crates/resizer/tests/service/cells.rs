//! What stands in cells: failures, repeats, agreement, and how often servers were asked for it.

use std::{
    collections::BTreeMap,
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use resizer::picture::{Limits, probe};
use tfserving::{
    Code, Tensor,
    stand_in::{Behaviour, Reply},
};
use tokio::sync::Barrier;

use super::{
    client::{Json, file, problem, upload},
    harness::{config, grpc, jpeg, rest, start, start_with, telling, told},
};

fn cell<'a>(file: &'a Json, key: &str, server: &str) -> &'a Json {
    &file.at("derivatives").object()[key].at("predictions").object()[server]
}

#[tokio::test]
async fn one_failing_server_is_an_error_in_its_cell() {
    let good = grpc(&telling());
    let gone = grpc(&telling()).address("gone");
    let refusing = rest(&Behaviour::always(Reply::Refusal(Code::NotFound, "no such model".into())));
    let running = start(vec![gone, good.address("good"), refusing.address("refusing")]).await;
    let file = file(&running, "", &jpeg(300, 200)).await;
    for key in ["Orig. 300x200", "128x128"] {
        assert_eq!(cell(&file, key, "good").at("error"), &Json::Null);
        let refused = cell(&file, key, "refusing");
        assert_eq!(refused.at("error").keys(), ["server", "method", "code", "message"]);
        assert_eq!(
            (refused.at("error/code").text(), refused.at("error/message").text()),
            ("NOT_FOUND", "no such model")
        );
        assert_eq!((refused.at("results").keys().len(), refused.at("precision")), (0, &Json::Null));
        assert_eq!(cell(&file, key, "gone").at("error/code").text(), "UNAVAILABLE");
        assert_eq!(cell(&file, key, "gone").at("predict_duration"), &Json::Null);
        let row = &file.at("derivatives").object()[key];
        assert_eq!(row.at("average_duration"), cell(&file, key, "good").at("predict_duration"));
    }
}

#[tokio::test]
async fn all_servers_failing_is_a_502_that_says_why() {
    let refusing = rest(&Behaviour::always(Reply::Refusal(Code::NotFound, "no such model".into())));
    let running = start(vec![refusing.address("a"), grpc(&telling()).address("gone")]).await;
    let (status, detail) = problem(upload(&running, "", &jpeg(300, 200)).await).await;
    assert_eq!(status, 502);
    assert!(detail.starts_with("All 2 servers failed; a said NOT_FOUND: no such model."), "{detail}");
}

#[tokio::test]
async fn outputs_of_another_model_are_an_error_that_names_them() {
    let outputs =
        BTreeMap::from([("probabilities".to_owned(), Tensor::floats([0.5])), ("x".to_owned(), Tensor::floats([1.0]))]);
    let (other, good) = (grpc(&Behaviour::always(Reply::Outputs(outputs))), grpc(&telling()));
    let running = start(vec![other.address("other"), good.address("good")]).await;
    let file = file(&running, "?sizes=64", &jpeg(300, 200)).await;
    let message = cell(&file, "64x64", "other").at("error/message").text();
    assert!(message.contains("no output `classes`") && message.contains("probabilities"), "{message}");
}

#[tokio::test]
async fn the_first_call_of_a_server_is_thrown_away_once() {
    let behaviour = telling();
    let server = grpc(&behaviour);
    let running = start(vec![server.address("a")]).await;
    let picture = jpeg(300, 200);
    file(&running, "?sizes=128,64", &picture).await;
    assert_eq!(behaviour.calls(), 1 + 3);
    file(&running, "?sizes=128,64", &picture).await;
    assert_eq!(behaviour.calls(), 1 + 3 + 3);
}

#[tokio::test]
async fn equal_derivatives_are_asked_for_once_and_say_so() {
    let behaviour = telling();
    let server = grpc(&behaviour);
    let running = start(vec![server.address("a")]).await;
    let file = file(&running, "?repeat=2", &jpeg(300, 200)).await;
    let same = |key: &str| file.at("derivatives").object()[key].at("same_as").clone();
    assert_eq!(same("2048x2048"), Json::Null);
    for key in ["1024x1024", "512x512"] {
        assert_eq!(same(key), Json::Text("2048x2048".into()));
        assert_eq!(cell(&file, key, "a"), cell(&file, "2048x2048", "a"));
    }
    // The original, 2048, 256, 128, each twice, and the one thrown away.
    assert_eq!(behaviour.calls(), 4 * 2 + 1);
}

#[tokio::test]
async fn repeats_are_spread_in_order() {
    let server = grpc(&telling());
    let running = start(vec![server.address("a")]).await;
    let file = file(&running, "?repeat=7&sizes=64", &jpeg(300, 200)).await;
    let cell = cell(&file, "64x64", "a");
    let spread = ["min", "p25", "median", "p75", "max"].map(|key| cell.at(key).number());
    assert!(spread.is_sorted(), "{spread:?}");
    assert_eq!((cell.at("attempts").number(), cell.at("predict_duration").number()), (7.0, spread[2]));
    assert_eq!(file.at("repeat").number(), 7.0);
}

#[tokio::test]
async fn agreement_and_the_true_class_are_told() {
    let behaviour = Behaviour::new(|asked| {
        let classes = [("tabby, tabby cat", 3.0), ("lynx", 2.0), ("crane", 1.0)];
        let turned = [("lynx", 3.0), ("tabby, tabby cat", 2.0), ("puck", 1.0)];
        let small = probe(asked.picture(), &Limits::default()).expect("a picture").width < 100;
        ready(Reply::classes(if small { &turned } else { &classes }))
    });
    let server = grpc(&behaviour);
    let running = start(vec![server.address("a")]).await;
    let file = file(&running, "?label=Tabby&sizes=64,200", &jpeg(300, 200)).await;
    let told = |key: &str| {
        let cell = cell(&file, key, "a");
        ["top1_agreement", "top5_overlap", "rank_correlation", "correct"].map(|name| cell.at(name).clone())
    };
    assert_eq!(told("Orig. 300x200"), [Json::Bool(true), Json::Number(3.0), Json::Number(1.0), Json::Bool(true)]);
    assert_eq!(told("200x200"), told("Orig. 300x200"));
    assert_eq!(told("64x64"), [Json::Bool(false), Json::Number(2.0), Json::Number(-1.0), Json::Bool(false)]);
    assert_eq!(file.at("label").text(), "Tabby");
}

#[tokio::test]
async fn a_server_s_own_time_is_told_apart() {
    let mut behaviour = telling();
    behaviour.timing = Some("total;dur=0.001".into());
    let (first, second, silent) = (grpc(&behaviour), rest(&behaviour), grpc(&telling()));
    let running = start(vec![first.address("grpc"), second.address("rest"), silent.address("silent")]).await;
    let file = file(&running, "?sizes=64", &jpeg(300, 200)).await;
    for server in ["grpc", "rest"] {
        let cell = cell(&file, "64x64", server);
        assert_eq!(cell.at("server_duration").number(), 1e-6, "{server}");
        let parts = ["serialize_duration", "network_duration", "server_duration"].map(|key| cell.at(key).number());
        let whole = cell.at("predict_duration").number();
        assert!((parts.iter().sum::<f64>() - whole).abs() < 1e-6, "{server}: {parts:?} of {whole}");
    }
    let silent = cell(&file, "64x64", "silent");
    assert_eq!((silent.at("server_duration"), silent.at("network_duration")), (&Json::Null, &Json::Null));
}

#[tokio::test]
async fn all_servers_are_asked_at_once() {
    // Each waits until both have been asked: one after another would never end.
    let both = Arc::new(Barrier::new(2));
    let behaviour = Behaviour::new(move |asked| {
        let both = Arc::clone(&both);
        async move {
            both.wait().await;
            told(&asked)
        }
    });
    let (first, second) = (grpc(&behaviour), rest(&behaviour));
    let running = start(vec![first.address("a"), second.address("b")]).await;
    let file = file(&running, "?sizes=128", &jpeg(300, 200)).await;
    assert_eq!(cell(&file, "128x128", "b").at("error"), &Json::Null);
}

#[tokio::test]
async fn isolated_servers_are_asked_one_after_another() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let noting = |name: &'static str| {
        let order = Arc::clone(&order);
        Behaviour::new(move |asked| {
            order.lock().expect("no panic").push(name);
            ready(told(&asked))
        })
    };
    let (first, second) = (grpc(&noting("a")), rest(&noting("b")));
    let running = start(vec![first.address("a"), second.address("b")]).await;
    let file = file(&running, "?mode=isolated&sizes=128,64", &jpeg(300, 200)).await;
    assert_eq!(file.at("mode").text(), "isolated");
    let order = order.lock().expect("no panic");
    assert_eq!((order.len(), order.is_sorted()), (8, true), "{order:?}");
}

#[tokio::test]
async fn a_server_that_hangs_is_waited_for_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let hanging = grpc(&Behaviour::new(move |_| {
        counting.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<Reply>()
    }));
    let good = grpc(&telling());
    let servers = vec![hanging.address("hanging"), good.address("good")];
    let running =
        start_with(resizer::config::Config { request_timeout: Duration::from_millis(300), ..config(servers) }).await;
    let file = file(&running, "", &jpeg(300, 200)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(cell(&file, "Orig. 300x200", "hanging").at("error/code").text(), "DEADLINE_EXCEEDED");
    let last = cell(&file, "128x128", "hanging");
    assert!(last.at("error/message").text().starts_with("not asked again after: "), "{last:?}");
    assert_eq!((last.at("attempts").number(), cell(&file, "128x128", "good").at("error")), (0.0, &Json::Null));
}

#[tokio::test]
async fn uploads_beyond_the_places_wait_and_all_are_answered() {
    let at_once = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (counting, seen) = (Arc::clone(&at_once), Arc::clone(&most));
    let behaviour = Behaviour::new(move |asked| {
        let (counting, seen) = (Arc::clone(&counting), Arc::clone(&seen));
        async move {
            seen.fetch_max(counting.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            counting.fetch_sub(1, Ordering::SeqCst);
            told(&asked)
        }
    });
    let server = grpc(&behaviour);
    let running = start_with(resizer::config::Config { uploads: 2, ..config(vec![server.address("a")]) }).await;
    let picture = jpeg(300, 200);
    let uploads = (0..12).map(|_| upload(&running, "?sizes=64", &picture));
    let answers = futures_util::future::join_all(uploads).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{} at once", most.load(Ordering::SeqCst));
}

#[tokio::test]
async fn who_cannot_even_wait_is_told_when_to_come_back() {
    let never = grpc(&Behaviour::new(|_| std::future::pending::<Reply>()));
    let servers = vec![never.address("a")];
    let running = start_with(resizer::config::Config { uploads: 1, ..config(servers) }).await;
    let held = running.service.admission.place().await.expect("the only place");
    let mut waiting: Vec<_> = (0..17)
        .map(|_| {
            let url = running.url("/upload");
            let form = super::client::form("cat.jpg", &jpeg(30, 20));
            tokio::spawn(
                async move { super::client::client().post(url).multipart(form).send().await.expect("an answer") },
            )
        })
        .collect();
    // Sixteen may wait for one place; whichever is the seventeenth is sent away.
    let (sent_away, _, rest) = futures_util::future::select_all(waiting.drain(..)).await;
    let sent_away = sent_away.expect("no panic");
    assert_eq!(
        (sent_away.status().as_u16(), &sent_away.headers()["retry-after"]),
        (503, &"1".parse().expect("a header"))
    );
    let (status, detail) = problem(sent_away).await;
    assert!(status == 503 && detail.contains("try again in a moment"), "{detail}");
    rest.iter().for_each(tokio::task::JoinHandle::abort);
    drop(held);
}
