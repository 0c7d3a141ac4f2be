//! `[variants.NAME]`: a device, its flags, and the CPU features that its binary is held to.
//! What a copt demands of a CPU is the domain's knowledge; here it is only compared with what the file promises.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    config::{
        journal::Journal,
        reader::{Section, Text},
    },
    domain::{
        proof::{
            copts::from_copts,
            feature::{Feature, closure},
        },
        variant::{Device, Variant, VariantName},
    },
};

use super::flags;

pub fn read(name: Text<'_>, mut section: Section<'_>) -> Option<Variant> {
    let journal = section.journal;
    let device_text = section.string("device");
    let copts = section.list("copts");
    let bazel_flags = section.list("flags");
    let promised = section.optional_list("cpu-features");
    let exact = section.optional_boolean("exact").unwrap_or(true);
    let promises = section.place_of("cpu-features").is_some();
    section.finish();

    for copt in copts.iter().filter(|copt| !copt.value.starts_with('-')) {
        journal.complain(copt.at, format!("copt `{}` does not begin with `-`", copt.value));
    }
    let promised = promised.map(|list| features(journal, &list));
    let cpu_features = match (promises, promised) {
        (true, promised) => promised.flatten().map(|promised| honoured(journal, &copts, promised)),
        (false, _) => derived(journal, &copts),
    };
    let bazel_flags = flags::free(journal, bazel_flags);
    let parsed: Option<VariantName> = journal.parse(name, str::parse);
    let device = device_text.and_then(|text| device(journal, text));
    if let (Some(_), Some(device), Some(text)) = (&parsed, device, device_text)
        && !name.value.starts_with(&format!("{device}-"))
    {
        let message = format!("device `{device}` contradicts the name, `{}` must begin with `{device}-`", name.value);
        journal.complain(text.at, message);
    }
    Some(Variant {
        name: parsed?,
        device: device?,
        copts: flags::strings(copts),
        flags: bazel_flags,
        cpu_features: cpu_features?,
        exact,
    })
}

/// `cpu` or `gpu`.
pub fn device(journal: &Journal, text: Text<'_>) -> Option<Device> {
    let known = Device::ALL.into_iter().find(|device| device.to_string() == text.value);
    if known.is_none() {
        journal.complain(text.at, format!("unknown device `{}`, it is `cpu` or `gpu`", text.value));
    }
    known
}

/// None where one is unknown: what the rest lacks would then be told in vain.
pub fn features(journal: &Journal, list: &[Text<'_>]) -> Option<BTreeSet<Feature>> {
    let features: Vec<Option<Feature>> = list.iter().map(|text| journal.parse(*text, str::parse)).collect();
    features.into_iter().collect()
}

/// The features of the copts, where these tell them all.
fn derived(journal: &Journal, copts: &[Text<'_>]) -> Option<BTreeSet<Feature>> {
    let demand = from_copts(&flags::strings(copts.to_vec()));
    if demand.march.is_certain() {
        return Some(demand.features);
    }
    let march = copts.iter().rev().find(|copt| copt.value.starts_with("-march="))?;
    let message = format!(
        "`{}` does not tell which CPU features it brings, list them in `cpu-features`, \
         or list those you know there and set `exact = false`",
        march.value
    );
    journal.complain(march.at, message);
    None
}

/// Promised and demanded features; complains of each copt that demands more than was promised.
fn honoured(journal: &Journal, copts: &[Text<'_>], promised: BTreeSet<Feature>) -> BTreeSet<Feature> {
    let demanded = from_copts(&flags::strings(copts.to_vec())).features;
    let allowed = closure(&promised);
    let mut lacking: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for feature in demanded.difference(&allowed) {
        let asks = |copt: &Text<'_>| from_copts(&[copt.value.to_owned()]).features;
        let culprit = copts
            .iter()
            .position(|copt| asks(copt).contains(feature))
            .or_else(|| copts.iter().position(|copt| closure(&asks(copt)).contains(feature)));
        lacking.entry(culprit.unwrap_or(0)).or_default().push(format!("`{feature}`"));
    }
    for (culprit, features) in lacking {
        let copt = copts[culprit];
        let message = format!("copt `{}` demands {}, which `cpu-features` lacks", copt.value, features.join(", "));
        journal.complain(copt.at, message);
    }
    promised.union(&demanded).copied().collect()
}
