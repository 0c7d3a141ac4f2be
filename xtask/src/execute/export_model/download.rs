//! An archive from the network, held to its pin: fetched once, then known by its sum.
//! Without a pin the first use is refused, unless it is trusted aloud; from then on the sum of that use is the pin.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{
    domain::{event::Event, model},
    execute::{Folders, beside::beside},
    ports::Fetch,
    report::{Report, bytes},
};

/// An archive that is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub url: &'a str,
    pub pin: Option<&'a str>,
    pub trust_on_first_use: bool,
}

/// Hashed at a time.
const CHUNK: usize = 1 << 20;

/// The sum that the archive must have, if anybody ever said: its pin, or what a trusted first use found.
pub(super) fn expected(wanted: &Wanted<'_>, folders: &Folders) -> Option<String> {
    let files = Files::of(wanted.url, folders);
    wanted.pin.map(String::from).or_else(|| files.is_from(wanted.url).then(|| files.remembered()).flatten())
}

/// The archive on this disk, and its sum.
pub(super) async fn obtain(
    wanted: &Wanted<'_>,
    fetch: &impl Fetch,
    folders: &Folders,
    report: &Report,
) -> Result<(PathBuf, String)> {
    let files = Files::of(wanted.url, folders);
    fs_err::create_dir_all(folders.downloads())?;
    if !files.is_from(wanted.url) {
        report.note(&format!("{}: comes from another address than before, fetched anew", files.name));
        files.forget()?;
    }
    fs_err::write(&files.origin, digest(wanted.url))?;
    let expected = expected(wanted, folders);
    let shown = folders.shown(&files.whole).display().to_string();
    let there = match files.whole.is_file() {
        true => Some(hash(&files.whole, report).await.with_context(|| format!("hash {shown}"))?),
        false => None,
    };
    let sum = match (there, &expected) {
        (Some(sum), None) => sum,
        (Some(sum), Some(wanted)) if sum == *wanted => {
            report.note(&format!("{shown}: downloaded already"));
            sum
        }
        (Some(sum), Some(pin)) => {
            report.warning(&format!("{shown} has sha256 {sum} instead of {pin}; it is fetched again"));
            fs_err::remove_file(&files.whole)?;
            fetch_whole(wanted, expected.as_deref(), &files, fetch, report).await?
        }
        (None, _) => fetch_whole(wanted, expected.as_deref(), &files, fetch, report).await?,
    };
    if expected.is_none() {
        trust(wanted, &sum, &files, &shown, report)?;
    }
    Ok((files.whole, sum))
}

/// Fetches beside the final place and moves there what is whole and right.
async fn fetch_whole(
    wanted: &Wanted<'_>,
    expected: Option<&str>,
    files: &Files,
    fetch: &impl Fetch,
    report: &Report,
) -> Result<String> {
    let step = format!("download {}", files.name);
    let started = report.start(None, &step);
    // Each is about a connection that was lost: rare, and worth more than a place in a bar.
    let say = |line: String| report.note(&format!("{}: {line}", files.name));
    let told = |done, total| report.event(Event::Bytes { what: files.name.clone(), done, total });
    let progress = |done, total| match total {
        0 => told(done, None),
        // The end is told below, once.
        _ if done < total => told(done, Some(total)),
        _ => {}
    };
    let downloaded = fetch.download(wanted.url, &files.partial, &progress, &say).await?;
    told(downloaded.bytes, Some(downloaded.bytes));
    report.finish_step(started);
    if let Some(expected) = expected.filter(|expected| *expected != downloaded.sha256) {
        fs_err::remove_file(&files.partial)?;
        let (whose, mend) = match wanted.pin {
            Some(_) => ("config.toml pins", "mend `sha256` in config.toml if the archive was renewed".to_owned()),
            None => {
                let sum = files.sum_name();
                ("its first use had", format!("remove target/xtask/downloads/{sum} if the archive was renewed"))
            }
        };
        bail!(
            "{} has sha256 {} ({}), {whose} {expected}; what arrived was removed. Run again if the transfer may have been \
             tampered with or cut, or {mend}",
            model::shown(wanted.url),
            downloaded.sha256,
            bytes(downloaded.bytes),
        );
    }
    fs_err::rename(&files.partial, &files.whole)?;
    Ok(downloaded.sha256)
}

/// The first use of an archive that nobody vouches for.
fn trust(wanted: &Wanted<'_>, sum: &str, files: &Files, shown: &str, report: &Report) -> Result<()> {
    if !wanted.trust_on_first_use {
        bail!(
            "{url} is not pinned and was never used here; its sha256 is\n  {sum}\nCompare it with what its publisher says, \
             then write beside `checkpoint` in config.toml\n  sha256 = \"{sum}\"\nor run again with \
             --trust-on-first-use. {shown} is kept: nothing is downloaded again",
            url = model::shown(wanted.url)
        );
    }
    // The form of `sha256sum`, so that it can be checked by hand.
    fs_err::write(&files.sum, format!("{sum}  {}\n", files.name))?;
    report.warning(&format!(
        "{shown} is trusted on first use; to pin it, write sha256 = \"{sum}\" beside `checkpoint` in config.toml"
    ));
    Ok(())
}

/// sha256 of a file, told as it goes on.
pub(super) async fn hash(path: &Path, report: &Report) -> Result<String> {
    let what = format!("hash {}", path.file_name().unwrap_or_default().display());
    let progress = |done, total| report.event(Event::Bytes { what: what.clone(), done, total: Some(total) });
    let path = path.to_owned();
    beside(&progress, move |progress| {
        let mut file = fs_err::File::open(path)?;
        let total = file.metadata()?.len();
        let (mut hash, mut chunk, mut done) = (Sha256::new(), vec![0; CHUNK], 0);
        loop {
            let read = file.read(&mut chunk)?;
            if read == 0 {
                return Ok(format!("{:x}", hash.finalize()));
            }
            hash.update(&chunk[..read]);
            done += read as u64;
            progress(done, total);
        }
    })
    .await
}

/// All that is kept of one download.
struct Files {
    name: String,
    whole: PathBuf,
    partial: PathBuf,
    /// What a trusted first use found.
    sum: PathBuf,
    /// Digest of the address it is from: another one may end in the same name, and each may hold a secret.
    origin: PathBuf,
}

impl Files {
    fn of(url: &str, folders: &Folders) -> Self {
        let (name, folder) = (model::file_name(url), folders.downloads());
        Self {
            whole: folder.join(&name),
            partial: folder.join(format!(".{name}.partial")),
            sum: folder.join(format!("{name}.sha256")),
            origin: folder.join(format!("{name}.url")),
            name,
        }
    }

    fn sum_name(&self) -> String {
        format!("{}.sha256", self.name)
    }

    fn remembered(&self) -> Option<String> {
        let text = fs_err::read_to_string(&self.sum).ok()?;
        text.split_whitespace().next().map(String::from)
    }

    /// Whether what is there, if anything, came from this address; what was put there by hand did.
    fn is_from(&self, url: &str) -> bool {
        fs_err::read_to_string(&self.origin).map_or(true, |origin| origin == digest(url))
    }

    fn forget(&self) -> Result<()> {
        for path in [&self.whole, &self.partial, &self.sum] {
            remove_if_there(path)?;
        }
        Ok(())
    }
}

fn digest(url: &str) -> String {
    format!("{:x}", Sha256::digest(url))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
