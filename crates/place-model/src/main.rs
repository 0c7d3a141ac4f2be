//! `/place-model MODELS [--stay]`, the program inside a model's image: an init container's, or with `--stay` a daemon
//! set's, which looks again every ten minutes and mends what has changed, until it is ended.

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    thread,
    time::Duration,
};

use place_model::{Placed, place};

const BETWEEN_LOOKS: Duration = Duration::from_secs(600);
const USAGE: &str = "usage: place-model MODELS [--stay]; MODELS is the folder of all models";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (destination, stays) = match words[..] {
        [destination] if !destination.starts_with('-') => (destination, false),
        [destination, "--stay"] => (destination, true),
        _ => return failed(USAGE),
    };
    // A pod's name; its containers come one after another.
    let who = env::var("HOSTNAME").unwrap_or_else(|_| "local".into()).replace('/', "-");
    loop {
        let (sums, placed) = match place(Path::new("/"), Path::new(destination), &who) {
            Ok(placed) => placed,
            Err(error) => return failed(&error),
        };
        let how = match placed {
            Placed::AlreadyThere => "was there, every sum is right",
            Placed::Copied => "is placed, every sum is right",
            Placed::Replaced => "was not what this image holds and is replaced, every sum is right",
        };
        // Whoever closed its output does not care.
        let _ = writeln!(io::stdout(), "version {} of {} in {destination} {how}", sums.version, sums.model);
        if !stays {
            return ExitCode::SUCCESS;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

fn failed(error: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "place-model: {error}");
    ExitCode::FAILURE
}
