//! `cargo xtask measure` in a checkout whose only benches are small scripts: rows end up in the document, failures and
//! interrupts leave it as it was. The workspace's own scripts are looked at, not run.

use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use expect_test::expect;

use crate::checkout::{Checkout, workspace};

const DOCUMENT: &str = "docs/measurements.md";
/// What is executable in benches/ and measures nothing by itself.
const TOOLS: [&str; 1] = ["control-plane"];

fn checkout(benches: &[(&str, &str)]) -> Checkout {
    let checkout = Checkout::bare();
    let mut document = "# Measurements\n".to_owned();
    for (name, script) in benches {
        let path = format!("benches/{name}.sh");
        checkout.write(&path, &format!("#!/usr/bin/env bash\n# Measures: {name} against others\n{script}\n"));
        fs_err::set_permissions(checkout.path(&path), PermissionsExt::from_mode(0o755)).expect("make it a program");
        document += &format!("<!-- measured: {name} -->\nearlier {name}\n<!-- end -->\nProse on {name}.\n");
    }
    checkout.write(DOCUMENT, &document);
    let rows = fs_err::read_to_string(workspace().join("benches/rows.sh")).expect("read");
    checkout.write("benches/rows.sh", &rows);
    checkout
}

/// A bench as the real ones are, whose command takes no time worth telling.
const GOOD: &str = r#"set -euo pipefail
source benches/rows.sh
rounds 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for round in $(seq "$runs"); do
    timed quick true
    value theirs 4
    value ours "$round"
done
version "The \"other\"" '1.0\n'
case_of ours MB "ours, \`x\`" --against theirs --wanted "at most 0.7" --note "a | b"
case_of theirs MB theirs
case_of quick s "nothing at all"
"#;

#[test]
fn rows_of_a_script_become_a_table_between_its_markers() {
    let checkout = checkout(&[("good", GOOD), ("idle", "exit 1")]);
    let ran = checkout.run(&["measure", "good", "--rounds", "3"]);
    ran.succeeded();
    assert_eq!(ran.stdout, "docs/measurements.md\n");
    let text = checkout.read(DOCUMENT);
    assert!(
        text.starts_with("# Measurements\n<!-- measured: good -->\n`cargo xtask measure good`, 3 rounds, 20"),
        "{text}"
    );
    assert!(text.contains("\nCompared: The \"other\" 1.0\\n.\n"), "{text}");
    assert!(text.contains("| ours, `x`; a \\| b | 2 MB (1 to 3) | 0.500 of theirs | at most 0.7: met |\n"), "{text}");
    assert!(text.contains("| theirs | 4 MB |  |  |\n| nothing at all | 0.0"), "{text}");
    assert!(
        text.contains("<!-- end -->\nProse on good.\n<!-- measured: idle -->\nearlier idle\n<!-- end -->"),
        "{text}"
    );
    assert!(ran.stderr.contains("at most 0.7: met"), "{}", ran.stderr);
    let log = checkout.read("target/xtask/measure/good.log");
    assert!(log.contains("The \"other\" 1.0") && log.contains("2.000 (1.000 to 3.000), 0.500 of theirs MB"), "{log}");
}

#[test]
fn a_script_that_fails_costs_the_others_nothing() {
    let checkout = checkout(&[("bad", "echo because >&2; exit 3"), ("good", GOOD), ("silent", "true")]);
    let ran = checkout.run(&["measure", "--output", "copy.md"]);
    ran.failed_saying(1, &["bad: failed", "exit status: 3", "because", "silent: failed", "no case to show"]);
    let copy = checkout.read("copy.md");
    assert!(copy.contains("earlier bad\n\n**Failed on 20") && copy.contains("earlier silent\n\n**Failed on"), "{copy}");
    assert!(copy.contains("`cargo xtask measure good`, 5 rounds"), "{copy}");
    assert!(checkout.read(DOCUMENT).contains("earlier good\n"), "the document itself is left alone");
}

