//! `SHA256SUMS` beside the version, as `sha256sum` writes and checks it.

use std::{fs, path::Path};

use crate::copy;

/// Its name, in the image's root.
pub const SUMS: &str = "SHA256SUMS";

/// Each file of one version, with its sum.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sums {
    /// The folder's name, a number.
    pub version: String,
    /// Hexadecimal sum and path from the root, `1/saved_model.pb`.
    pub files: Vec<(String, String)>,
}

impl Sums {
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let file = root.join(SUMS);
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Self::parse(&text).map_err(|why| format!("{}: {why}", file.display()))
    }

    /// Reads lines of a sum, two spaces and a path.
    ///
    /// # Errors
    /// Where a line is something else, a path leads out of the version, or there is not exactly one version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let files: Vec<_> = text.lines().map(line).collect::<Result<_, String>>()?;
        let versions = files.iter().filter_map(|(_, path)| path.split('/').next());
        let mut versions: Vec<&str> = versions.collect();
        versions.dedup();
        match versions[..] {
            [version] => Ok(Self { version: version.to_owned(), files: files.clone() }),
            _ => Err(format!("it lists {} versions, and an image holds one", versions.len())),
        }
    }

    /// Whether every file below `root` is what its sum says.
    ///
    /// # Errors
    /// The first that is not.
    pub fn hold(&self, root: &Path) -> Result<(), String> {
        self.files.iter().try_for_each(|(sum, path)| copy::checked(&root.join(path), sum, &mut std::io::sink()))
    }
}

fn line(line: &str) -> Result<(String, String), String> {
    let wrong = || format!("`{line}` is no line of sha256sum for a file of a version, such as `SUM  1/saved_model.pb`");
    let (sum, path) = line.split_once("  ").ok_or_else(wrong)?;
    let is_sum = sum.len() == 64 && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = path.split('/');
    let is_version =
        parts.next().is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let rest: Vec<&str> = parts.collect();
    let stays = !rest.is_empty() && rest.iter().all(|part| !matches!(*part, "" | "." | ".."));
    if is_sum && is_version && stays { Ok((sum.to_owned(), path.to_owned())) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_sha256sum_are_read() {
        let sum = "ab".repeat(32);
        let sums =
            Sums::parse(&format!("{sum}  7/saved_model.pb\n{sum}  7/variables/variables.index\n")).expect("sums");
        assert_eq!(sums.version, "7");
        assert_eq!(sums.files[1].1, "7/variables/variables.index");
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        let sum = "ab".repeat(32);
        for path in ["7/../../etc/passwd", "/7/x", "x/y", "7", "7//x", "7/./x", "../7/x"] {
            let error = Sums::parse(&format!("{sum}  {path}")).expect_err(path);
            assert!(error.contains(path), "{error}");
        }
        assert!(Sums::parse(&format!("{}  7/x", "AB".repeat(32))).is_err());
        assert!(Sums::parse(&format!("{sum}  7/x\n{sum}  8/x")).expect_err("two").contains("2 versions"));
        assert!(Sums::parse("").expect_err("none").contains("0 versions"));
    }
}
