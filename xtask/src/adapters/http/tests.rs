//! Downloads from a server on loopback that cuts, lies, changes its mind or says no.
//! What one run leaves to the next is tested in `runs`, what is given up in `failures`.

mod failures;
mod runs;
mod server;

use std::sync::Mutex;

use self::server::{Reply, Server};
use super::*;

const FILE: &[u8] = b"the weights of a model, as far as a test needs them";
const TAG: &str = "\"v1\"";

/// Patient for milliseconds.
const QUICK: Http = Http {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    backoff: Duration::from_millis(1),
    longest_wait: Duration::from_millis(5),
};

/// A folder for one download, and what was told of it.
struct Desk {
    folder: tempfile::TempDir,
    said: Mutex<Vec<String>>,
    moved: Mutex<Vec<(u64, u64)>>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, said: Mutex::default(), moved: Mutex::default() }
    }

    fn to(&self) -> PathBuf {
        self.folder.path().join("model.part")
    }

    fn record(&self) -> PathBuf {
        self.folder.path().join("model.part.source.json")
    }

    fn file(&self) -> Vec<u8> {
        fs_err::read(self.to()).expect("read")
    }

    fn said(&self) -> String {
        self.said.lock().expect("what was said").join("\n")
    }

    async fn download(&self, http: &Http, url: &str) -> Result<Downloaded> {
        let progress = |done, total| self.moved.lock().expect("what moved").push((done, total));
        let say = |line| self.said.lock().expect("what was said").push(line);
        http.download(url, &self.to(), &progress, &say).await
    }

    /// Downloads and expects `file` without a trace of the way.
    async fn gets(&self, url: &str, file: &[u8]) {
        let downloaded = self.download(&QUICK, url).await.expect("a download");
        assert_eq!(String::from_utf8_lossy(&self.file()), String::from_utf8_lossy(file));
        assert_eq!(downloaded, whole(file));
        assert!(!self.record().exists(), "the record is still there");
    }

    async fn fails(&self, url: &str) -> String {
        format!("{:#}", self.download(&QUICK, url).await.expect_err("no download"))
    }
}

fn whole(file: &[u8]) -> Downloaded {
    use sha2::{Digest, Sha256};
    Downloaded { sha256: format!("{:x}", Sha256::digest(file)), bytes: file.len() as u64 }
}

