//! Image builds by the classic builder, which every engine from 20.10 on has.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bollard::{Docker, body_full, query_parameters::BuildImageOptionsBuilder};
use futures_util::StreamExt;

use super::{images, transfer::tar_of_files};
use crate::ports::{ImageBuild, ImageFacts, Say};

/// One silent step of a Dockerfile (a large package unpacking) may take long, but not this long.
const SILENCE: Duration = Duration::from_secs(1800);

pub(super) async fn build(docker: &Docker, image: &ImageBuild, say: Say<'_>) -> Result<ImageFacts> {
    let context = tar_of_files(&image.context).context("pack the build context")?;
    let mut options = BuildImageOptionsBuilder::default()
        .dockerfile("Dockerfile")
        .t(&image.tag)
        .buildargs(&image.args.clone().into_iter().collect())
        .labels(&image.labels.clone().into_iter().collect())
        .rm(true)
        .forcerm(true);
    if let Some(network) = &image.network {
        options = options.networkmode(network);
    }
    let mut output = docker.build_image(options.build(), None, Some(body_full(context.into())));
    loop {
        let next = tokio::time::timeout(SILENCE, output.next());
        let Some(item) = next.await.context("the engine fell silent while building")? else { break };
        let item = item?;
        if let Some(message) = item.error_detail.and_then(|detail| detail.message) {
            bail!("{message}");
        }
        for line in item.stream.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()) {
            say(line.trim_end().to_owned());
        }
        if let Some(status) = item.status {
            say(status);
        }
    }
    let built = images::inspect(docker, &image.tag).await?;
    built.with_context(|| format!("the engine ended the build without an error but has no image {}", image.tag))
}
