//! The blobs of one image into a repository: layers that the registry has are left alone, others are packed one after
//! another on all cores, and sent side by side while the next is being packed.

use std::{num::NonZeroUsize, path::Path, thread};

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Mutex;

use super::{gzip, known::Known, saved::SavedImage};
use crate::{
    domain::{
        event::Event,
        oci::{self, Descriptor, Manifest},
        reference::Digest,
    },
    execute::beside::beside,
    ports::{Blob, Content, Registry},
    report::Report,
};

/// Layers on their way at once; engines send as many.
const AT_ONCE: usize = 3;

/// Where an image goes, and who tells of it.
pub(super) struct Way<'a, R> {
    pub name: &'a str,
    pub repository: &'a str,
    pub registry: &'a R,
    pub scratch: &'a Path,
    pub report: &'a Report,
}

/// A layer that is in the registry.
struct Brought {
    descriptor: Descriptor,
    has_moved: bool,
}

/// An image whose blobs are all there, with the compressed bytes of the layers that moved, and how many those are.
pub(super) struct Arrived {
    pub manifest: Manifest,
    pub bytes: u64,
    pub moved: usize,
}

pub(super) async fn bring<R: Registry>(image: &SavedImage<'_>, way: &Way<'_, R>, known: &mut Known) -> Result<Arrived> {
    let packing = Mutex::new(());
    let layers = image.layers.iter().map(|(digest, file)| layer(digest, file, way, known, &packing));
    let brought: Vec<Brought> = stream::iter(layers).buffered(AT_ONCE).try_collect().await?;
    for ((digest, _), brought) in image.layers.iter().zip(&brought) {
        known.layers.insert(digest.clone(), brought.descriptor.clone());
    }
    let config = oci::config(image.config);
    let blob = Blob { digest: config.digest.clone(), size: config.size, content: Content::Bytes(image.config) };
    way.registry.put_blob(way.repository, &blob, &|_, _| ()).await?;
    let moved: Vec<u64> = brought.iter().filter(|layer| layer.has_moved).map(|layer| layer.descriptor.size).collect();
    let layers: Vec<Descriptor> = brought.into_iter().map(|layer| layer.descriptor).collect();
    Ok(Arrived { manifest: Manifest::of_image(&config, &layers), bytes: moved.iter().sum(), moved: moved.len() })
}

async fn layer<R: Registry>(
    digest: &Digest,
    file: &Path,
    way: &Way<'_, R>,
    known: &Known,
    packing: &Mutex<()>,
) -> Result<Brought> {
    if let Some(descriptor) = known.layers.get(digest)
        && way.registry.has_blob(way.repository, &descriptor.digest).await?
    {
        return Ok(Brought { descriptor: descriptor.clone(), has_moved: false });
    }
    let (name, report) = (way.name, way.report);
    let bar = |doing: &str| {
        let what = format!("{name} {doing} {}", digest.short());
        move |done, total| report.event(Event::Bytes { what: what.clone(), done, total: Some(total) })
    };
    let packed = way.scratch.join(format!("{}.tar.gz", digest.hex()));
    let (packed_digest, size) = {
        let _turn = packing.lock().await;
        let (from, to) = (file.to_owned(), packed.clone());
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        beside(&bar("pack"), move |progress| gzip::pack(&from, &to, cores, progress)).await?
    };
    let blob = Blob { digest: packed_digest, size, content: Content::File(&packed) };
    let send = bar("send");
    let has_moved = way.registry.put_blob(way.repository, &blob, &send).await?;
    // A bar that was begun is also ended.
    send(size, size);
    fs_err::remove_file(&packed)?;
    Ok(Brought { descriptor: oci::layer(blob.digest, size), has_moved })
}
