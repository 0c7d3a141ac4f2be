//! What a push is: images that passed their gate, and the references they get. Planned from names alone, so that a dry run
//! says exactly what would move where.

#[cfg(test)]
pub(crate) mod fixture;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;

use crate::domain::{
    proof::Feature,
    reference::{Reference, ReferenceError, RegistryAddress, Tag},
};

/// Stands for an image's name in the tags of a command line that pushes several images.
const NAME: &str = "{name}";
/// What deploys read, from the checkout's root.
pub const LOCK_FILE: &str = "manifests/images.lock";

/// How an image is called, by configuration alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageNames {
    /// A variant or a combined image such as `auto`: its key in the lock.
    pub name: String,
    /// Its reference on the engine: `tf-serving:cpu-optimized`.
    pub local: String,
    /// Last part of the repository's path: `tf-serving`.
    pub repository: String,
    /// The first is the one that is locked; the others are aliases, such as `cpu`.
    pub tags: Vec<String>,
}

/// An image on the engine that has passed its gate.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyImage {
    pub name: String,
    /// `sha256:…`, as the engine knows it.
    pub id: String,
    /// Of the image's receipt.
    pub receipt_key: String,
    /// What a CPU must have to run it at all.
    pub cpu_features: BTreeSet<Feature>,
    pub materials: Materials,
}

/// What an image was made of: all that its SBOM and its provenance say.
#[derive(Debug, Clone, PartialEq)]
pub struct Materials {
    pub binaries: Vec<BinaryMaterial>,
    pub packages: Vec<Package>,
    /// Name -> commit, or digest of a tree.
    pub sources: BTreeMap<String, String>,
    pub tensorflow: Option<String>,
    /// RFC 3339: when the image says it was made.
    pub created: String,
    /// What decided the image beside its binaries, as its receipt has it.
    pub args: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub struct BinaryMaterial {
    pub variant: String,
    pub sha256: String,
    /// The binary's own receipt, see docs/receipt.md.
    pub receipt: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    pub kind: PackageKind,
    pub name: String,
    pub version: String,
}

/// Whose package it is: names mean nothing without that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageKind {
    Debian,
    Ubuntu,
    Python,
    Rust,
}

/// All that one push does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushPlan {
    pub address: RegistryAddress,
    pub images: Vec<PlannedPush>,
    pub sign: bool,
}

/// One image's way into the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPush {
    pub name: String,
    pub local: String,
    pub reference: Reference,
    /// Further tags of the same repository.
    pub also: Vec<Tag>,
}

/// What the command line says of a push.
#[derive(Debug, Clone, Default)]
pub struct Tags {
    /// Instead of the images' own tags.
    pub only: Option<String>,
    /// Beside them.
    pub also: Vec<String>,
}

/// The references of every image; an error before anything moved.
pub fn plan(
    address: &RegistryAddress,
    images: &[ImageNames],
    tags: &Tags,
    sign: bool,
) -> Result<PushPlan, ReferenceError> {
    let images: Vec<PlannedPush> =
        images.iter().map(|names| planned(address, names, tags)).collect::<Result<_, ReferenceError>>()?;
    let mut taken = BTreeMap::new();
    for image in &images {
        for reference in image.references() {
            if let Some(other) = taken.insert(reference.clone(), &image.name) {
                return Err(ReferenceError::clash(&reference, other, &image.name));
            }
        }
    }
    Ok(PushPlan { address: address.clone(), images, sign })
}

fn planned(address: &RegistryAddress, names: &ImageNames, tags: &Tags) -> Result<PlannedPush, ReferenceError> {
    let own = match &tags.only {
        Some(tag) => std::slice::from_ref(tag),
        None => &names.tags,
    };
    let mut all = Vec::new();
    for tag in own.iter().chain(&tags.also) {
        let tag: Tag = tag.replace(NAME, &names.name).parse()?;
        if !all.contains(&tag) {
            all.push(tag);
        }
    }
    let mut all = all.into_iter();
    let tag = all.next().map_or_else(|| names.name.parse(), Ok)?;
    let reference = Reference { repository: address.repository(&names.repository)?, tag };
    Ok(PlannedPush { name: names.name.clone(), local: names.local.clone(), reference, also: all.collect() })
}

impl PlannedPush {
    /// Every reference it gets, the locked one first.
    pub fn references(&self) -> Vec<Reference> {
        let also = self.also.iter().map(|tag| Reference { tag: tag.clone(), ..self.reference.clone() });
        std::iter::once(self.reference.clone()).chain(also).collect()
    }
}

