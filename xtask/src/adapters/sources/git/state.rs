//! What a work tree is at, what was done to it, and the steps that change it.
//! Nothing here talks to another machine.

use std::{
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};
use fs_err as fs;

use super::{
    command::{Git, ask, run},
    trouble::Failure,
};
use crate::domain::source::Commit;

/// Holds the commit whose files are being written; there only while they are.
const MARKER: &str = "xtask-checkout";

/// A repository's folder.
pub(super) struct WorkTree<'a> {
    pub(super) git: &'a Git,
    pub(super) folder: &'a Path,
    /// Folders inside that are repositories of their own.
    pub(super) nested: &'a [&'a str],
}

/// Where HEAD stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Footing {
    At(String),
    /// On nothing that can be compared with: new, half-made or damaged.
    None,
}

impl fmt::Display for Footing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(commit) => f.write_str(commit),
            Self::None => f.write_str("nowhere"),
        }
    }
}

impl WorkTree<'_> {
    fn dot_git(&self) -> PathBuf {
        self.folder.join(".git")
    }

    fn command(&self) -> Command {
        self.git.in_repository(self.folder)
    }

    /// A call that reports to nobody but us.
    fn quietly(&self, arguments: &[&str]) -> Result<String, Failure> {
        run(self.command().args(arguments), &mut |_| ())
    }

    /// Makes the folder and its `.git` where absent, and clears what a killed git left in it.
    pub(super) fn make_ready(&self, say: &mut dyn FnMut(String)) -> Result<()> {
        let dot_git = self.dot_git();
        fs::create_dir_all(self.folder)?;
        match fs::symlink_metadata(&dot_git) {
            Ok(found) if !found.is_dir() => bail!(
                "{} is not a folder, so this checkout belongs to another repository: move {} away",
                dot_git.display(),
                self.folder.display()
            ),
            Ok(_) => clear_leftovers(&dot_git)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        if ask(self.command().args(["rev-parse", "--git-dir"])).is_none() && self.init().is_err() {
            say("the local repository is unreadable; starting a new one".to_owned());
            self.start_over()?;
        }
        Ok(())
    }

    /// Makes a new, empty `.git`; the files around it stay, and so does the mark of a checkout that was stopped.
    pub(super) fn start_over(&self) -> Result<()> {
        let interrupted = self.interrupted()?;
        fs::remove_dir_all(self.dot_git())?;
        self.init().map_err(|failure| anyhow::anyhow!("git init: {}", failure.words))?;
        if let Some(commit) = interrupted {
            fs::write(self.dot_git().join(MARKER), commit)?;
        }
        Ok(())
    }

    pub(super) fn holds_a_stash(&self) -> bool {
        self.dot_git().join("logs/refs/stash").exists()
    }

    fn init(&self) -> Result<(), Failure> {
        run(self.git.plain(self.folder).args(["init", "--quiet", "--template=", "."]), &mut |_| ()).map(drop)
    }

    /// The commit whose files were being written when a run was stopped.
    pub(super) fn interrupted(&self) -> Result<Option<String>> {
        match fs::read_to_string(self.dot_git().join(MARKER)) {
            Ok(commit) => Ok(Some(commit)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn begin(&self, commit: &Commit) -> Result<()> {
        Ok(fs::write(self.dot_git().join(MARKER), commit.as_str())?)
    }

    pub(super) fn finish(&self) -> Result<()> {
        Ok(fs::remove_file(self.dot_git().join(MARKER))?)
    }

    pub(super) fn footing(&self) -> Result<Footing, Failure> {
        let head = ask(self.command().args(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]));
        let comparable = self.knows("HEAD") && self.dot_git().join("index").exists();
        match head {
            Some(commit) if comparable => Ok(Footing::At(commit)),
            _ => Ok(Footing::None),
        }
    }

    /// Whether the commit was fetched, whole: its reference is written last.
    pub(super) fn has(&self, commit: &Commit) -> bool {
        self.knows(&pin_reference(commit))
    }

    /// Whether this names a commit whose tree is here.
    pub(super) fn knows(&self, revision: &str) -> bool {
        let tree = format!("{revision}^{{tree}}");
        ask(self.command().args(["cat-file", "-e", &tree])).is_some()
    }

    /// Records that the commit is here, whole.
    pub(super) fn pin(&self, commit: &Commit) -> Result<(), Failure> {
        self.quietly(&["update-ref", &pin_reference(commit), commit.as_str()]).map(drop)
    }

    /// Files that differ from HEAD, with git's two letters before each.
    pub(super) fn edits(&self) -> Result<Vec<String>, Failure> {
        let mut command = self.command();
        command.args(["-c", "core.quotePath=false", "status", "--porcelain", "--untracked-files=all"]);
        command.args(["--ignore-submodules=all", "--no-renames", "--", "."]);
        command.args(self.nested.iter().map(|folder| format!(":(exclude,literal){folder}")));
        Ok(run(&mut command, &mut |_| ())?.lines().map(str::to_owned).collect())
    }

    /// Fills the index from the commit, with HEAD on nothing; no file is touched.
    pub(super) fn read_index(&self, commit: &Commit) -> Result<(), Failure> {
        let index = self.dot_git().join("index");
        if index.exists() {
            fs::remove_file(&index).map_err(|error| Failure::new(error.to_string()))?;
        }
        self.quietly(&["symbolic-ref", "HEAD", "refs/heads/none"])?;
        self.quietly(&["read-tree", commit.as_str()]).map(drop)
    }

    /// Files that differ from the index; files that are merely absent are no edits here.
    pub(super) fn edits_beyond_index(&self) -> Result<Vec<String>, Failure> {
        let beyond = |edit: &String| edit.as_bytes().get(1).is_some_and(|letter| !matches!(letter, b' ' | b'D'));
        Ok(self.edits()?.into_iter().filter(beyond).collect())
    }

    /// Makes HEAD, index and files equal to the commit, whatever stands in the way.
    pub(super) fn force(&self, commit: &str, say: &mut dyn FnMut(String)) -> Result<(), Failure> {
        let arguments = ["checkout", "--detach", "--force", "--progress", commit, "--"];
        run(self.command().args(arguments), say).map(drop)
    }

    /// A call to fetch with: no tags of its own accord, no submodules, nothing removed.
    pub(super) fn fetch_command(&self) -> Command {
        let mut command = self.command();
        command.args(["fetch", "--progress", "--no-tags", "--no-recurse-submodules", "--no-prune", "--update-shallow"]);
        command
    }
}

/// Keeps a fetched commit from git's own collection, and says that it is complete.
pub(super) fn pin_reference(commit: &Commit) -> String {
    format!("refs/xtask/pins/{commit}")
}

/// Removes locks and half-received packs: we hold the checkout's lock and git died with us, so nobody uses them.
fn clear_leftovers(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            clear_leftovers(&entry.path())?;
        } else if name.ends_with(".lock") || name.starts_with("tmp_pack_") || name.starts_with("tmp_idx_") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
