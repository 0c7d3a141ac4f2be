//! The web app's image before two real back ends, a server made of TensorFlow over gRPC and the sample's over REST: through
//! the app both give the scores that TensorFlow gives in process, and when one dies the other still does.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    harness::PATIENCE,
    judge::{JUDGE, TensorFlow, run},
    served::Served,
};
use crate::checkout::workspace;

const NEAR: f64 = 1e-4;
const SERVERS: [&str; 2] = ["reference", "sample"];

/// The server made of TensorFlow, and the pictures that it was asked about.
struct Reference {
    child: Child,
    port: String,
    pictures: tempfile::TempDir,
}

impl Reference {
    fn start(version: &Path) -> Self {
        let pictures = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(TensorFlow::installed().python());
        command.arg(workspace().join(JUDGE).join("serve.py")).arg(version).arg(pictures.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("run");
        let mut port = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut port).expect("a port");
        Self { child, port: port.trim().into(), pictures }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A container of the app in the host's network.
struct App(String);

impl App {
    fn start(image: &str, servers: &str) -> (Self, String) {
        let servers = format!("TF_SERVERS={servers}");
        let line = [
            "run",
            "--detach",
            "--network=host",
            "--read-only",
            "--env",
            &servers,
            "--env",
            "LISTEN=127.0.0.1:0",
            image,
        ];
        let app = Self(run(Command::new("docker").args(line)).trim().to_owned());
        let begin = std::time::Instant::now();
        loop {
            let said = run(Command::new("docker").args(["logs", &app.0]));
            if let Some((_, rest)) = said.split_once("listening on ") {
                let url = rest.split(' ').next().expect("an address").to_owned();
                return (app, url);
            }
            assert!(begin.elapsed() < PATIENCE, "{said}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.0]).output();
    }
}

pub fn both_back_ends_give_the_scores_of_tensorflow(served: &Served, rest: &str) {
    let version = Served::shared().path("model-data/inception/1");
    let mut reference = Reference::start(&version);
    let servers = format!("reference:127.0.0.1:{};sample={rest}", reference.port);
    let (_app, url) = App::start(&served.reference("resizer"), &servers);
    let made = tempfile::tempdir().expect("a temporary folder");
    let folder = |path: &Path| path.to_str().expect("a plain name").to_owned();
    let judge = TensorFlow::installed();
    judge.run("predict.py", &[&folder(&version), "predict_images", &folder(made.path())]);
    let mut compared = 0;
    for (name, query) in [("jpeg_299x299", "?sizes=256,128&formats=jpeg,png"), ("png_rgb_257x129", "")] {
        let file = upload(&url, query, &made.path().join(name));
        let judged = judge.run("classify.py", &[&folder(&version), &folder(reference.pictures.path())]);
        for (key, row) in file["derivatives"].as_object().expect("rows") {
            let same = row["same_as"].as_str().map_or(row, |same| &file["derivatives"][same]);
            let truth = &judged["pictures"][same["filesize"].to_string()];
            for server in SERVERS {
                let cell = &row["predictions"][server];
                assert!(cell["error"].is_null(), "{key} {server}: {cell}");
                is_near(cell, truth, &format!("{name} {key} {server}"));
                assert_eq!(
                    cell["server_duration"].is_number(),
                    server == "sample",
                    "only the sample tells its time: {cell}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 20, "{compared}");

    reference.kill();
    let file = upload(&url, "", &made.path().join("jpeg_299x299"));
    for (key, row) in file["derivatives"].as_object().expect("rows") {
        let cells = &row["predictions"];
        assert_eq!(cells["reference"]["error"]["server"], "reference", "{key}: {cells}");
        assert_eq!(cells["reference"]["results"], json!({}), "{key}");
        assert!(cells["sample"]["error"].is_null() && cells["sample"]["precision"].is_number(), "{key}: {cells}");
    }
}

fn upload(url: &str, query: &str, picture: &Path) -> Value {
    let form = format!("file=@{}", picture.display());
    let told = run(Command::new("curl").args(["--silent", "--form", &form, &format!("{url}/upload{query}")]));
    let reply: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}"));
    assert!(reply["files"][0]["derivatives"].is_object(), "{reply}");
    reply["files"][0].clone()
}

/// `ranked` keeps classes of one name apart, as TensorFlow's answer does.
fn is_near(cell: &Value, truth: &Value, whose: &str) {
    let ranked = cell["ranked"].as_array().expect("classes");
    let (classes, scores) = (truth["classes"].as_array(), truth["scores"].as_array());
    let (classes, scores) = classes.zip(scores).unwrap_or_else(|| panic!("{whose}: nobody judged it"));
    assert_eq!((ranked.len(), classes.len()), (5, 5), "{whose}");
    for ((told, class), score) in ranked.iter().zip(classes).zip(scores) {
        assert_eq!(&told["label"], class, "{whose}");
        let (ours, theirs) = (told["score"].as_f64().expect("a number"), score.as_f64().expect("a number"));
        assert!((ours - theirs).abs() <= NEAR, "{whose}: {ours} is not {theirs}");
    }
}
