//! A whole folder out of a container, as the tar that the engine makes of it.
//! What of it may reach this machine's disk is decided by whoever reads the tar.

use anyhow::{Context, Result};
use bollard::Docker;

use super::transfer;
use crate::ports::{Progress, Untar};

pub(super) async fn download<T: Send + 'static>(
    docker: &Docker,
    container: &str,
    folder: &str,
    progress: Progress<'_>,
    untar: Untar<T>,
) -> Result<T> {
    // Nobody knows how much there is before it is over.
    let moved = |bytes| progress(bytes, 0);
    let read = transfer::archive(docker, container, folder, &moved, move |mut tar| untar(&mut tar)).await;
    read.and_then(|value| value.context("it is not there"))
        .with_context(|| format!("copy {folder} out of container {container}"))
}
