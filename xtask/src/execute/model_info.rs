//! Reading a SavedModel for people: a version's folder, or the newest version below a folder.
//! Any SavedModel will do; a receipt of ours adds its notice.

mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use savedmodel::ModelInfo;

use super::beside::beside;
use crate::domain::model::receipt::{self, ModelReceipt};

pub(crate) use table::parameters;

/// A SavedModel that could be read.
pub(crate) struct Described {
    pub info: ModelInfo,
    /// Present where this tool exported it.
    pub receipt: Option<ModelReceipt>,
    /// Which of several versions it is; none where the folder itself was named.
    pub chosen: Option<String>,
}

/// Reads the SavedModel in `folder`, or its newest version.
pub(crate) async fn describe(folder: &Path) -> Result<Described> {
    let (folder, chosen) = choose(folder)?;
    let path = folder.clone();
    let info = beside(&|_, _| {}, move |_| Ok(savedmodel::info(&path)?)).await;
    let info = info.with_context(|| format!("read the SavedModel {}", folder.display()))?;
    Ok(Described { info, receipt: receipt_in(&folder), chosen })
}

impl Described {
    /// What people want to know, as text.
    pub fn table(&self) -> String {
        table::draw(&self.info, self.receipt.as_ref().and_then(|receipt| receipt.notice.as_deref()))
    }
}

/// The number of the version that a folder is, or of the newest one in it.
pub(crate) fn number_of(folder: &Path) -> Option<u64> {
    let number = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        let is_plain = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
        name.parse::<u64>().ok().filter(|number| is_plain && i64::try_from(*number).is_ok())
    };
    match choose(folder) {
        Ok((version, _)) => number(&version),
        Err(_) => None,
    }
}

/// The folder itself or its newest version, and what to say of that choice.
pub(super) fn choose(folder: &Path) -> Result<(PathBuf, Option<String>)> {
    if !folder.is_dir() {
        let what = if folder.exists() { "is no folder" } else { "does not exist" };
        bail!("{} {what}; name a folder with saved_model.pb, or one with versions below it", folder.display());
    }
    if folder.join("saved_model.pb").is_file() {
        return Ok((folder.to_owned(), None));
    }
    let entries = fs_err::read_dir(folder)?.flatten().map(|entry| entry.path());
    let versions = entries.filter_map(|path| {
        let number = path.file_name()?.to_str()?.parse::<u64>().ok()?;
        path.join("saved_model.pb").is_file().then_some((number, path))
    });
    let mut versions: Vec<(u64, PathBuf)> = versions.collect();
    versions.sort();
    let Some((newest, path)) = versions.pop() else {
        bail!(
            "{} holds neither saved_model.pb nor a version (a folder named by a number) with one; `cargo xtask \
             export-model` makes them below model-data/NAME",
            folder.display()
        );
    };
    let others: Vec<String> = versions.iter().map(|(number, _)| number.to_string()).collect();
    let others = if others.is_empty() { String::new() } else { format!("; also there: {}", others.join(", ")) };
    Ok((path, Some(format!("{}: version {newest} is the newest{others}", folder.display()))))
}

/// Our receipt, if it is one: a foreign file of that name is none of our business.
fn receipt_in(folder: &Path) -> Option<ModelReceipt> {
    serde_json::from_slice(&fs_err::read(folder.join(receipt::PATH)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is chosen below a folder with these files, from that folder.
    fn check(files: &[&str]) -> Result<(String, Option<String>), String> {
        let folder = tempfile::tempdir().expect("temporary folder");
        for file in files {
            let path = folder.path().join(file);
            fs_err::create_dir_all(path.parent().expect("below")).expect("create");
            fs_err::write(path, b"").expect("write");
        }
        let below = |text: String| text.replace(&folder.path().display().to_string(), "DIR");
        let chosen = choose(folder.path()).map_err(|error| below(format!("{error:#}")))?;
        Ok((below(chosen.0.display().to_string()), chosen.1.map(below)))
    }

    #[test]
    fn the_newest_version_is_chosen_by_number_and_said_aloud() {
        let said = "DIR: version 10 is the newest; also there: 2, 9".to_owned();
        let files = ["9/saved_model.pb", "10/saved_model.pb", "2/saved_model.pb", "11/x", "x/saved_model.pb"];
        assert_eq!(check(&files), Ok(("DIR/10".into(), Some(said))));
        assert_eq!(check(&["saved_model.pb", "1/saved_model.pb"]), Ok(("DIR".into(), None)));
    }

    #[test]
    fn a_folder_without_a_model_says_what_was_looked_for() {
        let error = check(&["1/x", ".3.partial-a-b/saved_model.pb"]).expect_err("none");
        assert!(error.starts_with("DIR holds neither saved_model.pb nor a version"), "{error}");
        let error = choose(Path::new("/nowhere/model")).expect_err("none").to_string();
        assert!(error.starts_with("/nowhere/model does not exist; name a folder"), "{error}");
    }
}
