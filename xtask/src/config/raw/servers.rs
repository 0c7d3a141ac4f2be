//! `[servers.NAME]`: what `up` starts, with the limits that the manifests give it too.

use std::collections::BTreeMap;

use crate::{
    config::{
        journal::Journal,
        reader::{Section, Text},
        values,
    },
    domain::{serving_image::ImageSettings, up::ServerSettings},
};

/// `variants` are the names of all variants in the file, `ports` those of this machine that servers before this one take.
pub fn read<'t>(
    name: Text<'t>,
    mut section: Section<'_>,
    images: Option<&ImageSettings>,
    variants: &[&str],
    ports: &mut BTreeMap<u16, &'t str>,
) -> Option<ServerSettings> {
    let journal = section.journal;
    let image = section.string("image");
    let cpus = section.optional_string("cpus");
    let memory = section.optional_bytes("memory");
    let mut port = |key| section.optional_whole(key, u16::MAX.into()).and_then(|port| u16::try_from(port).ok());
    let (rest_port, grpc_port) = (port("rest-port"), port("grpc-port"));
    section.finish();
    for port in [rest_port, grpc_port].into_iter().flatten() {
        if let Some(other) = ports.insert(port, name.value) {
            let whose = if other == name.value { "twice".into() } else { format!("as `{other}` does") };
            journal.complain(name.at, format!("server `{}` takes port {port} {whose}: give each its own", name.value));
        }
    }
    if let (Some(image), Some(images)) = (image, images) {
        must_exist(journal, image, images, variants);
    }
    Some(ServerSettings {
        name: journal.parse(name, values::name)?,
        image: journal.parse(image?, str::parse)?,
        millicpus: cpus.and_then(|cpus| journal.parse(cpus, values::cpus)).flatten(),
        memory,
        rest_port,
        grpc_port,
    })
}

fn must_exist(journal: &Journal, image: Text<'_>, images: &ImageSettings, variants: &[&str]) {
    let own = images.aliases.keys().chain(images.combined.keys()).map(ToString::to_string);
    let known: Vec<String> = variants.iter().map(ToString::to_string).chain(own).collect();
    if !known.iter().any(|name| name == image.value) {
        journal.unknown(image.at, "image", image.value, known.iter().map(String::as_str));
    }
}
