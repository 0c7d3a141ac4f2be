//! The entrypoint of serving images, run by every shell there is around a server that only says what it was given.
//! Here are the stage and the flags that variables become; no engine is needed.

mod cpu;
mod signals;
mod threads;

use std::{
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    checkout::workspace,
    real::{is_real, say},
};

/// Flags that a server may know, beside the two that every one knows.
const FLAGS: [&str; 10] = [
    "batching_parameters_file",
    "enable_batching",
    "grpc_max_threads",
    "model_config_file",
    "monitoring_config_file",
    "rest_api_num_threads",
    "rest_api_port",
    "tensorflow_inter_op_parallelism",
    "tensorflow_intra_op_parallelism",
    "tensorflow_session_parallelism",
];

/// The script and the four places it looks at, in a folder of its own.
struct Stage {
    folder: TempDir,
}

impl Stage {
    /// A server that knows all flags and runs everywhere; no quota.
    fn new() -> Self {
        let stage = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let mut script = fs_err::read_to_string(workspace().join("docker/entrypoint.sh")).expect("the entrypoint");
        let places = [
            ("settings=/etc/tf-serving\n", "settings"),
            ("servers=/usr/local/bin\n", "servers"),
            ("cgroup=/sys/fs/cgroup\n", "cgroup"),
            ("cpuinfo=/proc/cpuinfo\n", "cpuinfo"),
        ];
        for (place, name) in places {
            assert_eq!(script.matches(place).count(), 1, "{place}");
            let path = stage.folder.path().join(name);
            script = script.replace(place, &format!("{name}='{}'\n", path.display()));
        }
        stage.write("entrypoint.sh", &script);
        stage.write("settings/servers", "run server -\n");
        stage.knows(&FLAGS);
        stage.write("cpuinfo", "processor\t: 0\nflags\t\t: fpu sse2\nbugs\t\t: none\n");
        stage.server("server", "printf '%s\\n' \"$@\" ${OMP_NUM_THREADS:+\"OMP $OMP_NUM_THREADS\"}");
        stage
    }

    fn knows(&self, flags: &[&str]) {
        let lines: String = flags.iter().map(|flag| format!("{flag}\n")).collect();
        self.write("settings/flags", &lines);
    }

    fn server(&self, name: &str, script: &str) {
        let path = format!("servers/{name}");
        self.write(&path, &format!("#!/bin/sh\n{script}\n"));
        let executable = PermissionsExt::from_mode(0o755);
        fs_err::set_permissions(self.folder.path().join(path), executable).expect("make it a program");
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs_err::create_dir_all(path.parent().expect("in the folder")).expect("create");
        fs_err::write(path, text).expect("write");
    }

    fn command(&self, shell: &[&str], variables: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg(self.folder.path().join("entrypoint.sh")).args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin").envs(variables.iter().copied()).stdin(Stdio::null());
        command
    }

    /// Exit code, stdout and stderr, which are the same in every shell.
    fn run(&self, variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut ended = shells().into_iter().map(|shell| {
            let output = self.command(&shell, variables, arguments).output().expect("run the entrypoint");
            let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
            (output.status.code(), text(output.stdout), text(output.stderr))
        });
        let first = ended.next().expect("there is a shell");
        ended.for_each(|other| assert_eq!(first, other, "shells differ"));
        first
    }

    /// What the server was given, one a line.
    #[track_caller]
    fn gives(&self, variables: &[(&str, &str)], arguments: &[&str], expected: &[&str]) {
        let (code, stdout, stderr) = self.run(variables, arguments);
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert_eq!(stdout.lines().collect::<Vec<_>>(), expected, "{variables:?} {arguments:?}");
    }

    #[track_caller]
    fn refuses(&self, variables: &[(&str, &str)], sentence: &str) {
        let expected = (Some(78), String::new(), format!("tf-serving: {sentence}\n"));
        assert_eq!(self.run(variables, &[]), expected, "{variables:?}");
    }
}

/// The system's, and the one in our images, which the real ring must have.
fn shells() -> Vec<Vec<&'static str>> {
    let busybox = Command::new("busybox").arg("true").status().is_ok_and(|status| status.success());
    assert!(busybox || !is_real(), "the real ring needs busybox");
    if !busybox {
        say("skipped in part: no busybox, so the entrypoint runs in this system's shell only");
        return vec![vec!["sh"]];
    }
    vec![vec!["sh"], vec!["busybox", "sh"]]
}

