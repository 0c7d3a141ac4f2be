//! The grid below one picture: every server asked for every cell, one call at a time, in an order of chance, so that
//! whatever drifts meanwhile meets all of them alike.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use resizer::agreement::Scored;
use tfserving::{CallError, Code, Origin, Timing};

use super::{
    Bench,
    counters::Snapshot,
    plan,
    target::{self, Target},
};
use crate::{
    Error,
    chance::Chance,
    pictures::Made,
    protocol::Caller,
    record::{Call, Cell, Outcome, Row},
};

/// After this many calls in a row without an answer a server is lost.
const LOST: u32 = 3;

/// What is known of servers and cells while their block is under way.
#[derive(Default)]
struct Block {
    /// The first answer of each server to each cell.
    first: BTreeMap<(usize, usize), Vec<Scored>>,
    /// Which server will not have which cell.
    refused: BTreeSet<(usize, usize)>,
    /// Calls in a row without an answer, by server.
    silent: BTreeMap<usize, u32>,
}

impl<C: Caller> Bench<'_, C> {
    /// One unit of work. Cells that equal an earlier one byte for byte are not asked for: their calls are that one's. A cell
    /// that a server refuses as such is asked for once, not as often as the others.
    pub(super) async fn block(&mut self, restart: u32, picture: u32, targets: &[Target]) -> Result<(), Error> {
        let unit = plan::grid(restart, picture);
        let mut made = self.made(picture).await?;
        made.retain(|made| made.plate.same_as.is_none());
        let model = &self.experiment.model;
        let calls = made.iter().map(|made| target::call(model, made)).collect::<Result<Vec<_>, _>>()?;
        let mut order = order(targets, &made, self.experiment.repetitions.calls);
        Chance::at(self.experiment.seed, "calls", &[restart, picture]).shuffle(&mut order);
        let what = format!("start {} of {}, {}", restart + 1, self.experiment.repetitions.restarts, made[0].plate.name);

        let before = Snapshot::take(self.caller, targets).await?;
        let mut block = Block::default();
        for at in order {
            let (server, cell) = at;
            if !block.refused.contains(&at) {
                let begin = Instant::now();
                let told = targets[server].ask_waking(&calls[cell]).await;
                let took = begin.elapsed();
                if let Some(words) = block.lost(server, told.as_ref().err()) {
                    return Err(Error::Lost { server: targets[server].name().to_owned(), unit, words });
                }
                let cell = made[cell].plate.cell.clone();
                self.keep(Row::Call(block.row(restart, at, cell, told, took)))?;
            }
            self.progress.step(1);
            self.tell(&what);
        }
        self.finish(unit, before, targets).await?;
        self.progress.did(plan::calls_of_block(&self.experiment));
        Ok(())
    }
}

impl Block {
    /// A server's last words, if it has not answered several times in a row.
    fn lost(&mut self, server: usize, error: Option<&CallError>) -> Option<String> {
        let silent = self.silent.entry(server).or_default();
        let Some(error) = error.filter(|error| error.origin == Origin::Way) else {
            *silent = 0;
            return None;
        };
        *silent += 1;
        (*silent >= LOST).then(|| format!("{}: {}", error.code, error.message))
    }

    fn row(
        &mut self,
        restart: u32,
        at: (usize, usize),
        cell: Cell,
        told: Result<(Vec<Scored>, Timing), CallError>,
        took: Duration,
    ) -> Call {
        let server = u32::try_from(at.0).unwrap_or(u32::MAX);
        let (timing, outcome) = match told {
            Ok((classes, timing)) if self.first.get(&at) == Some(&classes) => (timing, Outcome::Same),
            Ok((classes, timing)) => {
                self.first.entry(at).or_insert_with(|| classes.clone());
                (timing, Outcome::Classes(classes))
            }
            Err(error) => {
                if error.origin == Origin::Server && error.code == Code::InvalidArgument {
                    self.refused.insert(at);
                }
                let failed = Outcome::Failed { code: error.code.to_string(), message: error.message };
                (Timing { total: took, ..Timing::default() }, failed)
            }
        };
        let [total_ms, serialize_ms] = [timing.total, timing.serialize].map(milliseconds);
        Call { restart, server, cell, total_ms, serialize_ms, server_ms: timing.server.map(milliseconds), outcome }
    }
}

/// Every server with every cell that it takes, as often as each is asked.
fn order(targets: &[Target], made: &[Made], calls: u32) -> Vec<(usize, usize)> {
    let of_server = |(server, target): (usize, &Target)| {
        let cells = made.iter().enumerate().filter(|(_, made)| target.takes(made));
        cells.map(|(cell, _)| (server, cell)).collect::<Vec<_>>()
    };
    let once: Vec<_> = targets.iter().enumerate().flat_map(of_server).collect();
    once.repeat(calls as usize)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
