//! What stands behind the page: a mock that speaks the service's contract and fails on demand.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use resizer::page;
use tempfile::TempDir;

/// A running service and its address.
pub struct Service {
    pub address: String,
    child: Child,
    _folder: TempDir,
}

impl Service {
    /// The mock, in `scenario` (see `mock.mjs`).
    pub fn mock(scenario: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let plotly = folder.path().join("plotly.min.js.gz");
        let packed = page::find("plotly.min.js", true).expect("plotly");
        std::fs::write(&plotly, packed.body).expect("write");
        let mut child = Command::new("node")
            .arg(here().join("mock.mjs"))
            .args(["--scenario", scenario, "--page"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("page"))
            .arg("--plotly")
            .arg(plotly)
            .stdout(Stdio::piped())
            .spawn()
            .expect("start node");
        let address = first_line(&mut child);
        Self { address, child, _folder: folder }
    }

    /// Ends it, as if somebody had pulled the plug.
    pub fn stop(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of these tests.
pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page")
}

/// The first line that a child writes, which says where it listens.
pub fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("read");
    line.trim().to_owned()
}
