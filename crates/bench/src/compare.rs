//! What changed from one report to another, and whether it is noise. Works on reports alone: their findings are values with
//! intervals under stable keys, which is all that the question needs.

mod change;
mod conditions;
mod kept;
mod page;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;

use self::{change::Change, conditions::Difference, kept::Kept};
use crate::{
    error::Error,
    protocol::Found,
    report::{Files, numbers},
    verdict::State,
};

/// Rows that a terminal shows, the most telling ones; the page has all.
const MOST_ROWS: usize = 20;

/// `compare.json`.
#[derive(Debug, Serialize)]
struct Compared {
    before: Origin,
    after: Origin,
    /// The larger of both reports'.
    margin: f64,
    /// Whether what differs leaves findings comparable.
    fair: bool,
    differences: Vec<Difference>,
    /// Of findings in both: what changed comes first, then what is within noise, then what is unchanged.
    changes: Vec<Change>,
    /// Findings of one report alone, by key.
    only_before: Vec<String>,
    only_after: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Origin {
    path: String,
    begun: String,
    ended: Option<String>,
}

/// Compares two reports, each a folder with `report.json` or that file, and writes `compare.html` and `compare.json` into
/// `output`.
///
/// # Errors
/// Where one is no report, lacks a field, or a file cannot be written.
pub fn compare(before: &Path, after: &Path, output: &Path) -> Result<Found, Error> {
    let (old, new) = (kept::read(before)?, kept::read(after)?);
    let compared = between(before, &old, after, &new);
    let verdicts = compared.verdicts();
    let cautions = compared.cautions();
    let mut files = Files::default();
    files.add(output.join("compare.html"), page::page(&compared, &verdicts, &cautions).into_bytes())?;
    files.add(output.join("compare.json"), serde_json::to_vec_pretty(&compared)?)?;
    let headers = ["finding", "before", "after", "change", "verdict"];
    Ok(Found {
        up_to_date: false,
        files: files.finish()?,
        verdicts,
        headers: headers.map(String::from).into(),
        rows: compared.changes.iter().take(MOST_ROWS).map(row).collect(),
        cautions,
    })
}

fn between(before: &Path, old: &Kept, after: &Path, new: &Kept) -> Compared {
    let origin = |path: &Path, kept: &Kept| Origin {
        path: path.display().to_string(),
        begun: kept.begun.clone(),
        ended: kept.ended.clone(),
    };
    let differences = conditions::differences(old, new);
    let margin = old.experiment.margin.max(new.experiment.margin);
    let (olds, news) = (old.findings(), new.findings());
    let only = |these: &kept::Findings<'_>, those: &kept::Findings<'_>| {
        these.keys().filter(|key| !those.contains_key(*key)).map(|key| (*key).to_owned()).collect()
    };
    Compared {
        before: origin(before, old),
        after: origin(after, new),
        margin,
        fair: !differences.iter().any(|difference| difference.unfair),
        differences,
        changes: change::changes(&olds, &news, margin),
        only_before: only(&olds, &news),
        only_after: only(&news, &olds),
    }
}

impl Compared {
    fn number(&self, state: State) -> usize {
        self.changes.iter().filter(|change| change.state == state).count()
    }

    /// A line each: question, and the answer in words.
    fn verdicts(&self) -> Vec<(String, String)> {
        vec![
            (String::from("Is the comparison fair?"), conditions::fairness(&self.differences)),
            (String::from("What changed?"), self.what_changed()),
        ]
    }

    fn what_changed(&self) -> String {
        if self.changes.is_empty() {
            return String::from("The reports have no finding in common, so there is nothing to compare.");
        }
        let all = numbers::of(self.changes.len() as u64, "finding");
        let margin = numbers::setting(self.margin * 100.0);
        let changed: Vec<String> =
            self.changes.iter().filter(|change| change.state == State::Effect).take(3).map(Change::in_words).collect();
        let rest = format!(
            "{} unchanged within {margin} %, {} within noise",
            self.number(State::None),
            self.number(State::Open)
        );
        match self.number(State::Effect) {
            0 => format!("Nothing changed beyond noise and a margin of {margin} %: of {all} in both, {rest}."),
            number => format!(
                "{number} of {all} beyond noise and a margin of {margin} %: {}{}. Of the others, {rest}.",
                changed.join("; "),
                if number > 3 { "; …" } else { "" }
            ),
        }
    }

    /// What the reader should know before believing.
    fn cautions(&self) -> Vec<String> {
        let mut cautions = Vec::new();
        if self.before.begun == self.after.begun {
            cautions.push(String::from("Both are the same run: they began at the same second."));
        }
        for (origin, which) in [(&self.before, "first"), (&self.after, "second")] {
            if origin.ended.is_none() {
                cautions.push(format!(
                    "The {which} run was interrupted ({}); its intervals are wider than they need be.",
                    origin.path
                ));
            }
        }
        for (only, which) in [(&self.only_before, "first"), (&self.only_after, "second")] {
            if !only.is_empty() {
                cautions.push(format!(
                    "{} only in the {which} report, and compared with nothing.",
                    numbers::of(only.len() as u64, "finding")
                ));
            }
        }
        cautions
    }
}

fn row(change: &Change) -> Vec<String> {
    vec![
        change.key.clone(),
        numbers::value(change.before.value, &change.unit),
        numbers::value(change.after.value, &change.unit),
        change.shown(),
        String::from(change::word(change.state)),
    ]
}
