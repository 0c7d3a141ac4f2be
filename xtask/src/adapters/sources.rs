//! Sources on this machine's disk: repositories by git, trees by walking.

mod git;
mod tree;

use std::path::Path;

use anyhow::Result;

use super::blocking::blocking;
use crate::{
    domain::source::Repository,
    ports::{Say, Source, Tar},
};

/// The checkout's folders.
pub(crate) struct CheckedOut;

impl Source for CheckedOut {
    async fn check_out(&self, folder: &Path, repositories: &[Repository], say: Say<'_>) -> Result<()> {
        let (folder, repositories) = (folder.to_owned(), repositories.to_vec());
        blocking(say, move |say| git::checkout(&folder, &repositories, say)).await
    }

    async fn digest(&self, folder: &Path) -> Result<String> {
        let folder = folder.to_owned();
        blocking(&|_| {}, move |_| Ok(tree::digest(&folder)?.sha256)).await
    }

    fn archive(&self, folder: &Path, digest: &str) -> Tar {
        let (folder, digest) = (folder.to_owned(), digest.to_owned());
        Box::new(move |writer| tree::archive(&folder, &digest, writer))
    }
}
