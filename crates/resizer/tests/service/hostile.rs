//! Clients that trickle, flood or hang, and servers that come and go.

use std::time::Duration;

use bytes::Bytes;
use resizer::config::Config;
use tfserving::{Api, stand_in::StandIn};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    client::{file, upload},
    harness::{Running, config, grpc, jpeg, start, start_with, telling},
};

async fn hasty() -> Running {
    let server = grpc(&telling());
    start_with(Config { upload_timeout: Duration::from_millis(200), uploads: 1, ..config(vec![server.address("a")]) })
        .await
}

const HEAD: &str = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n";

#[tokio::test]
async fn an_upload_that_stops_coming_is_cut_off_and_its_place_is_free() {
    let running = hasty().await;
    for begun in [
        HEAD.to_owned(),
        format!("{HEAD}--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc"),
    ] {
        let mut stream = TcpStream::connect(running.at).await.expect("connect");
        stream.write_all(begun.as_bytes()).await.expect("send");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer, and the end of it");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("too slowly"), "{answer}");
        assert!(running.service.admission.place().await.is_ok());
    }
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let running = hasty().await;
    let mut stream = TcpStream::connect(running.at).await.expect("connect");
    stream.write_all(HEAD.as_bytes()).await.expect("send");
    drop(stream);
    assert!(running.service.admission.place().await.is_ok());
}

#[tokio::test]
async fn a_flood_is_cut_off_and_told_why() {
    let server = grpc(&telling());
    let limits = resizer::picture::Limits { bytes: 1_000, ..resizer::picture::Limits::default() };
    let running = start_with(Config { limits, ..config(vec![server.address("a")]) }).await;
    let response = upload(&running, "", &Bytes::from(vec![0; 20_000_000])).await;
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn an_upload_that_asks_before_it_floods_is_refused_at_once() {
    let running = hasty().await;
    let mut stream = TcpStream::connect(running.at).await.expect("connect");
    let head = HEAD.replace("100000\r\n", "1000000000000\r\nExpect: 100-continue\r\n");
    stream.write_all(head.as_bytes()).await.expect("send");
    let mut answer = vec![0; 1_000];
    let length = stream.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn requests_that_are_none_do_not_end_the_service() {
    let server = grpc(&telling());
    let running = start(vec![server.address("a")]).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET\r\n\r\n",
        b"POST /upload HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        &[0xff; 100_000],
    ] {
        let mut stream = TcpStream::connect(running.at).await.expect("connect");
        let _ = stream.write_all(garbage).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    file(&running, "?sizes=64", &jpeg(30, 20)).await;
}

#[tokio::test]
async fn a_server_that_was_started_anew_is_warmed_up_anew_and_answers() {
    for api in [Api::Grpc, Api::Rest] {
        let stand_in = StandIn::start(api, telling()).expect("start");
        let at = stand_in.at();
        let running = start(vec![stand_in.address("a")]).await;
        file(&running, "?sizes=64", &jpeg(30, 20)).await;
        drop(stand_in);
        let behaviour = telling();
        let _second = StandIn::start_at(at, api, behaviour.clone()).expect("start again");
        let cells = file(&running, "?sizes=16", &jpeg(30, 20)).await;
        let answered = cells.at("derivatives").object().values();
        assert!(
            answered.clone().count() == 2
                && answered.into_iter().all(|row| row.at("predictions/a/error") == &super::client::Json::Null),
            "{api}"
        );
        assert!(behaviour.calls() >= 2, "{api}: {}", behaviour.calls());
    }
}
