//! Where a profile's sources come from: repositories pinned by commit, or a folder the project carries itself.
//! Nothing here fetches, reads or writes; `adapters::sources` does that.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The sources of one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Checked out from elsewhere, one inside another where their paths say so; outer ones first.
    Repositories(Vec<Repository>),
    /// A folder of this project, used as it stands, e.g. `serving/sample`.
    Tree(String),
}

/// A git repository, the commit we want of it, and the folder it belongs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// What people call it, e.g. `serving`.
    pub name: String,
    /// Where it is published.
    pub url: String,
    /// Where to fetch from instead of `url`: a URL or an absolute path.
    pub mirror: Option<String>,
    /// The one commit that is checked out.
    pub commit: Commit,
    /// Folder relative to the sources root; empty for the root itself.
    pub path: String,
}

impl Repository {
    /// The address that is really asked: the mirror where there is one.
    pub fn origin(&self) -> &str {
        self.mirror.as_deref().unwrap_or(&self.url)
    }

    /// The address as it may be printed, without the secrets a URL can carry.
    pub fn shown_origin(&self) -> Cow<'_, str> {
        without_secrets(self.origin())
    }

    /// Folders of the other repositories that lie inside this one, relative to it.
    pub fn nested<'a>(&self, all: &'a [Repository]) -> Vec<&'a str> {
        let inside = |other: &'a Repository| match self.path.as_str() {
            "" => Some(other.path.as_str()),
            own => other.path.strip_prefix(own)?.strip_prefix('/'),
        };
        let mut folders: Vec<_> = all.iter().filter_map(inside).filter(|folder| !folder.is_empty()).collect();
        folders.sort_unstable();
        folders
    }
}

/// A full git commit ID: 40 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// All 40 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits: enough for a person.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

/// What is wrong with a text that should have been a commit ID.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a commit ID: 40 hexadecimal digits are wanted (branches, tags and short IDs can move)")]
pub struct CommitError(String);

impl FromStr for Commit {
    type Err = CommitError;

    fn from_str(text: &str) -> Result<Self, CommitError> {
        let valid = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if valid { Ok(Self(text.to_ascii_lowercase())) } else { Err(CommitError(text.to_owned())) }
    }
}

impl TryFrom<String> for Commit {
    type Error = CommitError;

    fn try_from(text: String) -> Result<Self, CommitError> {
        text.parse()
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The URL without a password or token: everything between `//` and `@` can be one.
fn without_secrets(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Cow::Borrowed(url);
    };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}://{}", &rest[at + 1..])),
        None => Cow::Borrowed(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(name: &str, path: &str) -> Repository {
        Repository {
            name: name.into(),
            url: "https://u:secret@host.example/a@b.git".into(),
            mirror: None,
            commit: "0123456789abcdef0123456789ABCDEF01234567".parse().unwrap(),
            path: path.into(),
        }
    }

    #[test]
    fn a_commit_is_forty_hexadecimal_digits() {
        let commit = repository("serving", "").commit;
        assert_eq!(commit.as_str(), "0123456789abcdef0123456789abcdef01234567");
        assert_eq!(commit.short(), "0123456789ab");
        for wrong in ["", "r2.20", "0123456", "0123456789abcdef0123456789abcdef0123456g", "éééééééééééééééééééé"]
        {
            let error = wrong.parse::<Commit>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{wrong}`")), "{error}");
        }
    }

    #[test]
    fn a_commit_is_checked_when_deserialized() {
        assert!(serde_json::from_str::<Commit>("\"main\"").is_err());
        let text = "\"0123456789abcdef0123456789abcdef01234567\"";
        let commit: Commit = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&commit).unwrap(), text);
    }

    #[test]
    fn a_mirror_takes_the_place_of_the_url() {
        let mut serving = repository("serving", "");
        assert_eq!(serving.origin(), serving.url);
        serving.mirror = Some("/srv/mirror/serving.git".into());
        assert_eq!(serving.origin(), "/srv/mirror/serving.git");
        assert_eq!(serving.shown_origin(), "/srv/mirror/serving.git");
    }

    #[test]
    fn secrets_in_a_url_are_not_shown() {
        assert_eq!(repository("serving", "").shown_origin(), "https://host.example/a@b.git");
    }

    #[test]
    fn nested_repositories_are_found_by_their_folders() {
        let all =
            [repository("serving", ""), repository("tensorflow", "tensorflow"), repository("deep", "tensorflow/x")];
        assert_eq!(all[0].nested(&all), ["tensorflow", "tensorflow/x"]);
        assert_eq!(all[1].nested(&all), ["x"]);
        assert!(all[2].nested(&all).is_empty());
    }
}
