//! What measuring asks of a checkout's own scripts.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;

use super::Say;

/// Scripts of this checkout, run on this machine.
pub(crate) trait Scripts {
    /// Runs one to its end and says its lines; one that fails is an error with its last words. Letting go of it ends it with
    /// all that it started.
    async fn run(&self, script: &Script, say: Say<'_>) -> Result<()>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub path: PathBuf,
    /// Where it runs.
    pub folder: PathBuf,
    pub environment: BTreeMap<String, String>,
    /// All it says.
    pub log: PathBuf,
}
