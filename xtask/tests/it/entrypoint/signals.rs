//! As process 1 of a container the entrypoint hands signals on and ends as its server ends.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use super::{Stage, shells};

const STARTED: &str = "started";

#[test]
fn the_servers_own_end_is_the_containers() {
    let stage = Stage::new();
    for (script, code) in [("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137), ("kill -TERM $$", 143)] {
        stage.server("server", script);
        for shell in shells() {
            // What a shell says of a killed child is its own affair.
            let status = stage.command(&shell, &[], &[]).stderr(Stdio::null()).status().expect("run the entrypoint");
            assert_eq!(status.code(), Some(code), "{shell:?}: {script}");
        }
    }
}

/// Sends a signal each time the server has said the next of `words`.
#[track_caller]
fn ends(script: &str, words: &[(&str, &str)], code: i32) {
    let stage = Stage::new();
    stage.server("server", script);
    for shell in shells() {
        let mut command = stage.command(&shell, &[], &[]);
        // A shell says of a child that it was terminated.
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("run the entrypoint");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        for (word, signal) in words {
            let said = lines.next().expect("it says something").expect("UTF-8");
            assert_eq!(said, *word, "{shell:?}");
            let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
            assert!(sent.expect("run kill").success());
        }
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{shell:?}: {script}");
        assert!(lines.next().is_none(), "nobody is left who could say something");
    }
}

#[test]
fn a_server_that_leaves_the_signal_to_the_kernel_has_ended_well() {
    let script = format!("echo {STARTED}; exec sleep 60");
    ends(&script, &[(STARTED, "TERM")], 0);
    ends(&script, &[(STARTED, "INT")], 0);
}

#[test]
fn a_server_that_drains_is_waited_for() {
    let drains = |code| format!("trap 'sleep 0.3; exit {code}' TERM; echo {STARTED}; while :; do sleep 0.05; done");
    ends(&drains(0), &[(STARTED, "TERM")], 0);
    ends(&drains(7), &[(STARTED, "TERM")], 7);
}

#[test]
fn a_second_signal_reaches_the_server_too() {
    // Only what it says last invites the second signal.
    let script = format!("trap 'trap \"exit 5\" TERM; echo asked' TERM; echo {STARTED}; while :; do sleep 0.05; done");
    ends(&script, &[(STARTED, "TERM"), ("asked", "TERM")], 5);
}

#[test]
fn a_signal_to_a_server_that_is_not_there_does_no_harm() {
    let stage = Stage::new();
    stage.write("settings/servers", "run no_such_server -\n");
    let mut command = stage.command(&["sh"], &[], &[]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("run the entrypoint");
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(127), "{said}");
    assert!(said.contains("no_such_server"), "{said}");
}