#[test]
fn what_cannot_end_well_is_told_before_anything_runs() {
    let checkout = checkout(&[("good", "touch ran")]);
    checkout.run(&["measure", "goood"]).failed_saying(1, &["unknown bench `goood`; known: good"]);
    checkout.edit(DOCUMENT, "<!-- end -->", "");
    checkout.run(&["measure"]).failed_saying(1, &["docs/measurements.md:2: the section `good` is not closed"]);
    checkout.write(DOCUMENT, "");
    checkout.run(&["measure"]).failed_saying(1, &["no place for good: put `<!-- measured: good -->`"]);
    checkout.write(DOCUMENT, "<!-- measured: good -->\n<!-- end -->\n");
    checkout.edit("benches/good.sh", "touch", "# Needs: unheard-of\ntouch");
    checkout.run(&["measure"]).failed_saying(1, &["benches/good.sh needs `unheard-of`"]);
    checkout.run(&["measure", "--list", "--rounds", "2"]).failed_saying(2, &["cannot be used with"]);
    checkout.run(&["measure", "--rounds", "0"]).failed_saying(2, &["0 is not in 1..=1000"]);
    Checkout::bare().run(&["measure"]).failed_saying(1, &["look for scripts that measure"]);
    assert!(!checkout.path("ran").exists());
}

#[test]
fn a_dry_run_says_what_would_run() {
    let checkout = checkout(&[("a", "touch ran"), ("b", "touch ran")]);
    checkout.edit("benches/b.sh", "touch", "# Needs: dockerd docker wrk\ntouch");
    let ran = checkout.run(&["--dry-run", "measure", "--rounds", "2"]);
    ran.succeeded();
    expect![[r"
        # set-up, where missing and run as root on Debian or Ubuntu
        apt-get install docker.io iptables docker.io wrk
        dockerd &  # where no engine answers
        ROWS=target/xtask/measure/a.rows RUNS=2 benches/a.sh
        ROWS=target/xtask/measure/b.rows RUNS=2 benches/b.sh
    "]]
    .assert_eq(&ran.stdout);
    assert!(!checkout.path("ran").exists() && !checkout.path("target").exists());
}

#[test]
fn an_interrupt_ends_the_script_with_its_children_and_leaves_the_document_alone() {
    let script = "trap 'touch tidied' EXIT\nsleep 600 & echo $! > child.partial; mv child.partial child\nwait";
    let checkout = checkout(&[("slow", script)]);
    let before = checkout.read(DOCUMENT);
    let mut running = checkout.command(&["measure"]).stderr(Stdio::null()).spawn().expect("start");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !checkout.path("child").exists() {
        assert!(Instant::now() < deadline, "the script did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("run kill");
    assert!(interrupted.success());
    assert_eq!(running.wait().expect("wait").code(), Some(130));
    assert!(checkout.path("tidied").exists(), "the script had time for its trap");
    let stat = format!("/proc/{}/stat", checkout.read("child").trim());
    let lives = fs_err::read_to_string(stat).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(!lives, "the script's child outlived it");
    assert_eq!(checkout.read(DOCUMENT), before);
}

#[test]
fn every_script_that_can_be_run_is_known_and_has_its_place_in_the_document() {
    let listed = Checkout::lasting(workspace()).run(&["measure", "--list"]);
    listed.succeeded();
    let known: BTreeSet<String> =
        listed.stdout.lines().map(|line| line.split(": ").next().unwrap_or_default().to_owned()).collect();
    let entries = fs_err::read_dir(workspace().join("benches")).expect("list").flatten();
    let programs = entries.filter(|entry| entry.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0));
    let names = programs.map(|entry| entry.file_name().to_string_lossy().trim_end_matches(".sh").to_owned());
    let executable: BTreeSet<String> = names.filter(|name| !TOOLS.contains(&name.as_str())).collect();
    assert_eq!(
        known, executable,
        "what is executable in benches/ has a line `# Measures: ...`, and the other way round"
    );
    let document = fs_err::read_to_string(workspace().join(DOCUMENT)).expect("read");
    let marked = document.lines().filter_map(|line| line.strip_prefix("<!-- measured: ")?.strip_suffix(" -->"));
    let marked: Vec<String> = marked.map(String::from).collect();
    assert_eq!(marked.iter().cloned().collect::<BTreeSet<_>>(), known, "markers in {DOCUMENT}");
    assert_eq!(marked.len(), known.len(), "a section each");
}
