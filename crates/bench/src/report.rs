//! What people see of a record and its verdicts: one HTML file that needs nothing else, the same as JSON, and the numbers
//! behind each plot as CSV. Nothing here judges.

pub(crate) mod conditions;
mod csv;
mod figure;
mod files;
pub(crate) mod html;
pub(crate) mod interval;
mod method;
pub(crate) mod numbers;
mod page;
mod palette;
mod questions;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod servers;
pub(crate) mod shell;
pub(crate) mod state;
#[cfg(test)]
mod tests;
mod trust;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::files::Files;
use crate::{
    error::Error,
    experiment::Experiment,
    record::{Counters, Environment, Record, SelfCheck},
    verdict::Answered,
};

/// `report.json`.
#[derive(Serialize)]
struct Whole<'a> {
    experiment: &'a Experiment,
    begun: &'a str,
    ended: Option<&'a str>,
    environment: &'a [Environment],
    self_checks: &'a [SelfCheck],
    answered: &'a [Answered],
    counters: &'a [Counters],
}

/// Writes `report.html`, `report.json` and `plots/<id>.csv` into `folder`, and says where they are, in this order.
///
/// No file takes its name before all are written, so that a report never is half an old one.
///
/// # Errors
/// Where a file cannot be written.
pub fn write(record: &Record, answered: &[Answered], folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Files::default();
    files.add(folder.join("report.html"), page::page(record, answered)?.into_bytes())?;
    let whole = Whole {
        experiment: &record.experiment,
        begun: &record.begun,
        ended: record.ended.as_deref(),
        environment: &record.environment,
        self_checks: &record.self_checks,
        answered,
        counters: &record.counters,
    };
    files.add(folder.join("report.json"), serde_json::to_vec_pretty(&whole)?)?;
    for plot in answered.iter().flat_map(|answer| &answer.plots) {
        files.add(folder.join("plots").join(figure::file_name(plot)), csv::write(plot, &record.experiment.servers)?)?;
    }
    files.finish()
}
