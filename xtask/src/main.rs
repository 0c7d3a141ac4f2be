//! `cargo xtask`: parse, run, leave with an exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    xtask::run(xtask::cli::Cli::parse())
}
