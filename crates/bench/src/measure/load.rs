//! Load on one server at a time: first so many callers that each wait for their answer, then calls that come whether or not
//! earlier ones are answered, at shares of the best throughput that the first way reached.

pub(super) mod closed;
pub(super) mod open;
pub(super) mod tally;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use resizer::picture::Format;
use tfserving::Predict;

use super::{
    Bench,
    counters::Snapshot,
    plan,
    start::until_live,
    target::{self, Target},
};
use crate::{
    Error,
    chance::Chance,
    experiment::{Arrivals, Load},
    pictures::{self, Made},
    protocol::Caller,
    record::{Point, PointLoad, Row},
};

/// For an answer under load, from when it was sent.
const DEADLINE: Duration = Duration::from_secs(10);

/// For whatever the point before left behind.
const SETTLE: Duration = Duration::from_millis(300);

/// In the open loop, calls under way at once; what is due beyond is dropped.
const MOST_UNDER_WAY: usize = 512;

/// Within which a server must answer again after a point.
const RECOVERY: Duration = Duration::from_secs(30);

/// The side of the box whose derivative is sent.
const SIDE: u32 = 512;

/// Who is called with what: the pictures in turn.
#[derive(Clone)]
pub(super) struct Aim {
    pub(super) target: Arc<Target>,
    /// Calls, and bytes of their pictures. At least one.
    pub(super) calls: Arc<[(Predict, u64)]>,
}

impl<C: Caller> Bench<'_, C> {
    /// What is sent under load: of each picture the first JPEG of the size nearest to 512, or the original where there is none.
    pub(super) async fn load_plates(&mut self) -> Result<Vec<Bytes>, Error> {
        let mut plates = Vec::new();
        for number in 0..pictures::count(&self.experiment) {
            let made = self.made(number).await?;
            let jpeg = |made: &&Made| made.plate.cell.format.parse() == Ok(Format::Jpeg);
            let far = |made: &&Made| made.plate.cell.size.map_or(u32::MAX, |size| size.abs_diff(SIDE));
            let nearest = made.iter().filter(|made| made.plate.cell.size.is_some()).filter(jpeg).min_by_key(far);
            plates.push(nearest.unwrap_or(&made[0]).bytes.clone());
        }
        Ok(plates)
    }

    /// One unit of work: every point of one server.
    pub(super) async fn load(
        &mut self,
        restart: u32,
        server: u32,
        targets: &[Target],
        plates: &[Bytes],
    ) -> Result<(), Error> {
        let Some(load) = self.experiment.load.clone() else { return Ok(()) };
        let unit = plan::load(restart, server);
        let at = server as usize;
        let address = targets[at].client.address().endpoint.to_string();
        let target = Target::new(&self.experiment.servers[at], &address, &self.experiment.model, DEADLINE)?;
        let call = |bytes: &Bytes| (target::encoded(&self.experiment.model, bytes), bytes.len() as u64);
        let aim = Aim { target: Arc::new(target), calls: plates.iter().map(call).collect() };
        // Of the new connection; whatever it fails of, the points will tell.
        let _ = aim.target.ask_waking(&aim.calls[0].0).await;

        let before = Snapshot::take(self.caller, targets).await?;
        let mut best = 0.0_f64;
        for concurrency in &load.concurrency {
            let what = format!("{}: {concurrency} at a time", aim.target.name());
            self.before_point(&what, &load).await;
            let (tally, seconds) = closed::run(&aim, *concurrency, Duration::from_secs_f64(load.seconds)).await?;
            best = best.max(tally.answered as f64 / seconds);
            let point = PointLoad::Closed { concurrency: *concurrency };
            self.after_point(&unit, &aim, tally.point(restart, server, point, seconds)?).await?;
        }
        if best == 0.0 && !load.rates.is_empty() {
            self.warn(format!("{} answered nothing under load, so there is no rate to offer", aim.target.name()));
        }
        for (arrivals, rate) in
            load.arrivals.iter().flat_map(|arrivals| load.rates.iter().map(move |rate| (arrivals, rate)))
        {
            let per_second = rate * best;
            if best == 0.0 {
                break;
            }
            let what = format!("{}: {per_second:.1} a second", aim.target.name());
            self.before_point(&what, &load).await;
            let mut chance = Chance::at(self.experiment.seed, "arrivals", &[restart, server]);
            let due = due(*arrivals, per_second, load.seconds, &mut chance);
            let tally = open::run(&aim, due, MOST_UNDER_WAY).await?;
            let point = PointLoad::Open { per_second, arrivals: *arrivals };
            self.after_point(&unit, &aim, tally.point(restart, server, point, load.seconds)?).await?;
        }
        self.finish(unit, before, targets).await?;
        self.progress.did(plan::calls_of_load(&load));
        Ok(())
    }

    async fn before_point(&mut self, what: &str, load: &Load) {
        self.tell(what);
        self.progress.step((load.seconds * plan::SECOND) as u64);
        tokio::time::sleep(SETTLE).await;
    }

    /// A server that does not come back from a point is lost, and so is its unit of work.
    async fn after_point(&mut self, unit: &str, aim: &Aim, point: Point) -> Result<(), Error> {
        self.keep(Row::Point(point))?;
        until_live(&aim.target, RECOVERY).await.map_err(|error| match error {
            Error::NotLive { server, words, .. } => Error::Lost { server, unit: unit.to_owned(), words },
            other => other,
        })
    }
}

/// When calls are due, in seconds from the begin.
pub(super) fn due(arrivals: Arrivals, per_second: f64, seconds: f64, chance: &mut Chance) -> Vec<f64> {
    let mut due = Vec::new();
    let mut at = 0.0;
    while at < seconds {
        due.push(at);
        at = match arrivals {
            Arrivals::Constant => due.len() as f64 / per_second,
            Arrivals::Poisson => at + chance.wait(per_second),
        };
    }
    due
}
