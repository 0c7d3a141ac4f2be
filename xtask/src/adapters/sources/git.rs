//! Checks out the pinned sources: fetches one commit of each repository and makes the folder equal to it.
//! Which repositories and commits are wanted is decided elsewhere; so is who holds the lock on the folder.

mod command;
mod fetch;
mod state;
#[cfg(test)]
mod tests;
mod trouble;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::domain::source::Repository;
use command::Git;
use state::{Footing, WorkTree};
use trouble::{Failure, Trouble};

/// Edited files an error names; more would bury the advice.
const NAMED_EDITS: usize = 8;

/// Makes every repository's folder under `sources_root` equal to its pinned commit.
///
/// Safe to run again after anything, even a kill; the caller holds the checkout's lock. Blocks. Call it on a thread
/// that stays for the whole call: on Linux git is told to die with the thread that started it.
pub fn checkout(sources_root: &Path, repositories: &[Repository], say: &mut dyn FnMut(String)) -> Result<()> {
    let git = Git::find()?;
    for repository in repositories {
        let folder = place(sources_root, repository)?;
        let mut say_named = |line: String| say(format!("{}: {line}", repository.name));
        check_out(&git, &folder, repository, &repository.nested(repositories), &mut say_named)
            .with_context(|| format!("check out {} into {}", repository.name, folder.display()))?;
    }
    Ok(())
}

/// The repository's folder, which has to lie inside the sources root.
fn place(sources_root: &Path, repository: &Repository) -> Result<PathBuf> {
    let path = Path::new(&repository.path);
    if path.components().any(|part| !matches!(part, Component::Normal(name) if name != ".git")) {
        bail!("{}: the path `{}` leaves the sources folder: name a folder inside it", repository.name, path.display());
    }
    Ok(if repository.path.is_empty() { sources_root.to_owned() } else { sources_root.join(path) })
}

fn check_out(
    git: &Git,
    folder: &Path,
    repository: &Repository,
    nested: &[&str],
    say: &mut dyn FnMut(String),
) -> Result<()> {
    let work_tree = WorkTree { git, folder, nested };
    work_tree.make_ready(say)?;
    match settle(&work_tree, repository, say) {
        // Somebody's stashed work is not ours to throw away, even out of a damaged repository.
        Err(Stop::Git(failure)) if failure.trouble == Trouble::Damaged && !work_tree.holds_a_stash() => {
            say("the local repository is damaged; fetching it anew".to_owned());
            work_tree.start_over()?;
            settle(&work_tree, repository, say)
        }
        settled => settled,
    }
    .map_err(|stop| match stop {
        Stop::Git(failure) => failure.about(repository),
        Stop::Told(error) => error,
    })
}

/// Why a checkout stopped: git failed (and a damaged repository is worth a second try), or we know better.
enum Stop {
    Git(Failure),
    Told(anyhow::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Git(failure)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Told(error)
    }
}

fn settle(work_tree: &WorkTree, repository: &Repository, say: &mut dyn FnMut(String)) -> Result<(), Stop> {
    let wanted = &repository.commit;
    let interrupted = work_tree.interrupted()?;
    let footing = work_tree.footing()?;

    if interrupted.is_none() && footing != Footing::None {
        refuse_edits(work_tree, repository, &work_tree.edits()?)?;
        if footing == Footing::At(wanted.as_str().to_owned()) {
            say(format!("at {}, clean", wanted.short()));
            return Ok(());
        }
    }

    if !work_tree.has(wanted) {
        fetch::fetch(work_tree, repository, say)?;
    }
    match &interrupted {
        Some(half_done) => {
            say("an earlier run was stopped half-way; its files are written again".to_owned());
            // Finished first, so that git knows every file it had written and can take away what is not wanted.
            if half_done != wanted.as_str() && work_tree.knows(half_done) {
                work_tree.force(half_done, say)?;
            }
        }
        None if footing == Footing::None => {
            work_tree.read_index(wanted)?;
            refuse_edits(work_tree, repository, &work_tree.edits_beyond_index()?)?;
        }
        None => {}
    }
    work_tree.begin(wanted)?;
    work_tree.force(wanted.as_str(), say)?;
    verify(work_tree, repository)?;
    work_tree.finish()?;
    say(format!("checked out {}", wanted.short()));
    Ok(())
}

fn verify(work_tree: &WorkTree, repository: &Repository) -> Result<(), Stop> {
    let wanted = &repository.commit;
    let footing = work_tree.footing()?;
    if footing != Footing::At(wanted.as_str().to_owned()) {
        let error =
            anyhow::anyhow!("git was asked for {wanted} and HEAD is {footing}: remove the folder and run again");
        return Err(error.into());
    }
    let edits = work_tree.edits()?;
    if let Some(first) = edits.first() {
        let error = anyhow::anyhow!(
            "right after the checkout of {} git says {} of its files differ (first: `{first}`); a git setting of yours \
             may rewrite files, or the file system cannot hold them as they are (upper and lower case, links): \
             see `git -C {} diff`",
            wanted.short(),
            edits.len(),
            work_tree.folder.display(),
        );
        return Err(error.into());
    }
    Ok(())
}

/// Sources people have touched are theirs: nothing is overwritten, and nothing unpinned is built.
fn refuse_edits(work_tree: &WorkTree, repository: &Repository, edits: &[String]) -> Result<()> {
    if edits.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = edits.iter().take(NAMED_EDITS).map(|edit| format!("  {edit}")).collect();
    let more = edits.len().saturating_sub(NAMED_EDITS);
    let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    let folder = work_tree.folder.display();
    bail!(
        "{} has local edits, so it is not the pinned commit {}:\n{}{rest}\n\
         put them aside with `git -C {folder} stash --include-untracked`, or remove {folder} to fetch it anew",
        repository.name,
        repository.commit.short(),
        shown.join("\n"),
    );
}
