//! What cannot be built at all is refused before anything starts, in one clear message.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use super::harness::{CPU_STANDARD, Sample, is_real};
use crate::checkout::Checkout;

#[test]
fn an_engine_that_is_too_old_is_refused() {
    if !is_real() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp://{}", listener.local_addr().expect("bound"));
    // It answers everything alike and ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let body = r#"{"Version":"1.12.6","ApiVersion":"1.24","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let checkout = Checkout::bare().with_environment("DOCKER_HOST", &address);
    checkout.run(&["--profile", "sample", "clean"]).failed_saying(
        1,
        &[
            &format!("the engine at {address} speaks API 1.24 (version 1.12.6)"),
            "xtask needs API 1.41 (Docker Engine 20.10) or newer",
        ],
    );
}

#[test]
fn a_base_that_no_registry_has_is_named_with_a_way_out() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    sample.edit_profile("serving-base = { bootstrap = \"bookworm\" }", "serving-base = \"127.0.0.1:1/none:1\"");
    let ran = sample.build(&["cpu-standard"]);
    ran.failed_saying(
        1,
        &[
            "pull 127.0.0.1:1/none:1; where no registry is reachable, use a profile with a bootstrapped base",
            "connection refused",
        ],
    );
    assert!(!sample.has(CPU_STANDARD));
    assert!(sample.engine.containers(&sample.id).is_empty());
}

#[test]
fn a_missing_secret_is_asked_for_before_anything_starts() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    let headers = "[bazel]\nheaders = { Authorization = \"XTASK_IT_NOT_SET\" }";
    sample.edit("config.toml", "[bazel]", headers);
    sample.build(&["cpu-standard"]).failed_saying(
        1,
        &["takes the remote header Authorization from $XTASK_IT_NOT_SET, which is not set; export it"],
    );
    assert!(sample.engine.volumes(&sample.id).is_empty(), "something was started");
}

#[test]
fn a_bin_that_cannot_be_written_is_refused_before_anything_starts() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    sample.write("bin", "a file where a folder must be");
    let bin = sample.path("bin").display().to_string();
    sample.build(&["cpu-standard"]).failed_saying(1, &["nothing was started", "writing here", &bin]);
    assert!(sample.engine.volumes(&sample.id).is_empty(), "something was started");
}

#[test]
fn sources_that_are_not_there_are_named() {
    if !is_real() {
        return;
    }
    let sample = Sample::new();
    fs_err::remove_dir_all(sample.path("serving")).expect("it was copied");
    sample.build(&["cpu-standard"]).failed_saying(1, &["serving/sample"]);
    assert!(sample.engine.volumes(&sample.id).is_empty(), "something was started");
}
