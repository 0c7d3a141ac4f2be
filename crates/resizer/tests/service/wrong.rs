//! Requests that are wrong get a problem with one sentence.

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use resizer::picture::Limits;

use super::{
    client::{client, form, post, problem, upload},
    harness::{config, grpc, jpeg, start, start_with, telling},
};

#[tokio::test]
async fn a_missing_file_is_a_400() {
    let running = start(vec![grpc(&telling()).address("a")]).await;
    let nothing = Form::new().text("file", "");
    let another = Form::new().part("picture", Part::stream(jpeg(30, 20)).file_name("cat.jpg"));
    for (what, form) in [("an empty part", nothing), ("another field", another)] {
        let (status, detail) = problem(post(&running, "/upload", form).await).await;
        assert_eq!(status, 400, "{what}");
        assert!(detail.contains("in the field `file`"), "{what}: {detail}");
    }
    let plain = client().post(running.url("/upload")).body("hello").send().await.expect("an answer");
    assert_eq!(problem(plain).await.0, 400);
    let cut = client().post(running.url("/upload")).header("content-type", "multipart/form-data; boundary=x");
    let cut = cut.body("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nab").send().await;
    assert_eq!(problem(cut.expect("an answer")).await.0, 400);
}

#[tokio::test]
async fn what_is_no_picture_is_a_415_and_a_damaged_one_a_422() {
    let running = start(vec![grpc(&telling()).address("a")]).await;
    let whole = jpeg(300, 200);
    for (bytes, wanted) in [
        (Bytes::from_static(b"%PDF-1.7"), 415),
        (Bytes::from_static(b"x"), 415),
        (Bytes::from(vec![0; 10_000]), 415),
        (Bytes::from_static(b"\xff\xd8\xff\xe0"), 422),
        (whole.slice(..200), 422),
    ] {
        for path in ["/upload", "/compare"] {
            let (status, detail) = problem(post(&running, path, form("cat.jpg", &bytes)).await).await;
            assert_eq!(status, wanted, "{path} {bytes:?}: {detail}");
        }
    }
}

#[tokio::test]
async fn too_many_bytes_or_pixels_are_a_413() {
    let limits = Limits { bytes: 50_000, pixels: 100_000, ..Limits::default() };
    let servers = vec![grpc(&telling()).address("a")];
    let running = start_with(resizer::config::Config { limits, ..config(servers) }).await;
    let (status, detail) = problem(upload(&running, "", &jpeg(400, 300)).await).await;
    assert_eq!(status, 413, "{detail}");
    assert!(detail.contains("400x300 pixels"), "{detail}");
    for size in [50_001, 5_000_000] {
        let (status, detail) = problem(upload(&running, "", &Bytes::from(vec![0xff; size])).await).await;
        assert_eq!(status, 413, "{size}: {detail}");
        assert!(detail.contains("more than 50000 bytes"), "{detail}");
    }
}

#[tokio::test]
async fn a_query_without_sense_is_a_400_that_says_everything() {
    let running = start(vec![grpc(&telling()).address("a")]).await;
    let (status, detail) = problem(upload(&running, "?repeat=0&formats=gif&mode=x", &jpeg(30, 20)).await).await;
    assert_eq!((status, detail.matches(';').count()), (400, 2), "{detail}");
    assert_eq!(problem(upload(&running, "?sizes=1&sizes=2", &jpeg(30, 20)).await).await.0, 400);
}

#[tokio::test]
async fn other_methods_and_addresses_are_problems_too() {
    let running = start(vec![grpc(&telling()).address("a")]).await;
    let get = |path: &str| client().get(running.url(path)).send();
    assert_eq!(problem(get("/upload").await.expect("an answer")).await.0, 405);
    assert_eq!(problem(get("/nowhere").await.expect("an answer")).await.0, 404);
    assert_eq!(problem(get("/assets/..%2FCargo.toml").await.expect("an answer")).await.0, 404);
    let posted = client().post(running.url("/servers")).send().await.expect("an answer");
    assert_eq!(problem(posted).await.0, 405);
}
