//! Builds, proves and serves TensorFlow Serving. `run` is the one public function; ARCHITECTURE.md is the map.

mod adapters;
pub mod cli;
mod commands;
mod config;
mod domain;
mod execute;
mod ports;
mod report;
#[cfg(test)]
mod testing;

use std::{process::ExitCode, time::Duration};

use cli::Cli;
use commands::{Ended, Session};

/// Exit code after an interrupt, as shells expect it: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Runs one command to its end, its failure or an interrupt, and then sweeps what it left on the engine.
pub fn run(cli: Cli) -> ExitCode {
    let session = Session::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            session.report.error(&anyhow::Error::new(error).context("start the runtime"), None);
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        let code = tokio::select! {
            result = commands::run(&cli.command, &session) => match result {
                Ok(Ended::Well) => 0,
                Ok(Ended::WithFailures) => 1,
                Err(error) => {
                    session.report.error(&error, execute::advice(&error));
                    1
                }
            },
            () = interrupt() => {
                session.report.note("interrupted: stopping what runs; caches are kept and the next run goes on from them");
                INTERRUPTED
            }
        };
        tokio::select! {
            swept = session.sweep() => if let Err(error) = swept {
                session.report.warning(&format!("{error:#}; the next run sweeps again"));
            },
            () = interrupt() => session.report.warning("interrupted again: left at once; the next run sweeps"),
        }
        code
    });
    // A git or debootstrap still at work ends with its thread's process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    match session.report.finish() {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            session.report.error(&error, None);
            ExitCode::FAILURE
        }
    }
}

async fn interrupt() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! { _ = tokio::signal::ctrl_c() => (), _ = terminate.recv() => () }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}
