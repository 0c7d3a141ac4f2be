//! The program itself, spoken to as `cargo xtask` does.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use bench::{
    experiment::Experiment,
    protocol::{Answer, Job, Said},
};
use tempfile::tempdir;
use tfserving::Api;

use crate::harness::{experiment, server};

fn job(experiment: &Experiment, output: &Path) -> Job {
    Job::Run {
        experiment: Box::new(experiment.clone()),
        output: output.to_owned(),
        facts: [("commit".to_owned(), "abc".to_owned())].into(),
        can_renew: true,
        can_count: true,
    }
}

/// All that it says; each question is answered with `answer`.
fn talk(job: &Job, answer: impl Fn(&Said) -> Option<Answer>) -> (Vec<Said>, Option<i32>) {
    let mut child: Child = Command::new(env!("CARGO_BIN_EXE_bench"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut to = child.stdin.take().expect("its input");
    let from = BufReader::new(child.stdout.take().expect("its output"));
    writeln!(to, "{}", serde_json::to_string(job).expect("JSON")).expect("it listens");
    let mut heard = Vec::new();
    for line in from.lines() {
        let said: Said = serde_json::from_str(&line.expect("a line")).expect("its words");
        if let Some(answer) = answer(&said) {
            writeln!(to, "{}", serde_json::to_string(&answer).expect("JSON")).expect("it listens");
        }
        heard.push(said);
    }
    (heard, child.wait().expect("its end").code())
}

fn willing(said: &Said) -> Option<Answer> {
    match said {
        Said::Renew => Some(Answer::Renewed(Default::default())),
        Said::Count => Some(Answer::Counted(Default::default())),
        _ => None,
    }
}

#[test]
fn a_job_ends_with_what_was_found_and_files_that_are_there() {
    let (one, two) = (server(Api::Grpc, Duration::ZERO), server(Api::Grpc, Duration::ZERO));
    let folder = tempdir().expect("a folder");
    let job = job(&experiment(&[("one", &one), ("two", &two)]), folder.path());
    for up_to_date in [false, true] {
        let (heard, code) = talk(&job, willing);
        let Some(Said::Found(found)) = heard.last() else { panic!("{heard:?}") };
        assert_eq!((found.up_to_date, code), (up_to_date, Some(0)));
        assert_eq!(found.verdicts.len(), 6);
        assert_eq!(found.rows.iter().map(|row| row[..3].join(" ")).collect::<Vec<_>>(), ["one 56 0", "two 56 0"]);
        assert!(found.files.iter().any(|file| file.ends_with("report.html")), "{:?}", found.files);
        assert!(found.files.iter().all(|file| file.is_file()), "{:?}", found.files);
        assert_eq!(heard.contains(&Said::Renew), !up_to_date);
    }
}

#[test]
fn what_goes_wrong_is_the_last_line() {
    let one = server(Api::Grpc, Duration::ZERO);
    let folder = tempdir().expect("a folder");
    let job = job(&experiment(&[("one", &one)]), folder.path());
    let (heard, code) = talk(&job, |said| (said == &Said::Renew).then(|| Answer::Failed("the engine is gone".into())));
    assert_eq!((heard.last(), code), (Some(&Said::Failed("the engine is gone".into())), Some(1)));
}
