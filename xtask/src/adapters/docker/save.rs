//! Images out of the engine, as it keeps them: one tar of configurations and layers.

use anyhow::{Context, Result};
use bollard::Docker;

use super::transfer;
use crate::ports::{Progress, Untar};

pub(super) async fn save<T: Send + 'static>(
    docker: &Docker,
    images: &[String],
    progress: Progress<'_>,
    untar: Untar<T>,
) -> Result<T> {
    let names: Vec<&str> = images.iter().map(String::as_str).collect();
    // Nobody knows how much there is before it is over.
    let moved = |bytes| progress(bytes, 0);
    let read = transfer::read(docker.export_images(&names), &moved, move |mut tar| untar(&mut tar)).await;
    let named = || format!("read {} from the engine", images.join(" "));
    read.and_then(|value| value.context("it does not have them any more")).with_context(named)
}
