//! Brings one commit into a repository: by its ID where the server allows that, by branches and tags where not.
//! Nothing here touches the files of the work tree.

use super::{
    command::run,
    state::{WorkTree, pin_reference},
    trouble::{Failure, Trouble},
};
use crate::domain::source::Repository;

/// How far back the branches are searched, one after the other; the last is git's word for "all".
const DEPTHS: &[&str] = &["50", "1000", "2147483647"];

/// Fetches the pinned commit and records that it is whole.
pub(super) fn fetch(work_tree: &WorkTree, repository: &Repository, say: &mut dyn FnMut(String)) -> Result<(), Failure> {
    let commit = &repository.commit;
    let via = if repository.mirror.is_some() { " (the mirror)" } else { "" };
    say(format!("fetching {} from {}{via}", commit.short(), repository.shown_origin()));
    let reference = format!("+{commit}:{}", pin_reference(commit));
    match try_twice(work_tree, &["--depth=1"], repository.origin(), &[&reference], say) {
        Err(failure) if failure.trouble == Trouble::RefusesById => {
            say("the server gives no commit by its ID; searching its branches and tags".to_owned());
            search(work_tree, repository, say)
        }
        Err(failure) if failure.trouble == Trouble::PlainFiles => {
            say("the server can only give everything; fetching all of its branches and tags".to_owned());
            fetch_branches(work_tree, repository, &[], say)?;
            found(work_tree, repository).unwrap_or(Err(failure))
        }
        fetched => fetched,
    }
}

/// Fetches branches and tags deeper and deeper until the commit is among them.
fn search(work_tree: &WorkTree, repository: &Repository, say: &mut dyn FnMut(String)) -> Result<(), Failure> {
    for depth in DEPTHS {
        fetch_branches(work_tree, repository, &[&format!("--depth={depth}")], say)?;
        if let Some(pinned) = found(work_tree, repository) {
            return pinned;
        }
        say(format!("not among the last {depth} commits of each branch"));
    }
    Err(Failure {
        trouble: Trouble::NoSuchCommit,
        words: "no branch or tag leads to it, and the server gives no commit by its ID".to_owned(),
    })
}

fn found(work_tree: &WorkTree, repository: &Repository) -> Option<Result<(), Failure>> {
    work_tree.knows(repository.commit.as_str()).then(|| work_tree.pin(&repository.commit))
}

fn fetch_branches(
    work_tree: &WorkTree,
    repository: &Repository,
    depth: &[&str],
    say: &mut dyn FnMut(String),
) -> Result<(), Failure> {
    let all = ["+refs/heads/*:refs/xtask/heads/*", "+refs/tags/*:refs/xtask/tags/*"];
    try_twice(work_tree, depth, repository.origin(), &all, say)
}

/// A transfer that breaks off is tried once more: long ones do, and for no reason that lasts.
fn try_twice(
    work_tree: &WorkTree,
    depth: &[&str],
    origin: &str,
    references: &[&str],
    say: &mut dyn FnMut(String),
) -> Result<(), Failure> {
    let once = |say: &mut dyn FnMut(String)| {
        let mut command = work_tree.fetch_command();
        run(command.args(depth).arg("--").arg(origin).args(references), say).map(drop)
    };
    match once(say) {
        Err(failure) if failure.trouble == Trouble::BrokeOff => {
            say("the transfer broke off; trying once more".to_owned());
            once(say)
        }
        fetched => fetched,
    }
}
