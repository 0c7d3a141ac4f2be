//! Requests to one registry: over TLS wherever it speaks it, with what it asks for, again where another try may do better.
//! A refusal ends at once and says what to do; no text of here has a secret.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Error, Result, anyhow};
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder, StatusCode, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use serde_json::Value;

use super::{Access, body::Body, challenge, trust};
use crate::{
    domain::retry,
    ports::{Credentials, Say},
};

/// How patient requests are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub connect: Duration,
    /// Until the next bytes must come.
    pub idle: Duration,
    /// Before the second try.
    pub first: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), idle: Duration::from_secs(60), first: retry::FIRST }
    }
}

pub(super) struct Client<'s> {
    http: reqwest::Client,
    /// The same for long bodies: whoever sends one watches over it.
    sending: reqwest::Client,
    access: Access,
    /// `https://HOST/v2/`.
    base: Url,
    /// Headers that worked, by repository and whether it was written to.
    headers: Mutex<BTreeMap<(String, bool), HeaderValue>>,
    patience: Patience,
    say: Say<'s>,
}

/// One request, to be sent as often as it takes.
pub(super) struct Call<'a> {
    method: Method,
    repository: &'a str,
    place: Place,
    headers: Vec<(HeaderName, String)>,
    body: Body<'a>,
}

enum Place {
    /// Below the repository, or below `/v2/` where there is none.
    Path(String),
    Url(Url),
}

pub(super) struct Answer {
    pub status: StatusCode,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why a try did not do.
pub(super) enum Trouble {
    /// Another may, after as long as the registry says.
    Passing(Error, Option<Duration>),
    /// The registry shows a certificate that is not trusted, and why not.
    Untrusted(String),
    Final(Error),
}

impl Trouble {
    /// The error it is, once no further try is made.
    pub fn told(self, host: &str) -> Error {
        match self {
            Self::Passing(error, _) => error.context(format!(
                "registry {host}: gave up after {} tries; what has arrived there stays: look at its log and its disk, and run again",
                retry::MORE_TRIES + 1
            )),
            Self::Untrusted(why) => anyhow!(
                "the certificate of registry {host} is not trusted ({why}); put the CA that signed it into \
                 /etc/docker/certs.d/{host}/ca.crt"
            ),
            Self::Final(error) => error.context(format!("registry {host}")),
        }
    }
}

impl<'a> Call<'a> {
    /// The registry's own door.
    pub fn base() -> Self {
        Self::new(Method::GET, "", "")
    }

    pub fn new(method: Method, repository: &'a str, path: &str) -> Self {
        let path = if repository.is_empty() { String::new() } else { format!("{repository}/{path}") };
        Self { method, repository, place: Place::Path(path), headers: Vec::new(), body: Body::Bytes(&[]) }
    }

    /// A place that the registry named.
    pub fn at(method: Method, repository: &'a str, url: Url) -> Self {
        Self { method, repository, place: Place::Url(url), headers: Vec::new(), body: Body::Bytes(&[]) }
    }

    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn sending(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self
    }

    fn writes(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD)
    }