#[tokio::test]
async fn a_whole_file_arrives_as_it_is_served() {
    // Bytes that any decoder would stumble over.
    let server = Server::start(|_, _| Reply::whole(FILE).with("Content-Encoding", "gzip")).await;
    let desk = Desk::new();
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(desk.said(), "");
    let total = FILE.len() as u64;
    let moved = desk.moved.lock().expect("what moved").clone();
    assert_eq!((moved.first(), moved.last()), (Some(&(0, total)), Some(&(total, total))));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("user-agent"), Some(concat!("tf-serving-xtask/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(requests[0].header("accept-encoding"), Some("identity"));
    assert_eq!(requests[0].header("range"), None);
}

#[tokio::test]
async fn a_lost_connection_is_taken_up_where_it_was_lost() {
    let server = Server::start(|number, request| {
        let reply = Reply::honest(request, FILE, TAG);
        if number == 0 { reply.cut(20) } else { reply }
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), FILE).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!((requests[1].header("range"), requests[1].header("if-range")), (Some("bytes=20-"), Some(TAG)));
    assert_eq!(desk.said(), "connection lost after 0.0 MiB, going on in 0.0 s (try 2 of 5)");
}

#[tokio::test]
async fn a_date_will_do_where_there_is_no_tag() {
    const DATE: &str = "Sat, 06 Sep 2025 10:12:06 GMT";
    let server = Server::start(|number, _| match number {
        0 => Reply::whole(FILE).with("ETag", "W/\"v1\"").with("Last-Modified", DATE).cut(20),
        _ => Reply::rest(FILE, 20),
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(server.requests()[1].header("if-range"), Some(DATE));
}

#[tokio::test]
async fn a_connection_may_be_lost_after_any_byte() {
    const FILE: &[u8] = b"weights";
    for cut in 0..FILE.len() {
        let server = Server::start(move |number, request| {
            let reply = Reply::honest(request, FILE, TAG);
            if number == 0 { reply.cut(cut) } else { reply }
        });
        let (server, desk) = (server.await, Desk::new());
        desk.gets(&server.url("/model"), FILE).await;
        let range = (cut > 0).then(|| format!("bytes={cut}-"));
        assert_eq!(server.requests()[1].header("range"), range.as_deref());
    }
}

#[tokio::test]
async fn every_step_ahead_starts_the_count_of_tries_anew() {
    let server = Server::start(|_, request| Reply::honest(request, FILE, TAG).cut(1)).await;
    let desk = Desk::new();
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(server.requests().len(), FILE.len());
    assert!(!desk.said().contains("try 3"), "{}", desk.said());
}

#[tokio::test]
async fn a_silent_connection_is_left() {
    let server = Server::start(|number, request| {
        let reply = Reply::honest(request, FILE, TAG);
        if number == 0 { reply.cut(20).silent() } else { reply }
    });
    let (server, desk) = (server.await, Desk::new());
    let http = Http { idle: Duration::from_millis(150), ..QUICK };
    let downloaded = desk.download(&http, &server.url("/model")).await.expect("a download");
    assert_eq!(downloaded, whole(FILE));
    assert_eq!(desk.said(), "connection silent for too long after 0.0 MiB, going on in 0.0 s (try 2 of 5)");
}

#[tokio::test]
async fn a_connection_may_be_lost_before_the_answer() {
    let server = Server::start(|number, _| if number == 0 { Reply::none() } else { Reply::whole(FILE) }).await;
    let desk = Desk::new();
    desk.gets(&server.url("/model"), FILE).await;
    assert!(desk.said().starts_with("no answer (") && desk.said().ends_with("(try 2 of 5)"), "{}", desk.said());
}

#[tokio::test]
async fn a_server_without_ranges_sends_it_all_again() {
    let server = Server::start(|number, _| {
        let reply = Reply::whole(FILE).with("ETag", TAG);
        if number == 0 { reply.cut(20) } else { reply }
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(server.requests()[1].header("range"), Some("bytes=20-"));
    assert!(desk.said().ends_with("instead of what follows 0.0 MiB, starting from zero"), "{}", desk.said());
}

#[tokio::test]
async fn a_server_that_names_no_version_is_asked_for_all() {
    let server = Server::start(|number, _| if number == 0 { Reply::whole(FILE).cut(20) } else { Reply::whole(FILE) });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(server.requests()[1].header("range"), None);
    assert!(desk.said().ends_with("starting from zero"), "{}", desk.said());
}

#[tokio::test]
async fn a_file_that_changed_between_tries_is_not_glued_to_the_old_one() {
    let server = Server::start(|number, request| match number {
        0 => Reply::honest(request, FILE, TAG).cut(20),
        _ => Reply::honest(request, b"quite another file", "\"v2\""),
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), b"quite another file").await;
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_rest_that_does_not_fit_is_not_taken() {
    let longer = [FILE, b" and more"].concat();
    let unfit = [
        ("bytes 19-50/51", Reply::rest(FILE, 19).with("ETag", TAG)),
        ("bytes 20-59/60", Reply::rest(&longer, 20).with("ETag", TAG)),
        ("changed", Reply::rest(FILE, 20).with("ETag", "\"v2\"")),
        ("changed", Reply::rest(FILE, 20)),
        ("without a range", Reply::new("206 Partial Content", &FILE[20..]).with("ETag", TAG)),
        ("416 Range Not Satisfiable", Reply::new("416 Range Not Satisfiable", b"")),
    ];
    for (why, reply) in unfit {
        let mut reply = Some(reply);
        let server = Server::start(move |number, request| match number {
            0 => Reply::honest(request, FILE, TAG).cut(20),
            1 => reply.take().expect("one answer"),
            _ => Reply::honest(request, FILE, TAG),
        });
        let (server, desk) = (server.await, Desk::new());
        desk.gets(&server.url("/model"), FILE).await;
        let requests = server.requests();
        assert_eq!(requests.len(), 3, "{why}");
        assert_eq!((requests[1].header("range"), requests[2].header("range")), (Some("bytes=20-"), None), "{why}");
        assert!(desk.said().contains(why) && desk.said().ends_with("starting from zero"), "{}", desk.said());
    }
}

#[tokio::test]
async fn a_rest_may_come_in_pieces() {
    let server = Server::start(|number, request| match number {
        0 => Reply::honest(request, FILE, TAG).cut(20),
        1 => Reply::new("206 Partial Content", &FILE[20..30])
            .with("Content-Range", format!("bytes 20-29/{}", FILE.len()))
            .with("ETag", TAG),
        _ => Reply::honest(request, FILE, TAG),
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(server.requests()[2].header("range"), Some("bytes=30-"));
}

#[tokio::test]
async fn a_rest_that_is_too_long_is_not_taken() {
    let server = Server::start(|number, request| match number {
        0 => Reply::honest(request, FILE, TAG).cut(20),
        1 => Reply::new("206 Partial Content", FILE)
            .with("Content-Range", format!("bytes 20-50/{}", FILE.len()))
            .with("ETag", TAG),
        _ => Reply::honest(request, FILE, TAG),
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), FILE).await;
    assert_eq!(server.requests()[2].header("range"), None);
    assert!(desk.said().contains("more came than was announced"), "{}", desk.said());
}

#[tokio::test]
async fn chunks_need_no_length() {
    let server = Server::start(|number, _| {
        let reply =
            Reply::new("200 OK", b"4\r\nmore\r\n7\r\n to say\r\n0\r\n\r\n").with("Transfer-Encoding", "chunked");
        if number == 0 { reply.cut(9) } else { reply }
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), b"more to say").await;
    let moved = desk.moved.lock().expect("what moved").clone();
    assert_eq!(moved.last(), Some(&(11, 0)));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let server = Server::start(|_, _| Reply::whole(b"")).await;
    Desk::new().gets(&server.url("/model"), b"").await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn redirects_are_followed_with_what_was_asked() {
    let server = Server::start(|number, request| match request.path.as_str() {
        "/model" => Reply::new("302 Found", b"").with("Location", "/store/7"),
        _ => Reply::honest(request, FILE, TAG).cut(if number < 2 { 20 } else { usize::MAX }),
    });
    let (server, desk) = (server.await, Desk::new());
    desk.gets(&server.url("/model"), FILE).await;
    let requests = server.requests();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/model", "/store/7", "/model", "/store/7"]);
    assert_eq!(requests[3].header("range"), Some("bytes=20-"));
}

#[test]
fn no_redirect_leaves_tls() {
    let url = |text| Url::parse(text).expect("a URL");
    assert!(leaves_tls(&[url("https://a/")], &url("http://a/")));
    assert!(leaves_tls(&[url("http://a/"), url("https://a/")], &url("http://b/")));
    assert!(!leaves_tls(&[url("https://a/")], &url("https://b/")));
    assert!(!leaves_tls(&[url("http://a/")], &url("https://a/")));
    assert!(!leaves_tls(&[url("http://a/")], &url("http://b/")));
}
