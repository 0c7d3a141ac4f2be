//! A file under way, and beside it the record of what it is a part of.
//! Every byte is in the file as soon as it is counted, so that nothing is lost with a run that is interrupted.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use fs_err::{File, OpenOptions};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{super::blocking::blocking, mebibytes};
use crate::ports::{Downloaded, Say};

const READ_BUFFER: usize = 256 * 1024;

pub(super) struct Partial {
    path: PathBuf,
    url: String,
    url_sha256: String,
    hash: Sha256,
    bytes: u64,
    total: Option<u64>,
    validator: Option<String>,
}

/// What the next run has to know of the bytes it finds. Without a validator there is none: they would be of no use.
#[derive(Serialize, Deserialize)]
struct Record {
    /// For people: what may be secret in it is only part of the digest.
    url: String,
    url_sha256: String,
    validator: String,
    total: Option<u64>,
}

impl Partial {
    /// Takes over what an earlier run left of the same source; leaves alone what it cannot use.
    pub async fn open(path: &Path, url: &Url, named: &str, say: Say<'_>) -> Result<Self> {
        let mut partial = Self {
            path: path.to_owned(),
            url: named.to_owned(),
            url_sha256: format!("{:x}", Sha256::digest(url.as_str())),
            hash: Sha256::new(),
            bytes: 0,
            total: None,
            validator: None,
        };
        let left = fs_err::metadata(path).ok().filter(|meta| meta.is_file()).map_or(0, |meta| meta.len());
        if left == 0 {
            return Ok(partial);
        }
        let record = fs_err::read(partial.record()).ok().and_then(|json| serde_json::from_slice::<Record>(&json).ok());
        let same =
            |record: &Record| record.url_sha256 == partial.url_sha256 && record.total.is_none_or(|total| left <= total);
        let Some(record) = record.filter(same) else {
            say(format!("nothing tells whether {} is a part of this file, starting from zero", path.display()));
            return Ok(partial);
        };
        say(format!("going on after {} of an earlier try", mebibytes(left)));
        let file = File::open(path)?;
        (partial.hash, partial.bytes) = blocking(say, move |_| hashed(file)).await?;
        (partial.total, partial.validator) = (record.total, Some(record.validator));
        Ok(partial)
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The length that was announced, if any was.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The validator under which the server may be asked for the rest; none where the whole has to be asked for.
    pub fn resumable(&self) -> Option<&str> {
        self.validator.as_deref().filter(|_| self.bytes > 0)
    }

    /// A run may end after the last byte and before anybody hears of it.
    pub fn is_whole(&self) -> bool {
        self.bytes > 0 && self.total == Some(self.bytes)
    }

    pub fn is_too_long(&self) -> bool {
        self.total.is_some_and(|total| self.bytes > total)
    }

    /// Counts from zero again. The file stays as it is until there is something better.
    pub fn forget(&mut self) {
        self.hash = Sha256::new();
        (self.bytes, self.total, self.validator) = (0, None, None);
    }

    /// Empties the file for another one.
    pub fn start(&mut self, validator: Option<String>, total: Option<u64>) -> Result<File> {
        self.forget();
        // No record while the file changes hands: at no moment does one speak of another file's bytes.
        remove(&self.record())?;
        let file = File::create(&self.path).with_context(|| self.advice())?;
        (self.total, self.validator) = (total, validator);
        if let Some(validator) = self.validator.clone() {
            let record = Record { url: self.url.clone(), url_sha256: self.url_sha256.clone(), validator, total };
            fs_err::write(self.record(), serde_json::to_vec(&record)?).with_context(|| self.advice())?;
        }
        Ok(file)
    }

    /// The file to write the rest to.
    pub fn go_on(&mut self, total: u64) -> Result<File> {
        self.total = Some(total);
        OpenOptions::new().append(true).open(&self.path).with_context(|| self.advice())
    }

    pub fn append(&mut self, file: &mut File, chunk: &[u8]) -> Result<()> {
        file.write_all(chunk).with_context(|| self.advice())?;
        self.hash.update(chunk);
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    /// The file is whole: it reaches the disk and needs its record no longer.
    pub async fn finish(self, say: Say<'_>) -> Result<Downloaded> {
        let file = File::open(&self.path)?;
        blocking(say, move |_| Ok(file.sync_all()?)).await.with_context(|| self.advice())?;
        remove(&self.record())?;
        Ok(Downloaded { sha256: format!("{:x}", self.hash.finalize()), bytes: self.bytes })
    }

    fn record(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".source.json");
        path.into()
    }

    fn advice(&self) -> String {
        format!("write {}; its folder must be writable and have room, what has arrived is kept", self.path.display())
    }
}

fn hashed(mut file: File) -> Result<(Sha256, u64)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hash, bytes)),
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// A record that is not there is as good as removed.
fn remove(record: &Path) -> Result<()> {
    match fs_err::remove_file(record) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
