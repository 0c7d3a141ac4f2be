//! The page in a real browser: runs with XTASK_REAL=1, as `cargo xtask test` does, and needs `chromium`, `chromedriver` and
//! `node` with `npm`.

mod axe;
mod browser;
mod chromium;
mod failures;
mod keeping;
mod looks;
mod offline;
#[path = "../picture/photo.rs"]
mod photo;
mod pictures;
mod real;
mod real_service;
mod service;
mod shown;
mod upload;

use std::{io::Write, panic::AssertUnwindSafe};

use browser::Browser;
use futures_util::FutureExt;
use service::Service;

/// Runs `test` with a browser on the page of a mock service in `scenario`, or says aloud that it does not.
fn on_page(scenario: &str, test: impl AsyncFnOnce(&Browser, &mut Service)) {
    in_browser(|| Service::mock(scenario), |service| service.address.clone(), test);
}

/// Runs `test` with a browser on the page of whatever `start` starts.
fn in_browser<S>(
    start: impl FnOnce() -> S,
    address: impl FnOnce(&S) -> String,
    test: impl AsyncFnOnce(&Browser, &mut S),
) {
    if !is_real() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let mut service = start();
        let browser = Browser::start().await;
        browser.go(&address(&service)).await;
        browser.until("document.querySelector('#server-list table')").await;
        // The driver ends its browser when asked to, so a failing test may not leave before that.
        let outcome = AssertUnwindSafe(test(&browser, &mut service)).catch_unwind().await;
        browser.end().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Whether this is the real ring; says aloud when not.
fn is_real() -> bool {
    let real = std::env::var_os("XTASK_REAL").is_some_and(|value| value == "1");
    if !real {
        // Past the capturing of the test runner, so that it is seen.
        let _ = writeln!(std::io::stderr(), "skipped: set XTASK_REAL=1 (cargo xtask test does)");
    }
    real
}
