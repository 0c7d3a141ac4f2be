//! Under which conditions it was measured: servers, model, pictures, what was made of them, the machine.

use std::collections::{BTreeMap, BTreeSet};

use super::{html, html::Html, numbers, servers};
use crate::{
    experiment::{Arrivals, Experiment, Load, Pictures},
    record::{Environment, Plate, Record},
};

/// The section's tables, the long ones folded.
pub fn conditions(record: &Record) -> Html {
    let experiment = &record.experiment;
    let asked = html::table("What was asked", &["Condition", "Value"], &pairs(&asked(experiment)));
    [
        Html::markup("<h3>Servers</h3>"),
        servers::table(&experiment.servers),
        Html::markup("<h3>What was asked</h3>"),
        asked,
        pictures(record),
        Html::markup("<h3>Machine and programs</h3>"),
        environment(&record.environment),
    ]
    .into_iter()
    .collect()
}

/// Names with values, as rows.
pub fn pairs<N: AsRef<str>>(pairs: &[(N, String)]) -> Vec<Vec<Html>> {
    pairs.iter().map(|(name, value)| vec![Html::text(name), Html::text(value)]).collect()
}

/// Model, pictures, cells, repetitions and load in words.
pub fn asked(experiment: &Experiment) -> Vec<(&'static str, String)> {
    let Experiment { model, cells, repetitions, .. } = experiment;
    let version = model
        .version
        .map_or_else(|| String::from("the version the server chooses"), |number| format!("version {number}"));
    let sizes: Vec<String> = cells.sizes.iter().map(ToString::to_string).collect();
    let qualities: Vec<String> = cells.qualities.iter().map(ToString::to_string).collect();
    let mut asked = vec![
        ("Model", format!("{}, {version}", model.name)),
        (
            "Signature",
            format!("{}: input {}, labels {}, scores {}", model.signature, model.input, model.classes, model.scores),
        ),
        (
            "Control without decoding",
            model
                .pixels
                .as_ref()
                .map_or_else(|| String::from("none"), |raw| format!("{}: input {}", raw.signature, raw.input)),
        ),
        ("Pictures", pictures_in_words(&experiment.pictures)),
        ("Sizes", format!("the original, and boxes of {} pixels", numbers::list(&sizes))),
        ("Formats", numbers::list(&cells.formats)),
        ("JPEG qualities", numbers::list(&qualities)),
        (
            "Repetitions",
            format!(
                "{} of the servers, {} each, after {} to warm up",
                numbers::of(repetitions.restarts.into(), "start"),
                numbers::of(repetitions.calls.into(), "call"),
                numbers::count(repetitions.warm_up.into()),
            ),
        ),
        ("Load", experiment.load.as_ref().map_or_else(|| String::from("none"), load)),
        ("Margin", format!("{} %: smaller differences count as none", numbers::setting(experiment.margin * 100.0))),
        ("Seed", experiment.seed.to_string()),
    ];
    asked.retain(|(_, value)| !value.is_empty());
    asked
}

fn pictures_in_words(pictures: &Pictures) -> String {
    match pictures {
        Pictures::Generated { count, width, height } => {
            format!(
                "{} of {width} × {height} pixels, generated from the seed, without labels",
                numbers::of((*count).into(), "picture")
            )
        }
        Pictures::Files(files) => {
            let labelled = files.iter().filter(|file| file.label.is_some()).count();
            format!("{}, {} with a label", numbers::of(files.len() as u64, "file"), numbers::count(labelled as u64))
        }
    }
}

fn load(load: &Load) -> String {
    let callers: Vec<String> = load.concurrency.iter().map(ToString::to_string).collect();
    let rates: Vec<String> = load.rates.iter().map(|rate| format!("{} %", numbers::setting(rate * 100.0))).collect();
    let arrivals: Vec<String> = load.arrivals.iter().map(|one| arrivals(*one).to_owned()).collect();
    let open = match rates.is_empty() {
        true => String::new(),
        false => format!("; {} of the best throughput, {} arrivals", numbers::list(&rates), numbers::list(&arrivals)),
    };
    let wanted = load.slo_ms.map(|ms| format!("; 99 % wanted within {} ms", numbers::setting(ms))).unwrap_or_default();
    format!("{} callers at once{open}; {} s each{wanted}", numbers::list(&callers), numbers::setting(load.seconds))
}

const fn arrivals(arrivals: Arrivals) -> &'static str {
    match arrivals {
        Arrivals::Constant => "evenly spaced",
        Arrivals::Poisson => "Poisson",
    }
}

fn pictures(record: &Record) -> Html {
    let row = |plate: &Plate| {
        vec![
            Html::text(&plate.name),
            Html::text(plate.label.as_deref().unwrap_or("none")),
            Html::text(&plate.cell.format),
            Html::text(format!("{} × {}", plate.width, plate.height)),
            Html::text(numbers::bytes(plate.bytes)),
        ]
    };
    let originals: Vec<Vec<Html>> =
        record.plates.iter().filter(|plate| plate.cell.size.is_none() && plate.decode_ms.is_some()).map(row).collect();
    let same = record.plates.iter().filter(|plate| plate.same_as.is_some()).count();
    let table = html::table("Pictures", &["Picture", "Label", "Format", "Pixels", "Bytes"], &originals);
    let made = format!(
        "<p class=\"note\">{} in all, originals among them; {} equal an earlier one byte for byte, because the box is larger than the picture.</p>",
        numbers::of(record.plates.len() as u64, "encoded picture"),
        numbers::count(same as u64)
    );
    html::folded(&numbers::of(originals.len() as u64, "picture"), &Html::from_iter([table, Html::markup(made)]))
}

/// A fact a row; where the run was interrupted, what the fact was each time, if it changed.
fn environment(environments: &[Environment]) -> Html {
    let rows: Vec<(String, String)> =
        facts(environments).into_iter().map(|(name, values)| (name.to_owned(), values.join("; later "))).collect();
    html::table("Machine and programs", &["Fact", "Value"], &pairs(&rows))
}

/// What each fact was, in the order of time, without repetitions.
pub fn facts(environments: &[Environment]) -> BTreeMap<&str, Vec<&str>> {
    let names: BTreeSet<&str> = environments.iter().flat_map(|one| one.facts.keys()).map(String::as_str).collect();
    let of = |name: &str| {
        let mut values: Vec<&str> =
            environments.iter().filter_map(|one| one.facts.get(name)).map(String::as_str).collect();
        values.dedup();
        values
    };
    names.into_iter().map(|name| (name, of(name))).collect()
}
