//! Everything that is not an upload: the page, the document, states, figures.

use super::{
    client::{Json, client, json, problem, upload},
    harness::{Running, grpc, jpeg, rest, start, telling},
};

async fn get(running: &Running, path: &str) -> reqwest::Response {
    client().get(running.url(path)).send().await.expect("an answer")
}

#[tokio::test]
async fn the_page_and_its_files_come_out_of_the_binary() {
    let running = start(vec![grpc(&telling()).address("a")]).await;
    let page = get(&running, "/").await;
    assert_eq!(page.headers()["content-security-policy"], resizer::page::POLICY);
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    let etag = page.headers()["etag"].clone();
    assert!(page.text().await.expect("a page").contains("/assets/app.js"));
    let again = client().get(running.url("/")).header("if-none-match", etag).send().await.expect("an answer");
    assert_eq!((again.status().as_u16(), again.bytes().await.expect("nothing").len()), (304, 0));
    let script = client()
        .get(running.url("/assets/plotly.min.js"))
        .header("accept-encoding", "gzip")
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (&script.headers()["content-encoding"], script.status().as_u16()),
        (&"gzip".parse().expect("a header"), 200)
    );
    assert_eq!(problem(get(&running, "/assets/nothing.js").await).await.0, 404);
}

#[tokio::test]
async fn servers_say_how_they_are() {
    let (first, second) = (grpc(&telling()), rest(&telling()));
    let running = start(vec![first.address("a"), second.address("b"), grpc(&telling()).address("gone")]).await;
    let response = get(&running, "/servers").await;
    assert_eq!(response.headers()["x-max-bytes"], "99900000");
    let servers = json(response).await;
    let [first, second, gone] = servers.list() else { panic!("three servers") };
    assert_eq!(first.keys(), ["name", "address", "api", "model", "signature", "state", "version", "detail"]);
    assert_eq!((first.at("state").text(), first.at("version").number(), first.at("api").text()), ("live", 7.0, "grpc"));
    assert_eq!(
        (second.at("state").text(), second.at("version").number(), second.at("api").text()),
        ("live", 7.0, "rest")
    );
    assert_eq!((gone.at("state").text(), gone.at("version")), ("down", &Json::Null));
    assert!(gone.at("detail").text().contains("UNAVAILABLE"), "{gone:?}");
    assert!(first.at("address").text().starts_with("grpc://127.0.0.1:"));
}

#[tokio::test]
async fn ready_means_that_one_server_answers_and_healthy_that_we_do() {
    let server = grpc(&telling());
    let running = start(vec![grpc(&telling()).address("gone"), server.address("a")]).await;
    assert_eq!(get(&running, "/readyz").await.status(), 200);
    let alone = start(vec![grpc(&telling()).address("gone")]).await;
    let (status, detail) = problem(get(&alone, "/readyz").await).await;
    assert!(status == 503 && detail.starts_with("No server answers; the last said "), "{detail}");
    assert_eq!(get(&alone, "/healthz").await.text().await.expect("a body"), "ok");
}

#[tokio::test]
async fn figures_count_what_happened() {
    let server = grpc(&telling());
    let running = start(vec![server.address("a"), grpc(&telling()).address("gone")]).await;
    let picture = jpeg(30, 20);
    upload(&running, "?sizes=16", &picture).await;
    upload(&running, "?sizes=0", &picture).await;
    let text = get(&running, "/metrics").await.text().await.expect("text");
    for line in [
        "resizer_requests_total{route=\"/upload\",status=\"200\"} 1",
        "resizer_requests_total{route=\"/upload\",status=\"400\"} 1",
        "resizer_cells_total{server=\"a\",code=\"OK\"} 2",
        "resizer_cells_total{server=\"gone\",code=\"UNAVAILABLE\"} 2",
        "resizer_cell_seconds_count{server=\"a\"} 2",
        "resizer_picture_seconds_count{step=\"decode\"} 1",
        "resizer_uploads_in_work 0",
        &format!("resizer_uploaded_bytes_total {}", picture.len()),
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_describes_every_route_and_field() {
    let server = grpc(&telling());
    let running = start(vec![server.address("a")]).await;
    let document = json(get(&running, "/openapi.json").await).await;
    assert!(document.at("openapi").text().starts_with("3.1"), "{:?}", document.at("openapi"));
    assert_eq!(
        document.at("paths").keys(),
        ["/batch", "/compare", "/healthz", "/metrics", "/readyz", "/servers", "/upload"]
    );
    let described = |schema: &str| document.at("components/schemas").at(schema).at("properties").keys().len();
    let file = super::client::file(&running, "", &jpeg(30, 20)).await;
    assert_eq!(described("FileReply"), file.keys().len());
    let row = &file.at("derivatives").object()["128x128"];
    assert_eq!(described("PictureReply") + described("DetailsReply") + 3, row.keys().len());
    assert_eq!(described("PredictionReply"), row.at("predictions/a").keys().len());
}

#[tokio::test]
async fn the_document_can_be_browsed_without_the_internet() {
    let running = start(vec![grpc(&telling()).address("a")]).await;
    let page = get(&running, "/docs/").await;
    assert_eq!(page.status(), 200);
    let text = page.text().await.expect("a page");
    assert!(text.contains("swagger-ui"), "{text}");
    assert!(!text.contains("//unpkg") && !text.contains("https://cdn"), "{text}");
    assert_eq!(get(&running, "/docs/swagger-ui-bundle.js").await.status(), 200);
    assert_eq!(get(&running, "/docs").await.status(), 200);
}
