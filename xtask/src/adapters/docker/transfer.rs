//! Files in and out of containers through the archive API: no folder of any machine is ever bound.
//! Tar runs on a thread that may block; a short channel joins it to the connection.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use bollard::{
    Docker, body_try_stream,
    query_parameters::{
        ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
    },
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

use super::status;
use crate::ports::{CopiedFile, Progress, Tar};

/// Chunks under way between the connection and the tar thread.
const CHANNEL: usize = 32;
const WRITE_BUFFER: usize = 256 * 1024;
/// `read_file` is for libraries and settings, not for model servers.
/// The largest library of CUDA 12 has 0.8 GiB.
const SMALL_FILE: u64 = 2 << 30;

pub(super) async fn upload(docker: &Docker, container: &str, folder: &str, tar: Tar) -> Result<()> {
    let (chunks, writer) = streamed(tar);
    let options = UploadToContainerOptionsBuilder::default().path(folder).build();
    let sent = docker.upload_to_container(container, Some(options), body_try_stream(chunks)).await;
    // What went wrong while reading explains more than the connection that broke because of it.
    match (writer.await.context("run the archive thread")?, sent) {
        (_, Err(error)) if status(&error).is_some() => Err(anyhow!(error)),
        (Err(error), _) => Err(error),
        (Ok(()), sent) => Ok(sent?),
    }
    .with_context(|| format!("upload to {folder} of container {container}"))
}

/// The archive's bytes as they are written on a thread of its own.
pub(super) fn streamed(tar: Tar) -> (impl Stream<Item = io::Result<Bytes>> + Send + 'static, JoinHandle<Result<()>>) {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(CHANNEL);
    let writer = tokio::task::spawn_blocking(move || {
        let mut writer = io::BufWriter::with_capacity(WRITE_BUFFER, ChannelWriter(sender.clone()));
        let result = tar(&mut writer).and_then(|()| writer.flush().context("send the archive"));
        if let Err(error) = &result {
            // The engine must not take a cut archive for a whole one.
            let _ = sender.blocking_send(Err(io::Error::other(format!("{error:#}"))));
        }
        result
    });
    let chunks =
        stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|item| (item, receiver)) });
    (chunks, writer)
}

pub(super) async fn has_path(docker: &Docker, container: &str, path: &str) -> Result<bool> {
    let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
    match docker.get_container_archive_info(container, Some(options)).await {
        Ok(_) => Ok(true),
        Err(error) if status(&error) == Some(404) => Ok(false),
        Err(error) => Err(anyhow!(error).context(format!("look for {path} in container {container}"))),
    }
}

pub(super) async fn copy_out(
    docker: &Docker,
    container: &str,
    path: &str,
    to: &Path,
    progress: Progress<'_>,
) -> Result<CopiedFile> {
    let target = to.to_owned();
    let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
    let size = docker.get_container_archive_info(container, Some(options)).await;
    let size = size.ok().and_then(|info| u64::try_from(info.size).ok()).unwrap_or_default();
    // The archive is longer than the file: what follows the file's last byte is no news.
    let told = |moved: u64| {
        if moved < size {
            progress(moved, size);
        }
    };
    let copied = download(docker, container, path, &told, move |entry| {
        if !entry.header().entry_type().is_file() {
            bail!("it is a folder or a link; the build was to leave a file there");
        }
        let file = fs_err::File::create(&target)?;
        let mut sink = Hashing { file, hash: Sha256::new(), bytes: 0 };
        let expected = entry.size();
        io::copy(&mut io::BufReader::with_capacity(WRITE_BUFFER, entry), &mut sink)?;
        if sink.bytes != expected {
            bail!("{} of {expected} bytes arrived", sink.bytes);
        }
        sink.file.sync_all()?;
        Ok(CopiedFile { sha256: format!("{:x}", sink.hash.finalize()), bytes: sink.bytes })
    });
    let copied = copied.await;
    if copied.is_ok() {
        progress(size, size);
    }
    copied
        .and_then(|file| file.with_context(|| format!("find {path}")))
        .with_context(|| format!("copy {path} of container {container} to {}", to.display()))
}

