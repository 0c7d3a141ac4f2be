//! axe-core in the page. It comes through npm when a test first wants it; its licence is not this repository's.

use std::{fs, path::Path, process::Command, sync::LazyLock};

use serde_json::Value;

use crate::{browser::Browser, service::here};

static SOURCE: LazyLock<String> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe");
    fs::create_dir_all(&folder).expect("folder");
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(here().join("axe").join(name), folder.join(name)).expect("copy");
    }
    let status = Command::new("npm").args(["ci", "--silent"]).current_dir(&folder).status().expect("run npm");
    assert!(status.success(), "npm ci: {status}");
    fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).expect("axe-core")
});

/// Everything that axe-core finds wrong with the page as it stands, one line a rule.
pub async fn violations(browser: &Browser) -> Vec<String> {
    browser.run(&SOURCE).await;
    let run = "const done = arguments[0]; axe.run(document).then((found) => done(found.violations));";
    let found: Vec<Value> = browser.awaited(run).await;
    found.iter().map(|rule| format!("{}: {}", rule["id"], rule["nodes"][0]["failureSummary"])).collect()
}
