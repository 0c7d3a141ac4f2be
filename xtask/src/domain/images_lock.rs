//! `manifests/images.lock`: which image was pushed where, by digest. What deploys read, and what `push --verify` holds the
//! registry against. Schema: docs/push.md.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::domain::{
    model::Asked,
    proof::Feature,
    reference::{Digest, Pinned, Tag},
};

/// Raised when the meaning of a key changes.
const SCHEMA: u32 = 1;
const HEAD: &str = "# Written by `cargo xtask push`, one image after another; `cargo xtask push --verify` compares. See docs/push.md.\n";

/// Every image that was pushed, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagesLock {
    schema: u32,
    #[serde(default)]
    pub images: BTreeMap<String, LockedImage>,
    /// Versions of models in images of their own, by the model's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, BTreeMap<String, LockedModel>>,
}

/// One image where it was pushed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockedImage {
    pub reference: Pinned,
    /// Further tags that were put on the same manifest.
    pub also_tagged: Vec<Tag>,
    /// Manifests that refer to the image.
    pub sbom: Digest,
    pub provenance: Digest,
    /// Of the image's receipt.
    pub receipt_key: String,
    /// What a CPU must have to run it at all; not known of images that an older xtask entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_features: Option<BTreeSet<Feature>>,
    /// RFC 3339, UTC.
    pub pushed: String,
}

/// One version of a model where it was pushed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockedModel {
    pub reference: Pinned,
    /// Further tags that were put on the same manifest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_tagged: Vec<Tag>,
    /// Of the version's receipt; none for a model that was exported elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_key: Option<String>,
    /// How it is asked about a picture; none of a model that takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// RFC 3339, UTC.
    pub pushed: String,
}

/// Why a text is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{0}")]
    Shape(#[from] toml::de::Error),
    #[error("it has schema {0}, this xtask knows {SCHEMA}: use the xtask that wrote it, or remove it and push again")]
    Schema(u32),
}

impl Default for ImagesLock {
    fn default() -> Self {
        Self { schema: SCHEMA, images: BTreeMap::new(), models: BTreeMap::new() }
    }
}

impl ImagesLock {
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let lock: Self = toml::from_str(text)?;
        if lock.schema == SCHEMA { Ok(lock) } else { Err(LockError::Schema(lock.schema)) }
    }

    /// A version of a model, the newest where none is named.
    pub fn model(&self, name: &str, version: Option<u64>) -> Option<&LockedModel> {
        let versions = self.models.get(name)?;
        match version {
            Some(version) => versions.get(&version.to_string()),
            None => versions.iter().max_by_key(|(version, _)| version.parse::<u64>().ok()).map(|(_, model)| model),
        }
    }
}

impl fmt::Display for ImagesLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = toml::to_string(self).expect("tables of texts are TOML");
        write!(f, "{HEAD}{text}")
    }
}

impl LockedImage {
    /// Whether it says the same of the image; when that was first so does not matter.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        Self { pushed: other.pushed.clone(), ..self.clone() } == *other
    }
}

impl LockedModel {
    /// Whether it says the same of the version; when that was first so does not matter.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        Self { pushed: other.pushed.clone(), ..self.clone() } == *other
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn image(tag: &str) -> LockedImage {
        LockedImage {
            reference: format!("127.0.0.1:5000/demo/tf-serving:{tag}@{}", Digest::of(tag.as_bytes()))
                .parse()
                .expect("well-formed"),
            also_tagged: vec!["cpu".parse().expect("a tag")],
            sbom: Digest::of(b"sbom"),
            provenance: Digest::of(b"provenance"),
            receipt_key: "00ff".into(),
            cpu_features: Some(["avx2", "fma"].map(|name| name.parse().expect("known")).into()),
            pushed: "2026-11-24T18:20:53Z".into(),
        }
    }

    #[test]
    fn it_is_sorted_and_reads_back() {
        let mut lock = ImagesLock::default();
        lock.images.insert("gpu-standard".into(), image("gpu-standard"));
        lock.images.insert("cpu-optimized".into(), image("cpu-optimized"));
        let mut model = image("1");
        model.also_tagged.clear();
        let LockedImage { reference, also_tagged, pushed, .. } = model;
        let model = LockedModel { reference, also_tagged, receipt_key: None, asked: None, pushed };
        lock.models.entry("inception".into()).or_default().insert("1".into(), model);
        let text = lock.to_string();
        assert!(text.contains("\n[models.inception.1]\nreference = "), "{text}");
        expect![[r##"
            # Written by `cargo xtask push`, one image after another; `cargo xtask push --verify` compares. See docs/push.md.
            schema = 1

            [images.cpu-optimized]
            reference = "127.0.0.1:5000/demo/tf-serving:cpu-optimized@sha256:faa3140aedfdaa63f3178f7ce642c2f0b8d887c428236453b70fac82fc5a524e"
            also-tagged = ["cpu"]
        "##]]
        .assert_eq(&text.lines().take(6).map(|line| format!("{line}\n")).collect::<String>());
        assert_eq!(ImagesLock::parse(&text).expect("its own text"), lock);
    }

    #[test]
    fn only_the_time_of_a_push_may_differ() {
        let (first, mut second) = (image("a"), image("a"));
        second.pushed = "2027-01-01T00:00:00Z".into();
        assert!(second.says_the_same_as(&first));
        second.receipt_key = "11".into();
        assert!(!second.says_the_same_as(&first));
    }

    #[test]
    fn an_older_lock_has_no_cpu_features_and_a_push_enters_them() {
        let lock = ImagesLock { images: [("a".to_owned(), image("a"))].into(), ..ImagesLock::default() };
        let text = lock.to_string();
        assert!(text.contains("cpu-features = [\"fma\", \"avx2\"]"), "{text}");
        let older = ImagesLock::parse(&text.replace("cpu-features = [\"fma\", \"avx2\"]\n", "")).expect("still a lock");
        assert_eq!(older.images["a"].cpu_features, None);
        assert!(!image("a").says_the_same_as(&older.images["a"]));
    }

    #[test]
    fn what_it_does_not_know_is_an_error_with_its_place() {
        let text = |text: &str| ImagesLock::parse(text).expect_err("wrong").to_string();
        assert!(text("schema = 2").contains("schema 2"));
        assert!(text("schema = 1\nimage = 3").contains("line 2"));
        assert!(text("<<<<<<< HEAD").contains("line 1"));
        let good = ImagesLock { images: [("a".to_owned(), image("a"))].into(), ..ImagesLock::default() }.to_string();
        assert!(text(&good.replace("@sha256:", "@md5:")).contains("is no digest"));
    }
}
