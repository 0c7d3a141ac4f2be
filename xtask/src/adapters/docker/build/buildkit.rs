//! Image builds by BuildKit, where the engine's is new enough to honour `SOURCE_DATE_EPOCH`: the same files make the same
//! image there. Over plain HTTP: with this client library BuildKit would bring a second transport of its own.

use std::{collections::BTreeSet, io};

use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use prost::Message;
use reqwest::{Body, Client};
use serde_json::Value;

use super::{Output, SILENCE};
use crate::ports::{ImageBuild, Say};

/// API 1.43 is Engine 24, the first with BuildKit 0.11.
const FIRST_API: (u32, u32) = (1, 43);
const TRACE: &str = "moby.buildkit.trace";

/// A way to the engine's own HTTP; none where it is too old, or reached by TLS.
pub(super) struct BuildKit {
    client: Client,
    url: String,
}

impl BuildKit {
    pub fn of(address: &str, api: (u32, u32)) -> Option<Self> {
        if api < FIRST_API {
            return None;
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy();
        let (client, host) = match address.split_once("://")? {
            ("unix", path) => (client.unix_socket(path.to_owned()), "localhost"),
            ("tcp" | "http", host) => (client, host),
            _ => return None,
        };
        Some(Self { client: client.build().ok()?, url: format!("http://{host}/build") })
    }

    /// The ID of what was built.
    pub async fn build(
        &self,
        image: &ImageBuild,
        context: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        say: Say<'_>,
    ) -> Result<Option<String>> {
        let args = serde_json::to_string(&image.args).context("write the arguments")?;
        let mut query = vec![("version", "2"), ("dockerfile", "Dockerfile"), ("buildargs", &args)];
        query.extend(image.tag.as_deref().map(|tag| ("t", tag)));
        query.extend(image.network.as_deref().map(|network| ("networkmode", network)));
        let pairs = query.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        let url = format!("{}?{}", self.url, pairs.collect::<Vec<_>>().join("&"));
        let request = self.client.post(url).header("Content-Type", "application/x-tar");
        let answer = request.body(Body::wrap_stream(context)).send().await.context("ask the engine to build")?;
        if !answer.status().is_success() {
            let status = answer.status();
            bail!("the engine refuses to build ({status}): {}", answer.text().await.unwrap_or_default().trim());
        }
        let mut told = Told::default();
        let (mut chunks, mut rest) = (answer.bytes_stream(), Vec::new());
        loop {
            let next = tokio::time::timeout(SILENCE, chunks.next());
            let Some(chunk) = next.await.context("the engine fell silent while building")? else { break };
            rest.extend_from_slice(&chunk.context("read what the engine says of the build")?);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                told.line(&line, say)?;
            }
        }
        told.line(&rest, say)?;
        Ok(told.id)
    }
}

/// What a query takes as it is; everything else by its number.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What has been said so far.
#[derive(Default)]
struct Told {
    output: Output,
    id: Option<String>,
    /// Steps whose names were told.
    steps: BTreeSet<String>,
}

impl Told {
    fn line(&mut self, line: &[u8], say: Say<'_>) -> Result<()> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let item: Value = serde_json::from_slice(line).context("read what the engine says of the build")?;
        let error = item["errorDetail"]["message"].as_str().or(item["error"].as_str());
        if let Some(message) = error {
            return Err(anyhow!(self.output.failure(message)));
        }
        if item["id"] == TRACE {
            let status = item["aux"].as_str().and_then(|text| STANDARD.decode(text).ok());
            // A courtesy to people: a trace that cannot be read is one line less.
            if let Some(status) = status.and_then(|bytes| Status::decode(bytes.as_slice()).ok()) {
                self.trace(status, say);
            }
        } else if let Some(id) = item["aux"]["ID"].as_str() {
            self.id = Some(id.to_owned());
        }
        Ok(())
    }

    fn trace(&mut self, status: Status, say: Say<'_>) {
        for step in status.steps {
            if step.started.is_some() && self.steps.insert(step.digest) {
                let cached = if step.cached { " (cached)" } else { "" };
                say(format!("{}{cached}", step.name));
            }
        }
        for log in status.logs {
            for line in String::from_utf8_lossy(&log.message).lines().filter(|line| !line.trim().is_empty()) {
                self.output.keep(line);
                say(line.trim_end().to_owned());
            }
        }
    }
}

/// `moby.buildkit.v1.StatusResponse`, as far as people want to hear of it.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(message, repeated, tag = "1")]
    steps: Vec<Vertex>,
    #[prost(message, repeated, tag = "3")]
    logs: Vec<Log>,
}

#[derive(Clone, PartialEq, Message)]
struct Vertex {
    #[prost(string, tag = "1")]
    digest: String,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(bool, tag = "4")]
    cached: bool,
    /// A time; that there is one is enough.
    #[prost(bytes = "vec", optional, tag = "5")]
    started: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Log {
    #[prost(bytes = "vec", tag = "4")]
    message: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    #[test]
    fn steps_are_told_once_and_a_failure_brings_its_last_lines() {
        let step = |started: bool| Vertex {
            digest: "sha256:1".into(),
            name: "[root 2/8] RUN apt-get update".into(),
            cached: false,
            started: started.then(Vec::new),
        };
        let log = Log { message: b"E: no mirror\n\n".to_vec() };
        let line = |status: &Status| {
            let aux = STANDARD.encode(status.encode_to_vec());
            json!({ "id": TRACE, "aux": aux }).to_string().into_bytes()
        };
        let said = Mutex::new(Vec::new());
        let say = |line: String| said.lock().expect("alone").push(line);
        let mut told = Told::default();
        for status in [
            Status { steps: vec![step(false)], logs: vec![] },
            Status { steps: vec![step(true)], logs: vec![] },
            Status { steps: vec![step(true)], logs: vec![log] },
        ] {
            told.line(&line(&status), &say).expect("a trace");
        }
        told.line(br#"{"id":"moby.image.id","aux":{"ID":"sha256:2"}}"#, &say).expect("an ID");
        assert_eq!(told.id.as_deref(), Some("sha256:2"));
        let error = told.line(br#"{"errorDetail":{"message":"exit code 100"}}"#, &say).expect_err("a failure");
        assert_eq!(error.to_string(), "exit code 100; its last lines:\n  E: no mirror");
        assert_eq!(*said.lock().expect("alone"), ["[root 2/8] RUN apt-get update", "E: no mirror"]);
    }

    #[test]
    fn only_engines_that_honour_the_date_are_asked_and_only_where_they_can_be() {
        assert!(BuildKit::of("unix:///var/run/docker.sock", (1, 41)).is_none());
        assert!(BuildKit::of("unix:///var/run/docker.sock", (1, 43)).is_some());
        assert!(BuildKit::of("https://builder:2376", (1, 45)).is_none());
        assert_eq!(escaped(r#"{"A":"b c"}"#), "%7B%22A%22%3A%22b%20c%22%7D");
    }
}
