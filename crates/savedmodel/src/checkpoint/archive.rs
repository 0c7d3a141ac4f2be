//! A V1 checkpoint inside a `.tar.gz`, read as it streams by: unzipped, untarred and taken apart in one pass, with
//! nothing written anywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;
use fs_err::File;
use tar::{Archive, Entry};

use super::{
    NamedTensors, Take,
    locate::{STATE, named_by},
    v1::{Contents, Reading},
};
use crate::{
    error::{Error, Result},
    table::stream::BlockStream,
    tensor::TensorSpec,
};

/// Read from the archive at once.
const BUFFER: usize = 1 << 18;
/// More entries than any checkpoint's folder has.
pub const MOST_ENTRIES: usize = 10_000;
/// Weights hardly shrink; what grows more than this on its way out is no checkpoint but a bomb. Deflate itself can do 1032.
const MOST_GROWTH: u64 = 200;
/// Small archives may grow to this, whatever the rate.
const ALWAYS_ALLOWED: u64 = 256 << 20;
const LARGEST_STATE_FILE: u64 = 1 << 16;

/// The unzipped bytes of an archive.
pub type Unzipped = Bounded<MultiGzDecoder<BufReader<File>>>;

/// Opens a `.tar.gz`; reading it fails once it has grown beyond all measure.
pub fn unzip(path: &Path) -> Result<Archive<Unzipped>> {
    let file = File::open(path).map_err(Error::io(path))?;
    let length = file.metadata().map_err(Error::io(path))?.len();
    let left = length.saturating_mul(MOST_GROWTH).max(ALWAYS_ALLOWED);
    let inner = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
    Ok(Archive::new(Bounded { inner, left }))
}

/// Lets so many bytes through and then fails.
pub struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!("grows more than {MOST_GROWTH}-fold when unzipped: refused as a bomb"))
        })?;
        Ok(read)
    }
}

/// A V1 checkpoint in an archive.
#[derive(Debug)]
pub struct ArchivedV1 {
    archive: PathBuf,
    contents: Contents,
}

impl ArchivedV1 {
    /// Reads the archive until the checkpoint's list of tensors has come.
    pub fn open(archive: &Path) -> Result<Self> {
        let mut entries = unzip(archive)?;
        let contents = find(&mut entries, archive, |stream, path| {
            let fault = "not a V1 checkpoint: it has no records";
            let (offset, block) = stream.next()?.ok_or_else(|| Error::file(path, fault))?;
            Contents::of(&block, path, offset)
        })?;
        Ok(Self { archive: archive.to_owned(), contents })
    }
}

impl NamedTensors for ArchivedV1 {
    fn origin(&self) -> &Path {
        &self.archive
    }

    fn specs(&self) -> &BTreeMap<String, TensorSpec> {
        &self.contents.specs
    }

    fn read(&mut self, wanted: &BTreeSet<&str>, take: &Take<'_>) -> Result<()> {
        let mut entries = unzip(&self.archive)?;
        find(&mut entries, &self.archive, |stream, path| {
            let mut reading = Reading::new(&self.contents, wanted, path)?;
            while let Some((offset, block)) = stream.next()? {
                reading.take_block(&block, offset, take)?;
            }
            reading.finish()
        })?;
        // What follows must be sound as well: the archive's own checksum comes last.
        io::copy(&mut entries.into_inner(), &mut io::sink()).map_err(Error::io(&self.archive))?;
        Ok(())
    }
}

/// Whether the archive holds a V2 bundle instead.
pub fn holds_bundle(archive: &Path) -> Result<bool> {
    let mut entries = unzip(archive)?;
    match look(&mut entries, archive, |_, _| Ok(()))? {
        Found::Table(()) => Ok(false),
        Found::Bundle(_) => Ok(true),
        Found::Nothing => Err(nothing(archive)),
    }
}

fn nothing(archive: &Path) -> Error {
    Error::file(archive, "holds no checkpoint")
}

enum Found<T> {
    Table(T),
    /// Name of one of its files.
    Bundle(PathBuf),
    Nothing,
}

/// Gives `read` the first V1 checkpoint of the archive.
fn find<T>(
    entries: &mut Archive<Unzipped>,
    archive: &Path,
    read: impl FnOnce(&mut BlockStream<'_, Source<'_, '_>>, &Path) -> Result<T>,
) -> Result<T> {
    match look(entries, archive, read)? {
        Found::Table(value) => Ok(value),
        Found::Bundle(name) => {
            let what = "is part of a V2 checkpoint, whose index comes after its data: unpack the archive first";
            Err(Error::Archive { file: archive.to_owned(), entry: name.display().to_string(), what: what.into() })
        }
        Found::Nothing => Err(nothing(archive)),
    }
}

/// An entry's first bytes, which have been looked at, and the rest of it.
type Source<'a, 'e> = io::Chain<Cursor<Vec<u8>>, &'a mut Entry<'e, Unzipped>>;

fn look<T>(
    entries: &mut Archive<Unzipped>,
    archive: &Path,
    read: impl FnOnce(&mut BlockStream<'_, Source<'_, '_>>, &Path) -> Result<T>,
) -> Result<Found<T>> {
    let mut state = None;
    for (number, entry) in entries.entries().map_err(Error::io(archive))?.enumerate() {
        let mut entry = entry.map_err(Error::io(archive))?;
        if number == MOST_ENTRIES {
            return Err(Error::file(archive, format!("has more than {MOST_ENTRIES} entries: refused as a bomb")));
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().map_err(Error::io(archive))?.into_owned();
        let file_name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file_name == STATE {
            let mut text = String::new();
            // One that is no text names nothing.
            let _ = entry.by_ref().take(LARGEST_STATE_FILE).read_to_string(&mut text);
            state = named_by(&text).and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
            continue;
        }
        if file_name.ends_with(".index") || file_name.contains(".data-") {
            return Ok(Found::Bundle(name));
        }
        let length = entry.size();
        let mut start = Vec::new();
        entry.by_ref().take(2).read_to_end(&mut start).map_err(Error::io(archive))?;
        let is_table = match &state {
            Some(named) => *named == file_name,
            // An uncompressed table begins with a record without a key; a compressed one is known by its name alone.
            None => start == [0, 0] || file_name.contains(".ckpt") && !file_name.ends_with(".meta"),
        };
        if is_table {
            let path = archive.join(&name);
            let source = Cursor::new(start).chain(&mut entry);
            return read(&mut BlockStream::new(source, &path, length), &path).map(Found::Table);
        }
    }
    Ok(Found::Nothing)
}