#[test]
fn variables_become_flags_and_may_hold_blanks() {
    let stage = Stage::new();
    let model = ["--model_name=model", "--model_base_path=/models/model"];
    let ports = ["--port=8500", "--rest_api_port=8501"];
    stage.gives(&[], &[], &[ports, model].concat());
    stage.gives(&[("PORT", "1"), ("REST_API_PORT", "2")], &[], &[["--port=1", "--rest_api_port=2"], model].concat());
    let name = ("MODEL_NAME", "my * model");
    stage.gives(&[name], &[], &[ports, ["--model_name=my * model", "--model_base_path=/models/my * model"]].concat());
    let base = ("MODEL_BASE_PATH", "/my models");
    stage.gives(&[base], &[], &[ports, ["--model_name=model", "--model_base_path=/my models/model"]].concat());
    let path = ("MODEL_PATH", "/my/own model");
    stage.gives(
        &[base, name, path],
        &[],
        &[ports, ["--model_name=my * model", "--model_base_path=/my/own model"]].concat(),
    );
    // A variable that is there and empty is one that is not there.
    stage.gives(&[("PORT", ""), ("MODEL_NAME", ""), ("MODEL_CONFIG_FILE", "")], &[], &[ports, model].concat());
}

#[test]
fn files_are_handed_on_by_variables() {
    let stage = Stage::new();
    let ports = ["--port=8500", "--rest_api_port=8501"];
    let many = ("MODEL_CONFIG_FILE", "/my config/models");
    stage.gives(&[many, ("MODEL_NAME", "x")], &[], &[&ports[..], &["--model_config_file=/my config/models"]].concat());
    let more = [many, ("BATCHING_PARAMETERS_FILE", "/b c"), ("MONITORING_CONFIG_FILE", "/m c")];
    let given = [
        "--model_config_file=/my config/models",
        "--enable_batching=true",
        "--batching_parameters_file=/b c",
        "--monitoring_config_file=/m c",
    ];
    stage.gives(&more, &[], &[&ports[..], &given].concat());
}

#[test]
fn metrics_are_on_where_server_and_image_have_them_and_nobody_says_otherwise() {
    let stage = Stage::new();
    stage.write("settings/monitoring.pbtxt", "");
    let file = stage.folder.path().join("settings/monitoring.pbtxt");
    let (on, own) = (format!("--monitoring_config_file={}", file.display()), "--monitoring_config_file=/own");
    let (ports, model) =
        (["--port=8500", "--rest_api_port=8501"], ["--model_name=model", "--model_base_path=/models/model"]);
    stage.gives(&[], &[], &[&ports[..], &model, &[&on]].concat());
    stage.gives(&[("MONITORING_CONFIG_FILE", "/own")], &[], &[&ports[..], &model, &[own]].concat());
    stage.gives(&[], &[own], &[&ports[..], &model, &[own]].concat());
    stage.knows(&[]);
    stage.gives(&[], &[], &["--port=8500", model[0], model[1]]);
}

#[test]
fn the_health_service_that_probes_ask_is_on_where_the_server_has_one() {
    let stage = Stage::new();
    stage.knows(&["enable_grpc_healthcheck_service"]);
    let model = ["--model_name=model", "--model_base_path=/models/model"];
    let on = ["--port=8500", "--enable_grpc_healthcheck_service=true"];
    stage.gives(&[], &[], &[on, model].concat());
    let off = "--enable_grpc_healthcheck_service=false";
    stage.gives(&[], &[off], &["--port=8500", model[0], model[1], off]);
}

#[test]
fn arguments_are_handed_on_and_win() {
    let stage = Stage::new();
    let variables = [("PORT", "1"), ("REST_API_PORT", "2"), ("MODEL_NAME", "a"), ("BATCHING_PARAMETERS_FILE", "/b")];
    let arguments = [
        "--port=3",
        "--rest_api_port",
        "4",
        "--model_name=my own",
        "--model_base_path=/x/*",
        "--enable_batching=false",
        "two\nlines",
        "",
    ];
    let (code, stdout, _) = stage.run(&variables, &arguments);
    assert_eq!(code, Some(0));
    assert_eq!(stdout, format!("--batching_parameters_file=/b\n{}\n", arguments.join("\n")));
    let ports = ["--port=8500", "--rest_api_port=8501"];
    let config = "--model_config_file=/own";
    stage.gives(&[("MODEL_NAME", "x")], &[config], &[&ports[..], &[config]].concat());
    stage.gives(&[("MODEL_CONFIG_FILE", "/x")], &[config], &[&ports[..], &[config]].concat());
}

#[test]
fn flags_that_the_server_does_not_know_are_left_out_or_refused() {
    let stage = Stage::new();
    stage.knows(&[]);
    stage.write("cgroup/cpu.max", "200000 100000\n");
    let expected = ["--port=8500", "--model_name=model", "--model_base_path=/models/model", "OMP 2"];
    stage.gives(&[], &[], &expected);
    for (variable, flag) in [
        ("MODEL_CONFIG_FILE", "model_config_file"),
        ("BATCHING_PARAMETERS_FILE", "enable_batching"),
        ("MONITORING_CONFIG_FILE", "monitoring_config_file"),
    ] {
        stage.refuses(&[(variable, "/x")], &format!("{variable} is set, but this server has no flag --{flag}"));
    }
    stage.knows(&["enable_batching"]);
    let sentence = "BATCHING_PARAMETERS_FILE is set, but this server has no flag --batching_parameters_file";
    stage.refuses(&[("BATCHING_PARAMETERS_FILE", "/x")], sentence);
}
