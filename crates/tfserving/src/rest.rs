//! The REST client: JSON over connections that are kept. `body` writes and reads JSON; what HTTP does is here.

pub(crate) mod body;
mod lenient;

use std::time::Instant;

use reqwest::{Client, Method, Response, StatusCode, Url, header, redirect};
use serde_json::Value as Json;

use crate::{
    address::Endpoint,
    answer::{Answer, Classes, Metadata, Prediction, Timing, VersionStatus},
    call::{Classify, Model, Predict, Version},
    connections::Connections,
    error::{CallError, Code, Origin, chain, shortened},
    options::Options,
    server_timing,
};

/// A server's REST interface.
#[derive(Debug)]
pub struct RestClient {
    name: String,
    base: Url,
    options: Options,
    connections: Connections,
    http: Client,
}

/// A request: what is asked of which model.
struct Asked<'a> {
    method: Method,
    model: &'a Model,
    /// `:predict`, `:classify`, `/metadata` or nothing.
    verb: &'a str,
}

impl RestClient {
    /// A client that connects with its first call.
    ///
    /// # Errors
    /// Where the address is no URL, or TLS cannot be set up.
    pub fn new(name: &str, endpoint: &Endpoint, options: Options) -> Result<Self, CallError> {
        let failed = |message: String| CallError {
            server: name.to_owned(),
            method: "connect".into(),
            code: Code::InvalidArgument,
            message,
            origin: Origin::Here,
        };
        let base = Url::parse(&endpoint.url()).map_err(|error| failed(error.to_string()))?;
        let connections = Connections::default();
        // Model servers stand beside us: a proxy of the environment is for the world outside, and gRPC takes none either.
        let http = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .http1_only()
            .tcp_nodelay(true)
            .connect_timeout(options.connect)
            .timeout(options.deadline)
            .connector_layer(connections.clone())
            .build()
            .map_err(|error| failed(chain(&error)))?;
        Ok(Self { name: name.to_owned(), base, options, connections, http })
    }

    /// The connections made so far.
    pub fn connections(&self) -> u64 {
        self.connections.made()
    }

    /// `POST …:predict`.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn predict(&self, call: &Predict) -> Result<Answer<Prediction>, CallError> {
        let asked = Asked { method: Method::POST, model: &call.model, verb: ":predict" };
        self.call(&asked, || body::predict(call), body::prediction).await
    }

    /// `POST …:classify` of one example.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn classify(&self, call: &Classify) -> Result<Answer<Classes>, CallError> {
        let asked = Asked { method: Method::POST, model: &call.model, verb: ":classify" };
        self.call(&asked, || body::classify(call), |json| body::classes(&json)).await
    }

    /// `GET …/metadata`.
    ///
    /// # Errors
    /// Whatever goes wrong; also where the model is not loaded.
    pub async fn metadata(&self, model: &Model) -> Result<Answer<Metadata>, CallError> {
        let asked = Asked { method: Method::GET, model, verb: "/metadata" };
        self.call(&asked, Vec::new, |json| body::metadata(&json, &model.name)).await
    }

    /// `GET` of the model.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn status(&self, model: &Model) -> Result<Answer<Vec<VersionStatus>>, CallError> {
        let asked = Asked { method: Method::GET, model, verb: "" };
        self.call(&asked, Vec::new, |json| body::versions(&json)).await
    }

    async fn call<T>(
        &self,
        asked: &Asked<'_>,
        write: impl FnOnce() -> Vec<u8>,
        read: impl FnOnce(Json) -> Result<T, String>,
    ) -> Result<Answer<T>, CallError> {
        let url = self.url(asked);
        let method = format!("{} {}", asked.method, url.path());
        let error = |code, origin, message| CallError {
            server: self.name.clone(),
            method: method.clone(),
            code,
            message,
            origin,
        };
        let started = Instant::now();
        let body = write();
        let written = started.elapsed();
        let (length, limit) = (body.len(), self.options.send_limit);
        if length > limit {
            let what = format!("the request has {length} bytes, and at most {limit} can be sent");
            return Err(error(Code::ResourceExhausted, Origin::Here, what));
        }
        let mut request = self.http.request(asked.method.clone(), url);
        if asked.method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let lost = |failure: &reqwest::Error| {
            let code = if failure.is_timeout() { Code::DeadlineExceeded } else { Code::Unavailable };
            let what = if failure.is_timeout() {
                format!("no answer within {:?}", self.options.deadline)
            } else {
                shortened(&chain(failure))
            };
            error(code, Origin::Way, what)
        };
        let mut response = request.send().await.map_err(|failure| lost(&failure.without_url()))?;
        let (status, server) = (response.status(), said_of_itself(&response));
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|failure| lost(&failure.without_url()))? {
            if answer.len() + chunk.len() > self.options.receive_limit {
                let what = format!("the answer has more than {} bytes", self.options.receive_limit);
                return Err(error(Code::ResourceExhausted, Origin::Here, what));
            }
            answer.extend_from_slice(&chunk);
        }
        if status != StatusCode::OK {
            return Err(error(Code::from_http(status.as_u16()), Origin::Server, refusal(status, &answer)));
        }
        let arrived = Instant::now();
        let value = lenient::read(&answer).and_then(read);
        let value = value.map_err(|what| error(Code::DataLoss, Origin::Here, what))?;
        let timing = Timing { serialize: written + arrived.elapsed(), total: started.elapsed(), server };
        Ok(Answer { value, timing })
    }

    fn url(&self, asked: &Asked<'_>) -> Url {
        let Model { name, version } = asked.model;
        let mut segments = vec!["v1".to_owned(), "models".to_owned(), name.clone()];
        match version {
            Version::Newest => {}
            Version::Number(number) => segments.extend(["versions".to_owned(), number.to_string()]),
            Version::Label(label) => segments.extend(["labels".to_owned(), label.clone()]),
        }
        match asked.verb.strip_prefix('/') {
            Some(verb) => segments.push(verb.to_owned()),
            None => segments.iter_mut().last().expect("three at least").push_str(asked.verb),
        }
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }
}

fn said_of_itself(response: &Response) -> Option<std::time::Duration> {
    response.headers().get("server-timing")?.to_str().ok().and_then(server_timing::total)
}

/// The server's words: `{"error": "…"}`, or whatever text came.
fn refusal(status: StatusCode, answer: &[u8]) -> String {
    let said = serde_json::from_slice::<Json>(answer).ok();
    let said = said.as_ref().and_then(|json| json["error"].as_str());
    match said.map_or_else(|| String::from_utf8_lossy(answer).trim().to_owned(), str::to_owned) {
        silent if silent.is_empty() => format!("HTTP status {status}"),
        words => shortened(&words),
    }
}
