//! Programs that a test makes and starts.

use std::{path::Path, process::Command};

/// Writes a program by another process: the kernel starts no file that somebody may write to, and what this process had open
/// for that, a test on another thread could have handed on to its own child.
pub(crate) fn write_program(path: &Path, text: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""]).arg(path).arg(text);
    assert!(shell.status().expect("run sh").success(), "write {}", path.display());
}
