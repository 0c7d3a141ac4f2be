//! Large files over http and https: a lost connection is taken up again, in this run or in the next.
//! What an answer means is judged in `answer`; what is here already, and of which file, is kept by `partial`.

mod answer;
mod partial;
mod pip;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use reqwest::{Client, Url, header, redirect};

use self::{
    answer::{Answer, Lost},
    partial::Partial,
};
use crate::{
    domain::model::Wheel,
    ports::{Downloaded, Fetch, Progress, Say},
};

/// Tries in a row that bring nothing before it is given up.
const TRIES: u32 = 5;

/// How patient a download is.
pub(crate) struct Http {
    /// Until a connection must stand.
    pub connect: Duration,
    /// Until the next bytes must come.
    pub idle: Duration,
    /// Before the second try; doubles with each one after it.
    pub backoff: Duration,
    /// However long the server asks to be left alone.
    pub longest_wait: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            backoff: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
        }
    }
}

impl Fetch for Http {
    async fn download(&self, url: &str, to: &Path, progress: Progress<'_>, say: Say<'_>) -> Result<Downloaded> {
        let url = Url::parse(url).context("read the URL of a download; write https://host/path")?;
        let named = without_secrets(&url);
        let done = self.fetch(&url, &named, to, progress, say).await;
        done.with_context(|| format!("download {named} to {}", to.display()))
    }

    async fn package(&self, package: &Wheel, tools: &Path, to: &Path) -> Result<PathBuf> {
        pip::download(package, tools, to).await
    }
}

/// How a try ended.
enum Ended {
    Whole,
    /// What is here is of no use to this server; the next try asks for all of it.
    Stale,
    Lost(Lost),
}

impl Http {
    async fn fetch(
        &self,
        url: &Url,
        named: &str,
        to: &Path,
        progress: Progress<'_>,
        say: Say<'_>,
    ) -> Result<Downloaded> {
        let client = self.client(url)?;
        let mut partial = Partial::open(to, url, named, say).await?;
        // A server that changes its file with each try brings bytes for ever: only to be farther than ever is progress.
        let (mut failures, mut farthest) = (0, 0);
        while !partial.is_whole() {
            let lost = match attempt(&client, url, &mut partial, progress, say).await? {
                Ended::Whole => break,
                Ended::Stale => continue,
                Ended::Lost(lost) => lost,
            };
            failures = if partial.bytes() > farthest { 1 } else { failures + 1 };
            farthest = farthest.max(partial.bytes());
            if failures == TRIES {
                bail!("{}; gave up after {TRIES} tries, try again later: what has arrived is kept", lost.why);
            }
            let wait = lost.wait.unwrap_or_else(|| self.pause(failures)).min(self.longest_wait);
            let (seconds, next) = (wait.as_secs_f64(), failures + 1);
            say(format!("{}, going on in {seconds:.1} s (try {next} of {TRIES})", lost.why));
            tokio::time::sleep(wait).await;
        }
        partial.finish(say).await
    }

    fn client(&self, url: &Url) -> Result<Client> {
        // Only the first such call has an effect; the engine's TLS uses the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("tf-serving-xtask/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect)
            .read_timeout(self.idle)
            // What was secret in one server's URL is none of the next one's business.
            .referer(false)
            .redirect(redirect::Policy::custom(follow));
        // A proxy does not reach this machine's loopback.
        if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            client = client.no_proxy();
        }
        client.build().context("set up an HTTP client")
    }

    /// Twice as long after each failure, and up to half as long again: many machines must not come back in step.
    fn pause(&self, failures: u32) -> Duration {
        // A hasher's keys are the randomness that std has.
        let random = RandomState::new().hash_one(failures) as f64 / u64::MAX as f64;
        (self.backoff * 2_u32.pow(failures - 1)).mul_f64(1.0 + random / 2.0)
    }
}

/// One request and as much of its answer as comes.
async fn attempt(
    client: &Client,
    url: &Url,
    partial: &mut Partial,
    progress: Progress<'_>,
    say: Say<'_>,
) -> Result<Ended> {
    // Ranges count the bytes of one encoding, and it is the file's own bytes that have the digest.
    let mut request = client.get(url.clone()).header(header::ACCEPT_ENCODING, "identity");
    if let Some(validator) = partial.resumable() {
        let range = format!("bytes={}-", partial.bytes());
        request = request.header(header::RANGE, range).header(header::IF_RANGE, validator);
    }
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_builder() || error.is_redirect() => return Err(error.without_url().into()),
        Err(error) => return Ok(Ended::Lost(Lost { why: format!("no answer ({})", root(&error)), wait: None })),
    };
    let mut file = match answer::read(&response, partial)? {
        Answer::Whole { validator, total } => {
            if partial.bytes() > 0 {
                let had = mebibytes(partial.bytes());
                say(format!("the server sends the whole file instead of what follows {had}, starting from zero"));
            }
            partial.start(validator, total)?
        }
        Answer::Rest { total } => partial.go_on(total)?,
        Answer::Unfit(why) => {
            say(format!("{why} is not what follows {}, starting from zero", mebibytes(partial.bytes())));
            partial.forget();
            return Ok(Ended::Stale);
        }
        Answer::Later(lost) => return Ok(Ended::Lost(lost)),
    };
    loop {
        progress(partial.bytes(), partial.total().unwrap_or_default());
        let how = match response.chunk().await {
            Ok(Some(chunk)) => {
                partial.append(&mut file, &chunk)?;
                if !partial.is_too_long() {
                    continue;
                }
                "more came than was announced: cut"
            }
            Ok(None) if partial.total().is_none_or(|total| total == partial.bytes()) => return Ok(Ended::Whole),
            Err(error) if error.is_timeout() => "connection silent for too long",
            Ok(None) | Err(_) => "connection lost",
        };
        let why = format!("{how} after {}", mebibytes(partial.bytes()));
        if partial.is_too_long() {
            partial.forget();
        }
        return Ok(Ended::Lost(Lost { why, wait: None }));
    }
}

/// Redirects as usual, but never out of TLS.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    if leaves_tls(attempt.previous(), attempt.url()) {
        return attempt
            .error("the server leads from https to http, where anybody may change the file; ask for another URL");
    }
    redirect::Policy::default().redirect(attempt)
}

fn leaves_tls(previous: &[Url], next: &Url) -> bool {
    next.scheme() != "https" && previous.iter().any(|url| url.scheme() == "https")
}

/// The URL as it may be shown: signatures stand in the query, passwords before the host.
fn without_secrets(url: &Url) -> String {
    let mut shown = url.clone();
    // URLs that cannot have a user have none.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}

/// What lies at the bottom of an error: the layers above it only say that there was one.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64)
}
