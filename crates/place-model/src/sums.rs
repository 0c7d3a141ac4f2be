//! `/SHA256SUMS` of a model's image, as `sha256sum` writes and checks it: lines of a sum, two spaces and
//! `models/NAME/VERSION/…`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::copy;

/// Its name, in the image's root.
pub const SUMS: &str = "SHA256SUMS";
const MODELS: &str = "models";

/// Each file of one version, with its sum.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sums {
    /// TensorFlow Serving's name of the model.
    pub model: String,
    /// The folder's name, a number.
    pub version: String,
    /// Hexadecimal sum and path below the version's folder.
    pub files: Vec<(String, String)>,
}

impl Sums {
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let file = root.join(SUMS);
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Self::parse(&text).map_err(|why| format!("{}: {why}", file.display()))
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// Where a line is something else, a path leads out of the version, or there is not exactly one version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines: Vec<_> = text.lines().map(line).collect::<Result<_, String>>()?;
        let mut versions: Vec<_> = lines.iter().map(|(_, version, _)| *version).collect();
        versions.dedup();
        let [(model, version)] = versions[..] else {
            return Err(format!("it lists {} versions, and an image holds one", versions.len()));
        };
        let files = lines.iter().map(|(sum, _, below)| ((*sum).to_owned(), below.clone())).collect();
        Ok(Self { model: model.into(), version: version.into(), files })
    }

    /// The version's folder in the image whose root this is.
    pub fn source(&self, root: &Path) -> PathBuf {
        root.join(MODELS).join(&self.model).join(&self.version)
    }

    /// Whether every file of a version's folder is what its sum says.
    ///
    /// # Errors
    /// The first that is not.
    pub fn hold(&self, folder: &Path) -> Result<(), String> {
        self.files.iter().try_for_each(|(sum, below)| copy::checked(&folder.join(below), sum, &mut std::io::sink()))
    }
}

/// A line's sum, its model and version, and the path below that.
fn line(line: &str) -> Result<(&str, (&str, &str), String), String> {
    let wrong = || {
        format!("`{line}` is no line of sha256sum for a file of a version, such as `SUM  models/NAME/1/saved_model.pb`")
    };
    let (sum, path) = line.split_once("  ").ok_or_else(wrong)?;
    let is_sum = sum.len() == 64 && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = path.split('/').collect();
    let [MODELS, model, version, below @ ..] = &parts[..] else { return Err(wrong()) };
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    let stays = !below.is_empty() && below.iter().chain([model]).all(|part| !matches!(*part, "" | "." | ".."));
    if is_sum && is_version && stays { Ok((sum, (*model, *version), below.join("/"))) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_sha256sum_are_read() {
        let sum = "ab".repeat(32);
        let sums =
            Sums::parse(&format!("{sum}  models/m/7/saved_model.pb\n{sum}  models/m/7/variables/variables.index\n"))
                .expect("sums");
        assert_eq!((sums.model.as_str(), sums.version.as_str()), ("m", "7"));
        assert_eq!(sums.files[1].1, "variables/variables.index");
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        let sum = "ab".repeat(32);
        for path in [
            "7/x",
            "/models/m/7/x",
            "models/m/x/y",
            "models/m/7",
            "models/m/7//x",
            "models/m/7/./x",
            "models/../7/x",
            "models/m/7/../x",
        ] {
            let error = Sums::parse(&format!("{sum}  {path}")).expect_err(path);
            assert!(error.contains(path), "{error}");
        }
        assert!(Sums::parse(&format!("{}  models/m/7/x", "AB".repeat(32))).is_err());
        assert!(
            Sums::parse(&format!("{sum}  models/m/7/x\n{sum}  models/m/8/x")).expect_err("two").contains("2 versions")
        );
        assert!(Sums::parse("").expect_err("none").contains("0 versions"));
    }
}
