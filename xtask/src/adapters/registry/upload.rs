//! A blob's way into a repository: in one piece, as engines send them, and gone on with where it broke off.
//! Only tries in a row that bring nothing count.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use backon::BackoffBuilder;
use reqwest::{Method, StatusCode, Url, header};

use super::{
    body::{Body, Rest},
    client::{Answer, Call, Client, Trouble, pauses},
};
use crate::{
    domain::{reference::Digest, retry},
    ports::{Blob, Content, Progress},
};

/// Between two looks at how far a blob has come.
const GLANCE: Duration = Duration::from_millis(100);

/// Where an upload goes on, and how many bytes of it are there.
struct Place {
    url: Url,
    arrived: u64,
}

/// How a try ended that met no trouble.
enum Sent {
    Whole,
    /// The registry knows nothing of this upload any more.
    Forgotten,
}

pub(super) async fn is_there(client: &Client<'_>, repository: &str, digest: &Digest) -> Result<bool> {
    let answer = client.send(&Call::new(Method::HEAD, repository, &format!("blobs/{digest}"))).await?;
    match answer.status {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        _ => Err(client.refused(&answer)),
    }
}

/// Begins an upload; returns its place.
pub(super) async fn begin(client: &Client<'_>, repository: &str) -> Result<Url> {
    let answer = client.send(&Call::new(Method::POST, repository, "blobs/uploads/")).await?;
    if answer.status != StatusCode::ACCEPTED {
        return Err(client.refused(&answer));
    }
    next(&answer)?.context("the registry begins an upload and says not where")
}

/// Sends a blob that is not there; says whether it moved.
pub(super) async fn put(
    client: &Client<'_>,
    repository: &str,
    blob: &Blob<'_>,
    progress: Progress<'_>,
) -> Result<bool> {
    let pauses = pauses(client.patience().first);
    let (mut left, mut most, mut place) = (pauses.build(), 0, None);
    let mut has_moved = false;
    loop {
        let begun = match place.take() {
            Some(place) => place,
            // The answer to the last try may have been lost after it went well.
            None if is_there(client, repository, &blob.digest).await? => return Ok(has_moved),
            None => Place { url: begin(client, repository).await?, arrived: 0 },
        };
        has_moved = true;
        let url = begun.url.clone();
        let (error, asked) = match send(client, repository, blob, begun, progress).await {
            Ok(Sent::Whole) => return Ok(true),
            Ok(Sent::Forgotten) => (anyhow!("it has forgotten the upload of {}", blob.digest.short()), None),
            Err(Trouble::Passing(error, wait)) => {
                place = left_off(client, repository, url).await?;
                (error, wait)
            }
            Err(trouble) => return Err(trouble.told(client.host())),
        };
        let arrived = place.as_ref().map_or(0, |place| place.arrived);
        if arrived > most {
            (most, left) = (arrived, pauses.build());
        }
        let Some(pause) = left.next() else { return Err(Trouble::Passing(error, None).told(client.host())) };
        let pause = pause.max(asked.unwrap_or_default().min(retry::LONGEST));
        client.warn(format!("{error:#}; {arrived} bytes have arrived, going on in {:.1} s", pause.as_secs_f64()));
        tokio::time::sleep(pause).await;
    }
}

/// What the registry has of an upload that broke off; none where it does not say.
async fn left_off(client: &Client<'_>, repository: &str, url: Url) -> Result<Option<Place>> {
    let answer = client.send(&Call::at(Method::GET, repository, url.clone())).await?;
    if answer.status != StatusCode::NO_CONTENT {
        return Ok(None);
    }
    // `0-0` is said of nothing and of one byte; a second first byte would be refused, and begun anew.
    let last = answer.header(header::RANGE.as_str()).and_then(|range| range.rsplit_once('-')?.1.parse().ok());
    let arrived = last.filter(|last: &u64| *last > 0).map_or(0, |last| last + 1);
    Ok(Some(Place { url: next(&answer)?.unwrap_or(url), arrived }))
}

async fn send(
    client: &Client<'_>,
    repository: &str,
    blob: &Blob<'_>,
    Place { mut url, arrived }: Place,
    progress: Progress<'_>,
) -> Result<Sent, Trouble> {
    if arrived < blob.size {
        let answer = watched(client, repository, blob, Place { url, arrived }, progress).await?;
        match answer.status {
            StatusCode::ACCEPTED => {}
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Sent::Forgotten),
            _ => return Err(Trouble::Final(client.refused(&answer))),
        }
        let place = next(&answer).map_err(Trouble::Final)?;
        url =
            place.ok_or_else(|| Trouble::Final(anyhow!("the registry takes a blob and says not where it goes on")))?;
    }
    url.query_pairs_mut().append_pair("digest", blob.digest.as_str());
    let answer = client.send(&Call::at(Method::PUT, repository, url)).await.map_err(Trouble::Final)?;
    match answer.status {
        StatusCode::CREATED => Ok(Sent::Whole),
        StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => Ok(Sent::Forgotten),
        _ => Err(Trouble::Final(client.refused(&answer))),
    }
}

/// One request with all that has not arrived; given up once nothing more is taken for as long as patience lasts.
async fn watched(
    client: &Client<'_>,
    repository: &str,
    blob: &Blob<'_>,
    Place { url, arrived }: Place,
    progress: Progress<'_>,
) -> Result<Answer, Trouble> {
    let reached = Arc::new(AtomicU64::new(arrived));
    let body = match blob.content {
        Content::Bytes(bytes) => {
            Body::Bytes(usize::try_from(arrived).ok().and_then(|from| bytes.get(from..)).unwrap_or_default())
        }
        Content::File(path) => Body::File(Rest { path, from: arrived, size: blob.size, reached: reached.clone() }),
    };
    let mut call =
        Call::at(Method::PATCH, repository, url).with(header::CONTENT_TYPE, "application/octet-stream").sending(body);
    if arrived > 0 {
        // Engines send the whole without it, and registries know them.
        call = call.with(header::CONTENT_RANGE, &format!("{arrived}-{}", blob.size.saturating_sub(1)));
    }
    let watch = async {
        let (mut last, mut since) = (arrived, tokio::time::Instant::now());
        while since.elapsed() < client.patience().idle {
            tokio::time::sleep(GLANCE).await;
            let now = reached.load(Ordering::Relaxed);
            if now != last {
                (last, since) = (now, tokio::time::Instant::now());
                progress(now, blob.size);
            }
        }
    };
    tokio::select! {
        answer = client.attempt(&call) => answer,
        () = watch => Err(Trouble::Passing(anyhow!("it is silent (nothing more of {} was taken)", blob.digest.short()), None)),
    }
}

fn next(answer: &Answer) -> Result<Option<Url>> {
    let place = answer.header(header::LOCATION.as_str());
    let url =
        place.map(|place| answer.url.join(place).with_context(|| format!("read the place of an upload, `{place}`")));
    url.transpose()
}
