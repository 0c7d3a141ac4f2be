//! The web app's binary: configuration from the environment, one service, until it is told to end.

use std::process::ExitCode;

use resizer::{config::Config, run};

fn main() -> ExitCode {
    // A health check needs no shell and no curl in the image.
    let asked = std::env::args().nth(1);
    let config = match Config::read(|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return run::refused(&error),
    };
    match asked.as_deref() {
        None => run::serve(config),
        Some("health") => run::health(&config),
        Some(other) => run::unknown(other),
    }
}
