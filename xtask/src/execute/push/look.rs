//! Whether an image is in its registry already. The registry's word counts, not the lock's.

use anyhow::Result;

use crate::{
    domain::{images_lock::LockedImage, oci::Manifest, push::PlannedPush},
    ports::Registry,
};

pub(super) enum There {
    /// Under its tag.
    Tagged(Manifest),
    /// By the digest in the lock, while the tag is something else.
    Untagged(Manifest),
    Absent,
}

impl There {
    /// Whether the repository has to be written to for it.
    pub fn is_incomplete(&self) -> bool {
        !matches!(self, Self::Tagged(_))
    }
}

pub(super) async fn look(
    planned: &PlannedPush,
    id: &str,
    locked: Option<&LockedImage>,
    registry: &impl Registry,
) -> Result<There> {
    let repository = &planned.reference.repository;
    let find = async |reference: &str| {
        let manifest = registry.manifest(repository.path(), reference).await?;
        anyhow::Ok(manifest.filter(|manifest| manifest.is_of_image(id)))
    };
    if let Some(manifest) = find(planned.reference.tag.as_str()).await? {
        return Ok(There::Tagged(manifest));
    }
    let locked = locked.filter(|locked| locked.reference.reference.repository == *repository);
    let Some(locked) = locked else { return Ok(There::Absent) };
    let manifest = find(locked.reference.digest.as_str()).await?;
    Ok(manifest.map_or(There::Absent, There::Untagged))
}
