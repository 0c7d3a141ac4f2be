//! Blobs on their way to a registry that loses connections, forgets uploads, falls silent or fails for good.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    server::{Asked, Reply, Server},
    *,
};

/// Longer than what is read and handed on at once.
const LENGTH: usize = 700_001;

struct Sent {
    result: Result<bool>,
    told: Vec<(u64, u64)>,
    warnings: String,
}

fn bytes() -> Vec<u8> {
    (0..LENGTH).map(|at| ((at * at) >> 5) as u8).collect()
}

/// Sends a file; whatever the registry then has under its digest are its bytes.
async fn send(server: &Server) -> Sent {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("blob");
    fs_err::write(&file, bytes()).expect("write");
    let said = Said::default();
    let hear = |line| said.hear(line);
    let registry = OciRegistry::connect(access(server, Credentials::None), QUICK, &hear).await.expect("it answers");
    let blob = Blob { digest: Digest::of(&bytes()), size: LENGTH as u64, content: Content::File(&file) };
    let told = Mutex::new(Vec::new());
    let progress = |done, total| told.lock().expect("what was told").push((done, total));
    let result = registry.put_blob(REPOSITORY, &blob, &progress).await;
    let told = told.into_inner().expect("what was told");
    Sent { result, told, warnings: said.text() }
}

fn arrived(server: &Server) -> bool {
    server.has(&format!("{REPOSITORY}/blobs/{}", Digest::of(&bytes())))
}

#[tokio::test]
async fn a_blob_is_sent_once() {
    let server = Server::start(|_, _| None).await;
    assert!(send(&server).await.result.expect("sent"));
    assert!(arrived(&server));
    assert!(!send(&server).await.result.expect("there"));
    assert_eq!(server.asked("PATCH"), 1);
}

#[tokio::test]
async fn what_has_arrived_is_not_sent_again() {
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let seen = ranges.clone();
    let mut cuts = [300_000, 1, 200_000].into_iter();
    let server = Server::start(move |_, asked: &Asked| {
        if asked.method != "PATCH" {
            return None;
        }
        seen.lock().expect("ranges").push(asked.range.clone());
        cuts.next().map(Reply::cut_after)
    })
    .await;
    let sent = send(&server).await;
    assert!(sent.result.expect("sent") && arrived(&server));
    let last = LENGTH - 1;
    let expected = [300_000, 300_001, 500_001].map(|from| Some(format!("{from}-{last}")));
    assert_eq!(ranges.lock().expect("ranges")[0], None);
    assert_eq!(ranges.lock().expect("ranges")[1..], expected);
    assert!(sent.warnings.contains("300001 bytes have arrived, going on in"), "{}", sent.warnings);
    assert!(sent.told.iter().all(|(done, total)| done <= total && *total == LENGTH as u64), "{:?}", sent.told);
}

#[tokio::test]
async fn an_upload_that_the_registry_forgot_is_begun_anew() {
    for method in ["PATCH", "PUT"] {
        let server = Server::start(move |_, asked: &Asked| {
            (asked.path.contains("uploads/1?") && asked.method == method).then(|| Reply::new(404))
        })
        .await;
        assert!(send(&server).await.result.expect("the second upload goes through"));
        assert!(arrived(&server));
    }
}

#[tokio::test]
async fn a_registry_that_stops_taking_is_left_and_tried_again() {
    let mut silences = 1..=1;
    let server = Server::start(move |_, asked: &Asked| {
        (asked.method == "PATCH").then(|| silences.next())?.map(|_| Reply::silent())
    })
    .await;
    let sent = send(&server).await;
    assert!(sent.result.expect("sent") && arrived(&server));
    assert!(sent.warnings.contains("it is silent"), "{}", sent.warnings);
}

#[tokio::test]
async fn tries_that_bring_nothing_come_to_an_end() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let server = Server::start(move |_, asked: &Asked| {
        let full = br#"{"errors":[{"code":"UNKNOWN","message":"no space left on device"}]}"#;
        (asked.method == "PATCH").then(|| {
            counted.fetch_add(1, Ordering::Relaxed);
            Reply::new(500).body(full)
        })
    })
    .await;
    let error = format!("{:#}", send(&server).await.result.expect_err("it is full"));
    assert!(error.contains("gave up after 4 tries") && error.contains("no space left on device"), "{error}");
    assert_eq!(tries.load(Ordering::Relaxed), 4);
    let denied = Server::start(|_, asked: &Asked| (asked.method == "PATCH").then(|| Reply::new(403))).await;
    let error = format!("{:#}", send(&denied).await.result.expect_err("denied"));
    assert!(error.contains("ask its owner") && denied.asked("PATCH") == 1, "{error}");
}
