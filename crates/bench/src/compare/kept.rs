//! A report as it was kept on disk, of which a comparison reads what it needs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use fs_err as fs;
use serde::Deserialize;

use crate::{error::Error, experiment::Experiment, record::Environment};

/// What matters of `report.json`.
#[derive(Debug, Deserialize)]
pub struct Kept {
    pub experiment: Experiment,
    pub begun: String,
    pub ended: Option<String>,
    pub environment: Vec<Environment>,
    answered: Vec<KeptAnswer>,
}

#[derive(Debug, Deserialize)]
struct KeptAnswer {
    findings: Vec<KeptFinding>,
}

/// A finding; numbers that were not finite are none in JSON.
#[derive(Debug, Deserialize)]
pub struct KeptFinding {
    pub key: String,
    pub words: String,
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub unit: String,
}

/// By key.
pub type Findings<'a> = BTreeMap<&'a str, &'a KeptFinding>;

impl Kept {
    /// All findings of all questions.
    pub fn findings(&self) -> Findings<'_> {
        self.answered
            .iter()
            .flat_map(|answer| &answer.findings)
            .map(|finding| (finding.key.as_str(), finding))
            .collect()
    }
}

/// Reads `path`, a report's folder or its `report.json`.
///
/// # Errors
/// Where there is none, or it lacks a field.
pub fn read(path: &Path) -> Result<Kept, Error> {
    let file = if path.is_dir() { path.join("report.json") } else { PathBuf::from(path) };
    let refused = |why: String| {
        Error::Unreadable(format!(
            "{}: {why}; give the folder of a report that `cargo xtask bench` wrote",
            file.display()
        ))
    };
    if !file.is_file() {
        return Err(refused(String::from("no report is there")));
    }
    let text = fs::read(&file)?;
    serde_json::from_slice(&text).map_err(|error| refused(format!("this is no report of a bench: {error}")))
}
