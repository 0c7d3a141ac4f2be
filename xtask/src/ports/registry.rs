//! What pushing asks of a registry and of who signs, and what it tells of layers on their way.

use std::fmt;

use anyhow::Result;

use crate::domain::{
    oci::{Attachment, Descriptor, Manifest},
    reference::{Digest, Reference},
};

/// A registry; repositories are called by their paths there.
pub(crate) trait Registry {
    /// Answers, and lets these credentials in.
    async fn check(&self) -> Result<()>;
    /// Whether the repository can be pushed to: an upload is begun and taken back.
    async fn check_push(&self, repository: &str) -> Result<()>;
    /// The manifest of a tag or a digest, as the registry has it; none where it has none.
    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>>;
    /// Puts the same bytes under a tag.
    async fn tag(&self, repository: &str, tag: &str, manifest: &Manifest) -> Result<()>;
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

/// An image that the engine is to push.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnginePush<'a> {
    /// What the engine calls it.
    pub image: &'a str,
    pub reference: &'a Reference,
    pub credentials: &'a Credentials,
}

/// What is told of a push on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moving {
    /// Bytes of a layer; none where nobody says how many there are.
    Layer { id: String, done: u64, total: Option<u64> },
    /// It goes on, but somebody should know.
    Trouble(String),
}

/// How the layers of a pushed image got there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PushedLayers {
    /// Digest of each layer of the image, the lowest first.
    pub all: Vec<String>,
    /// Short IDs of those that moved.
    pub moved: Vec<String>,
    /// Short IDs of those that were there.
    pub there: Vec<String>,
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
