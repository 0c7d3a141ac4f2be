//! The bill of materials and the provenance at an image's side, as referrers: the image's own manifest stays a single
//! image for every tool. What is there already is not sent again; both are the same bytes for the same image.

use anyhow::Result;

use crate::{
    domain::{
        oci::{Attachment, Manifest},
        provenance,
        push::{PlannedPush, ReadyImage},
        reference::Digest,
        sbom,
    },
    ports::Registry,
};

/// Digests of the bill's and the provenance's manifests.
pub(super) async fn attach(
    planned: &PlannedPush,
    ready: &ReadyImage,
    image: &Manifest,
    registry: &impl Registry,
) -> Result<[Digest; 2]> {
    let (subject, repository) = (image.descriptor(), planned.reference.repository.path());
    let there = registry.referrers(repository, &subject.digest).await?;
    let attachments = attachments(planned, ready, &subject.digest);
    let digests = attachments.each_ref().map(|attachment| Manifest::attaching(attachment, &subject).digest());
    for (attachment, digest) in attachments.iter().zip(&digests) {
        if !there.iter().any(|entry| entry.digest == *digest) {
            registry.attach(repository, &subject, attachment).await?;
        }
    }
    Ok(digests)
}

fn attachments(planned: &PlannedPush, ready: &ReadyImage, digest: &Digest) -> [Attachment; 2] {
    let (name, repository) = (&planned.name, &planned.reference.repository);
    let bill = sbom::spdx(name, repository, digest, &ready.materials);
    let statement = provenance::slsa(name, repository, digest, &ready.materials);
    let created = ("org.opencontainers.image.created".to_owned(), ready.materials.created.clone());
    let (kind, predicate) = provenance::KIND;
    [
        Attachment {
            media_type: sbom::MEDIA_TYPE,
            document: bill.to_string().into_bytes(),
            annotations: [created.clone()].into(),
        },
        Attachment {
            media_type: provenance::MEDIA_TYPE,
            document: statement.to_string().into_bytes(),
            annotations: [created, (kind.to_owned(), predicate.to_owned())].into(),
        },
    ]
}
