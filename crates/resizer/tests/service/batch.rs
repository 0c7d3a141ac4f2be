//! Many pictures, one table.

use std::io::{Cursor, Write};

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use tfserving::{
    Code,
    stand_in::{Behaviour, Reply},
};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    client::{Json, client, json, post, problem},
    harness::{grpc, jpeg, start, telling},
};

fn files(files: &[(&str, Bytes)]) -> Form {
    let part = |bytes: &Bytes, name: &str| Part::stream(bytes.clone()).file_name(name.to_owned());
    files.iter().fold(Form::new(), |form, (name, bytes)| form.part("file", part(bytes, name)))
}

fn zip(files: &[(&str, Bytes)]) -> Bytes {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("begin");
        writer.write_all(content).expect("write");
    }
    writer.finish().expect("end").into_inner().into()
}

#[tokio::test]
async fn files_and_archives_become_one_table() {
    let server = grpc(&telling());
    let running = start(vec![server.address("a"), grpc(&telling()).address("gone")]).await;
    let archive = zip(&[("more/b.jpg", jpeg(30, 20)), ("more/notes.txt", Bytes::from_static(b"no picture"))]);
    let form = files(&[("a.jpg", jpeg(40, 20)), ("more.zip", archive)]);
    let rows = json(post(&running, "/batch?sizes=16", form).await).await;
    let named = |row: &Json| match (row.at("image"), row.at("derivative"), row.at("server")) {
        (image, Json::Text(derivative), Json::Text(server)) => format!("{} {derivative} {server}", image.text()),
        (image, ..) => image.text().to_owned(),
    };
    assert_eq!(
        rows.list().iter().map(named).collect::<Vec<_>>(),
        [
            "a.jpg Orig. 40x20 a",
            "a.jpg Orig. 40x20 gone",
            "a.jpg 16x16 a",
            "a.jpg 16x16 gone",
            "b.jpg Orig. 30x20 a",
            "b.jpg Orig. 30x20 gone",
            "b.jpg 16x16 a",
            "b.jpg 16x16 gone",
            "notes.txt"
        ]
    );
    let rows = rows.list();
    assert_eq!((rows[2].at("top_label").text(), rows[2].at("error")), ("tabby, tabby cat", &Json::Null));
    assert!(rows[3].at("error").text().contains("UNAVAILABLE"));
    assert!(rows[8].at("error").text().contains("this is no JPEG"), "{:?}", rows[8]);
}

#[tokio::test]
async fn the_same_table_comes_as_csv_where_it_is_asked_for() {
    let server = grpc(&telling());
    let running = start(vec![server.address("my, \"server\"")]).await;
    let by_query = post(&running, "/batch?sizes=16&format=csv", files(&[("a.jpg", jpeg(40, 20))])).await;
    let by_header = client().post(running.url("/batch?sizes=16")).header("accept", "text/csv");
    let by_header = by_header.multipart(files(&[("a.jpg", jpeg(40, 20))])).send().await.expect("an answer");
    for response in [by_query, by_header] {
        assert!(response.headers()["content-type"].to_str().expect("text").starts_with("text/csv"));
        let text = response.text().await.expect("a body");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
        assert_eq!((rows.len(), &header[0], &header[2]), (2, "image", "server"));
        assert_eq!((&rows[1][1], &rows[1][2]), ("16x16", "my, \"server\""));
    }
}

#[tokio::test]
async fn a_batch_that_nobody_answers_for_is_a_502() {
    let refusing = grpc(&Behaviour::always(Reply::Refusal(Code::NotFound, "no such model".into())));
    let running = start(vec![refusing.address("a")]).await;
    assert_eq!(problem(post(&running, "/batch", files(&[("a.jpg", jpeg(40, 20))])).await).await.0, 502);
}

#[tokio::test]
async fn batches_without_sense_are_problems() {
    let server = grpc(&telling());
    let running = start(vec![server.address("a")]).await;
    let cut = zip(&[("a.jpg", jpeg(40, 20))]).slice(..60);
    assert_eq!(problem(post(&running, "/batch", files(&[("a.zip", cut)])).await).await.0, 422);
    assert_eq!(problem(post(&running, "/batch", files(&[("a.zip", zip(&[]))])).await).await.0, 400);
    assert_eq!(problem(post(&running, "/batch", Form::new()).await).await.0, 400);
    assert_eq!(problem(post(&running, "/batch?format=xml", files(&[("a.jpg", jpeg(4, 2))])).await).await.0, 400);
}
