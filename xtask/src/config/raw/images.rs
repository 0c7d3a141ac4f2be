//! `[images]`: what serving images are called, and which hold several variants.
//! That a name refers to something is checked here; whether a profile can build it is planning's concern.

use std::collections::BTreeMap;

use crate::{
    config::{
        journal::Journal,
        reader::{Section, Text},
        values,
    },
    domain::{
        serving_image::{ImageName, ImageSettings, app},
        variant::VariantName,
    },
};

/// `variants` are the names of all variants in the file.
pub fn read(mut section: Section<'_>, variants: &[&str]) -> Option<ImageSettings> {
    let journal = section.journal;
    let repository = section.optional_string("repository");
    let aliases = section.map("aliases");
    let combined = section.optional_table("combined").lists();
    section.finish();

    let combined_names = combined.iter().map(|(name, _)| name.value);
    let names: Vec<&str> = variants.iter().copied().chain(combined_names).chain([app::NAME]).collect();
    let read: Vec<_> = combined.into_iter().map(|(name, members)| image(journal, name, &members, variants)).collect();
    let aliases: Vec<_> = aliases.into_iter().map(|(alias, of)| self::alias(journal, alias, of, &names)).collect();
    let repository = match repository {
        Some(text) => journal.parse(text, values::repository)?,
        None => "tf-serving".into(),
    };
    Some(ImageSettings {
        repository,
        aliases: aliases.into_iter().collect::<Option<BTreeMap<_, _>>>()?,
        combined: read.into_iter().collect::<Option<BTreeMap<_, _>>>()?,
    })
}

fn image(
    journal: &Journal,
    name: Text<'_>,
    members: &[Text<'_>],
    variants: &[&str],
) -> Option<(ImageName, Vec<VariantName>)> {
    if variants.contains(&name.value) {
        journal.complain(name.at, format!("`{}` is a variant's image already: call this one otherwise", name.value));
    }
    if name.value == app::NAME {
        journal.complain(name.at, format!("`{}` is the web app's image: call this one otherwise", name.value));
    }
    if members.is_empty() {
        journal.complain(name.at, format!("image `{}` holds no variant: list one at least", name.value));
    }
    for member in members.iter().filter(|member| !variants.contains(&member.value)) {
        journal.unknown(member.at, "variant", member.value, variants.iter().copied());
    }
    let device = |member: &Text<'_>| member.value.split('-').next().unwrap_or_default().to_owned();
    if let Some(odd) = members.iter().find(|member| device(member) != members.first().map(device).unwrap_or_default()) {
        journal.complain(odd.at, format!("image `{}` mixes devices: `{}` is for another", name.value, odd.value));
    }
    let name = journal.parse(name, str::parse)?;
    let members: Vec<Option<VariantName>> = members.iter().map(|member| journal.parse(*member, str::parse)).collect();
    Some((name, members.into_iter().collect::<Option<_>>()?))
}

fn alias(journal: &Journal, alias: Text<'_>, of: Text<'_>, names: &[&str]) -> Option<(ImageName, ImageName)> {
    if names.contains(&alias.value) {
        journal.complain(alias.at, format!("`{}` is an image already, no alias for another", alias.value));
    }
    if !names.contains(&of.value) {
        journal.unknown(of.at, "image", of.value, names.iter().copied());
    }
    Some((journal.parse(alias, str::parse)?, journal.parse(of, str::parse)?))
}
