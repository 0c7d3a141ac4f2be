//! Pushing an image: the engine sends its layers side by side, and the manifest with the tag when all have arrived.
//! A push that broke off is begun again; what has arrived stays, so that it goes on where it was.

mod failure;
mod layers;

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use backon::{BackoffBuilder, ExponentialBuilder};
use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use bollard::{
    Docker,
    models::{CreateImageInfo, RegistryServiceConfig},
    query_parameters::{CreateImageOptions, RemoveImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures_util::StreamExt;
use reqwest::header::HeaderValue;
use serde_json::json;

use self::{failure::Verdict, layers::Layers};
use super::images;
use crate::{
    domain::{reference::Reference, retry},
    ports::{Credentials, EnginePush, Moving, PushedLayers},
};

/// An engine that says nothing of a push for this long hangs at its registry.
const SILENCE: Duration = Duration::from_secs(300);

/// Hosts that the engine may speak plain HTTP to.
pub(super) fn insecure(config: Option<RegistryServiceConfig>) -> Vec<String> {
    let indexes = config.and_then(|config| config.index_configs).unwrap_or_default();
    let mut insecure: Vec<String> =
        indexes.into_iter().filter(|(_, index)| index.secure == Some(false)).map(|(name, _)| name).collect();
    insecure.sort();
    insecure
}

pub(super) async fn push(
    docker: &Docker,
    push: &EnginePush<'_>,
    tell: &(dyn Fn(Moving) + Sync),
) -> Result<PushedLayers> {
    let EnginePush { image, reference, .. } = *push;
    let name = reference.to_string();
    let is_new = images::inspect(docker, &name).await?.is_none();
    let options =
        TagImageOptionsBuilder::default().repo(&reference.repository.to_string()).tag(reference.tag.as_str()).build();
    docker.tag_image(image, Some(options)).await.with_context(|| format!("tag {image} as {name}"))?;
    let pushed = send(docker, push, tell).await.with_context(|| format!("push {image} to {name}"));
    // Engines push what has a tag; nobody else needs this one.
    if is_new {
        let options = RemoveImageOptionsBuilder::default().noprune(true).build();
        docker.remove_image(&name, Some(options), None).await.with_context(|| format!("take the tag {name} away"))?;
    }
    let mut pushed = pushed?;
    let inspected = docker.inspect_image(image).await.with_context(|| format!("look up image {image}"))?;
    pushed.all = inspected.root_fs.and_then(|root| root.layers).unwrap_or_default();
    Ok(pushed)
}

/// Why a try ended.
enum Trouble {
    Passing(Error),
    Final(Error),
}

async fn send(docker: &Docker, push: &EnginePush<'_>, tell: &(dyn Fn(Moving) + Sync)) -> Result<PushedLayers> {
    let docker = pushing(docker, push.reference, push.credentials)?;
    let pauses = ExponentialBuilder::default()
        .with_min_delay(retry::FIRST)
        .with_factor(retry::FACTOR)
        .with_max_delay(retry::LONGEST_PAUSE)
        .with_max_times(retry::MORE_PUSHES)
        .with_jitter();
    let (mut layers, mut moved, mut left) = (Layers::default(), 0, pauses.build());
    loop {
        let error = match attempt(&docker, push, &mut layers, tell).await {
            Ok(()) => return Ok(layers.pushed()),
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Passing(error)) => error,
        };
        // Only tries in a row that bring nothing count.
        if layers.moved() > moved {
            (moved, left) = (layers.moved(), pauses.build());
        }
        let Some(pause) = left.next() else {
            return Err(error.context(format!(
                "gave up after {} tries that brought nothing; what has arrived in the registry stays, run again once it answers",
                retry::MORE_PUSHES + 1
            )));
        };
        let seconds = pause.as_secs_f64();
        tell(Moving::Trouble(format!("{error:#}; what has arrived stays, going on in {seconds:.1} s")));
        tokio::time::sleep(pause).await;
    }
}

/// A client whose image creation is a push. The calls have the same form, but this release's own push leaves out which
/// layer an answer is about, and writes credentials in an alphabet in which engines do not find those with `?` or `~`.
fn pushing(docker: &Docker, reference: &Reference, credentials: &Credentials) -> Result<Docker> {
    let call = format!("/images/{}/push?tag={}", reference.repository, reference.tag);
    let host = reference.repository.host();
    let credentials = match credentials {
        Credentials::None => json!({}),
        Credentials::Password { user, password } => {
            json!({ "username": user, "password": password, "serveraddress": host })
        }
        Credentials::IdentityToken(token) => json!({ "identitytoken": token, "serveraddress": host }),
    };
    let credentials = URL_SAFE.encode(credentials.to_string());
    let mut credentials = HeaderValue::from_str(&credentials).context("put credentials into a header")?;
    credentials.set_sensitive(true);
    Ok(docker.clone().with_request_modifier(move |mut request| {
        let mut parts = request.uri().clone().into_parts();
        // A reference is of characters that stand in a path as they are.
        parts.path_and_query = call.parse().ok();
        if let Ok(uri) = parts.try_into() {
            *request.uri_mut() = uri;
        }
        request.headers_mut().insert("X-Registry-Auth", credentials.clone());
        request
    }))
}

async fn attempt(
    docker: &Docker,
    push: &EnginePush<'_>,
    layers: &mut Layers,
    tell: &(dyn Fn(Moving) + Sync),
) -> Result<(), Trouble> {
    let mut answers = docker.create_image(None::<CreateImageOptions>, None, None);
    loop {
        let silent = format!("the engine has said nothing for {} s", SILENCE.as_secs());
        let next = tokio::time::timeout(SILENCE, answers.next()).await;
        let Some(answer) = next.map_err(|_| Trouble::Passing(anyhow!(silent)))? else {
            return Ok(());
        };
        match answer {
            Ok(CreateImageInfo { id, status, progress_detail, .. }) => {
                let progress = progress_detail.unwrap_or_default();
                if let Some(moving) = layers.hear(id, &status.unwrap_or_default(), progress.current, progress.total) {
                    tell(moving);
                }
            }
            Err(error) if images::is_leftover(&error) => return Ok(()),
            Err(bollard::errors::Error::DockerStreamError { error }) => return Err(judged(&error, push)),
            Err(bollard::errors::Error::DockerResponseServerError { message, .. }) => {
                return Err(judged(&message, push));
            }
            Err(error) => return Err(Trouble::Final(Error::new(error).context("listen to the engine"))),
        }
    }
}

fn judged(message: &str, push: &EnginePush<'_>) -> Trouble {
    match failure::judge(message, push.reference.repository.host(), &push.credentials.shown()) {
        Verdict::Passing => Trouble::Passing(anyhow!("{message}")),
        Verdict::Final(advice) => Trouble::Final(anyhow!("{message}; {advice}")),
    }
}
