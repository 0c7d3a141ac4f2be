//! Where an image is pushed to: registry, repository, tag and digest, by the grammar that engines and registries share.
//! Each is parsed once; what is wrong with a text, and what would be right, is said here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest path of a repository: registries and engines refuse longer ones.
const LONGEST_PATH: usize = 255;
const LONGEST_TAG: usize = 128;

/// What is wrong with a name, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReferenceError(String);

impl ReferenceError {
    /// Two images cannot have one reference.
    pub fn clash(reference: &Reference, first: &str, second: &str) -> Self {
        Self(format!(
            "{first} and {second} would both be {reference}; push one of them, or put {{name}} into the tag, such as \
             `{}-{{name}}`",
            reference.tag
        ))
    }
}

/// `HOST[:PORT][/PREFIX]`: the registry, and what stands before every repository there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAddress {
    host: String,
    prefix: String,
}

/// `HOST[:PORT]/PATH`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    host: String,
    path: String,
}

/// What follows the colon: `cpu-optimized`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

/// `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// `HOST[:PORT]/PATH:TAG`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub repository: Repository,
    pub tag: Tag,
}

/// `HOST[:PORT]/PATH:TAG@DIGEST`: the digest decides, the tag says what it was called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pinned {
    pub reference: Reference,
    pub digest: Digest,
}

impl RegistryAddress {
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository of this name below the prefix.
    pub fn repository(&self, name: &str) -> Result<Repository, ReferenceError> {
        let path = if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) };
        check_path(&path)?;
        Ok(Repository { host: self.host.clone(), path })
    }
}

impl Repository {
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What the registry itself calls it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// One image of it by digest alone, as signers and pullers want it.
    pub fn at(&self, digest: &Digest) -> String {
        format!("{self}@{digest}")
    }
}

impl Tag {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(format!("sha256:{:x}", sha2::Sha256::digest(bytes)))
    }

    /// The digest of all that was hashed.
    pub fn of_hash(hash: sha2::Sha256) -> Self {
        use sha2::Digest as _;
        Self(format!("sha256:{:x}", hash.finalize()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }

    /// As tables have it.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }
}

impl FromStr for RegistryAddress {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((scheme, rest)) = text.split_once("://") {
            let error = format!("`{text}` begins with a scheme; leave `{scheme}://` away: `{rest}`");
            return Err(ReferenceError(error));
        }
        let (host, prefix) = text.split_once('/').unwrap_or((text, ""));
        check_host(host)?;
        if text.ends_with('/') {
            return Err(ReferenceError(format!("`{text}` ends with a slash; write `{}`", text.trim_end_matches('/'))));
        }
        if !prefix.is_empty() {
            check_path(prefix)?;
        }
        Ok(Self { host: host.into(), prefix: prefix.into() })
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let valid = text.bytes().next().is_some_and(word)
            && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
            && text.len() <= LONGEST_TAG;
        valid.then(|| Self(text.into())).ok_or_else(|| {
            ReferenceError(format!(
                "`{text}` is no tag: it is a letter, a digit or `_`, then letters, digits, `_`, `.` or `-`, at most \
                 {LONGEST_TAG} in all, such as `2.20-cpu`"
            ))
        })
    }
}

impl FromStr for Digest {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix("sha256:").unwrap_or_default();
        let valid = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        valid
            .then(|| Self(text.into()))
            .ok_or_else(|| ReferenceError(format!("`{text}` is no digest: it is `sha256:` and 64 digits of 0-9 a-f")))
    }
}

impl FromStr for Pinned {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let whole = || ReferenceError(format!("`{text}` is no pinned reference: it is `HOST/PATH:TAG@sha256:…`"));
        let (reference, digest) = text.split_once('@').ok_or_else(whole)?;
        let (repository, tag) = reference.rsplit_once(':').ok_or_else(whole)?;
        let (host, path) = repository.split_once('/').ok_or_else(whole)?;
        check_host(host)?;
        check_path(path)?;
        let repository = Repository { host: host.into(), path: path.into() };
        Ok(Self { reference: Reference { repository, tag: tag.parse()? }, digest: digest.parse()? })
    }
}

/// A host as engines tell it from the first part of a path: with a dot, a port, or called `localhost`.
fn check_host(host: &str) -> Result<(), ReferenceError> {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    if let Some((address, port)) = bracketed {
        let is_address = address.contains(':') && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
        let valid = is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
        return valid.then_some(()).ok_or_else(|| no_host(host));
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    if !name.split('.').all(part) || !port.is_none_or(is_port) {
        return Err(no_host(host));
    }
    if port.is_none() && !name.contains('.') && name != "localhost" {
        return Err(ReferenceError(format!(
            "engines take `{host}` for a folder of Docker Hub, not for a host; write the registry's host with its domain or \
             port, such as `registry.example.com/{host}`, `localhost:5000/{host}` or `docker.io/{host}`"
        )));
    }
    Ok(())
}

fn no_host(host: &str) -> ReferenceError {
    ReferenceError(format!(
        "`{host}` is no host: write HOST or HOST:PORT, such as `registry.example.com` or `127.0.0.1:5000`"
    ))
}

fn check_path(path: &str) -> Result<(), ReferenceError> {
    if path.len() > LONGEST_PATH {
        return Err(ReferenceError(format!(
            "the repository `{path}` has {} characters; at most {LONGEST_PATH} are allowed",
            path.len()
        )));
    }
    match path.split('/').find(|part| !is_path_part(part)) {
        None => Ok(()),
        Some(part) if is_path_part(&part.to_ascii_lowercase()) => Err(ReferenceError(format!(
            "`{part}` in the repository `{path}` has upper-case letters; write `{}`",
            part.to_ascii_lowercase()
        ))),
        Some(part) => Err(ReferenceError(format!(
            "`{part}` in the repository `{path}` is no name: it is lower-case letters and digits, with one `.`, one or two \
             `_`, or any number of `-` between them"
        ))),
    }
}

/// Runs of letters and digits with separators between them, never at an end.
fn is_path_part(part: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let are_known = separators
        .filter(|between| !between.is_empty())
        .all(|between| matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-'));
    are_known && part.bytes().next().is_some_and(is_word) && part.bytes().last().is_some_and(is_word)
}

impl fmt::Display for RegistryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{}{slash}{}", self.host, self.prefix)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.reference, self.digest)
    }
}

/// What is written as one text and read back through its parser.
macro_rules! as_text {
    ($($name:ident: $text:expr),*) => {$(
        impl TryFrom<String> for $name {
            type Error = ReferenceError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                let text: fn($name) -> String = $text;
                text(value)
            }
        }
    )*};
}

as_text!(Tag: |tag| tag.0, Digest: |digest| digest.0, Pinned: |pinned| pinned.to_string());

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
