//! How git is called: one work tree, no prompts, no hooks, no filters, and no life longer than ours.
//! Nothing here knows what a checkout needs; that is the parent module's.

use std::{
    collections::VecDeque,
    io::Read,
    path::{Path, PathBuf},
    process::{ChildStderr, Command, Stdio},
    thread,
};

use anyhow::{Context, Result};

use super::trouble::{Failure, Trouble};

/// Settings that keep git from running programs, asking people, or changing file contents.
///
/// The user's own configuration stays in force for all else: `insteadOf` rewriting, proxies, CA bundles and
/// credential helpers are how a company reaches its mirrors.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "core.eol=lf",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
    "filter.lfs.smudge=",
    "filter.lfs.clean=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
    // Worker processes would outlive a git that is killed.
    "checkout.workers=1",
    // Always a pack, renamed into place when whole: a killed fetch leaves no commit without its files.
    "fetch.unpackLimit=1",
    // Under 1 kB/s for a minute is a dead connection, not a slow one.
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
];

/// Variables that would point git at another repository, e.g. when we run inside somebody's hook.
const FOREIGN: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_TEMPLATE_DIR",
    "GIT_SHALLOW_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// Progress is told in steps of this many per cent.
const PROGRESS_STEP: u8 = 20;

/// Lines of git's words that an error keeps.
const KEPT_LINES: usize = 20;

/// The programs a call needs.
pub(super) struct Git {
    git: PathBuf,
    /// Kills git when our thread dies, so that a killed run leaves no writer behind. Linux only.
    setpriv: Option<PathBuf>,
}

impl Git {
    pub(super) fn find() -> Result<Self> {
        let git = which::which("git").context("find git: install it, e.g. `apt-get install git`")?;
        let setpriv = if cfg!(target_os = "linux") { which::which("setpriv").ok() } else { None };
        Ok(Self { git, setpriv })
    }

    /// A call that works on the repository in `folder` and never on one around it.
    ///
    /// Without `--git-dir` a half-made `.git` would make git walk up and find the project's own repository.
    pub(super) fn in_repository(&self, folder: &Path) -> Command {
        let mut command = self.plain(folder);
        command.args(["--git-dir=.git", "--work-tree=."]);
        command
    }

    /// A call that makes its own repository.
    pub(super) fn plain(&self, folder: &Path) -> Command {
        let mut command = match &self.setpriv {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(&self.git);
                command
            }
            None => Command::new(&self.git),
        };
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        command
            .current_dir(folder)
            .env("LC_ALL", "C")
            .env("LANGUAGE", "")
            .env("GIT_DEFAULT_HASH", "sha1")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            // Every door to a question is shut: git's own prompt, dialogs, and ssh's reading of the terminal.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GCM_INTERACTIVE", "never")
            .env("GIT_ASKPASS", "false")
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null());
        command
    }
}

/// Runs the call and returns what it printed; git's progress is passed on in coarse steps.
pub(super) fn run(command: &mut Command, say: &mut dyn FnMut(String)) -> Result<String, Failure> {
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| Failure::new(format!("start git: {error}")))?;
    let mut stdout = child.stdout.take().expect("stdout was asked for as a pipe");
    let stderr = child.stderr.take().expect("stderr was asked for as a pipe");
    let (printed, words) = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).map(|_| bytes)
        });
        let words = listen(stderr, say);
        (reader.join().expect("reading a pipe does not panic"), words)
    });
    let status = child.wait().map_err(|error| Failure::new(format!("wait for git: {error}")))?;
    let printed = printed.map_err(|error| Failure::new(format!("read from git: {error}")))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&printed).into_owned());
    }
    let words = if words.is_empty() { format!("git ended with {status}") } else { words };
    Err(Failure { trouble: Trouble::of(&words), words })
}

/// Runs a call whose failure is an answer, not a fault.
pub(super) fn ask(command: &mut Command) -> Option<String> {
    run(command, &mut |_| ()).ok().map(|printed| printed.trim().to_owned())
}

/// Reads git's stderr to its end and returns the last lines that are not progress.
fn listen(mut stderr: ChildStderr, say: &mut dyn FnMut(String)) -> String {
    let mut kept = VecDeque::new();
    let mut told = (String::new(), 0);
    let mut line = Vec::new();
    let mut chunk = [0; 4096];
    // A pipe that breaks has nothing more to tell; the exit status says the rest.
    while let Ok(count @ 1..) = stderr.read(&mut chunk) {
        for &byte in &chunk[..count] {
            if byte != b'\n' && byte != b'\r' {
                line.push(byte);
                continue;
            }
            hear(&String::from_utf8_lossy(&line), &mut kept, &mut told, say);
            line.clear();
        }
    }
    hear(&String::from_utf8_lossy(&line), &mut kept, &mut told, say);
    kept.make_contiguous().join("\n")
}

fn hear(line: &str, kept: &mut VecDeque<String>, told: &mut (String, u8), say: &mut dyn FnMut(String)) {
    let line = line.trim_end();
    let Some((phase, percent)) = progress(line) else {
        let is_counter = line.contains(", done.") || line.starts_with("remote: Enumerating");
        if !line.is_empty() && !is_counter {
            if kept.len() == KEPT_LINES {
                kept.pop_front();
            }
            kept.push_back(line.to_owned());
        }
        return;
    };
    let step = percent / PROGRESS_STEP;
    let worth_telling = matches!(phase, "Receiving objects" | "Updating files");
    if worth_telling && step > 0 && (told.0 != phase || told.1 != step) {
        say(format!("{}: {}%", phase.to_lowercase(), step * PROGRESS_STEP));
        *told = (phase.to_owned(), step);
    }
}

/// Reads `Receiving objects:  42% (420/1000), …`.
fn progress(line: &str) -> Option<(&str, u8)> {
    let (phase, rest) = line.strip_prefix("remote: ").unwrap_or(line).split_once(':')?;
    let (percent, _) = rest.trim_start().split_once("% (")?;
    Some((phase, percent.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_once_a_step_and_never_kept() {
        let (mut kept, mut told, mut heard) = (VecDeque::new(), (String::new(), 0), Vec::new());
        let lines = [
            "remote: Counting objects:  50% (5/10)",
            "Receiving objects:   3% (3/100)",
            "Receiving objects:  21% (21/100)",
            "Receiving objects:  22% (22/100), 1.00 MiB | 2.00 MiB/s",
            "Receiving objects: 100% (100/100), 9.00 MiB, done.",
            "Updating files:  40% (4/10)",
            "fatal: it broke",
        ];
        for line in lines {
            hear(line, &mut kept, &mut told, &mut |text| heard.push(text));
        }
        assert_eq!(heard, ["receiving objects: 20%", "receiving objects: 100%", "updating files: 40%"]);
        assert_eq!(kept, ["fatal: it broke"]);
    }

    #[test]
    fn the_last_words_are_kept() {
        let (mut kept, mut told) = (VecDeque::new(), (String::new(), 0));
        for number in 0..50 {
            hear(&format!("line {number}"), &mut kept, &mut told, &mut |_| ());
        }
        assert_eq!((kept.len(), kept[0].as_str()), (KEPT_LINES, "line 30"));
    }
}
