//! A registry on loopback, in memory: what it is given it gives back, unless the test's own answer comes first.
//! It speaks plain HTTP, one request a connection, and says so to whoever begins with TLS.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::domain::reference::Digest;

pub struct Server {
    address: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// What a request asks for.
pub struct Asked {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub host: String,
    /// Of `Content-Range`.
    pub range: Option<String>,
    media_type: String,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct State {
    /// Path below `/v2/` -> media type and bytes.
    kept: BTreeMap<String, (String, Vec<u8>)>,
    asked: Vec<String>,
    /// How many were begun, and what has come of each by its path.
    uploads: u32,
    arrived: BTreeMap<String, Vec<u8>>,
    lists_referrers: bool,
}

pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    silent: bool,
    /// Bytes of an upload that are taken all the same.
    takes: usize,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), silent: false, takes: 0 }
    }

    /// The connection ends after so many bytes of an upload.
    pub fn cut_after(bytes: usize) -> Self {
        Self { takes: bytes, ..Self::cut() }
    }

    /// The connection ends before there is an answer.
    pub fn cut() -> Self {
        Self::new(0)
    }

    /// The connection stays, and nothing comes.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::new(0) }
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Server {
    /// `answer` gets each request with its number, from zero; what it leaves is answered as a registry would.
    pub async fn start(answer: impl FnMut(usize, &Asked) -> Option<Reply> + Send + 'static) -> Self {
        Self::with_state(State::default(), answer).await
    }

    /// Registries of the newer kind.
    pub async fn with_referrers() -> Self {
        Self::with_state(State { lists_referrers: true, ..State::default() }, |_, _| None).await
    }

    async fn with_state(state: State, mut answer: impl FnMut(usize, &Asked) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new(Mutex::new(state));
        let kept = state.clone();
        let task = tokio::spawn(async move {
            let (mut number, mut held) = (0, Vec::new());
            while let Ok((mut stream, _)) = listener.accept().await {
                let Ok(Some(asked)) = read(&mut stream).await else { continue };
                let own = answer(number, &asked);
                number += 1;
                let reply = {
                    let mut state = kept.lock().expect("the state");
                    state.asked.push(format!("{} {}", asked.method, asked.path));
                    if let Some(taken) = own.as_ref().map(|own| own.takes).filter(|taken| *taken > 0) {
                        state.take(&asked, taken);
                    }
                    own.unwrap_or_else(|| state.answer(&asked))
                };
                let _ = stream.write_all(&bytes(&reply, asked.method == "HEAD")).await;
                if reply.silent {
                    held.push(stream);
                }
            }
        });
        Self { address, state, task }
    }

    pub fn host(&self) -> String {
        self.address.clone()
    }

    /// How many requests had this in their line.
    pub fn asked(&self, text: &str) -> usize {
        self.state.lock().expect("the state").asked.iter().filter(|line| line.contains(text)).count()
    }

    pub fn has(&self, path: &str) -> bool {
        self.state.lock().expect("the state").kept.contains_key(path)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let whole = asked.path.trim_start_matches("/v2/");
        let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
        match asked.method.as_str() {
            "POST" => {
                self.uploads += 1;
                let path = format!("{path}{}", self.uploads);
                self.arrived.insert(path.clone(), Vec::new());
                Reply::new(202).with("Location", &format!("/v2/{path}?state=x"))
            }
            "PATCH" | "GET" if path.contains("/uploads/") => {
                let Some(arrived) = self.arrived.get(path).map(Vec::len) else { return Reply::new(404) };
                if asked.method == "GET" {
                    let range = format!("0-{}", arrived.saturating_sub(1));
                    return Reply::new(204).with("Range", &range).with("Location", &format!("/v2/{path}?state=y"));
                }
                let from = asked.range.as_ref().and_then(|range| range.split('-').next()?.parse().ok()).unwrap_or(0);
                if from != arrived {
                    return Reply::new(416);
                }
                self.take(asked, asked.body.len());
                Reply::new(202).with("Location", &format!("/v2/{path}?state=z"))
            }
            "DELETE" => Reply::new(204),
            "PUT" if path.contains("/uploads/") => {
                let digest = query.split('&').find_map(|pair| pair.strip_prefix("digest=")).expect("a digest");
                let (repository, _) = path.split_once("/blobs/").expect("an upload of a repository");
                let Some(bytes) = self.arrived.remove(path) else { return Reply::new(404) };
                let digest = digest.replace("%3A", ":");
                if Digest::of(&bytes).as_str() != digest {
                    return Reply::new(400).body(br#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
                }
                self.kept.insert(format!("{repository}/blobs/{digest}"), ("application/octet-stream".into(), bytes));
                Reply::new(201)
            }
            "PUT" => {
                let digest = Digest::of(&asked.body).to_string();
                let (repository, _) = path.split_once("/manifests/").expect("a manifest");
                self.keep(&format!("{repository}/manifests/{digest}"), asked);
                let listed = self.lists_referrers && self.list(repository, &digest, &asked.body);
                let reply = self.keep(path, asked).with("Docker-Content-Digest", &digest);
                if listed { reply.with("OCI-Subject", "listed") } else { reply }
            }
            _ if path.is_empty() => Reply::new(200).body(b"{}"),
            _ if self.lists_referrers && path.contains("/referrers/") && !self.kept.contains_key(path) => {
                Reply::new(200).body(br#"{"manifests":[]}"#)
            }
            _ => match self.kept.get(path) {
                Some((media_type, bytes)) => Reply::new(200).body(bytes).with("Content-Type", media_type),
                None => Reply::new(404).body(br#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#),
            },
        }
    }

    fn take(&mut self, asked: &Asked, most: usize) {
        let path = asked.path.trim_start_matches("/v2/").split('?').next().unwrap_or_default();
        let bytes = &asked.body[..most.min(asked.body.len())];
        self.arrived.entry(path.to_owned()).or_default().extend(bytes);
    }

    fn keep(&mut self, path: &str, asked: &Asked) -> Reply {
        self.kept.insert(path.to_owned(), (asked.media_type.clone(), asked.body.clone()));
        Reply::new(201)
    }

    fn list(&mut self, repository: &str, digest: &str, body: &[u8]) -> bool {
        let manifest: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(subject) = manifest["subject"]["digest"].as_str() else { return false };
        let entry = json!({ "mediaType": manifest["mediaType"], "digest": digest, "size": body.len(),
            "artifactType": manifest["artifactType"] });
        let index = json!({ "manifests": [entry] }).to_string().into_bytes();
        self.kept.insert(format!("{repository}/referrers/{subject}"), ("application/json".into(), index));
        true
    }
}

/// Lets in who knows the password.
pub fn basic(user: &str, password: &str) -> impl FnMut(usize, &Asked) -> Option<Reply> + Send + 'static {
    let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    move |_, asked| {
        let is_in = asked.authorization.as_ref() == Some(&expected);
        (!is_in).then(|| Reply::new(401).with("WWW-Authenticate", "Basic realm=\"basic-realm\""))
    }
}

/// Lets in who brings a token for exactly what is asked, and gives tokens to who knows the password or the old token.
pub fn bearer(
    user: &str,
    password: &str,
    refresh: &str,
) -> impl FnMut(usize, &Asked) -> Option<Reply> + Send + 'static {
    let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let refresh = format!("refresh_token={refresh}");
    move |_, asked| {
        if let Some(query) = asked.path.strip_prefix("/token") {
            let form = String::from_utf8_lossy(&asked.body).into_owned();
            let is_known = asked.authorization.as_ref() == Some(&expected) || form.contains(&refresh);
            let pairs = format!("{query}&{form}");
            let scope = pairs.split(['?', '&']).find_map(|pair| pair.strip_prefix("scope=")).unwrap_or("none");
            let scope = scope.replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
            let token = json!({ "token": scope }).to_string();
            return Some(if is_known { Reply::new(200).body(token.as_bytes()) } else { Reply::new(401) });
        }
        let name =
            asked.path.strip_prefix("/v2/").and_then(|path| path.split_once("/tf-serving/")).map(|(name, _)| name);
        let rights = if matches!(asked.method.as_str(), "GET" | "HEAD") { "pull" } else { "pull,push" };
        let scope = name.map_or("none".to_owned(), |name| format!("repository:{name}/tf-serving:{rights}"));
        let is_in = asked.authorization.as_ref() == Some(&format!("Bearer {scope}"));
        let realm = format!("Bearer realm=\"http://{}/token\",service=\"r\"", asked.host);
        let challenge = if name.is_some() { format!("{realm},scope=\"{scope}\"") } else { realm };
        (!is_in).then(|| Reply::new(401).with("WWW-Authenticate", &challenge))
    }
}

/// None where somebody begins with TLS.
async fn read(stream: &mut TcpStream) -> io::Result<Option<Asked>> {
    let mut head = vec![stream.read_u8().await?];
    if head[0] == 0x16 {
        stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent TLS to a plain server.\n").await?;
        return Ok(None);
    }
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).expect("a head of text");
    let mut words = head.split(' ');
    let (method, path) = (words.next().expect("a method").to_owned(), words.next().expect("a path").to_owned());
    let headers: BTreeMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let header = |name: &str| headers.get(name).cloned();
    let mut body = vec![0; header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Some(Asked {
        method,
        path,
        authorization: header("authorization"),
        host: header("host").unwrap_or_default(),
        range: header("content-range"),
        media_type: header("content-type").unwrap_or_default(),
        body,
    }))
}

fn bytes(reply: &Reply, without_body: bool) -> Vec<u8> {
    if reply.status == 0 {
        return Vec::new();
    }
    let headers: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = reply.body.len();
    let head =
        format!("HTTP/1.1 {} Status\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n", reply.status);
    let body = if without_body { &[] } else { reply.body.as_slice() };
    [head.as_bytes(), body].concat()
}
