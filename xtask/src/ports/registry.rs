//! What pushing asks of a registry and of who signs.

use std::{fmt, path::Path};

use anyhow::Result;

use crate::domain::{
    oci::{Attachment, Descriptor, Manifest},
    reference::Digest,
};

use super::Progress;

/// A registry; repositories are called by their paths there.
pub(crate) trait Registry {
    /// Answers, and lets these credentials in.
    async fn check(&self) -> Result<()>;
    /// Whether the repository can be pushed to: an upload is begun and taken back.
    async fn check_push(&self, repository: &str) -> Result<()>;
    /// The manifest of a tag or a digest, as the registry has it; none where it has none.
    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>>;
    async fn has_blob(&self, repository: &str, digest: &Digest) -> Result<bool>;
    /// Sends a blob unless it is there, and goes on where it broke off; says whether it moved.
    async fn put_blob(&self, repository: &str, blob: &Blob<'_>, progress: Progress<'_>) -> Result<bool>;
    /// Puts a manifest, all of whose blobs are there, under a tag or under its own digest.
    async fn put(&self, repository: &str, reference: &str, manifest: &Manifest) -> Result<()>;
    /// Puts a document to an image's side and lists it there.
    async fn attach(&self, repository: &str, subject: &Descriptor, attachment: &Attachment) -> Result<Digest>;
    /// What refers to an image.
    async fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<Descriptor>>;
}

/// Whoever signs images.
pub(crate) trait Signer {
    /// Fails where it cannot sign at all.
    fn check(&self) -> Result<()>;
    /// Signs `HOST/PATH@DIGEST`.
    async fn sign(&self, image: &str) -> Result<()>;
}

/// Bytes that are known by their sha256.
#[derive(Debug, Clone)]
pub(crate) struct Blob<'a> {
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    pub content: Content<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    Bytes(&'a [u8]),
    File(&'a Path),
}

/// What opens a registry's door; secrets are in no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Credentials {
    #[default]
    None,
    Password {
        user: String,
        password: String,
    },
    /// What a login left, to be exchanged for tokens.
    IdentityToken(String),
}

impl Credentials {
    /// As errors may call them.
    pub fn shown(&self) -> String {
        match self {
            Self::None => "no credentials".into(),
            Self::Password { user, .. } => format!("the credentials of `{user}`"),
            Self::IdentityToken(_) => "the identity token".into(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}
