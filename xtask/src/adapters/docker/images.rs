//! Images: look up, pull, import, and keep a container as one.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use bollard::{
    Docker, body_try_stream,
    errors::Error,
    models::ContainerConfig,
    query_parameters::{
        CommitContainerOptionsBuilder, CreateImageOptions, CreateImageOptionsBuilder, TagImageOptionsBuilder,
    },
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::io::AsyncReadExt;

use super::status;
use crate::{
    domain::label,
    ports::{ImageFacts, KeptImage, Labels, Say},
};

/// An engine that says nothing for this long while it pulls is taken for dead.
const SILENCE: Duration = Duration::from_secs(600);
const CHUNK: usize = 256 * 1024;

pub(super) async fn inspect(docker: &Docker, reference: &str) -> Result<Option<ImageFacts>> {
    match docker.inspect_image(reference).await {
        Ok(image) => {
            let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
            let bytes = image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
            Ok(Some(ImageFacts { id: image.id.unwrap_or_default(), labels: labels.into_iter().collect(), bytes }))
        }
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(anyhow!(error).context(format!("look up image {reference}"))),
    }
}

pub(super) async fn pull(docker: &Docker, reference: &str, say: Say<'_>) -> Result<ImageFacts> {
    let options = CreateImageOptionsBuilder::default().from_image(reference).build();
    create(docker, options, None, say).await.with_context(|| {
        format!("pull {reference}; where no registry is reachable, use a profile with a bootstrapped base (`--profile sample`)")
    })?;
    present(docker, reference).await
}

pub(super) async fn import(docker: &Docker, tar: &Path, reference: &str, labels: &Labels) -> Result<ImageFacts> {
    let (repository, tag) = reference.rsplit_once(':').context("an imported image has a tag")?;
    let changes = labels.iter().map(|(name, value)| format!("LABEL {name}={value:?}"));
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(repository)
        .tag(tag)
        .changes(changes.collect::<Vec<_>>())
        .build();
    let file = tokio::fs::File::open(tar).await.with_context(|| format!("open {}", tar.display()))?;
    create(docker, options, Some(file), &|_| {})
        .await
        .with_context(|| format!("import {} as {reference}", tar.display()))?;
    present(docker, reference).await
}

pub(super) async fn commit(docker: &Docker, container: &str, image: &KeptImage) -> Result<ImageFacts> {
    let (repository, tag) = image.reference.rsplit_once(':').context("a kept image has a tag")?;
    // The container's labels go over to the image, and from there to whatever is started from it: they can be emptied,
    // not taken away.
    let emptied = [label::CHECKOUT, label::RUN, label::ROLE].map(|name| format!("LABEL {name}=\"\""));
    let labels = image.labels.iter().map(|(name, value)| format!("LABEL {name}={value:?}"));
    let command = serde_json::to_string(&image.command).context("write the command as JSON")?;
    let other = [format!("CMD {command}"), "WORKDIR /".to_owned()];
    let changes: Vec<String> = emptied.into_iter().chain(labels).chain(other).collect();
    let options = CommitContainerOptionsBuilder::default()
        .container(container)
        .repo(repository)
        .tag(tag)
        .changes(&changes.join("\n"))
        .build();
    let committed = docker.commit_container(options, ContainerConfig::default()).await;
    committed.with_context(|| format!("keep container {container} as image {}", image.reference))?;
    present(docker, &image.reference).await
}

pub(super) async fn tag(docker: &Docker, image: &str, reference: &str) -> Result<()> {
    let (repository, tag) = reference.rsplit_once(':').context("a tag stands behind a colon")?;
    let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
    docker.tag_image(image, Some(options)).await.with_context(|| format!("call image {image} {reference}"))
}

async fn create(
    docker: &Docker,
    options: CreateImageOptions,
    root: Option<tokio::fs::File>,
    say: Say<'_>,
) -> Result<()> {
    let body = root.map(|file| body_try_stream(chunks(file)));
    let mut progress = docker.create_image(Some(options), body, None);
    loop {
        let Some(item) = tokio::time::timeout(SILENCE, progress.next()).await.context("the engine fell silent")? else {
            return Ok(());
        };
        let item = match item {
            Err(error) if is_leftover(&error) => return Ok(()),
            other => other?,
        };
        if let Some(message) = item.error_detail.and_then(|detail| detail.message) {
            bail!("{message}");
        }
        if let Some(status) = item.status {
            say([item.id.unwrap_or_default(), status].join(" ").trim().to_owned());
        }
    }
}

/// A chunk border inside a CRLF makes this client report leftover bytes at the end (fussybeaver/bollard#560); whether the
/// image is where it should be is asked afterwards in any case.
pub(super) fn is_leftover(error: &Error) -> bool {
    matches!(error, Error::IOError { err } if err.to_string().contains("bytes remaining on stream"))
}

fn chunks(file: tokio::fs::File) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then(|| (chunk.into(), file)))
    })
}

async fn present(docker: &Docker, reference: &str) -> Result<ImageFacts> {
    inspect(docker, reference)
        .await?
        .with_context(|| format!("the engine reported success but has no image {reference}"))
}
