//! `bench`, a child of `cargo xtask`: a job comes as a line on stdin, what happens goes as lines to stdout. See `protocol`.

use std::{
    io::{self, Stdout},
    os::unix::process::parent_id,
    path::Path,
    thread,
    time::Duration,
};

use bench::{
    Error, compare, found, measure,
    protocol::{Caller, Found, Job, Said, lines::Lines},
    questions,
    record::{self, Record},
    report,
};
use tokio::io::{BufReader, Stdin};

#[tokio::main]
async fn main() {
    thread::spawn(end_with_the_caller);
    let mut caller = Lines::new(BufReader::new(tokio::io::stdin()), io::stdout());
    let (said, code) = match work(&mut caller).await {
        Ok(found) => (Said::Found(found), 0),
        Err(error) => (Said::Failed(error.to_string()), 1),
    };
    caller.say(said);
    // At once: a thread of the runtime may still wait for a line of stdin that never comes.
    std::process::exit(code)
}

async fn work(caller: &mut Lines<BufReader<Stdin>, Stdout>) -> Result<Found, Error> {
    match caller.job().await? {
        Job::Compare { before, after, output } => compare::compare(&before, &after, &output),
        Job::Run { experiment, output, facts, .. } => {
            let up_to_date = is_complete(&output)?;
            let record = measure::run(&experiment, &output, &facts, caller).await?;
            caller.say(Said::Note("judging".into()));
            let judged = move || {
                let answered = questions::answer(&record);
                let files = report::write(&record, &answered, &output)?;
                Ok(found::found(&record, &answered, files, up_to_date))
            };
            tokio::task::spawn_blocking(judged).await?
        }
    }
}

fn is_complete(output: &Path) -> Result<bool, Error> {
    Ok(Record::read(&output.join(record::FILE))?.is_some_and(|record| record.ended.is_some()))
}

/// A caller that was killed cannot end its child, and whoever goes on with the record must be its only writer.
fn end_with_the_caller() {
    let caller = parent_id();
    while parent_id() == caller {
        thread::sleep(Duration::from_millis(50));
    }
    std::process::exit(1)
}
