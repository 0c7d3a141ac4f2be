//! A credential helper: the program `docker-credential-NAME`, asked on its stdin, answering JSON on its stdout.
//! It gets a time; what it answers is never shown, for it is secret.

use std::process::{Output, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use tokio::{io::AsyncWriteExt, process::Command};

use super::DockerLogins;
use crate::ports::Credentials;

/// The user's name of helpers that hold an identity token.
const TOKEN_USER: &str = "<token>";
/// How every helper says that it has nothing.
const NOT_FOUND: &str = "credentials not found";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl DockerLogins {
    /// What the helper has for the server; none where it says that it has nothing.
    pub(super) async fn ask(&self, name: &str, server: &str) -> Result<Option<Credentials>> {
        let program = format!("docker-credential-{name}");
        let mut command = Command::new(&program);
        if let Some(search) = &self.search {
            command.env("PATH", search);
        }
        match tokio::time::timeout(self.patience, run(command, &program, server)).await {
            Ok(output) => judge(&output?, &program, server),
            Err(_) => bail!(
                "{program} has not answered for {server} within {} s and was stopped; see what it waits for: \
                 echo {server} | {program} get",
                self.patience.as_secs_f64()
            ),
        }
    }
}

fn judge(output: &Output, program: &str, server: &str) -> Result<Option<Credentials>> {
    if !output.status.success() {
        if String::from_utf8_lossy(&output.stdout).contains(NOT_FOUND) {
            return Ok(None);
        }
        let why = String::from_utf8_lossy(&output.stderr);
        let why = why.lines().last().map_or_else(|| output.status.to_string(), String::from);
        bail!("{program} failed for {server}: {why}; try it: echo {server} | {program} get");
    }
    // Without serde's own words, which quote what they could not read.
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|_| anyhow!("{program} gave no JSON with Username and Secret for {server}"))?;
    Ok(Some(match answer.username.as_str() {
        TOKEN_USER => Credentials::IdentityToken(answer.secret),
        _ => Credentials::Password { user: answer.username, password: answer.secret },
    }))
}

async fn run(mut command: Command, program: &str, server: &str) -> Result<Output> {
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| {
        format!("start {program}, which docker's configuration names; install it, or take it out of config.json")
    })?;
    let mut stdin = child.stdin.take().context("a pipe to the helper")?;
    // A helper that does not read still has its say.
    let _ = stdin.write_all(server.as_bytes()).await;
    drop(stdin);
    child.wait_with_output().await.with_context(|| format!("wait for {program}"))
}