pub(super) async fn read_file(docker: &Docker, container: &str, path: &str) -> Result<Option<Vec<u8>>> {
    let mut path = path.to_owned();
    // The archive API resolves links in the folders of a path but hands out a final link as it is.
    for _ in 0..16 {
        let found = download(docker, container, &path, &|_| (), |entry| {
            if let Some(link) = entry.link_name()?.filter(|_| entry.header().entry_type().is_symlink()) {
                return Ok(Found::Link(link.to_string_lossy().into_owned()));
            }
            if !entry.header().entry_type().is_file() || entry.size() > SMALL_FILE {
                bail!("it is no file of at most {SMALL_FILE} bytes");
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            Ok(Found::File(bytes))
        });
        match found.await.with_context(|| format!("read {path} of container {container}"))? {
            None => return Ok(None),
            Some(Found::File(bytes)) => return Ok(Some(bytes)),
            Some(Found::Link(link)) if link.starts_with('/') => path = link,
            Some(Found::Link(link)) => {
                path = format!("{}/{link}", path.rsplit_once('/').map_or("", |(folder, _)| folder))
            }
        }
    }
    bail!("{path} of container {container} is a circle of links")
}

enum Found {
    File(Vec<u8>),
    Link(String),
}

/// Reads the first entry of the archive of `path` on a blocking thread; none where the path does not exist.
async fn download<T: Send + 'static>(
    docker: &Docker,
    container: &str,
    path: &str,
    moved: &(dyn Fn(u64) + Sync),
    read: impl FnOnce(&mut tar::Entry<'_, ChannelReader>) -> Result<T> + Send + 'static,
) -> Result<Option<T>> {
    let first = |reader| {
        let mut archive = tar::Archive::new(reader);
        let entry = archive.entries()?.next().context("the engine sent an empty archive")?;
        read(&mut entry.context("read the engine's archive")?)
    };
    archive(docker, container, path, moved, first).await
}

/// Reads the archive of `path` on a blocking thread; none where the path does not exist.
pub(super) async fn archive<T: Send + 'static>(
    docker: &Docker,
    container: &str,
    path: &str,
    moved: &(dyn Fn(u64) + Sync),
    read: impl FnOnce(ChannelReader) -> Result<T> + Send + 'static,
) -> Result<Option<T>> {
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    self::read(docker.download_from_container(container, Some(options)), moved, read).await
}

/// Reads what the engine sends on a blocking thread; none where it does not have it.
pub(super) async fn read<T: Send + 'static>(
    chunks: impl Stream<Item = Result<Bytes, bollard::errors::Error>>,
    moved: &(dyn Fn(u64) + Sync),
    read: impl FnOnce(ChannelReader) -> Result<T> + Send + 'static,
) -> Result<Option<T>> {
    let mut chunks = Box::pin(chunks);
    let first = match chunks.next().await {
        Some(Err(error)) if status(&error) == Some(404) => return Ok(None),
        Some(first) => first?,
        None => bail!("the engine sent nothing"),
    };
    let (sender, receiver) = mpsc::channel::<Bytes>(CHANNEL);
    let reader = tokio::task::spawn_blocking(move || read(ChannelReader { receiver, rest: Bytes::new() }));
    let pumped = pump(first, chunks, sender, moved).await;
    let value = reader.await.context("run the archive thread")?;
    // A cut connection also cuts the archive; the connection is the cause.
    pumped?;
    value.map(Some)
}

async fn pump(
    first: Bytes,
    mut chunks: impl Stream<Item = Result<Bytes, bollard::errors::Error>> + Unpin,
    sender: mpsc::Sender<Bytes>,
    moved: &(dyn Fn(u64) + Sync),
) -> Result<()> {
    let mut chunk = first;
    let mut total = chunk.len() as u64;
    // The reader stops listening after the entry it wanted; that is no error.
    while sender.send(chunk).await.is_ok() {
        match chunks.next().await {
            Some(next) => chunk = next?,
            None => break,
        }
        total += chunk.len() as u64;
        moved(total);
    }
    Ok(())
}

/// A tar of a build's files, the same bytes for the same files.
pub(super) fn context(files: BTreeMap<String, Vec<u8>>, programs: BTreeMap<String, PathBuf>) -> Tar {
    Box::new(move |writer| {
        let mut builder = tar::Builder::new(writer);
        let header = |size, mode| {
            let mut header = tar::Header::new_gnu();
            header.set_size(size);
            header.set_mode(mode);
            header.set_mtime(1);
            header
        };
        for (path, bytes) in &files {
            let mode = if path.ends_with(".sh") { 0o755 } else { 0o644 };
            builder.append_data(&mut header(bytes.len() as u64, mode), path, bytes.as_slice())?;
        }
        for (path, program) in &programs {
            let file = fs_err::File::open(program)?;
            let size = file.metadata()?.len();
            // No more than was announced, or what follows would be misread.
            builder.append_data(&mut header(size, 0o755), path, file.take(size))?;
        }
        Ok(builder.finish()?)
    })
}

struct ChannelWriter(mpsc::Sender<io::Result<Bytes>>);

impl Write for ChannelWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the engine stopped reading"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct ChannelReader {
    receiver: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl Read for ChannelReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let length = self.rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}

struct Hashing {
    file: fs_err::File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
