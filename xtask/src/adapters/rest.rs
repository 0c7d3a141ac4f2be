//! The REST API of a model server, asked as any client would ask it.
//! What an answer means is the asker's concern.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{
    Client, RequestBuilder, header,
    multipart::{Form, Part},
};

use crate::ports::{Rest, RestAnswer};

/// A large model on a small quota thinks for a while.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct RestApi(Client);

impl RestApi {
    pub fn new() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(PATIENCE).build();
        Ok(Self(client.context("set up an HTTP client")?))
    }
}

impl Rest for RestApi {
    async fn ask(&self, url: &str, body: Option<&str>) -> Result<RestAnswer> {
        let request = match body {
            None => self.0.get(url),
            Some(body) => self.0.post(url).header(header::CONTENT_TYPE, "application/json").body(body.to_owned()),
        };
        told(request, url).await
    }

    async fn upload(&self, url: &str, name: &'static str, bytes: Vec<u8>) -> Result<RestAnswer> {
        let form = Form::new().part("file", Part::bytes(bytes).file_name(name));
        told(self.0.post(url).multipart(form), url).await
    }
}

async fn told(request: RequestBuilder, url: &str) -> Result<RestAnswer> {
    let answer = request.send().await.with_context(|| format!("ask {url}"))?;
    let status = answer.status().as_u16();
    Ok(RestAnswer { status, body: answer.text().await.with_context(|| format!("read the answer of {url}"))? })
}
