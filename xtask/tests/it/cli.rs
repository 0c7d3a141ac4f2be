//! The compiled program as a caller sees it: help, exit codes, what goes to stdout and what to stderr.
//! No engine and no network: every run here is told of an engine that does not exist.

use serde_json::Value;

use crate::checkout::Checkout;

const GLOBAL: [&str; 7] = ["--profile", "--config", "--dry-run", "--json", "--verbose", "--no-progress", "--no-wait"];

const COMMANDS: [(&str, &[&str]); 13] = [
    ("quickstart", &[]),
    ("doctor", &[]),
    ("build-servers", &["--fail-fast", "--keep-going", "[VARIANT]"]),
    ("export-model", &["--checkpoint", "--output", "--version", "--scores", "--warm-up", "--trust-on-first-use"]),
    (
        "bench",
        &[
            "compare",
            "--server",
            "--image",
            "--cpus",
            "--target",
            "--model",
            "--signature",
            "--input",
            "--classes",
            "--scores",
            "--images",
            "--labels",
            "--sizes",
            "--formats",
            "--qualities",
            "--repetitions",
            "--restarts",
            "--quick",
            "--no-load",
            "--concurrency",
            "--rates",
            "--seconds",
            "--slo-ms",
            "--margin",
            "--seed",
            "--output",
        ],
    ),
    ("down", &["--all"]),
    ("push", &["--registry", "--tag", "--also-tag", "--sign", "--verify", "[VARIANT]"]),
    ("model-info", &["<DIR>"]),
    ("inspect", &["<FILE>"]),
    ("clean", &["--execute"]),
    ("measure", &["--list", "--rounds", "--output", "[NAME]"]),
    ("test", &["--offline", "[FILTER]"]),
    ("completions", &["<SHELL>", "bash", "zsh", "fish"]),
];

#[test]
fn help_of_every_command_mentions_its_flags() {
    let checkout = Checkout::bare();
    let overview = checkout.run(&["--help"]);
    overview.succeeded();
    for (command, own) in COMMANDS {
        assert!(overview.stdout.contains(&format!("  {command} ")), "{command} is not in:\n{}", overview.stdout);
        let help = checkout.run(&[command, "--help"]);
        help.succeeded();
        for flag in GLOBAL.iter().chain(own) {
            assert!(help.stdout.contains(flag), "help of {command} lacks {flag}:\n{}", help.stdout);
        }
    }
}

#[test]
fn the_plan_goes_to_stdout_and_needs_neither_engine_nor_checkout() {
    let checkout = Checkout::bare();
    for profile in ["sample", "article", "current"] {
        let ran = checkout.run(&["--profile", profile, "--dry-run", "build-servers"]);
        ran.succeeded();
        assert!(ran.stdout.starts_with(&format!("# build-servers, profile {profile}: ")), "{}", ran.stdout);
        assert_eq!(ran.stderr, "");
    }
    assert_eq!(checkout.files(""), ["config.toml"]);
}

#[test]
fn a_dry_run_of_any_command_creates_nothing() {
    let checkout = Checkout::bare();
    let changing = [
        &["quickstart"] as &[&str],
        &["clean", "--execute"],
        &["test"],
        &["bench"],
        &["bench", "compare", "a", "b"],
        &["down", "--all"],
        &["export-model"],
        &["push", "--registry", "r.example/x"],
        &["push", "--verify"],
    ];
    for command in changing.into_iter().chain([&["doctor"] as &[&str], &["inspect", "x"], &["model-info", "x"]]) {
        let ran = checkout.run(&[&["--dry-run"], command].concat());
        ran.succeeded();
        assert!(!ran.stdout.is_empty(), "{command:?} has no plan");
        assert_eq!(ran.stderr, "", "{command:?}");
    }
    assert_eq!(checkout.files(""), ["config.toml"]);
}

