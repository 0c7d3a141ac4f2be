//! Scripts of this checkout as groups of processes: what is let go of ends as a whole, after it had time to tidy up.

use std::{
    io::{Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{
    process::{Child, Command},
    sync::oneshot,
};

use crate::ports::{Say, Script, Scripts};

/// Between two looks at what a script has said.
const PAUSE: Duration = Duration::from_millis(500);
/// For traps that remove containers and give files back.
const GRACE: Duration = Duration::from_secs(25);
const LAST_WORDS: usize = 6;

/// Runs scripts on this machine.
pub(crate) struct LocalScripts {
    /// Held for as long as one is still ending.
    pub ending: Arc<()>,
}

impl Scripts for LocalScripts {
    async fn run(&self, script: &Script, say: Say<'_>) -> Result<()> {
        let name = script.path.display();
        if let Some(folder) = script.log.parent() {
            fs_err::create_dir_all(folder)?;
        }
        let (log, _) = fs_err::File::create(&script.log)?.into_parts();
        let again = log.try_clone().with_context(|| format!("open {} twice", script.log.display()))?;
        let mut command = Command::new(&script.path);
        command.current_dir(&script.folder).envs(&script.environment).process_group(0);
        command.stdin(Stdio::null()).stdout(log).stderr(again);
        let group = Group(command.spawn().with_context(|| format!("start {name}"))?);
        // The sender goes with this future, and that is how the group learns that nobody waits for it any more.
        let (_let_go, when_let_go) = oneshot::channel();
        let ended = tokio::spawn(until_end(self.ending.clone(), group, when_let_go));
        tokio::pin!(ended);
        let mut told = 0;
        let status = loop {
            let status = tokio::time::timeout(PAUSE, &mut ended).await;
            tell(&script.log, &mut told, say);
            if let Ok(status) = status {
                break status.context("wait for a script")?.with_context(|| format!("wait for {name}"))?;
            }
        };
        if !status.success() {
            let said = fs_err::read(&script.log).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let lines: Vec<&str> = said.lines().collect();
            let words = lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n");
            bail!("{name} ended with {status}; all it said is in {}, at last:\n{words}", script.log.display());
        }
        Ok(())
    }
}

/// Says the whole lines that the log has beyond `told` bytes. What cannot be read is not told; the log is there to be read.
fn tell(log: &Path, told: &mut u64, say: Say<'_>) {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = fs_err::File::open(log)?;
        file.seek(SeekFrom::Start(*told))?;
        let mut new = Vec::new();
        file.read_to_end(&mut new)?;
        Ok(new)
    };
    let new = read().unwrap_or_default();
    let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    *told += whole as u64;
    String::from_utf8_lossy(&new[..whole]).lines().for_each(|line| say(line.to_owned()));
}

/// Waits for the script, or ends it once it was let go of. The group goes before what says that it is ending.
async fn until_end(_ending: Arc<()>, mut group: Group, let_go: oneshot::Receiver<()>) -> std::io::Result<ExitStatus> {
    tokio::select! {
        status = group.0.wait() => return status,
        _ = let_go => {}
    }
    group.signal("-TERM");
    match tokio::time::timeout(GRACE, group.0.wait()).await {
        Ok(status) => status,
        Err(_) => {
            group.signal("-KILL");
            group.0.wait().await
        }
    }
}

/// A script and what it started, as far as that stayed in its group.
struct Group(Child);

impl Group {
    fn signal(&self, signal: &str) {
        if let Some(id) = self.0.id() {
            // Of another group than ours, which a second Ctrl-C would end.
            let mut kill = std::process::Command::new("kill");
            kill.args([signal, "--", &format!("-{id}")]).stderr(Stdio::null()).process_group(0);
            let _ = kill.status();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Left at once, by a second Ctrl-C or with the runtime; one that has ended has no number any more.
        self.signal("-KILL");
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf, sync::Mutex};

    use tempfile::TempDir;

    use super::*;
    use crate::testing::write_program;

    fn script(folder: &TempDir, text: &str) -> Script {
        let path = folder.path().join("script.sh");
        write_program(&path, &format!("#!/usr/bin/env bash\nset -euo pipefail\n{text}\n"));
        let environment = BTreeMap::from([("RUNS".to_owned(), "3".to_owned())]);
        Script { path, folder: folder.path().to_owned(), environment, log: folder.path().join("logs/script.log") }
    }

    async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
        for _ in 0..1000 {
            if is_so() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what} did not come about");
    }

    #[tokio::test]
    async fn a_script_is_heard_in_order_and_all_it_says_is_kept() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let script = script(&folder, "echo \"runs $RUNS in $PWD\"; echo error >&2; printf 'no end'");
        let heard = Mutex::new(Vec::new());
        let say = |line| heard.lock().expect("no panic").push(line);
        LocalScripts { ending: Arc::default() }.run(&script, &say).await.expect("it ends well");
        let place = fs_err::canonicalize(folder.path()).expect("it is there");
        assert_eq!(*heard.lock().expect("no panic"), [format!("runs 3 in {}", place.display()), "error".to_owned()]);
        assert!(fs_err::read_to_string(&script.log).expect("read").ends_with("error\nno end"));
    }

    #[tokio::test]
    async fn a_script_that_fails_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let script = script(&folder, "seq 20; echo why >&2; exit 7");
        let error = LocalScripts { ending: Arc::default() }.run(&script, &|_| {}).await.expect_err("it failed");
        let text = error.to_string();
        assert!(text.contains("script.sh ended with exit status: 7") && text.ends_with("\n19\n20\nwhy"), "{text}");
        assert!(!text.contains("\n15\n") && text.contains("logs/script.log"), "{text}");
        let absent = Script { path: PathBuf::from("/nowhere/script.sh"), ..script };
        let error = LocalScripts { ending: Arc::default() }.run(&absent, &|_| {}).await.expect_err("it is not there");
        assert!(format!("{error:#}").starts_with("start /nowhere/script.sh: "), "{error:#}");
    }

    #[tokio::test]
    async fn what_is_let_go_of_tidies_up_and_ends_with_its_children() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let script = script(&folder, "trap 'touch tidied' EXIT\nsleep 600 & echo $! > child\nwait");
        let child = folder.path().join("child");
        let scripts = LocalScripts { ending: Arc::default() };
        tokio::select! {
            _ = scripts.run(&script, &|_| {}) => panic!("it was to be let go of"),
            () = until("the child", || fs_err::read_to_string(&child).is_ok_and(|text| text.ends_with('\n'))) => {}
        }
        until("its end", || Arc::strong_count(&scripts.ending) == 1).await;
        assert!(folder.path().join("tidied").exists(), "its trap ran");
        let child = fs_err::read_to_string(&child).expect("read");
        // Whoever inherits a child that was killed may take a moment to bury it.
        until("the child's end", || {
            fs_err::read_to_string(format!("/proc/{}/stat", child.trim())).map_or(true, |stat| stat.contains(") Z "))
        })
        .await;
    }
}
