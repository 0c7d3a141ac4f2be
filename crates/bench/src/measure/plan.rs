//! Which units of work there are and how large they are; what makes no sense is refused before anything is begun.

use crate::{
    Error,
    experiment::{Experiment, Load, Pictures},
    pictures,
};

/// How many calls' worth a second of load is, for progress.
pub(super) const SECOND: f64 = 20.0;

/// How many calls' worth the plates of a picture are.
pub(super) const PLATES: u64 = 10;

pub(super) fn self_check(api: &str) -> String {
    format!("self-check/{api}")
}

pub(super) fn plates(picture: u32) -> String {
    format!("plates/{picture}")
}

pub(super) fn grid(restart: u32, picture: u32) -> String {
    format!("grid/{restart}/{picture}")
}

pub(super) fn load(restart: u32, server: u32) -> String {
    format!("load/{restart}/{server}")
}

pub(super) fn is_generated(experiment: &Experiment) -> bool {
    matches!(experiment.pictures, Pictures::Generated { .. })
}

/// Calls of one block: an estimate, because cells that equal another are not asked for.
pub(super) fn calls_of_block(experiment: &Experiment) -> u64 {
    let cells = &experiment.cells;
    let jpeg = |name: &String| matches!(name.to_ascii_lowercase().as_str(), "jpeg" | "jpg");
    let of_size: usize = cells.formats.iter().map(|name| if jpeg(name) { cells.qualities.len() } else { 1 }).sum();
    let of_size = of_size + usize::from(experiment.model.pixels.is_some());
    (experiment.servers.len() * (1 + cells.sizes.len() * of_size)) as u64 * u64::from(experiment.repetitions.calls)
}

/// Calls' worth of one server's load.
pub(super) fn calls_of_load(load: &Load) -> u64 {
    (points(load) as f64 * load.seconds * SECOND) as u64
}

fn points(load: &Load) -> usize {
    load.concurrency.len() + load.rates.len() * load.arrivals.len()
}

/// Calls' worth of everything but self-checks.
pub(super) fn total(experiment: &Experiment) -> u64 {
    let pictures = u64::from(pictures::count(experiment));
    let load = experiment.load.as_ref().map_or(0, calls_of_load) * experiment.servers.len() as u64;
    pictures * PLATES + u64::from(experiment.repetitions.restarts) * (pictures * calls_of_block(experiment) + load)
}

/// Refuses what cannot be measured.
pub(super) fn check(experiment: &Experiment) -> Result<(), Error> {
    let says = |what: &str| Err(Error::Experiment(what.to_owned()));
    if experiment.servers.is_empty() {
        return says("no server is given; name at least one");
    }
    if pictures::count(experiment) == 0 {
        return says("there is no picture to send; give a folder with at least one");
    }
    if experiment.repetitions.restarts == 0 || experiment.repetitions.calls == 0 {
        return says("nothing is asked for; give 1 or more repetitions and restarts");
    }
    for (at, server) in experiment.servers.iter().enumerate() {
        if experiment.servers[..at].iter().any(|earlier| earlier.name == server.name) {
            return Err(Error::Experiment(format!(
                "two servers are called {}; give each a name of its own",
                server.name
            )));
        }
    }
    let Some(load) = &experiment.load else { return Ok(()) };
    if !(load.seconds.is_finite() && load.seconds > 0.0) {
        return says("load takes time; give more than 0 seconds");
    }
    if load.concurrency.contains(&0) || load.rates.iter().any(|rate| !(rate.is_finite() && *rate > 0.0)) {
        return says("load without callers or calls is none; give concurrency of 1 or more and rates above 0");
    }
    if load.concurrency.is_empty() && !load.rates.is_empty() {
        return says("rates are shares of the closed loop's best throughput; give at least one concurrency too");
    }
    Ok(())
}
