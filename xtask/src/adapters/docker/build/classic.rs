//! Image builds by the classic builder, which every engine from 20.10 on has. It stamps the clock into every image.

use std::io;

use anyhow::{Context, Result, bail};
use bollard::{Docker, body_try_stream, errors::Error, query_parameters::BuildImageOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::{Output, SILENCE};
use crate::ports::{ImageBuild, Say};

/// The ID of what was built.
pub(super) async fn build(
    docker: &Docker,
    image: &ImageBuild,
    context: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    say: Say<'_>,
) -> Result<Option<String>> {
    let mut options = BuildImageOptionsBuilder::default()
        .dockerfile("Dockerfile")
        .buildargs(&image.args.clone().into_iter().collect())
        .rm(true)
        .forcerm(true);
    if let Some(network) = &image.network {
        options = options.networkmode(network);
    }
    if let Some(tag) = &image.tag {
        options = options.t(tag);
    }
    let mut items = docker.build_image(options.build(), None, Some(body_try_stream(context)));
    let (mut output, mut id) = (Output::default(), None);
    loop {
        let next = tokio::time::timeout(SILENCE, items.next());
        let Some(item) = next.await.context("the engine fell silent while building")? else { break };
        let item = match item {
            Ok(item) => item,
            Err(Error::DockerStreamError { error }) => bail!(output.failure(&error)),
            Err(error) => return Err(error.into()),
        };
        if let Some(message) = item.error_detail.and_then(|detail| detail.message) {
            bail!(output.failure(&message));
        }
        // The builder colours what a step says on its stderr.
        let text = item.stream.unwrap_or_default().replace("\u{1b}[91m", "").replace("\u{1b}[0m", "");
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            output.keep(line);
            say(line.trim_end().to_owned());
        }
        if let Some(status) = item.status {
            say(status);
        }
        id = item.aux.and_then(|aux| aux.id).or(id);
    }
    Ok(id)
}
