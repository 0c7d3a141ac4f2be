//! How it was measured, and how to do it again.

use super::html::Html;
use crate::{
    experiment::{Experiment, Pictures},
    record::Record,
};

/// What a reader must know of the method, in a few sentences.
pub fn method(experiment: &Experiment) -> Html {
    let calls = "<p>Servers were called one at a time. A picture is a block: within it, all of its sizes, formats and servers come in an order that \
                 chance decides anew each time, so that a slow minute of the machine hits all alike. The first calls after each start warm the \
                 server up and are thrown away. Between repetitions servers are started anew, or, where that cannot be done, connections are made \
                 anew.</p>";
    let load = "<p>Load comes on one server at a time. Callers at once wait for their answers; calls at a rate are sent when they are due, \
                answered or not, and their time counts from when they were due. Failed, late and dropped calls are counted, never left out.</p>";
    let intervals = "<p>A 95 % interval holds what the pictures and starts at hand leave open: were it all repeated with others of their kind, such an \
                     interval would hold the true value 19 times in 20. An effect is named only where the whole interval lies beyond the margin, and \
                     none only where the whole interval lies within. What lies on both sides is open, and more repetitions may decide it.</p>";
    let load = if experiment.load.is_some() { load } else { "" };
    Html::markup(format!("{calls}{load}{intervals}"))
}

/// The command, and what else must be the same.
pub fn repeat(record: &Record) -> Html {
    let fact = record.environment.iter().rev().find_map(|environment| environment.facts.get("command"));
    let command = fact.cloned().unwrap_or_else(|| command(&record.experiment));
    let servers = match fact {
        Some(_) => "",
        None => {
            " Name the servers as they were named then, with <code>--server</code>, <code>--image</code> or <code>--target</code>."
        }
    };
    Html::markup(format!(
        "<pre><code>{}</code></pre><p>The seed decides every order and arrival.{servers} \
         <code>cargo xtask bench compare A B</code> says what changed from one report to another.</p>",
        Html::text(command)
    ))
}

/// The command line that asks for `experiment`, but for its servers and files.
fn command(experiment: &Experiment) -> String {
    let Experiment { model, cells, repetitions, .. } = experiment;
    let mut line = format!(
        "cargo xtask bench --model {} --sizes {} --formats {}",
        quoted(&model.name),
        joined(&cells.sizes),
        quoted(&cells.formats.join(","))
    );
    if !cells.qualities.is_empty() {
        line += &format!(" --qualities {}", joined(&cells.qualities));
    }
    if matches!(experiment.pictures, Pictures::Files(_)) {
        line += " --images DIR";
    }
    line += &format!(" --repetitions {} --restarts {}", repetitions.calls, repetitions.restarts);
    match &experiment.load {
        None => line += " --no-load",
        Some(load) => {
            line += &format!(
                " --concurrency {} --rates {} --seconds {}",
                joined(&load.concurrency),
                joined(&load.rates),
                load.seconds
            );
            if let Some(ms) = load.slo_ms {
                line += &format!(" --slo-ms {ms}");
            }
        }
    }
    line + &format!(" --margin {} --seed {}", experiment.margin, experiment.seed)
}

fn joined<T: ToString>(numbers: &[T]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.,/:@+=".contains(letter));
    if plain && !word.is_empty() { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
