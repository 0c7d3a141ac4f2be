//! An image that serves: a server, or several of one device of which its entrypoint takes the best the CPU can run.
//! Here are the nouns and their names; what is done about them is in `plan`, what was done in `receipt`.

pub mod app;
pub mod plan;
pub mod receipt;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::domain::{proof::Feature, variant::VariantName};

/// What `config.toml` says of all serving images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSettings {
    /// What stands before the tag.
    pub repository: String,
    /// Further tags -> the image they name too.
    pub aliases: BTreeMap<ImageName, ImageName>,
    /// Images of several variants.
    pub combined: BTreeMap<ImageName, Vec<VariantName>>,
}

/// The tag of an image: lower-case letters, digits, dots and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageName(String);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be a tag: begin it with a lower-case letter or a digit, go on with those, dots and hyphens, 64 at most"
)]
pub struct ImageNameError(String);

impl FromStr for ImageName {
    type Err = ImageNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let valid = text.len() <= 64
            && text.bytes().next().is_some_and(plain)
            && text.bytes().all(|b| plain(b) || b == b'.' || b == b'-');
        if valid { Ok(Self(text.into())) } else { Err(ImageNameError(text.into())) }
    }
}

impl ImageName {
    /// The web app's.
    pub fn app() -> Self {
        Self(app::NAME.into())
    }
}

impl From<&VariantName> for ImageName {
    /// Every variant's name is a tag.
    fn from(variant: &VariantName) -> Self {
        Self(variant.to_string())
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A binary in an image and what it asks of a CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub variant: VariantName,
    /// Its file in `bin/`, and in the image's folder of programs.
    pub file: String,
    /// Oldest first.
    pub features: Vec<Feature>,
}

/// An image for CPUs that lack something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    pub reference: String,
    pub features: Vec<Feature>,
}

/// The file that tells the entrypoint what to run: `run FILE FEATURES` lines, best first, then `else IMAGE FEATURES`.
pub fn servers_file(servers: &[Server], instead: &[Instead]) -> String {
    let run = servers.iter().map(|server| format!("run {} {}\n", server.file, list(&server.features)));
    let or = instead.iter().map(|image| format!("else {} {}\n", image.reference, list(&image.features)));
    run.chain(or).collect()
}

/// A comma between features; a dash for none.
pub fn list(features: &[Feature]) -> String {
    let names: Vec<&str> = features.iter().map(|feature| feature.name()).collect();
    if names.is_empty() { "-".into() } else { names.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_parsed_once() {
        for good in ["cpu-optimized", "auto", "2.20.0-cpu"] {
            assert_eq!(good.parse::<ImageName>().expect(good).to_string(), good);
        }
        for bad in ["", "-a", ".a", "A", "a b", "a/b", "a:b", "latest\n", &"a".repeat(65)] {
            assert!(bad.parse::<ImageName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_entrypoint_reads_the_best_first_and_then_where_else_to_go() {
        let feature = |name: &str| name.parse::<Feature>().expect("known");
        let server = |name: &str, features: Vec<Feature>| Server {
            variant: name.parse().expect("a variant"),
            file: format!("tensorflow_model_server.{name}"),
            features,
        };
        let servers = [server("cpu-optimized", vec![feature("avx2"), feature("fma")]), server("cpu-standard", vec![])];
        let instead = [Instead { reference: "tf-serving:cpu-standard".into(), features: vec![] }];
        assert_eq!(
            servers_file(&servers, &instead),
            "run tensorflow_model_server.cpu-optimized avx2,fma\n\
             run tensorflow_model_server.cpu-standard -\n\
             else tf-serving:cpu-standard -\n"
        );
    }
}
