//! Calls servers and writes down what happened: self-checks, plates, then for each start of the servers the grid and the load.
//!
//! The work comes in units that are done or not: `self-check`, `plates/P`, `grid/R/P`, `load/R/S` for picture P, restart R
//! and server S. An interrupted run goes on at the first unit that is not done, with servers started anew. A call that
//! fails is written down as failed and not tried again, but for the first one of a connection (see `target`).

mod counters;
mod environment;
mod grid;
mod load;
mod plan;
mod progress;
mod selfcheck;
mod start;
mod target;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::SystemTime,
};

use self::{counters::Snapshot, progress::Progress, target::Target};
use crate::{
    Error,
    chance::Chance,
    experiment::Experiment,
    pictures::{self, Made, Picture},
    protocol::{Caller, Said},
    record::{self, Record, Row, file},
};

/// Measures what is not measured yet of `experiment` in `folder`, and returns all of it. `facts` are what only the caller
/// knows of the conditions. Where everything was there already nothing is done: the record of [`Record::read`] had ended.
///
/// # Errors
/// An experiment without sense, another's or a damaged record, pictures that cannot be used, servers that do not answer or
/// were lost. What was measured by then is kept.
pub async fn run(
    experiment: &Experiment,
    folder: &Path,
    facts: &BTreeMap<String, String>,
    caller: &mut impl Caller,
) -> Result<Record, Error> {
    plan::check(experiment)?;
    fs_err::create_dir_all(folder)?;
    let path = folder.join(record::FILE);
    let sha256 = record::sha256(experiment);
    let (record, done, writer) = match file::read(&path)? {
        Some(kept) if kept.sha256 != sha256 => return Err(Error::Other(path)),
        Some(kept) if kept.record.ended.is_some() => return Ok(kept.record),
        Some(kept) => (kept.record, kept.done, file::Writer::open(&path, kept.length)?),
        None => {
            let mut writer = file::Writer::open(&path, 0)?;
            let (experiment, begun) = (experiment.clone(), now());
            let row = Row::Experiment { experiment, sha256, begun };
            writer.write(&row)?;
            (Record::from_rows([row]).ok_or(Error::Other(path))?, BTreeSet::new(), writer)
        }
    };
    let progress = Progress::of(experiment);
    let experiment = Arc::new(experiment.clone());
    let mut bench = Bench { experiment, caller, record, done, writer, progress, generated: BTreeMap::new() };
    bench.keep(Row::Environment(environment::now(facts)))?;
    bench.self_check().await?;
    bench.all_plates().await?;
    for restart in 0..bench.experiment.repetitions.restarts {
        bench.restart(restart).await?;
    }
    bench.keep(Row::Ended { at: now() })?;
    Ok(bench.record)
}

/// A run under way.
struct Bench<'a, C> {
    experiment: Arc<Experiment>,
    caller: &'a mut C,
    record: Record,
    /// Units of work.
    done: BTreeSet<String>,
    writer: file::Writer,
    progress: Progress,
    /// Pictures made by the program, which takes longer than keeping them. Files are read when they are needed.
    generated: BTreeMap<u32, Picture>,
}

impl<C: Caller> Bench<'_, C> {
    /// Everything of one start of the servers.
    async fn restart(&mut self, restart: u32) -> Result<(), Error> {
        let seed = self.experiment.seed;
        let in_order_of_chance = |what: &str, count: u32| {
            let mut order: Vec<u32> = (0..count).collect();
            Chance::at(seed, what, &[restart]).shuffle(&mut order);
            order
        };
        let mut grid = in_order_of_chance("pictures", pictures::count(&self.experiment));
        grid.retain(|picture| !self.is_done(&plan::grid(restart, *picture)));
        let servers = u32::try_from(self.experiment.servers.len()).unwrap_or(u32::MAX);
        let mut load = in_order_of_chance("servers", if self.experiment.load.is_some() { servers } else { 0 });
        load.retain(|server| !self.is_done(&plan::load(restart, *server)));
        let Some(first) = grid.first().or(load.first().map(|_| &0)).copied() else { return Ok(()) };

        let targets = self.start(restart, first).await?;
        for picture in grid {
            self.block(restart, picture, &targets).await?;
        }
        if !load.is_empty() {
            let plates = self.load_plates().await?;
            for server in load {
                self.load(restart, server, &targets, &plates).await?;
            }
        }
        Ok(())
    }

    fn is_done(&self, unit: &str) -> bool {
        self.done.contains(unit)
    }

    fn keep(&mut self, row: Row) -> Result<(), Error> {
        self.writer.write(&row)?;
        self.record.take(row);
        Ok(())
    }

    /// Ends a unit of work with what grew during it.
    async fn finish(&mut self, unit: String, before: Snapshot, targets: &[Target]) -> Result<(), Error> {
        let after = Snapshot::take(self.caller, targets).await?;
        for row in before.grown_to(&after, &unit, targets) {
            self.keep(Row::Counters(row))?;
        }
        self.end(unit)
    }

    fn end(&mut self, unit: String) -> Result<(), Error> {
        self.keep(Row::Done { unit: unit.clone() })?;
        self.done.insert(unit);
        Ok(())
    }

    fn tell(&mut self, what: &str) {
        if let Some(progress) = self.progress.tell(what) {
            self.caller.say(progress);
        }
    }

    fn warn(&mut self, words: String) {
        self.caller.say(Said::Warning(words));
    }

    /// All that is sent for one picture; made beside the runtime.
    async fn made(&mut self, number: u32) -> Result<Vec<Made>, Error> {
        let known = self.generated.get(&number).cloned();
        let experiment = Arc::clone(&self.experiment);
        let work = move || {
            let picture = known.map_or_else(|| pictures::load(&experiment, number), Ok)?;
            let made = pictures::make(&picture, number, &experiment.cells, experiment.model.pixels.is_some())?;
            Ok::<_, Error>((picture, made))
        };
        let (picture, made) = tokio::task::spawn_blocking(work).await??;
        if plan::is_generated(&self.experiment) {
            self.generated.insert(number, picture);
        }
        Ok(made)
    }

    /// What is sent is written down, with what it costs to decode here.
    async fn all_plates(&mut self) -> Result<(), Error> {
        for number in 0..pictures::count(&self.experiment) {
            let unit = plan::plates(number);
            if !self.is_done(&unit) {
                self.tell("making pictures");
                let made = self.made(number).await?;
                let timed = move || {
                    made.into_iter()
                        .map(|made| {
                            let decode_ms = pictures::time_decoding(&made)?;
                            Ok(record::Plate { decode_ms, ..made.plate })
                        })
                        .collect::<Result<Vec<_>, Error>>()
                };
                for plate in tokio::task::spawn_blocking(timed).await?? {
                    self.keep(Row::Plate(plate))?;
                }
                self.end(unit)?;
            }
            self.progress.did(plan::PLATES);
        }
        Ok(())
    }
}

/// RFC 3339, UTC.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
