//! Python with TensorFlow Serving's own classes: the judge of bytes, and a server on gRPC's own library. Runs with XTASK_REAL=1.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use bytes::Bytes;
use tfserving::{Api, Code, DataType, Model, Origin, Tensor, stand_in};

use super::{picture, server};

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

/// Whether Python judges; if not, that is said aloud.
pub fn judges() -> bool {
    let real = std::env::var_os("XTASK_REAL").is_some_and(|value| value == "1");
    if !real {
        let what = "skipped: set XTASK_REAL=1 to have tensorflow-serving-api judge (cargo xtask test does)";
        let _ = writeln!(std::io::stderr(), "{what}");
    }
    real
}

/// JUDGE_PYTHON, or a virtual environment below target/ that is made when it is first needed.
pub fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| std::env::var_os("JUDGE_PYTHON").map_or_else(installed, PathBuf::from)).clone()
}

fn installed() -> PathBuf {
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/xtask/serving-api");
    let python = environment.join("bin/python");
    let ready = environment.join("ready");
    if !ready.exists() {
        let requirements = folder().join("requirements.txt");
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(requirements));
        let alone = ["-m", "pip", "install", "--quiet", "--no-deps", "tensorflow-serving-api==2.21.0"];
        run(Command::new(&python).args(alone));
        fs_err::write(&ready, "").expect("write");
    }
    python
}

fn run(command: &mut Command) {
    let status = command.status().expect("run");
    assert!(status.success(), "{command:?}: {status}");
}

/// Ends when its standard input does, with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn served() -> (Served, SocketAddr) {
    let mut command = Command::new(python());
    let mut child =
        command.arg(folder().join("server.py")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("run");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
    let port: u16 = line.trim().parse().expect("a port");
    (Served(child), SocketAddr::from(([127, 0, 0, 1], port)))
}

#[tokio::test]
async fn a_server_on_grpc_s_own_library_is_understood() {
    if !judges() {
        return;
    }
    let (_served, at) = served();
    let server = server(stand_in::address("python", Api::Grpc, at));
    let large = Bytes::from(vec![0xff; 40_000_000]);
    for sent in [Bytes::from_static(b"content"), Bytes::from_static(b"x"), large] {
        let answer = server.predict(&picture(sent.clone())).await.expect("an answer");
        assert_eq!(answer.value.output("scores").and_then(Tensor::to_f64), Some(vec![sent.len() as f64]));
        assert_eq!(answer.value.output("classes").and_then(Tensor::as_strings), Some(&[Bytes::from("bytes")][..]));
        assert_eq!((answer.value.version, answer.timing.server.map(|own| own.as_micros())), (Some(3), Some(250)));
    }
    let refused = server.predict(&picture("refuse")).await.expect_err("refused");
    assert_eq!((refused.code, refused.origin), (Code::NotFound, Origin::Server), "{refused}");
    assert_eq!(refused.message, "Servable not found for request: Latest(nothing)");
    let model = Model::newest("inception");
    assert_eq!(server.is_live(&model).await.expect("live"), Some(3));
    let metadata = server.metadata(&model).await.expect("metadata").value;
    assert_eq!(metadata.signatures["predict_images"].inputs["images"].dtype, DataType::String);
    assert_eq!(server.connections(), 1);
}
