//! Waiting for what runs in a container: until its HTTP server answers well, or it ends, or patience does.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::ports::{ContainerFacts, Engine, Rest};

const PAUSE: Duration = Duration::from_millis(20);

/// What is asked, and for how long.
pub(super) struct Question<'a> {
    /// Of the container.
    pub port: u16,
    pub path: &'a str,
    pub patience: Duration,
}

/// What the container is like when it answers with 200, and the answer's body.
pub(super) async fn until_it_answers<E: Engine, R: Rest>(
    container: &str,
    question: &Question<'_>,
    (engine, rest): (&E, &R),
) -> Result<(ContainerFacts, String)> {
    let Question { port, path, patience } = question;
    let begin = Instant::now();
    loop {
        let facts = engine.look_at(container).await?.context("the container is gone")?;
        if !facts.running {
            let memory = if facts.exit.out_of_memory { ", out of memory" } else { "" };
            bail!("it ended with exit code {}{memory}", facts.exit.code);
        }
        let address = facts.addresses.get(port).with_context(|| format!("port {port} is not published"))?;
        let last = match rest.ask(&format!("http://{address}{path}"), None).await {
            Ok(answer) if answer.status == 200 => return Ok((facts, answer.body)),
            Ok(answer) => answer.body,
            Err(error) => format!("{error:#}"),
        };
        if begin.elapsed() > *patience {
            bail!("it did not answer {path} well within {} s: {last}", patience.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
