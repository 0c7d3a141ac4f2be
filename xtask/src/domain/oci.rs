//! Manifests and descriptors of the registry's own format: as many of their fields as pushing reads or writes.
//! A manifest is its bytes; what was parsed from them is never written back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::reference::Digest;

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The config of artifacts that need none.
pub const EMPTY_BLOB: &[u8] = b"{}";

/// A manifest as the registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What points at a blob or a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What is read of an image's manifest.
#[derive(Debug, Deserialize)]
struct Image {
    config: Descriptor,
}

/// What is read of an index.
#[derive(Debug, Default, Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

/// Points at an image's configuration.
pub fn config(bytes: &[u8]) -> Descriptor {
    Descriptor::blob(OCI_CONFIG, Digest::of(bytes), bytes.len() as u64)
}

/// Points at a layer, packed by gzip.
pub fn layer(digest: Digest, size: u64) -> Descriptor {
    Descriptor::blob(OCI_LAYER, digest, size)
}

impl Descriptor {
    fn blob(media_type: &str, digest: Digest, size: u64) -> Self {
        Self { media_type: media_type.into(), digest, size, artifact_type: None, annotations: BTreeMap::new() }
    }
}

/// A document that goes to an image's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Of the document, and of the artifact it becomes.
    pub media_type: &'static str,
    pub document: Vec<u8>,
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    pub fn descriptor(&self) -> Descriptor {
        Descriptor::blob(&self.media_type, self.digest(), self.bytes.len() as u64)
    }

    /// Whether this is the manifest of an engine's image: engines call an image by the digest of its config, those with
    /// containerd's store by that of its manifest.
    pub fn is_of_image(&self, id: &str) -> bool {
        self.digest().as_str() == id || self.config().is_some_and(|config| config.as_str() == id)
    }

    /// Digest of the configuration; none in an index.
    pub fn config(&self) -> Option<Digest> {
        serde_json::from_slice::<Image>(&self.bytes).ok().map(|image| image.config.digest)
    }

    /// The manifest of an image whose blobs these are, the lowest layer first.
    pub fn of_image(config: &Descriptor, layers: &[Descriptor]) -> Self {
        let manifest = json!({ "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers });
        Self { media_type: OCI_MANIFEST.into(), bytes: manifest.to_string().into_bytes() }
    }

    /// What an index points at; nothing where it is none.
    pub fn entries(&self) -> Vec<Descriptor> {
        serde_json::from_slice::<Index>(&self.bytes).unwrap_or_default().manifests
    }

    /// The manifest that makes a document refer to an image.
    pub fn attaching(attachment: &Attachment, subject: &Descriptor) -> Self {
        let blob = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": attachment.media_type,
            "config": blob(EMPTY, EMPTY_BLOB),
            "layers": [blob(attachment.media_type, &attachment.document)],
            "subject": { "mediaType": subject.media_type, "digest": subject.digest, "size": subject.size },
            "annotations": attachment.annotations,
        });
        Self { media_type: OCI_MANIFEST.into(), bytes: manifest.to_string().into_bytes() }
    }

    /// An index of what refers to one image, for registries that keep none themselves.
    pub fn index(entries: &[Descriptor]) -> Self {
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries });
        Self { media_type: OCI_INDEX.into(), bytes: index.to_string().into_bytes() }
    }
}

impl Attachment {
    /// How lists of referrers name it.
    pub fn descriptor(&self, manifest: &Manifest) -> Descriptor {
        let annotations = self.annotations.clone();
        Descriptor { artifact_type: Some(self.media_type.into()), annotations, ..manifest.descriptor() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(bytes: &[u8]) -> Manifest {
        Manifest::of_image(&config(bytes), &[layer(Digest::of(b"low"), 10), layer(Digest::of(b"high"), 20)])
    }

    #[test]
    fn an_image_is_known_by_its_config_or_its_manifest() {
        let manifest = image(b"c");
        assert!(manifest.is_of_image(Digest::of(b"c").as_str()));
        assert!(manifest.is_of_image(manifest.digest().as_str()));
        assert!(!manifest.is_of_image(Digest::of(b"d").as_str()));
        let junk = Manifest { media_type: String::new(), bytes: b"no JSON".to_vec() };
        assert!(!junk.is_of_image("sha256:x") && junk.config().is_none() && junk.entries().is_empty());
    }

    #[test]
    fn an_index_lists_what_refers_to_an_image() {
        let attachment = Attachment {
            media_type: "text/plain",
            document: b"said".to_vec(),
            annotations: [("a".to_owned(), "b".to_owned())].into(),
        };
        let manifest = Manifest::attaching(&attachment, &image(b"c").descriptor());
        let entry = attachment.descriptor(&manifest);
        assert_eq!(Manifest::index(std::slice::from_ref(&entry)).entries(), [entry]);
        assert_eq!(manifest.config(), Some(Digest::of(EMPTY_BLOB)));
        let text = String::from_utf8(manifest.bytes).expect("JSON");
        assert!(text.contains(&format!("\"subject\":{{\"digest\":\"{}\"", image(b"c").digest())), "{text}");
    }
}
