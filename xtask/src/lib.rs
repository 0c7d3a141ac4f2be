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

/// Exit codes after a signal, as shells expect them: 128 + its number.
const INTERRUPTED: u8 = 128 + 2;
const TERMINATED: u8 = 128 + 15;

/// Runs one command to its end, its failure or an interrupt, and then sweeps what it left on the engine.
pub fn run(cli: Cli) -> ExitCode {
    let mut session = Session::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            session.report.error(&anyhow::Error::new(error).context("start the runtime"), None);
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        let code = tokio::select! {
            // Asked first: whoever interrupts what has just begun must find somebody listening.
            biased;
            code = interrupt() => {
                session.report.note("interrupted: stopping what runs; caches are kept and the next run goes on from them");
                code
            }
            result = commands::run(&cli.command, &session) => match result {
                Ok(Ended::Well) => 0,
                Ok(Ended::WithFailures) => 1,
                Err(error) => {
                    session.report.error(&error, execute::advice(&error));
                    1
                }
            },
        };
        tokio::select! {
            biased;
            _ = interrupt() => session.report.warning("interrupted again: left at once; the next run sweeps"),
            swept = session.sweep() => if let Err(error) = swept {
                session.report.warning(&format!("{error:#}; the next run sweeps again"));
            },
        }
        code
    });
    // A git or debootstrap still at work ends with the thread that started it; apt-get is left to finish.
    runtime.shutdown_timeout(Duration::from_millis(200));
    match session.report.finish() {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            session.report.error(&error, None);
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C or a polite kill; returns the exit code for it.
async fn interrupt() -> u8 {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        return tokio::select! {
            _ = tokio::signal::ctrl_c() => INTERRUPTED,
            _ = terminate.recv() => TERMINATED,
        };
    }
    let _ = tokio::signal::ctrl_c().await;
    INTERRUPTED
}
