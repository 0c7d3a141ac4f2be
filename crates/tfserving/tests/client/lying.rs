//! Listeners that are no model server: they cut, talk nonsense, promise too much, or never end. Each becomes an error, soon.

use std::net::SocketAddr;

use tfserving::{Address, Api, CallError, Code, Model, Options, Server, stand_in};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{hasty, picture};

/// Writes `said` to whoever has sent a first packet, then ends the connection, or keeps it open and silent.
async fn listener(said: &'static [u8], then_ends: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, said, then_ends));
        }
    });
    at
}

async fn talk(mut stream: TcpStream, said: &'static [u8], then_ends: bool) {
    let mut heard = [0; 4096];
    let _ = stream.read(&mut heard).await;
    let _ = stream.write_all(said).await;
    if !then_ends {
        while matches!(stream.read(&mut heard).await, Ok(1..)) {}
    }
}

fn at(api: Api, at: SocketAddr) -> Address {
    stand_in::address("liar", api, at)
}

async fn refused(address: Address) -> CallError {
    hasty(address).predict(&picture("x")).await.expect_err("believed a liar")
}

#[tokio::test]
async fn rest_answers_that_are_cut_or_nonsense_are_errors() {
    for (said, code) in [
        (&b""[..], Code::Unavailable),
        (b"\x00\x01\x02garbage\r\n\r\n", Code::Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Code::Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"predictions\": [", Code::Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", Code::Unavailable),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Code::Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{}", Code::Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n{}", Code::Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Code::DataLoss),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Code::DataLoss),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe{}", Code::DataLoss),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"predictions\": [1,[2]]", Code::DataLoss),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{\"predictions\": [1,[2]]}", Code::DataLoss),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", Code::Unknown),
        (b"HTTP/1.1 503 No\r\nContent-Length: 13\r\n\r\n<h1>busy</h1>", Code::Unavailable),
        (b"HTTP/1.1 404 No\r\nContent-Length: 16\r\n\r\n{\"error\": \"gone\"", Code::NotFound),
    ] {
        let error = refused(at(Api::Rest, listener(said, true).await)).await;
        assert_eq!(error.code, code, "{}: {error}", String::from_utf8_lossy(said));
    }
}

#[tokio::test]
async fn silence_is_a_deadline_wherever_it_begins() {
    for said in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"] {
        let error = refused(at(Api::Rest, listener(said, false).await)).await;
        assert_eq!(error.code, Code::DeadlineExceeded, "{}: {error}", String::from_utf8_lossy(said));
    }
    let error = refused(at(Api::Grpc, listener(b"", false).await)).await;
    assert_eq!(error.code, Code::DeadlineExceeded, "{error}");
}

#[tokio::test]
async fn what_is_not_http2_is_no_grpc_server() {
    for said in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"\xff\xff\xff\x00\x00\x00\x00\x00\x01garbage",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let error = refused(at(Api::Grpc, listener(said, true).await)).await;
        assert!(matches!(error.code, Code::Unavailable | Code::DeadlineExceeded), "{error}");
        assert!(error.to_string().starts_with("liar: Predict: "), "{error}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = at(Api::Rest, listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut heard = [0; 4096];
        let _ = stream.read(&mut heard).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        while stream.write_all(b"4\r\n[[[[\r\n").await.is_ok() {}
    });
    let server = Server::new(address, Options { receive_limit: 100_000, ..Options::default() }).expect("a client");
    let error = server.status(&Model::newest("inception")).await.expect_err("read for ever");
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
}

#[tokio::test]
async fn names_of_models_stay_within_their_segment() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let server = hasty(at(Api::Rest, listener.local_addr().expect("an address")));
    let asked = tokio::spawn(async move { server.status(&Model::newest("../a b?c#d/e")).await });
    let (mut stream, _) = listener.accept().await.expect("a client");
    let mut heard = [0; 4096];
    let length = stream.read(&mut heard).await.expect("a request");
    let text = String::from_utf8_lossy(&heard[..length]);
    assert!(text.starts_with("GET /v1/models/..%2Fa%20b%3Fc%23d%2Fe HTTP/1.1\r\n"), "{text}");
    drop(stream);
    assert!(asked.await.expect("no panic").is_err());
}

#[tokio::test]
async fn encryption_that_the_other_side_does_not_speak_is_an_error() {
    for api in [Api::Grpc, Api::Rest] {
        let mut address = at(api, listener(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true).await);
        address.endpoint.tls = true;
        let error = refused(address).await;
        assert!(matches!(error.code, Code::Unavailable | Code::DeadlineExceeded), "{error}");
    }
}
