//! `[profiles.NAME]`: sources, Bazel, build images and what each device does differently.
//! Names that refer to another part of the profile are looked up here; files and images are not.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::{
        journal::Journal,
        reader::{Section, Text},
        values,
    },
    domain::{
        model::Model,
        profile::{BaseImage, Bazel, BuildImage, DeviceToolchain, Profile, ServingRecipe},
        variant::Device,
    },
};

use super::{
    flags, model,
    source::{self, Mirrors},
    variant,
};

/// What the file says for all profiles.
pub struct Shared {
    pub mirrors: Mirrors,
    pub models: BTreeMap<String, model::Keys>,
    /// The one that is served where a profile says nothing.
    pub model: String,
}

pub fn read(name: Text<'_>, mut section: Section<'_>, shared: &Shared) -> Option<Profile> {
    let journal = section.journal;
    let about = section.string("about");
    let label = section.string("label").and_then(|label| journal.parse(label, values::label));
    let min_jobs_per_variant = section.optional_count("min-jobs-per-variant");
    let sources = source::sources(&mut section, &shared.mirrors);
    let bazel = section.table("bazel").and_then(bazel);
    let images = section.named_tables("tf-dev");
    let image_names: Vec<&str> = images.iter().map(|(name, _)| name.value).collect();
    let devices: Vec<_> = section
        .named_tables("devices")
        .into_iter()
        .map(|(name, section)| {
            let toolchain = toolchain(name.value, section, &image_names);
            variant::device(journal, name).zip(toolchain)
        })
        .collect();
    let chosen = section.optional_string("model");
    let own = model::read_all(section.optional_named_tables("models"));
    let models = models(own, shared, journal);
    if let Some(name) = chosen.filter(|name| !models.contains_key(name.value)) {
        journal.unknown(name.at, "model", name.value, models.keys().map(String::as_str));
    }
    let model = chosen.map_or(shared.model.as_str(), |name| name.value);
    let model = models.get(model).cloned().unwrap_or_else(|| Model::brought(model));
    let images: Vec<_> = images.into_iter().map(|(name, section)| build_image(name, section)).collect();
    section.finish();

    let name = journal.parse(name, values::name);
    let images: Option<Vec<BuildImage>> = images.into_iter().collect();
    let devices: Option<BTreeMap<Device, DeviceToolchain>> = devices.into_iter().collect();
    Some(Profile {
        name: name?,
        about: about?.value.into(),
        label: label?,
        min_jobs_per_variant,
        sources: sources?,
        bazel: bazel?,
        build_images: images?.into_iter().map(|image| (image.name.clone(), image)).collect(),
        devices: devices?,
        model,
        models,
    })
}

/// Those of all profiles and of this one.
fn models(mut own: BTreeMap<String, model::Keys>, shared: &Shared, journal: &Journal) -> BTreeMap<String, Model> {
    let names: BTreeSet<String> = shared.models.keys().chain(own.keys()).cloned().collect();
    let whole = |name: String| {
        let keys = own.remove(&name).unwrap_or_default();
        let keys = match shared.models.get(&name) {
            Some(all) => keys.over(all),
            None => keys,
        };
        (name.clone(), keys.into_model(name, journal))
    };
    names.into_iter().map(whole).collect()
}

fn bazel(mut section: Section<'_>) -> Option<Bazel> {
    let journal = section.journal;
    let version = section.string("version").and_then(|version| journal.parse(version, values::bazel_version));
    let startup = flags::free(journal, section.list("startup"));
    let bazel_flags = flags::free(journal, section.list("flags"));
    let cpu_features = variant::features(journal, &section.list("cpu-features"));
    section.finish();
    Some(Bazel { version: version?, startup, flags: bazel_flags, cpu_features: cpu_features? })
}

fn build_image(name: Text<'_>, mut section: Section<'_>) -> Option<BuildImage> {
    let journal = section.journal;
    let name = journal.parse(name, values::name);
    let dockerfile = section.string("dockerfile").and_then(|path| journal.parse(path, values::inner_path));
    let base = base(&mut section, "base");
    let args = variables(journal, section.map("args"));
    section.finish();
    Some(BuildImage { name: name?, dockerfile: dockerfile?, base: base?, args })
}

fn toolchain(device: &str, mut section: Section<'_>, images: &[&str]) -> Option<DeviceToolchain> {
    let journal = section.journal;
    let build_image = section.string("tf-dev");
    if let Some(name) = build_image.filter(|name| !images.contains(&name.value)) {
        journal.unknown(name.at, "tf-dev image", name.value, images.iter().copied());
    }
    let serving_base = base(&mut section, "serving-base");
    let dockerfile = section.optional_string("serving-dockerfile");
    let dockerfile = dockerfile.and_then(|path| journal.parse(path, values::inner_path));
    let libraries = section.optional_string("serving-libraries");
    let serving = ServingRecipe {
        dockerfile: dockerfile.unwrap_or_else(|| format!("docker/serving.{device}.Dockerfile")),
        args: variables(journal, section.map("serving-args")),
        libraries: libraries.and_then(|path| journal.parse(path, values::absolute_path)),
        cpu_features: variant::features(journal, &section.list("serving-cpu-features")).unwrap_or_default(),
    };
    let toolchain = DeviceToolchain {
        serving,
        flags: flags::free(journal, section.list("flags")),
        environment: variables(journal, section.map("environment")),
        dispatched: flags::strings(section.list("dispatched")),
        host_libraries: flags::strings(section.list("host-libraries")),
        build_image: build_image.map(|name| name.value.to_owned()).unwrap_or_default(),
        serving_base: serving_base.clone().unwrap_or(BaseImage::Registry(String::new())),
    };
    section.finish();
    (build_image.is_some() && serving_base.is_some()).then_some(toolchain)
}

/// An image that the engine pulls, or a release that debootstrap makes.
fn base(section: &mut Section<'_>, key: &'static str) -> Option<BaseImage> {
    section.string_or_table(
        key,
        "an image or `{ bootstrap = \"release\" }`",
        |journal, reference| journal.parse(reference, values::word).map(BaseImage::Registry),
        |mut table| {
            let release = table.string("bootstrap");
            let release = release.and_then(|release| table.journal.parse(release, values::name));
            table.finish();
            release.map(BaseImage::Bootstrap)
        },
    )
}

fn variables(journal: &Journal, pairs: Vec<(Text<'_>, Text<'_>)>) -> BTreeMap<String, String> {
    let pairs = pairs.into_iter();
    pairs.filter_map(|(name, value)| Some((journal.parse(name, values::variable)?, value.value.to_owned()))).collect()
}