#[test]
fn named_variants_alone_are_planned() {
    let ran = Checkout::bare().run(&["--profile", "sample", "--dry-run", "build-servers", "gpu-standard"]);
    ran.succeeded();
    assert!(ran.stdout.contains("bin/tensorflow_model_server.gpu.standard"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("optimized"), "{}", ran.stdout);
}

#[test]
fn json_is_one_document_a_line() {
    let checkout = Checkout::bare();
    for command in
        [&["build-servers"] as &[&str], &["quickstart"], &["doctor"], &["clean"], &["test"], &["export-model"]]
    {
        let ran = checkout.run(&[&["--profile", "sample", "--dry-run", "--json"], command].concat());
        ran.succeeded();
        let events = ran.events();
        assert!(events.iter().any(|event| event["event"] == "result"), "{command:?}: {events:?}");
        assert!(events.iter().all(Value::is_object), "{command:?}: {events:?}");
    }
    let plan = &checkout.run(&["--profile", "sample", "--dry-run", "--json", "build-servers"]).events()[0];
    let steps = plan["details"]["plan"]["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 15, "sources, base, image, and three steps for each of four variants: {steps:#?}");
}

#[test]
fn completions_are_written_for_each_shell() {
    for (shell, mark) in [("bash", "complete -F"), ("zsh", "#compdef"), ("fish", "complete -c")] {
        let ran = Checkout::bare().run(&["completions", shell]);
        ran.succeeded();
        assert!(ran.stdout.contains(mark) && ran.stdout.contains("build-servers"), "{shell}:\n{}", ran.stdout);
    }
    Checkout::bare().run(&["completions", "tcsh"]).failed_saying(2, &["invalid value 'tcsh'"]);
}

#[test]
fn a_command_line_that_makes_no_sense_is_exit_code_two() {
    let checkout = Checkout::bare();
    checkout.run(&["biuld-servers"]).failed_saying(2, &["unrecognized subcommand 'biuld-servers'", "build-servers"]);
    checkout.run(&["build-servers", "--fail-fast", "--keep-going"]).failed_saying(2, &["cannot be used with"]);
    checkout.run(&["inspect"]).failed_saying(2, &["<FILE>"]);
    checkout.run(&["export-model", "--version", "0"]).failed_saying(2, &["0 is not in 1..="]);
    checkout.run(&["export-model", "--scores", "x"]).failed_saying(2, &["they are `logits` or `softmax`"]);
    checkout.run(&["export-model", "--checkpoint", "ftp://x/y"]).failed_saying(2, &["use http, https or a path"]);
    assert_eq!(checkout.run(&["build-servers", "--no-such-flag"]).stdout, "");
    for (arguments, told) in [
        (&["--target", "x"] as &[&str], "the name is missing: write NAME=grpc://HOST:PORT or NAME=http://HOST:PORT"),
        (&["--target", "a=http://h:1", "--image", "auto"], "cannot be used with"),
        (&["--server", "a", "--image", "auto"], "cannot be used with"),
        (&["--cpus", "1"], "--image <NAME>"),
        (&["--image", "auto", "--cpus", "0"], "it is a number from 0.01 to 1024 CPUs"),
        (&["--sizes", "8"], "8 is not in 16..=8192"),
        (&["--formats", "gif"], "[possible values: jpeg, png, webp]"),
        (&["--qualities", "0"], "0 is not in 1..=100"),
        (&["--restarts", "0"], "0 is not in 1..="),
        (&["--rates", "0.5,x"], "it is a number from 0.01 to 10 times the best throughput"),
        (&["--no-load", "--seconds", "1"], "cannot be used with"),
        (&["--labels", "x.csv"], "--images <DIR>"),
        (&["compare", "a"], "<B>"),
    ] {
        checkout.run(&[&["bench"], arguments].concat()).failed_saying(2, &[told]);
    }
}

#[test]
fn unknown_names_are_told_with_what_was_meant() {
    let checkout = Checkout::bare();
    checkout.run(&["--dry-run", "build-servers", "cpu-optimised", "tpu"]).failed_saying(
        1,
        &[
            "unknown variant `cpu-optimised`, did you mean `cpu-optimized`?",
            "unknown variant `tpu`",
            "known: cpu-standard, cpu-optimized, gpu-standard, gpu-optimized",
        ],
    );
    let dry = |arguments: &[&str]| checkout.run(&[&["--dry-run", "bench"], arguments].concat());
    dry(&["--server", "tf-serving-1cpus"]).failed_saying(1, &["unknown server `tf-serving-1cpus`, did you mean"]);
    dry(&["--server", "tf-image-resizer"]).failed_saying(1, &["tf-image-resizer is the web app: name the servers"]);
    dry(&["--image", "cpu-standart"]).failed_saying(1, &["unknown image `cpu-standart`, did you mean `cpu-standard`?"]);
    dry(&["--image", "resizer"]).failed_saying(1, &["resizer is the web app's image: name one that serves a model"]);
    dry(&["--target", "a=http://h:1", "--target", "a=http://h:2"]).failed_saying(1, &["two targets are called a"]);
    let ran = checkout.run(&["--profile", "sampl", "build-servers"]);
    ran.failed_saying(1, &["error: unknown profile `sampl`, did you mean `sample`? known: article, current, sample"]);
    assert_eq!(ran.stdout, "");
    assert_eq!(checkout.files(""), ["config.toml"]);
}

#[test]
fn all_mistakes_of_the_configuration_are_told_with_their_places() {
    let checkout = Checkout::bare();
    checkout.edit("config.toml", "ca-bundle = \"host\"", "cabundle = \"host\"");
    checkout.edit("config.toml", "memory-per-job = \"2GiB\"", "memory-per-job = \"2 bananas\"");
    checkout.edit("config.toml", "device = \"cpu\"", "device = \"tpu\"");
    let text = checkout.read("config.toml");
    let place = |needle: &str, at: &str| {
        let line = text.lines().position(|line| line.starts_with(needle)).expect("just written");
        let column = text.lines().nth(line).and_then(|line| line.find(at)).expect("just written");
        format!("{}:{}:{}: ", checkout.path("config.toml").display(), line + 1, column + 1)
    };
    let mistakes = [
        format!("{}unknown key `cabundle`, did you mean `ca-bundle`?", place("cabundle", "cabundle")),
        format!("{}`2 bananas` is no size", place("memory-per-job", "\"2 bananas")),
        format!("{}unknown device `tpu`, it is `cpu` or `gpu`", place("device = \"tpu\"", "\"tpu")),
        "3 mistakes in ".to_owned(),
    ];
    for command in [&["build-servers"] as &[&str], &["--dry-run", "build-servers"], &["clean"], &["doctor"]] {
        let ran = checkout.run(command);
        ran.failed_saying(1, &mistakes.each_ref().map(String::as_str));
        assert_eq!(ran.stdout, "", "{command:?}");
        assert_eq!(checkout.files(""), ["config.toml"], "{command:?}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let checkout = Checkout::empty();
    let path = checkout.path("config.toml").display().to_string();
    checkout.run(&["build-servers"]).failed_saying(1, &["error: read the configuration", &path]);
    assert!(checkout.files("").is_empty());
}

#[test]
fn an_engine_that_does_not_answer_is_named() {
    let checkout = Checkout::bare();
    checkout.run(&["clean"]).failed_saying(1, &["/nonexistent/engine.sock"]);
}

#[test]
fn inspect_reads_this_very_program() {
    let checkout = Checkout::empty();
    let own = std::env::current_exe().expect("own path").display().to_string();
    let ran = checkout.run(&["inspect", &own]);
    ran.succeeded();
    assert!(ran.stdout.contains("architecture   x86_64") && ran.stdout.contains("libc.so.6"), "{}", ran.stdout);
    let events = checkout.run(&["--json", "inspect", &own]).events();
    assert_eq!(events.len(), 1);
    assert!(events[0]["details"]["proof"].is_object(), "{}", events[0]);
}

#[test]
fn inspect_says_what_is_no_program() {
    let checkout = Checkout::bare();
    let config = checkout.path("config.toml").display().to_string();
    let folder = checkout.path("").display().to_string();
    checkout.run(&["inspect", &config]).failed_saying(1, &[&format!("inspect {config}"), "not an ELF file"]);
    checkout.run(&["inspect", &folder]).failed_saying(1, &["is a folder; name a file"]);
    let ran = checkout.run(&["inspect", "/nowhere/server"]);
    ran.failed_saying(1, &["/nowhere/server", "No such file or directory"]);
    assert_eq!(ran.stdout, "");
}
