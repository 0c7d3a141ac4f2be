//! Holds a registry against the lock: the image by its digest, its tags, and what refers to it.

use anyhow::Result;

use crate::{domain::images_lock::LockedImage, ports::Registry};

/// What was found of one image.
#[derive(Debug)]
pub(crate) struct Verified {
    pub name: String,
    /// Each is a sentence; none where all is as the lock says.
    pub differences: Vec<String>,
}

pub(crate) async fn verify(name: &str, locked: &LockedImage, registry: &impl Registry) -> Result<Verified> {
    let (reference, digest) = (&locked.reference.reference, &locked.reference.digest);
    let repository = reference.repository.path();
    let mut differences = Vec::new();
    if registry.manifest(repository, digest.as_str()).await?.is_none() {
        differences.push(format!("{} is gone", digest.short()));
    }
    for tag in std::iter::once(&reference.tag).chain(&locked.also_tagged) {
        match registry.manifest(repository, tag.as_str()).await?.map(|manifest| manifest.digest()) {
            Some(found) if found == *digest => {}
            Some(found) => differences.push(format!("tag {tag} is {}, not {}", found.short(), digest.short())),
            None => differences.push(format!("tag {tag} is gone")),
        }
    }
    let listed = registry.referrers(repository, digest).await?;
    for (kind, attached) in [("sbom", &locked.sbom), ("provenance", &locked.provenance)] {
        if !listed.iter().any(|entry| entry.digest == *attached) {
            differences.push(format!("{kind} {} is not listed", attached.short()));
        } else if registry.manifest(repository, attached.as_str()).await?.is_none() {
            differences.push(format!("{kind} {} is gone", attached.short()));
        }
    }
    Ok(Verified { name: name.to_owned(), differences })
}
