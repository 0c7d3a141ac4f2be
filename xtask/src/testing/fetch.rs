//! A network that holds one file.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use anyhow::Result;
use sha2::{Digest, Sha256};

use crate::{
    domain::model::Wheel,
    ports::{Downloaded, Fetch, Progress, Say},
};

/// A network on which every address holds the same file.
#[derive(Default)]
pub(crate) struct FakeFetch {
    pub calls: RefCell<Vec<String>>,
    pub content: Vec<u8>,
}

impl Fetch for FakeFetch {
    async fn download(&self, url: &str, to: &Path, progress: Progress<'_>, _: Say<'_>) -> Result<Downloaded> {
        self.calls.borrow_mut().push(format!("download {url}"));
        fs_err::write(to, &self.content)?;
        let bytes = self.content.len() as u64;
        progress(bytes, bytes);
        Ok(Downloaded { sha256: format!("{:x}", Sha256::digest(&self.content)), bytes })
    }

    async fn package(&self, package: &Wheel, _: &Path, to: &Path) -> Result<PathBuf> {
        self.calls.borrow_mut().push(format!("package {package}"));
        let wheel = to.join("some_name-1.whl");
        fs_err::write(&wheel, &self.content)?;
        Ok(wheel)
    }
}
