//! One run at a time in a checkout: an advisory file lock that the kernel releases however a run ends.

use std::{fs::TryLockError, io::Write, path::Path, time::Duration};

use anyhow::{Context, Result, bail};

use crate::ports::Say;

/// Held until dropped.
pub(crate) struct CheckoutLock {
    file: std::fs::File,
    /// The run before this one did not get to [`CheckoutLock::release`]: it was killed.
    pub after_a_kill: bool,
}

impl CheckoutLock {
    /// Lets go, leaving word that all was swept.
    pub fn release(self) {
        // Without that word the next run only looks for leftovers in vain.
        let _ = self.file.set_len(0);
    }
}

/// Takes the lock, or says who has it and waits, or stops.
pub(crate) async fn acquire(path: &Path, command: &str, wait: bool, say: Say<'_>) -> Result<CheckoutLock> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let file = fs_err::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    let (mut file, path) = file.into_parts();
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", path.display()));
            }
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                let holder = if holder.trim().is_empty() { "another run".into() } else { holder.trim().to_owned() };
                if !wait {
                    bail!(
                        "this checkout is in use by {holder}; run again when it has ended, or without --no-wait to wait for it"
                    );
                }
                if !std::mem::replace(&mut told, true) {
                    say(format!("waiting: this checkout is in use by {holder} (--no-wait stops instead)"));
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    let after_a_kill = file.metadata().is_ok_and(|meta| meta.len() > 0);
    let started = humantime::format_rfc3339_seconds(std::time::SystemTime::now());
    let holder = format!("`cargo xtask {command}`, process {}, since {started}\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.write_all(holder.as_bytes()))
        .with_context(|| format!("write {}", path.display()))?;
    Ok(CheckoutLock { file, after_a_kill })
}

/// The machine's name; two machines may share a folder, but not a checkout's identity.
pub(crate) fn machine_name() -> String {
    std::fs::read_to_string("/etc/hostname").map(|name| name.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_names_the_first_and_gets_the_lock_after_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("target/xtask/lock");
        let first = acquire(&path, "build-servers", true, &|_| {}).await.expect("free");
        let refused = acquire(&path, "clean", false, &|_| {}).await.map(|_| ()).expect_err("held");
        let text = format!("{refused:#}");
        assert!(text.contains("in use by `cargo xtask build-servers`, process "), "{text}");
        drop(first);
        let second = acquire(&path, "clean", false, &|_| {}).await.expect("free again");
        assert!(second.after_a_kill, "the first was dropped, not released");
        second.release();
        assert!(!acquire(&path, "clean", false, &|_| {}).await.expect("free again").after_a_kill);
    }
}
