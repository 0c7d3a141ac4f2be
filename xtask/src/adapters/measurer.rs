//! The program that measures as a child process: JSON, a line each, on its stdin and stdout; its stderr is kept for the case
//! that it crashes. It never outlives us.

use std::{collections::VecDeque, path::Path, process::Stdio};

use anyhow::{Context, Result, anyhow};
use bench_protocol::protocol::{Answer, Job, Said};
use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};

use crate::ports::{Measurer, Measuring};

const KEPT_LINES: usize = 20;

/// Starts programs of this machine.
pub(crate) struct Process;

impl Measurer for Process {
    type Run = Talk;

    async fn start(&self, program: &Path, job: &Job) -> Result<Talk> {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Of a group of its own: Ctrl-C is for us, who end it.
        command.process_group(0);
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let last =
            tokio::spawn(last_lines(BufReader::new(child.stderr.take().context("its stderr is piped")?).lines()));
        let stdin = child.stdin.take().context("its stdin is piped")?;
        let stdout = BufReader::new(child.stdout.take().context("its stdout is piped")?).lines();
        let mut talk = Talk { child, stdin, stdout, last: Some(last) };
        talk.say(job).await?;
        Ok(talk)
    }
}

/// A child at work; it is killed with this value.
pub(crate) struct Talk {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    last: Option<JoinHandle<VecDeque<String>>>,
}

impl Measuring for Talk {
    async fn listen(&mut self) -> Result<Said> {
        match self.stdout.next_line().await.context("read what the bench says")? {
            Some(line) => {
                serde_json::from_str(&line).with_context(|| format!("understand what the bench says: {line}"))
            }
            None => Err(self.crash().await?),
        }
    }

    async fn answer(&mut self, answer: &Answer) -> Result<()> {
        self.say(answer).await
    }
}

impl Talk {
    async fn say(&mut self, what: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(what)? + "\n";
        let said = async {
            self.stdin.write_all(line.as_bytes()).await?;
            self.stdin.flush().await
        };
        match said.await {
            Ok(()) => Ok(()),
            // Nobody reads any more: what it said last tells why.
            Err(_) => Err(self.crash().await?),
        }
    }

    async fn crash(&mut self) -> Result<anyhow::Error> {
        let ended = self.child.wait().await.context("wait for the bench")?;
        let last = match self.last.take() {
            Some(last) => last.await.context("read what the bench said last")?,
            None => VecDeque::new(),
        };
        let said = last.iter().map(|line| format!("\n  {line}")).collect::<String>();
        let said = if said.is_empty() { " it said nothing".into() } else { format!(" it said last:{said}") };
        Ok(anyhow!("the bench ended too early, with {ended};{said}"))
    }
}

async fn last_lines(mut lines: Lines<BufReader<tokio::process::ChildStderr>>) -> VecDeque<String> {
    let mut last = VecDeque::new();
    while let Ok(Some(line)) = lines.next_line().await {
        last.push_back(line);
        if last.len() > KEPT_LINES {
            last.pop_front();
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::write_program;

    /// A program that is a script; it reads its job first.
    fn program(folder: &Path, script: &str) -> std::path::PathBuf {
        let path = folder.join("bench");
        write_program(&path, &format!("#!/bin/sh\nread -r job\n{script}\n"));
        path
    }

    fn job() -> Job {
        Job::Compare { before: "a".into(), after: "b".into(), output: "c".into() }
    }

    #[tokio::test]
    async fn lines_go_both_ways() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let script = "echo \"{\\\"note\\\":$(printf '%s' \"$job\" | sed 's/.*\"before\":\\(\"a\"\\).*/\\1/')}\"\n\
                      echo '\"renew\"'\nread -r answer\ncase $answer in *why*) echo '{\"failed\":\"heard\"}';; esac";
        let mut talk = Process.start(&program(folder.path(), script), &job()).await.expect("it starts");
        assert_eq!(talk.listen().await.expect("a note"), Said::Note("a".into()));
        assert_eq!(talk.listen().await.expect("a question"), Said::Renew);
        talk.answer(&Answer::Failed("why".into())).await.expect("it listens");
        assert_eq!(talk.listen().await.expect("the end"), Said::Failed("heard".into()));
    }

    #[tokio::test]
    async fn a_crash_is_told_with_the_last_words() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = program(folder.path(), "seq 1 30 >&2; kill -SEGV $$");
        let mut talk = Process.start(&path, &job()).await.expect("it starts");
        let error = talk.listen().await.expect_err("it crashed").to_string();
        assert!(error.starts_with("the bench ended too early, with signal: 11"), "{error}");
        assert!(error.contains("it said last:\n  11\n  12\n") && error.ends_with("\n  30"), "{error}");
    }

    #[tokio::test]
    async fn words_that_nobody_understands_are_shown() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = program(folder.path(), "echo hello");
        let mut talk = Process.start(&path, &job()).await.expect("it starts");
        let error = format!("{:#}", talk.listen().await.expect_err("no JSON"));
        assert!(error.starts_with("understand what the bench says: hello"), "{error}");
    }

    #[tokio::test]
    async fn it_ends_with_whoever_started_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = program(folder.path(), "echo '{\"note\":\"here\"}'; exec sleep 600");
        let mut talk = Process.start(&path, &job()).await.expect("it starts");
        talk.listen().await.expect("it runs");
        let id = talk.child.id().expect("it runs");
        drop(talk);
        let gone = || !fs_err::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        for _ in 0..500 {
            if gone() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{id} still runs");
    }
}