    /// What a token for it has to cover.
    fn scope(&self) -> String {
        match (self.repository, self.writes()) {
            ("", _) => String::new(),
            (repository, true) => format!("repository:{repository}:pull,push"),
            (repository, false) => format!("repository:{repository}:pull"),
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the registry itself says is wrong.
    fn reason(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let texts = ["code", "message"].map(|key| body["errors"][0][key].as_str().unwrap_or_default());
        let reason = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        if reason.is_empty() { self.status.to_string() } else { format!("{} ({reason})", self.status) }
    }
}

impl<'s> Client<'s> {
    pub async fn connect(access: Access, patience: Patience, say: Say<'s>) -> Result<Self> {
        // Only the first such call has an effect; the engine's TLS uses the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificates = trust::certificates(&access.host)?;
        let client = || {
            let client = reqwest::Client::builder()
                .user_agent(concat!("tf-serving-xtask/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(patience.connect)
                .referer(false)
                .redirect(redirect::Policy::custom(follow))
                .tls_certs_merge(certificates.clone());
            // A proxy does not reach this machine's loopback.
            if trust::is_loopback(&access.host) { client.no_proxy() } else { client }
        };
        let http = client().read_timeout(patience.idle).build().context("set up a client for the registry")?;
        let sending = client().build().context("set up a client for uploads")?;
        let plain = access.insecure || trust::is_loopback(&access.host);
        // Docker Hub's interface has a host of its own.
        let api = if ["docker.io", "index.docker.io"].contains(&access.host.as_str()) {
            "registry-1.docker.io"
        } else {
            &access.host
        };
        let open = || async { open(&http, api, plain).await };
        let base = again(open, patience.first, say, api).await?;
        Ok(Self { http, sending, access, base, headers: Mutex::default(), patience, say })
    }

    pub fn host(&self) -> &str {
        &self.access.host
    }

    pub fn credentials(&self) -> &Credentials {
        &self.access.credentials
    }

    pub fn patience(&self) -> Patience {
        self.patience
    }

    pub fn warn(&self, line: String) {
        (self.say)(format!("registry {}: {line}", self.host()));
    }

    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends until there is an answer that another try would not change.
    pub async fn send(&self, call: &Call<'_>) -> Result<Answer> {
        let attempt = || async { self.attempt(call).await };
        again(attempt, self.patience.first, self.say, self.host()).await
    }

    /// One request as it stands, whole.
    pub async fn once(&self, request: RequestBuilder) -> Result<Answer> {
        read(request).await.map_err(|trouble| match trouble {
            Trouble::Passing(error, _) | Trouble::Final(error) => error,
            Trouble::Untrusted(why) => anyhow!("its certificate is not trusted ({why})"),
        })
    }

    /// One try.
    pub async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Trouble> {
        let key = (call.repository.to_owned(), call.writes());
        let known = self.headers.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let answer = read(self.prepared(call, known)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // Tokens run out, so that a header that worked is no reason not to ask anew.
        let Some(challenge) = challenge::read(&answer.headers) else { return Ok(answer) };
        let met = challenge::meet(&challenge, &call.scope(), self).await.map_err(Trouble::Final)?;
        let Some(met) = met else { return Ok(answer) };
        let answer = read(self.prepared(call, Some(met.clone()))).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            self.headers.lock().unwrap_or_else(PoisonError::into_inner).insert(key, met);
        }
        Ok(answer)
    }

    fn prepared(&self, call: &Call<'_>, authorization: Option<HeaderValue>) -> RequestBuilder {
        let url = match &call.place {
            Place::Path(path) => self.base.join(path).unwrap_or_else(|_| self.base.clone()),
            Place::Url(url) => url.clone(),
        };
        // Uploads may be taken by somebody else, whom the secret does not concern.
        let authorization = authorization.filter(|_| url.origin() == self.base.origin());
        let http = if call.body.is_long() { &self.sending } else { &self.http };
        let mut request = http.request(call.method.clone(), url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if call.writes() { call.body.put(request) } else { request }
    }

    /// The error of an answer that is a refusal.
    pub fn refused(&self, answer: &Answer) -> Error {
        let Access { host, credentials, source, .. } = &self.access;
        let (reason, whose) = (answer.reason(), credentials.shown());
        match answer.status.as_u16() {
            401 if *credentials == Credentials::None => {
                anyhow!("{host} wants credentials ({source}); log in first: docker login {host}")
            }
            401 => anyhow!("{host} does not take {whose} {source}: {reason}; log in again: docker login {host}"),
            403 => {
                anyhow!("{host} denies this to {whose} ({source}): {reason}; ask its owner for the right to push there")
            }
            405 => {
                anyhow!("{host} takes no pushes: {reason}; it may be a read-only mirror, push to the registry itself")
            }
            _ => anyhow!("{host} answered {reason}; check --registry, and the registry's log"),
        }
    }
}

/// Where the registry's interface begins.
async fn open(http: &reqwest::Client, host: &str, plain: bool) -> Result<Url, Trouble> {
    let url = |scheme: &str| {
        let url = Url::parse(&format!("{scheme}://{host}/v2/")).with_context(|| format!("read the host `{host}`"));
        url.map_err(Trouble::Final)
    };
    let error = match read(http.get(url("https")?)).await {
        Ok(_) => return url("https"),
        Err(trouble) => trouble,
    };
    if !plain || !matches!(error, Trouble::Passing(..)) {
        return Err(error);
    }
    match read(http.get(url("http")?)).await {
        // What a TLS server whose connection was cut says to plain words is neither.
        Ok(answer) if [StatusCode::OK, StatusCode::UNAUTHORIZED].contains(&answer.status) => url("http"),
        Ok(answer) if answer.status == StatusCode::NOT_FOUND => url("http"),
        Ok(_) => Err(error),
        Err(trouble) => Err(trouble),
    }
}

async fn read(request: RequestBuilder) -> Result<Answer, Trouble> {
    let response = request.send().await.map_err(network)?;
    let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
    let body = response.bytes().await.map_err(network)?;
    let answer = Answer { status, url, headers, body };
    if retry::is_passing(status.as_u16()) {
        let wait = answer.header(header::RETRY_AFTER.as_str()).and_then(|value| value.parse().ok());
        return Err(Trouble::Passing(anyhow!("it answered {}", answer.reason()), wait.map(Duration::from_secs)));
    }
    Ok(answer)
}

fn network(error: reqwest::Error) -> Trouble {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let why = cause.to_string();
    if why.contains("certificate") {
        return Trouble::Untrusted(why);
    }
    if error.is_builder() || error.is_redirect() {
        return Trouble::Final(error.without_url().into());
    }
    let how = if error.is_timeout() { "it is silent" } else { "the connection failed" };
    Trouble::Passing(anyhow!("{how} ({why})"), None)
}

/// Between the tries of one request, or of one blob.
pub(super) fn pauses(first: Duration) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(first)
        .with_factor(retry::FACTOR)
        .with_max_times(retry::MORE_TRIES)
        .with_jitter()
}

/// Tries again as long as that may help; says so each time.
async fn again<T, F: Future<Output = Result<T, Trouble>>>(
    attempt: impl FnMut() -> F,
    first: Duration,
    say: Say<'_>,
    host: &str,
) -> Result<T> {
    let tried = attempt.retry(pauses(first)).when(|trouble| matches!(trouble, Trouble::Passing(..)));
    let tried = tried.adjust(|trouble, pause| match trouble {
        Trouble::Passing(_, Some(wait)) => pause.map(|pause| pause.max((*wait).min(retry::LONGEST))),
        _ => pause,
    });
    let told = tried.notify(|trouble, pause| {
        if let Trouble::Passing(error, _) = trouble {
            say(format!("registry {host}: {error}, going on in {:.1} s", pause.as_secs_f64()));
        }
    });
    told.await.map_err(|trouble| trouble.told(host))
}

/// Redirects as usual, but never out of TLS.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let leaves_tls = attempt.url().scheme() != "https" && attempt.previous().iter().any(|url| url.scheme() == "https");
    if leaves_tls {
        return attempt.error("the registry leads from https to http, where anybody may change the answer");
    }
    redirect::Policy::default().redirect(attempt)
}
