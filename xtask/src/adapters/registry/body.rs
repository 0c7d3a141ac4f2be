//! What a request carries: bytes that are at hand, or a file from some byte on, whose way is watched.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use reqwest::{RequestBuilder, header};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

/// Read and handed on at once.
const PIECE: usize = 256 * 1024;

pub(super) enum Body<'a> {
    Bytes(&'a [u8]),
    File(Rest<'a>),
}

/// A file from some byte on.
pub(super) struct Rest<'a> {
    pub path: &'a Path,
    pub from: u64,
    /// Bytes of the whole file.
    pub size: u64,
    /// How far into the file it has been handed on.
    pub reached: Arc<AtomicU64>,
}

impl Body<'_> {
    pub fn is_long(&self) -> bool {
        matches!(self, Self::File(_))
    }

    pub fn put(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Bytes(bytes) => request.body(bytes.to_vec()),
            Self::File(rest) => {
                let pieces = pieces(rest.path.to_owned(), rest.from, rest.reached.clone());
                let length = rest.size.saturating_sub(rest.from);
                request.header(header::CONTENT_LENGTH, length).body(reqwest::Body::wrap_stream(pieces))
            }
        }
    }
}

fn pieces(
    path: PathBuf,
    from: u64,
    reached: Arc<AtomicU64>,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let open = async move {
        let mut file = File::open(path).await?;
        file.seek(std::io::SeekFrom::Start(from)).await?;
        reached.store(from, Ordering::Relaxed);
        Ok::<_, std::io::Error>(stream::try_unfold((file, reached), |(mut file, reached)| async move {
            let mut piece = Vec::with_capacity(PIECE);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
            reached.fetch_add(read as u64, Ordering::Relaxed);
            Ok((read > 0).then(|| (Bytes::from(piece), (file, reached))))
        }))
    };
    stream::once(open).try_flatten()
}
