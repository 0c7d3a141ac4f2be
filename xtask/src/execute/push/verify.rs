//! Holds a registry against the lock: the image by its digest, its tags, and what refers to it.

use anyhow::Result;

use crate::{
    domain::{
        images_lock::{LockedImage, LockedModel},
        reference::{Pinned, Tag},
    },
    ports::Registry,
};

/// Sentences on what differs; none where all is as the lock says.
pub(crate) async fn verify(locked: &LockedImage, registry: &impl Registry) -> Result<Vec<String>> {
    let Pinned { reference, digest } = &locked.reference;
    let repository = reference.repository.path();
    let mut differences = manifest(&locked.reference, &locked.also_tagged, registry).await?;
    let listed = registry.referrers(repository, digest).await?;
    for (kind, attached) in [("sbom", &locked.sbom), ("provenance", &locked.provenance)] {
        if !listed.iter().any(|entry| entry.digest == *attached) {
            differences.push(format!("{kind} {} is not listed", attached.short()));
        } else if registry.manifest(repository, attached.as_str()).await?.is_none() {
            differences.push(format!("{kind} {} is gone", attached.short()));
        }
    }
    Ok(differences)
}

/// The same for a version of a model, which nothing refers to.
pub(crate) async fn verify_model(locked: &LockedModel, registry: &impl Registry) -> Result<Vec<String>> {
    manifest(&locked.reference, &locked.also_tagged, registry).await
}

/// Whether the manifest is there, under all its tags.
async fn manifest(pinned: &Pinned, also: &[Tag], registry: &impl Registry) -> Result<Vec<String>> {
    let Pinned { reference, digest } = pinned;
    let repository = reference.repository.path();
    let mut differences = Vec::new();
    if registry.manifest(repository, digest.as_str()).await?.is_none() {
        differences.push(format!("{} is gone", digest.short()));
    }
    for tag in std::iter::once(&reference.tag).chain(also) {
        match registry.manifest(repository, tag.as_str()).await?.map(|manifest| manifest.digest()) {
            Some(found) if found == *digest => {}
            Some(found) => differences.push(format!("tag {tag} is {}, not {}", found.short(), digest.short())),
            None => differences.push(format!("tag {tag} is gone")),
        }
    }
    Ok(differences)
}
