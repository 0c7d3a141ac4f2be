//! What differs between two reports' conditions, and whether findings may still be held against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::kept::Kept;
use crate::{
    experiment::{Experiment, Pictures, Server},
    report::{conditions, numbers, servers},
};

/// A condition that is not the same in both; empty where one does not have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: String,
    pub before: String,
    pub after: String,
    /// Findings may differ because of it, though servers do not.
    pub unfair: bool,
}

/// Conditions that only make intervals wider or narrower.
const HARMLESS: [&str; 2] = ["Repetitions", "Margin"];

/// Words in the names of facts on which a machine's speed hangs.
const MACHINE: [&str; 7] = ["cpu", "core", "processor", "memory", "governor", "quota", "machine"];

/// All differences, those that make a comparison unfair first. Addresses, and load averages of the machine, are none.
pub fn differences(before: &Kept, after: &Kept) -> Vec<Difference> {
    let mut all = asked(&before.experiment, &after.experiment);
    all.extend(machine(before, after));
    all.extend(of_servers(&before.experiment.servers, &after.experiment.servers));
    all.sort_by_key(|difference| !difference.unfair);
    all
}

fn asked(before: &Experiment, after: &Experiment) -> Vec<Difference> {
    let map = |experiment| conditions::asked(experiment).into_iter().collect::<BTreeMap<_, _>>();
    let (old, new) = (map(before), map(after));
    // Files are themselves whatever the seed; pictures that were generated from it are not.
    let drawn = matches!(before.pictures, Pictures::Generated { .. });
    let unfair = |name: &str| !HARMLESS.contains(&name) && (name != "Seed" || drawn);
    let mut all = differing(&old, &new, |name| ((*name).to_owned(), unfair(name)));
    let same_words = old.get("Pictures") == new.get("Pictures");
    if same_words && hashes(&before.pictures) != hashes(&after.pictures) {
        all.push(Difference {
            what: String::from("Pictures"),
            before: String::from("these files"),
            after: String::from("other files"),
            unfair: true,
        });
    }
    all
}

fn hashes(pictures: &Pictures) -> Vec<&str> {
    match pictures {
        Pictures::Generated { .. } => Vec::new(),
        Pictures::Files(files) => files.iter().map(|file| file.sha256.as_str()).collect(),
    }
}

fn machine(before: &Kept, after: &Kept) -> Vec<Difference> {
    let facts = |kept: &Kept| -> BTreeMap<String, String> {
        let facts = conditions::facts(&kept.environment).into_iter();
        facts.map(|(name, values)| (name.to_owned(), values.join("; later "))).collect()
    };
    let (mut old, mut new) = (facts(before), facts(after));
    for facts in [&mut old, &mut new] {
        facts.retain(|name, _| !name.contains("load") && name != "command");
    }
    differing(&old, &new, |name| (name.clone(), MACHINE.iter().any(|word| name.to_lowercase().contains(word))))
}

fn of_servers(before: &[Server], after: &[Server]) -> Vec<Difference> {
    let map = |servers: &[Server]| servers.iter().flat_map(facts).collect::<BTreeMap<_, _>>();
    differing(&map(before), &map(after), |(server, fact)| (format!("{server}: {fact}"), false))
}

fn facts(server: &Server) -> Vec<((String, String), String)> {
    let known = server.facts.iter().map(|(name, value)| ((server.name.clone(), name.clone()), value.clone()));
    let build =
        server.build.as_ref().map(|build| ((server.name.clone(), String::from("build")), servers::build(build)));
    let there = ((server.name.clone(), String::from("measured")), String::from("yes"));
    known.chain(build).chain([there]).collect()
}

/// Entries that are not the same in both; `name` gives a key its words and weight.
fn differing<K: Ord + Clone>(
    before: &BTreeMap<K, String>,
    after: &BTreeMap<K, String>,
    name: impl Fn(&K) -> (String, bool),
) -> Vec<Difference> {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    let differ = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let told = |value: Option<&String>| value.cloned().unwrap_or_default();
    differ
        .map(|key| {
            let (what, unfair) = name(key);
            Difference { what, before: told(before.get(key)), after: told(after.get(key)), unfair }
        })
        .collect()
}

/// Whether it is fair, in a sentence that names what differs.
pub fn fairness(differences: &[Difference]) -> String {
    let named = |unfair: bool| -> Vec<String> {
        let all: Vec<&str> =
            differences.iter().filter(|one| one.unfair == unfair).map(|one| one.what.as_str()).collect();
        let more = all.len().saturating_sub(4);
        let mut named: Vec<String> = all.iter().take(4).map(|what| (*what).to_owned()).collect();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        named
    };
    let (unfair, rest) = (named(true), named(false));
    if !unfair.is_empty() {
        return format!("No: these differ, and changes may come from them: {}.", numbers::list(&unfair));
    }
    match rest.is_empty() {
        true => String::from("Yes: all known conditions are the same."),
        false => format!("Yes: model, pictures and machine are the same. What differs: {}.", numbers::list(&rest)),
    }
}
