//! Signing with cosign, as it stands on this machine and is set up by its own variables.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::ports::Signer;

pub(crate) struct Cosign;

impl Signer for Cosign {
    fn check(&self) -> Result<()> {
        which::which("cosign").map(|_| ()).context(
            "look for cosign, which --sign calls; install it (https://docs.sigstore.dev), or push without --sign",
        )
    }

    async fn sign(&self, image: &str) -> Result<()> {
        // Nobody is there to answer its question whether the signature may be public.
        let mut command = Command::new("cosign");
        command.args(["sign", "--yes", image]).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.context("start cosign")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("cosign sign {image} failed ({}): {}", output.status, said.trim());
        }
        Ok(())
    }
}
