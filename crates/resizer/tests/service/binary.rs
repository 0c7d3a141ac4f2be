//! The binary: its environment, its signals, its exit codes.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use super::harness::{grpc, telling};

fn resizer(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resizer"));
    command.env_clear().envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn every_mistake_in_the_environment_is_told_at_once_with_exit_code_2() {
    let output = resizer(&[("TF_SERVERS", "a:h:1;a:h:2;b"), ("TF_REQUEST_TIMEOUT", "soon"), ("LISTEN", "x")])
        .output()
        .expect("run");
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), told.lines().count()), (Some(2), 4), "{told}");
    assert!(told.lines().all(|line| line.starts_with("resizer: ")), "{told}");
    let nothing = resizer(&[]).output().expect("run");
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("TF_SERVERS is not set"));
}

#[test]
fn an_address_that_is_taken_is_told_with_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let listen = taken.local_addr().expect("an address").to_string();
    let output = resizer(&[("TF_SERVERS", "a:h:1"), ("LISTEN", &listen)]).output().expect("run");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("choose another LISTEN"), "{told}");
    drop(taken);
    let alone = resizer(&[("TF_SERVERS", "a:h:1"), ("LISTEN", &listen)]).arg("health").output().expect("run");
    assert_eq!(alone.status.code(), Some(1));
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    let stand_in = grpc(&telling());
    let servers = format!("a:127.0.0.1:{}", stand_in.at().port());
    let mut running = resizer(&[("TF_SERVERS", &servers), ("LISTEN", "127.0.0.1:0")]).spawn().expect("run");
    let mut line = String::new();
    BufReader::new(running.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
    let at = line
        .strip_prefix("resizer: listening on http://")
        .and_then(|rest| rest.split(' ').next())
        .expect(&line)
        .to_owned();
    let health = resizer(&[("TF_SERVERS", &servers), ("LISTEN", &at)]).arg("health").output().expect("run");
    assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));
    let killed = Command::new("kill").arg(running.id().to_string()).status().expect("run kill");
    assert!(killed.success());
    let status = running.wait().expect("an end");
    let mut told = String::new();
    running.stderr.take().expect("piped").read_to_string(&mut told).expect("text");
    assert!(status.success(), "{status}: {told}");
}