impl fmt::Display for PushPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# push to {}, what is there already stays", self.address)?;
        for PlannedPush { name, local, reference, also } in &self.images {
            write!(f, "\ndocker tag {local} {reference} && docker push {reference}")?;
            write!(f, "\nattach sbom.spdx.json provenance.intoto.json {reference}")?;
            for tag in also {
                write!(f, "\nput-manifest {}:{tag}  # of {reference}", reference.repository)?;
            }
            if self.sign {
                write!(f, "\ncosign sign {}@DIGEST", reference.repository)?;
            }
            write!(f, "\nlock {name} {LOCK_FILE}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn names(name: &str, aliases: &[&str]) -> ImageNames {
        let tags = std::iter::once(name).chain(aliases.iter().copied()).map(String::from).collect();
        ImageNames { name: name.into(), local: format!("tf-serving:{name}"), repository: "tf-serving".into(), tags }
    }

    fn check(images: &[ImageNames], tags: &Tags, expected: &Expect) {
        let address = "127.0.0.1:5000/demo".parse().expect("an address");
        let text = match plan(&address, images, tags, false) {
            Ok(plan) => plan.to_string(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&text);
    }

    #[test]
    fn each_image_gets_its_own_tags() {
        check(
            &[names("cpu-optimized", &["cpu"]), names("gpu-standard", &[])],
            &Tags::default(),
            &expect![[r"
                # push to 127.0.0.1:5000/demo, what is there already stays
                docker tag tf-serving:cpu-optimized 127.0.0.1:5000/demo/tf-serving:cpu-optimized && docker push 127.0.0.1:5000/demo/tf-serving:cpu-optimized
                attach sbom.spdx.json provenance.intoto.json 127.0.0.1:5000/demo/tf-serving:cpu-optimized
                put-manifest 127.0.0.1:5000/demo/tf-serving:cpu  # of 127.0.0.1:5000/demo/tf-serving:cpu-optimized
                lock cpu-optimized manifests/images.lock
                docker tag tf-serving:gpu-standard 127.0.0.1:5000/demo/tf-serving:gpu-standard && docker push 127.0.0.1:5000/demo/tf-serving:gpu-standard
                attach sbom.spdx.json provenance.intoto.json 127.0.0.1:5000/demo/tf-serving:gpu-standard
                lock gpu-standard manifests/images.lock"]],
        );
    }

    #[test]
    fn the_command_line_names_tags_for_one_image_or_for_each() {
        let tags = |only: Option<&str>, also: &[&str]| Tags {
            only: only.map(String::from),
            also: also.iter().map(ToString::to_string).collect(),
        };
        check(
            &[names("cpu-optimized", &["cpu"])],
            &tags(Some("v7"), &["latest"]),
            &expect![[r"
                # push to 127.0.0.1:5000/demo, what is there already stays
                docker tag tf-serving:cpu-optimized 127.0.0.1:5000/demo/tf-serving:v7 && docker push 127.0.0.1:5000/demo/tf-serving:v7
                attach sbom.spdx.json provenance.intoto.json 127.0.0.1:5000/demo/tf-serving:v7
                put-manifest 127.0.0.1:5000/demo/tf-serving:latest  # of 127.0.0.1:5000/demo/tf-serving:v7
                lock cpu-optimized manifests/images.lock"]],
        );
        let both = [names("cpu-optimized", &["cpu"]), names("gpu-standard", &[])];
        check(
            &both,
            &tags(None, &["latest"]),
            &expect![
                "cpu-optimized and gpu-standard would both be 127.0.0.1:5000/demo/tf-serving:latest; push one of them, or put {name} into the tag, such as `latest-{name}`"
            ],
        );
        check(
            &both[1..],
            &tags(Some("2.20-{name}"), &[]),
            &expect![[r"
                # push to 127.0.0.1:5000/demo, what is there already stays
                docker tag tf-serving:gpu-standard 127.0.0.1:5000/demo/tf-serving:2.20-gpu-standard && docker push 127.0.0.1:5000/demo/tf-serving:2.20-gpu-standard
                attach sbom.spdx.json provenance.intoto.json 127.0.0.1:5000/demo/tf-serving:2.20-gpu-standard
                lock gpu-standard manifests/images.lock"]],
        );
    }
}
