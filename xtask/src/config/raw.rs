//! The exact shape of `config.toml`: each section reads itself and notes what is wrong, then reading goes on.
//! Keys are named nowhere else; how values are spelt is in `values`.

mod app;
mod flags;
mod images;
mod model;
mod profile;
mod servers;
mod settings;
mod source;
mod variant;

use std::collections::BTreeMap;

use super::{Config, reader::Section};

/// The only shape this program reads.
const SCHEMA: i64 = 1;
/// The article's, served where nobody names another.
const MODEL: &str = "inception";

/// The whole file; none only where something was noted.
pub fn read(mut root: Section<'_>) -> Option<Config> {
    if let Some(schema) = root.integer("schema").filter(|schema| schema.value != SCHEMA) {
        root.journal
            .complain(schema.at, format!("schema {} is foreign, this xtask reads schema {SCHEMA}", schema.value));
    }
    let default_profile = root.string("default-profile");
    let quickstart_profile = root.optional_string("quickstart-profile");
    let engine = settings::engine(root.optional_table("engine"));
    let resources = settings::resources(root.optional_table("resources"));
    let remote = settings::remote(root.optional_table("bazel"));
    let mirrors = source::mirrors(root.optional_table("sources"));
    let model = root.optional_string("default-model");
    let models = model::read_all(root.optional_named_tables("models"));
    if let Some(name) = model.filter(|name| !models.contains_key(name.value)) {
        root.journal.unknown(name.at, "model", name.value, models.keys().map(String::as_str));
    }
    let images = root.optional_table("images");
    let servers = root.optional_named_tables("servers");
    let app = root.optional_table("app");
    let variants = root.named_tables("variants");
    let profiles = root.named_tables("profiles");

    for name in [default_profile, quickstart_profile].into_iter().flatten() {
        let mut names = profiles.iter().map(|(name, _)| name.value);
        if !profiles.is_empty() && !names.any(|known| known == name.value) {
            root.journal.unknown(name.at, "profile", name.value, profiles.iter().map(|(name, _)| name.value));
        }
    }
    let variant_names: Vec<&str> = variants.iter().map(|(name, _)| name.value).collect();
    let images = images::read(images, &variant_names);
    let mut ports = BTreeMap::new();
    let servers: Vec<_> = servers
        .into_iter()
        .map(|(name, section)| {
            app::clash(root.journal, name);
            servers::read(name, section, images.as_ref(), &variant_names, &mut ports)
        })
        .collect();
    let app = app.is_there().then(|| app::read(app, &ports));
    let variants = variants.into_iter().map(|(name, section)| variant::read(name, section));
    // Collected in two steps: stopping at the first failure would hide the mistakes behind it.
    let variants: Vec<_> = variants.collect();
    let model = model.map_or(MODEL, |name| name.value).to_owned();
    let shared = profile::Shared { mirrors, models, model };
    let profiles: Vec<_> = profiles.into_iter().map(|(name, section)| profile::read(name, section, &shared)).collect();
    root.finish();

    let variants: Option<BTreeMap<_, _>> =
        variants.into_iter().map(|variant| variant.map(|variant| (variant.name.clone(), variant))).collect();
    let profiles: Option<BTreeMap<_, _>> =
        profiles.into_iter().map(|profile| profile.map(|profile| (profile.name.clone(), profile))).collect();
    Some(Config {
        default_profile: default_profile?.value.into(),
        quickstart_profile: quickstart_profile.or(default_profile)?.value.into(),
        engine,
        resources,
        remote,
        images: images?,
        servers: servers.into_iter().collect::<Option<_>>()?,
        app: app.map_or(Some(None), |app| app.map(Some))?,
        variants: variants?,
        profiles: profiles?,
    })
}
