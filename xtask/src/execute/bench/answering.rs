//! Listening to the program that measures until its last word, and answering what it asks.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Result, anyhow, bail};
use bench_protocol::protocol::{Answer, Found, Job, Said, Standing};

use crate::{
    domain::event::Event,
    ports::{Measurer, Measuring},
    report::Report,
};

/// Who can do what the program cannot.
pub(super) trait Answers {
    /// Starts all servers anew, and says where they are.
    async fn renew(&mut self) -> Result<BTreeMap<String, String>>;
    /// The containers' counters as they stand.
    async fn count(&mut self) -> Result<BTreeMap<String, Standing>>;
}

/// There are no servers.
pub(super) struct Nobody;

impl Answers for Nobody {
    async fn renew(&mut self) -> Result<BTreeMap<String, String>> {
        bail!("there is no server that could be started anew")
    }

    async fn count(&mut self) -> Result<BTreeMap<String, Standing>> {
        bail!("there is no server that counts")
    }
}

/// What the program found. An answer that could not be given is the error, whatever the program makes of it.
pub(super) async fn hear<M: Measurer>(
    measurer: &M,
    program: &Path,
    job: &Job,
    answers: &mut impl Answers,
    report: &Report,
) -> Result<Found> {
    let mut run = measurer.start(program, job).await?;
    let mut trouble = None;
    loop {
        let said = match run.listen().await {
            Ok(said) => said,
            Err(error) => return Err(trouble.unwrap_or(error)),
        };
        let answer = match said {
            Said::Progress { done, total, what } => {
                report.event(Event::Measured { what, done, total });
                continue;
            }
            Said::Note(text) => {
                report.note(&text);
                continue;
            }
            Said::Warning(text) => {
                report.warning(&text);
                continue;
            }
            Said::Renew => answers.renew().await.map(Answer::Renewed),
            Said::Count => answers.count().await.map(Answer::Counted),
            Said::Found(found) => return Ok(found),
            Said::Failed(text) => return Err(trouble.unwrap_or_else(|| anyhow!(text))),
        };
        let answer = answer.unwrap_or_else(|error| {
            let words = format!("{error:#}");
            trouble = Some(error);
            Answer::Failed(words)
        });
        if let Err(error) = run.answer(&answer).await {
            return Err(trouble.unwrap_or(error));
        }
    }
}
