//! The page in a real browser: runs with XTASK_REAL=1, as `cargo xtask test` does, and needs `chromium`, `chromedriver` and
//! `node` with `npm`.

mod axe;
mod browser;
mod failures;
mod keeping;
mod looks;
mod offline;
mod pictures;
mod service;
mod upload;

use std::{future::Future, io::Write, panic::AssertUnwindSafe};

use browser::Browser;
use futures_util::FutureExt;
use service::Service;

/// Runs `test` with a browser on the page of a mock service in `scenario`, or says aloud that it does not.
fn on_page<F: Future<Output = ()>>(scenario: &str, test: impl FnOnce(Browser, Service) -> F) {
    if !is_real() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let service = Service::mock(scenario);
        let browser = Browser::start().await;
        browser.go(&service.address).await;
        browser.until("document.querySelector('#server-list table')").await;
        let driver = browser.driver.clone();
        // The driver ends its browser when asked to, not when it is killed.
        let outcome = AssertUnwindSafe(test(browser, service)).catch_unwind().await;
        driver.quit().await.expect("end the session");
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
