//! `[models.NAME]` and `[profiles.NAME.models.NAME]`: what is exported, key by key; a profile's keys stand in for those of all.
//! The weights and their pin belong together: whoever names other weights has left the pin of the first behind.

use std::collections::BTreeMap;

use crate::{
    config::{
        journal::{Journal, Located},
        reader::{Section, Text},
        values,
    },
    domain::model::{self, CheckpointSource, Exporter, Model, Network, Scores, Wheel},
};

/// TF Serving keeps versions in a signed number.
const HIGHEST_VERSION: u64 = i64::MAX as u64;

/// The keys that one table has.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    network: Option<Network>,
    version: Option<u64>,
    checkpoint: Option<CheckpointSource>,
    sha256: Option<Located<String>>,
    scores: Option<Scores>,
    warm_up: Option<Vec<String>>,
    exporter: Option<Exporter>,
}

/// The models of one `models` table, by name.
pub fn read_all(sections: Vec<(Text<'_>, Section<'_>)>) -> BTreeMap<String, Keys> {
    let read = |(name, section): (Text<'_>, Section<'_>)| {
        let journal = section.journal;
        let keys = read(section);
        Some((journal.parse(name, model::name)?, keys))
    };
    sections.into_iter().filter_map(read).collect()
}

fn read(mut section: Section<'_>) -> Keys {
    let journal = section.journal;
    let network = section.optional_string("network").and_then(|network| journal.parse(network, str::parse));
    let version = section.optional_whole("version", HIGHEST_VERSION);
    let checkpoint = checkpoint(&mut section);
    let sha256 = section.optional_string("sha256");
    let sha256 = sha256.and_then(|sum| Some(Located { at: sum.at, value: journal.parse(sum, values::sha256)? }));
    let scores = section.optional_string("scores").and_then(|scores| journal.parse(scores, str::parse));
    let pictures = section.optional_list("warm-up");
    let exporter = exporter(&mut section);
    section.finish();
    let warm_up =
        pictures.map(|list| list.into_iter().filter_map(|path| journal.parse(path, values::inner_path)).collect());
    Keys { network, version, checkpoint, sha256, scores, warm_up, exporter }
}

impl Keys {
    /// These keys, and those of `all` where these have none.
    pub fn over(self, all: &Keys) -> Keys {
        let sha256 = if self.checkpoint.is_some() { self.sha256 } else { self.sha256.or_else(|| all.sha256.clone()) };
        Keys {
            network: self.network.or(all.network),
            version: self.version.or(all.version),
            checkpoint: self.checkpoint.or_else(|| all.checkpoint.clone()),
            sha256,
            scores: self.scores.or(all.scores),
            warm_up: self.warm_up.or_else(|| all.warm_up.clone()),
            exporter: self.exporter.or_else(|| all.exporter.clone()),
        }
    }

    /// The model of a profile, with the defaults of what nobody said.
    pub fn into_model(self, name: String, journal: &Journal) -> Model {
        let sha256 = self.sha256;
        let complain = |what: &str| {
            if let Some(pin) = &sha256 {
                journal
                    .complain(pin.at, format!("`sha256` pins a download, but the checkpoint is {what}: leave it out"));
            }
        };
        let checkpoint = match self.checkpoint {
            Some(CheckpointSource::Url { url, .. }) => {
                Some(CheckpointSource::Url { url, pin: sha256.map(|pin| pin.value) })
            }
            Some(CheckpointSource::Path(path)) => {
                complain("a path");
                Some(CheckpointSource::Path(path))
            }
            Some(CheckpointSource::Package(package)) => {
                complain("a package, which has its own");
                Some(CheckpointSource::Package(package))
            }
            Some(CheckpointSource::Synthetic(seed)) => {
                complain("synthetic");
                Some(CheckpointSource::Synthetic(seed))
            }
            None => None,
        };
        Model {
            name,
            network: self.network.unwrap_or_default(),
            version: self.version.unwrap_or(1),
            checkpoint,
            scores: self.scores.unwrap_or_else(|| self.network.unwrap_or_default().usual_scores()),
            warm_up: self.warm_up.unwrap_or_default(),
            exporter: self.exporter.unwrap_or(Exporter::Native),
        }
    }
}

fn checkpoint(section: &mut Section<'_>) -> Option<CheckpointSource> {
    section.optional_string_or_table(
        "checkpoint",
        "a URL, a path, `{ package = \"…\" }` or `{ synthetic = 2016 }`",
        |journal, text| journal.parse(text, str::parse),
        |mut table| {
            if table.place_of("package").is_some() {
                return package(table).map(CheckpointSource::Package);
            }
            let seed = table.integer("synthetic");
            let journal = table.journal;
            table.finish();
            let seed = seed?;
            let found = u64::try_from(seed.value).ok();
            if found.is_none() {
                journal.complain(seed.at, format!("seed {} is negative, it is a whole number from 0", seed.value));
            }
            found.map(CheckpointSource::Synthetic)
        },
    )
}

fn package(mut table: Section<'_>) -> Option<Wheel> {
    let journal = table.journal;
    let name = table.string("package").and_then(|name| journal.parse(name, values::package));
    let version = table.string("version").and_then(|version| journal.parse(version, values::package));
    let pin = table.string("sha256").and_then(|sum| journal.parse(sum, values::sha256));
    table.finish();
    Some(Wheel { name: name?, version: version?, pin: pin? })
}

fn exporter(section: &mut Section<'_>) -> Option<Exporter> {
    section.optional_string_or_table(
        "exporter",
        "\"native\", `{ image = \"…\" }` or `{ bazel = \"//package:name\", image = \"…\" }`",
        |journal, name| {
            if name.value != "native" {
                journal.unknown(name.at, "exporter", name.value, ["native"]);
            }
            (name.value == "native").then_some(Exporter::Native)
        },
        |table| if table.place_of("bazel").is_some() { bazel(table) } else { image(table) },
    )
}

fn image(mut table: Section<'_>) -> Option<Exporter> {
    let journal = table.journal;
    let image = table.optional_string("image");
    if table.place_of("image").is_none() {
        journal.missing_either(table.at, "image", "bazel");
    }
    let command = table.list("command").into_iter().map(|word| word.value.to_owned()).collect();
    table.finish();
    Some(Exporter::Image { image: journal.parse(image?, values::word)?, command })
}

fn bazel(mut table: Section<'_>) -> Option<Exporter> {
    let journal = table.journal;
    let label = table.string("bazel").and_then(|label| journal.parse(label, values::label));
    let arguments = table.list("arguments").into_iter().map(|word| word.value.to_owned()).collect();
    let kept = table.string("image").and_then(|image| journal.parse(image, values::word));
    table.finish();
    Some(Exporter::Bazel { label: label?, arguments, kept: kept? })
}
