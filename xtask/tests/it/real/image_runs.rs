//! Containers of the real images: which server they take, what they answer, and how they end.

use std::{path::Path, thread};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    harness::is_real,
    http::{Answer, ask, get, post, until_loaded},
    judge::TensorFlow,
    served::{Container, Served, half_plus_two, inception},
};

const FMA: &str = "TF_SERVING_CPU_FLAGS=sse4_1 sse4_2 avx avx2 fma";
const NO_FMA: &str = "TF_SERVING_CPU_FLAGS=sse4_1 sse4_2 avx avx2";
const INCEPTION_PREDICT: &str = "/v1/models/inception:predict";
const HALF: &str = "MODEL_NAME=half";
pub const INCEPTION: &str = "MODEL_NAME=inception";

#[test]
fn the_entrypoint_takes_the_server_that_the_cpu_can_run() {
    if !is_real() {
        return;
    }
    let served = Served::shared();
    let refused = Container::start(served, "cpu-optimized", &[NO_FMA], half_plus_two(), 1.0);
    assert_eq!(refused.exit_code(), 78);
    let instead = served.reference("cpu-standard");
    let sentence = format!("tf-serving: needs sse4_1 sse4_2 avx fma avx2; this CPU lacks fma: use {instead}\n");
    assert_eq!(refused.log(), sentence);
    drop(refused);

    let mut fingerprints = Vec::new();
    for (cpu, server) in
        [(FMA, "tensorflow_model_server.cpu.optimized"), (NO_FMA, "tensorflow_model_server.cpu.standard")]
    {
        let container = Container::start(served, "auto", &[cpu, HALF], half_plus_two(), 1.5);
        let address = container.address();
        until_loaded(&address, "half");
        let processes = served.engine.processes(&container.name);
        assert!(processes.contains(&format!("/usr/local/bin/{server} --port=8500")), "{cpu}: {processes}");
        for flag in ["--tensorflow_intra_op_parallelism=2", "--rest_api_num_threads=8"] {
            assert!(processes.contains(flag), "the quota is 1.5 CPUs: {processes}");
        }
        let answer = post(&address, "/v1/models/half:predict", r#"{"instances":[1.0,2,5]}"#);
        fingerprints.push(answer.header("X-Sample-Fingerprint").expect("predictions carry it").to_owned());
    }
    assert_eq!(fingerprints[0], fingerprints[1], "both servers compute the same");
}

#[test]
fn answers_are_those_of_tensorflow_serving() {
    if !is_real() {
        return;
    }
    let served = Served::shared();
    let container = Container::start(served, "auto", &[HALF], half_plus_two(), 1.0);
    let address = container.address();
    until_loaded(&address, "half");
    for (path, body, status, expected) in PAIRS {
        let answer = if body == GET { get(&address, path) } else { post(&address, path, body) };
        let what = format!("{path} {body}: {answer:?}");
        assert_eq!(answer.status, status, "{what}");
        match expected.strip_prefix("error: ") {
            Some(error) => {
                let told = answer.json();
                assert!(told["error"].as_str().is_some_and(|told| told.contains(error)), "{what}");
            }
            None if expected.is_empty() => assert_eq!(answer.body, "", "{what}"),
            None => assert_eq!(answer.json(), serde_json::from_str::<Value>(expected).expect("JSON"), "{what}"),
        }
        assert_eq!(answer.header("Server"), Some("sample server, not TensorFlow Serving"), "{what}");
        let predicted = status == 200 && body != GET;
        assert_eq!(answer.header("X-Sample-Fingerprint").is_some(), predicted, "{what}");
        let timing = answer.header("Server-Timing").and_then(|told| told.strip_prefix("total;dur="));
        assert_eq!(timing.is_some_and(|spent| spent.parse::<f64>().is_ok()), predicted, "{what}");
    }
    assert_eq!(get(&address, "/v1/models/half").json()["model_version_status"][0]["state"], "AVAILABLE");
    metrics_count_the_predictions(&address);
}

/// As many as [`PAIRS`] has asked, by TensorFlow Serving's names.
fn metrics_count_the_predictions(address: &str) {
    let predictions = |well: bool| {
        let pairs = PAIRS.iter().filter(|(path, body, status, _)| {
            *body != GET
                && path.starts_with("/v1/models/half")
                && path.ends_with(":predict")
                && (*status == 200) == well
        });
        pairs.count() as f64
    };
    let told = get(address, "/monitoring/prometheus/metrics");
    assert_eq!((told.status, told.header("Content-Type")), (200, Some("text/plain")), "{told:?}");
    let figure = |name: &str| {
        let line = told.body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let figure = line.and_then(|figure| figure.parse::<f64>().ok());
        figure.unwrap_or_else(|| panic!("no {name} in {}", told.body))
    };
    let well = predictions(true);
    assert_eq!(figure(":tensorflow:serving:request_count{model_name=\"half\",status=\"OK\"}"), well);
    let (request, runtime) = (":tensorflow:serving:request_latency_", ":tensorflow:serving:runtime_latency_");
    let (rest, tf1) = (
        "model_name=\"half\",API=\"predict\",entrypoint=\"REST\"",
        "model_name=\"half\",API=\"Predict\",runtime=\"TF1\"",
    );
    assert_eq!(figure(&format!("{request}count{{{rest}}}")), well);
    assert_eq!(figure(&format!("{request}bucket{{{rest},le=\"+Inf\"}}")), well);
    assert_eq!(figure(&format!("{runtime}count{{{tf1}}}")), well);
    let (whole, part) = (figure(&format!("{request}sum{{{rest}}}")), figure(&format!("{runtime}sum{{{tf1}}}")));
    assert!(0.0 < part && part < whole, "TensorFlow's part of {whole} us was {part} us");
}

/// Not a body but the other method.
const GET: &str = "(GET)";
const PREDICT: &str = "/v1/models/half:predict";

/// Path, body, status, and the answer or what its error says.
const PAIRS: [(&str, &str, u16, &str); 18] = [
    (PREDICT, r#"{"instances":[1.0,2,5]}"#, 200, r#"{"predictions":[2.5,3.0,4.5]}"#),
    (PREDICT, r#"{"instances":[{"x":1.0},{"x":2}]}"#, 200, r#"{"predictions":[2.5,3.0]}"#),
    (PREDICT, r#"{"inputs":[1.0,2,5]}"#, 200, r#"{"outputs":[2.5,3.0,4.5]}"#),
    (PREDICT, r#"{"inputs":{"x":[1.0,2,5]}}"#, 200, r#"{"outputs":[2.5,3.0,4.5]}"#),
    (PREDICT, "", 400, "error: JSON Parse error: The document is empty"),
    (PREDICT, "{", 400, "error: JSON Parse error: Invalid value. at offset: 1"),
    (PREDICT, "{}", 400, "error: Missing 'inputs' or 'instances' key"),
    (PREDICT, r#"{"inputs":{"y":1}}"#, 400, "error: Missing named input: x in 'inputs' object."),
    (
        PREDICT,
        r#"{"signature_name":"no","instances":[1]}"#,
        400,
        "error: Serving signature name: \"no\" not found in signature def",
    ),
    (
        PREDICT,
        r#"{"instances":["a"]}"#,
        400,
        "error: Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: \"a\" Type: String is not of expected type: float",
    ),
    (PREDICT, r#"{"instances":[[1],[1,2]]}"#, 400, "error: Expecting shape [1] but got: [2]"),
    ("/v1/models/no:predict", r#"{"instances":[1]}"#, 404, "error: Servable not found for request: Latest(no)"),
    (
        "/v1/models/half/versions/2:predict",
        r#"{"instances":[1]}"#,
        404,
        "error: Servable not found for request: Specific(half, 2)",
    ),
    ("/v1/models/x", GET, 404, "error: Could not find any versions of model x"),
    ("/v1/models/half/versions/3", GET, 404, "error: Could not find version 3 of model half"),
    ("/v1/models", GET, 400, "error: Missing model name in request."),
    (PREDICT, GET, 400, "error: Malformed request: GET /v1/models/half:predict"),
    ("/", GET, 404, ""),
];

#[test]
fn pictures_get_the_scores_of_tensorflow_itself_and_the_end_waits_for_them() {
    if !is_real() {
        return;
    }
    let served = Served::shared();
    let version = served.path("model-data/inception/1");
    let container = Container::start(served, "auto", &[INCEPTION], inception(&version), 2.0);
    let address = container.address();
    until_loaded(&address, "inception");
    let encoded = scores_are_those_of_tensorflow(&address, &version);
    ends_after_its_last_answer(&container, &address, INCEPTION_PREDICT, &encoded);
}

/// Asks about three pictures, by row and by column; gives them as they were sent.
pub fn scores_are_those_of_tensorflow(address: &str, version: &Path) -> Vec<Value> {
    let pictures = tempfile::tempdir().expect("a temporary folder");
    let folder = |path: &Path| path.to_str().expect("a plain name").to_owned();
    let arguments = [&folder(version), "predict_images", &folder(pictures.path())];
    let judged = TensorFlow::installed().run("predict.py", &arguments);
    let judged = judged["pictures"].as_array().expect("pictures").clone();
    assert_eq!(judged.len(), 3);
    let encoded: Vec<Value> = judged
        .iter()
        .map(|picture| {
            let name = picture["file"].as_str().expect("a name");
            json!({ "b64": STANDARD.encode(fs_err::read(pictures.path().join(name)).expect("written")) })
        })
        .collect();
    let rows = json!({ "signature_name": "predict_images", "instances": encoded }).to_string();
    let columns = json!({ "signature_name": "predict_images", "inputs": { "images": encoded } }).to_string();
    let by_row = post(address, INCEPTION_PREDICT, &rows).json();
    let by_column = post(address, INCEPTION_PREDICT, &columns).json();
    for (number, picture) in judged.iter().enumerate() {
        for told in [
            [&by_row["predictions"][number]["scores"], &by_row["predictions"][number]["classes"]],
            [&by_column["outputs"]["scores"][number], &by_column["outputs"]["classes"][number]],
        ] {
            assert_eq!(*told[1], picture["classes"], "{picture}");
            let scores =
                |of: &Value| of.as_array().expect("scores").iter().filter_map(Value::as_f64).collect::<Vec<_>>();
            let (ours, theirs) = (scores(told[0]), scores(&picture["scores"]));
            assert_eq!((ours.len(), theirs.len()), (5, 5), "{told:?}");
            let near = ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() <= 1e-4);
            assert!(near, "{ours:?} are not {theirs:?}");
        }
    }
    encoded
}

/// SIGTERM while many pictures are under way.
fn ends_after_its_last_answer(container: &Container, address: &str, path: &str, encoded: &[Value]) {
    let many: Vec<&Value> = encoded.iter().cycle().take(36).collect();
    let body = json!({ "signature_name": "predict_images", "instances": many }).to_string();
    let answer = thread::scope(|scope| {
        let asked = scope.spawn(|| ask(address, "POST", path, &body));
        // Long enough to be received, and a fraction of what 36 pictures take.
        thread::sleep(std::time::Duration::from_millis(500));
        assert!(!asked.is_finished(), "answered too soon to be interrupted");
        container.stop_softly();
        let refused =
            |answer: std::io::Result<Answer>| answer.is_err() || answer.is_ok_and(|answer| answer.status == 503);
        let mut tries = 0;
        while !refused(ask(address, "GET", "/v1/models/inception", "")) {
            tries += 1;
            assert!(!asked.is_finished() && tries < 100, "a server that ends lets others in");
            thread::sleep(std::time::Duration::from_millis(10));
        }
        asked.join().expect("no panic")
    });
    let answer = answer.expect("a request in flight is answered");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["predictions"].as_array().map(Vec::len), Some(36));
    assert_eq!(container.exit_code(), 0, "{}", container.log());
}
