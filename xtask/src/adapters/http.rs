//! Files over HTTP. STUB: another engineer's adapter takes this file's place.

use std::path::Path;

use anyhow::{Result, bail};

use crate::ports::{Downloaded, Fetch, Progress, Say};

/// The network as this machine reaches it.
#[derive(Debug, Default)]
pub(crate) struct Http {}

impl Fetch for Http {
    async fn download(&self, url: &str, _: &Path, _: Progress<'_>, _: Say<'_>) -> Result<Downloaded> {
        bail!("download {url}: this build of xtask cannot fetch files")
    }
}
