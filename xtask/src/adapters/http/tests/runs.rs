//! What one run leaves to the next, and when the next had better not take it.

use super::*;

/// Falls silent after 20 bytes, which is when the first run is interrupted; serves `then` after that.
async fn interrupted(
    desk: &Desk,
    path: &str,
    tag: Option<&'static str>,
    then: (&'static [u8], &'static str),
) -> Server {
    let server = Server::start(move |number, request| match (number, tag) {
        (0, Some(tag)) => Reply::whole(FILE).with("ETag", tag).cut(20).silent(),
        (0, None) => Reply::whole(FILE).cut(20).silent(),
        _ => Reply::honest(request, then.0, then.1),
    });
    let server = server.await;
    let url = server.url(path);
    let arrived = async {
        while desk.moved.lock().expect("what moved").last().is_none_or(|(done, _)| *done < 20) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = desk.download(&QUICK, &url) => panic!("not interrupted: {ended:?}"),
        () = arrived => {}
    }
    assert_eq!(desk.file(), &FILE[..20]);
    assert_eq!(desk.record().exists(), tag.is_some());
    server
}

/// What the first request of the second run asked for.
fn range(server: &Server) -> Option<String> {
    server.requests()[1].header("range").map(str::to_owned)
}

#[tokio::test]
async fn an_interrupted_run_leaves_its_bytes_to_the_next() {
    let desk = Desk::new();
    let server = interrupted(&desk, "/model", Some(TAG), (FILE, TAG)).await;
    desk.gets(&server.url("/model"), FILE).await;
    let requests = server.requests();
    assert_eq!((requests[1].header("range"), requests[1].header("if-range")), (Some("bytes=20-"), Some(TAG)));
    assert_eq!(desk.said(), "going on after 0.0 MiB of an earlier try");
    assert_eq!(desk.moved.lock().expect("what moved")[2], (20, FILE.len() as u64));
}

#[tokio::test]
async fn a_file_that_changed_between_runs_starts_from_zero() {
    let desk = Desk::new();
    let server = interrupted(&desk, "/model", Some(TAG), (b"quite another file", "\"v2\"")).await;
    desk.gets(&server.url("/model"), b"quite another file").await;
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_part_of_another_url_is_not_taken() {
    let desk = Desk::new();
    let server = interrupted(&desk, "/model?of=a", Some(TAG), (FILE, TAG)).await;
    desk.gets(&server.url("/model?of=b"), FILE).await;
    assert_eq!(range(&server), None);
    assert!(desk.said().ends_with("starting from zero"), "{}", desk.said());
}

#[tokio::test]
async fn a_part_of_no_known_version_is_not_taken() {
    let desk = Desk::new();
    let server = interrupted(&desk, "/model", None, (FILE, TAG)).await;
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(range(&server), None);
}

#[tokio::test]
async fn a_broken_record_is_none() {
    let desk = Desk::new();
    let server = interrupted(&desk, "/model", Some(TAG), (FILE, TAG)).await;
    fs_err::write(desk.record(), "{").expect("write");
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(range(&server), None);
}

#[tokio::test]
async fn a_part_longer_than_its_whole_is_not_taken() {
    let desk = Desk::new();
    let server = interrupted(&desk, "/model", Some(TAG), (FILE, TAG)).await;
    fs_err::write(desk.to(), [FILE, FILE].concat()).expect("write");
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(range(&server), None);
}

#[tokio::test]
async fn a_whole_part_needs_no_server() {
    let desk = Desk::new();
    let server = interrupted(&desk, "/model", Some(TAG), (FILE, TAG)).await;
    fs_err::write(desk.to(), FILE).expect("write");
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_record_keeps_no_secrets() {
    let desk = Desk::new();
    interrupted(&desk, "/model?signature=hush", Some(TAG), (FILE, TAG)).await;
    let record = fs_err::read_to_string(desk.record()).expect("read");
    assert!(record.contains("/model") && !record.contains("hush"), "{record}");
}
