//! The folder of a report: what lies there decides whether a run begins, goes on, or has nothing to do.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bench_protocol::experiment::Experiment;
use serde_json::Value;

use crate::domain::bench::same::is_same;

/// What makes a folder a report's.
const RECORD: &str = "records.ndjson";
/// What is written when all is measured.
const REPORT: &str = "report.json";

/// How the folder stands, and what became of what was there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    New,
    /// An interrupted run of the same experiment.
    GoesOn,
    /// All of it is measured.
    UpToDate,
    /// There was another report; it is here now.
    MovedAside(PathBuf),
}

/// Refuses a folder that holds something else than a report, before anything is started for it.
pub(super) fn check(folder: &Path) -> Result<()> {
    if folder.is_file() {
        bail!("{} is a file: name a folder for the report", folder.display());
    }
    let mut entries = fs_err::read_dir(folder).into_iter().flatten();
    if entries.next().is_some() && !folder.join(RECORD).is_file() {
        bail!("{} holds files and no report: name another --output, or empty it", folder.display());
    }
    Ok(())
}

/// Refuses what is no report, before a program is made to read it.
pub(super) fn written(report: &Path) -> Result<()> {
    if report.is_file() || report.join(REPORT).is_file() {
        return Ok(());
    }
    bail!(
        "there is no {REPORT} in {}: name the folder of a report, such as reports/latest; one that was interrupted is finished \
         by the same `cargo xtask bench` again",
        report.display()
    )
}

/// Makes way for `experiment`; `keeps` where a finished report of the same is as good as a new one.
pub(super) fn prepare(folder: &Path, experiment: &Experiment, keeps: bool) -> Result<Standing> {
    let Some(record) = read(folder)? else { return Ok(Standing::New) };
    let same = is_same(&record.experiment, experiment);
    match (same, record.ended) {
        (true, false) => Ok(Standing::GoesOn),
        (true, true) if keeps => Ok(Standing::UpToDate),
        _ => aside(folder, &record.begun).map(Standing::MovedAside),
    }
}

/// What the first and the last line of a record say.
struct Record {
    experiment: Value,
    begun: String,
    ended: bool,
}

/// None where nothing was written yet. Its first row may be of an older version of this program: it is read as it is.
fn read(folder: &Path) -> Result<Option<Record>> {
    let path = folder.join(RECORD);
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs_err::read_to_string(&path)?;
    // A line that was cut off was never written.
    let Some((first, rest)) = text.split_once('\n') else { return Ok(None) };
    let row = serde_json::from_str::<Value>(first).ok().filter(|row| row["row"] == "experiment");
    let row = row.with_context(|| format!("{} does not begin with an experiment: move it away", path.display()))?;
    let last = rest.lines().next_back().and_then(|line| serde_json::from_str::<Value>(line).ok());
    Ok(Some(Record {
        experiment: row["experiment"].clone(),
        begun: row["begun"].as_str().unwrap_or("earlier").to_owned(),
        ended: last.is_some_and(|row| row["row"] == "ended"),
    }))
}

/// Renames the folder to the time at which its run began, beside itself.
fn aside(folder: &Path, begun: &str) -> Result<PathBuf> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._+".contains(c) { c } else { '-' };
    let name: String = begun.chars().map(plain).collect();
    let names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
    let mut free = names.map(|name| folder.with_file_name(name)).filter(|path| !path.exists());
    let to = free.next().context("a name for the report is free")?;
    fs_err::rename(folder, &to)?;
    Ok(to)
}
