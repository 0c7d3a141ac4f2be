//! What is given up at once, what after five tries, and what the error says of it.

use std::time::Instant;

use super::*;

async fn always(status: &'static str) -> Server {
    Server::start(move |_, _| Reply::new(status, b"no").with("Content-Length", 2)).await
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (status, advice) in [
        ("404 Not Found", "the file may have moved"),
        ("403 Forbidden", "needs a login"),
        ("501 Not Implemented", "check the URL"),
        ("206 Partial Content", "check the URL"),
    ] {
        let (server, desk) = (always(status).await, Desk::new());
        let error = desk.fails(&server.url("/model?signature=hush#hush").replace("//", "//user:hush@")).await;
        let wanted =
            format!("download {} to {}: the server answered {status}; ", server.url("/model"), desk.to().display());
        assert!(error.starts_with(&wanted) && error.contains(advice) && !error.contains("hush"), "{error}");
        assert_eq!(server.requests().len(), 1, "{status}");
        assert!(!desk.to().exists() && !desk.record().exists(), "{status}");
    }
}

#[tokio::test]
async fn a_server_in_trouble_gets_five_tries() {
    let (server, desk) = (always("500 Internal Server Error").await, Desk::new());
    let error = desk.fails(&server.url("/model")).await;
    assert!(error.contains("500 Internal Server Error; gave up after 5 tries"), "{error}");
    assert_eq!(server.requests().len(), 5);
    assert_eq!(desk.said().lines().count(), 4);
}

#[tokio::test]
async fn a_server_is_left_alone_as_long_as_it_asks_within_bounds() {
    for (asked, least, told) in [("0", 0, "0.0 s"), ("3600", 100, "0.1 s")] {
        let server = Server::start(move |number, _| match number {
            0 => Reply::new("503 Service Unavailable", b"").with("Retry-After", asked),
            _ => Reply::whole(FILE),
        });
        let (server, desk) = (server.await, Desk::new());
        let http = Http { backoff: Duration::from_secs(3600), longest_wait: Duration::from_millis(100), ..QUICK };
        let began = Instant::now();
        assert_eq!(desk.download(&http, &server.url("/model")).await.expect("a download"), whole(FILE));
        assert!(began.elapsed() >= Duration::from_millis(least));
        let wanted = format!("the server answered 503 Service Unavailable, going on in {told} (try 2 of 5)");
        assert_eq!(desk.said(), wanted);
    }
}

#[tokio::test]
async fn a_server_that_never_sends_what_it_announced_comes_to_an_end() {
    // One that knows ranges has nothing more to give, one that does not sends the same again and again.
    for ranges in [true, false] {
        let server = Server::start(move |_, request| {
            let start = if ranges && request.header("range").is_some() { 20 } else { 0 };
            let reply = if start > 0 { Reply::rest(FILE, start) } else { Reply::whole(FILE) };
            reply.with("ETag", TAG).cut(20 - start)
        });
        let (server, desk) = (server.await, Desk::new());
        let error = desk.fails(&server.url("/model")).await;
        assert!(error.contains("connection lost after 0.0 MiB; gave up after 5 tries"), "{error}");
        assert!(error.contains("kept"), "{error}");
        assert_eq!(server.requests().len(), 5);
        assert_eq!(desk.file(), &FILE[..20]);
        assert!(desk.record().exists());
    }
}

#[tokio::test]
async fn a_file_that_changes_with_each_try_comes_to_an_end() {
    let server = Server::start(|number, request| Reply::honest(request, FILE, &format!("\"v{number}\"")).cut(20));
    let (server, desk) = (server.await, Desk::new());
    let error = desk.fails(&server.url("/model")).await;
    assert!(error.contains("gave up after 5 tries"), "{error}");
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn nothing_listens() {
    // Bound, so that nobody else takes the port, but not listening.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("bind");
    let error = Desk::new().fails(&format!("http://{}/model", socket.local_addr().expect("an address"))).await;
    assert!(error.contains("Connection refused") && error.contains("gave up after 5 tries"), "{error}");
}

#[tokio::test]
async fn no_url_is_no_download() {
    let error = Desk::new().fails("model.tar.gz").await;
    assert!(error.contains("write https://host/path"), "{error}");
    let error = Desk::new().fails("ftp://host/model").await;
    assert!(error.contains("ftp://host/model") && error.contains("scheme is not allowed"), "{error}");
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_named() {
    let (server, desk) = (Server::start(|_, _| Reply::whole(FILE)).await, Desk::new());
    fs_err::create_dir(desk.to()).expect("a folder");
    let error = desk.fails(&server.url("/model")).await;
    assert!(error.contains(&format!("write {}; its folder must", desk.to().display())), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_no_reason_to_try_again() {
    let (server, desk) = (Server::start(|_, _| Reply::whole(FILE)).await, Desk::new());
    fs_err::os::unix::fs::symlink("/dev/full", desk.to()).expect("a link");
    let error = desk.fails(&server.url("/model")).await;
    assert!(error.contains("have room") && error.contains("No space left on device"), "{error}");
    assert_eq!(server.requests().len(), 1);
}
