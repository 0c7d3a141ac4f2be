//! The generator against a server that does no work: how much of what is measured is the generator itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tfserving::{
    Api,
    stand_in::{Behaviour, Reply, StandIn},
};

use super::{
    Bench,
    load::{Aim, closed, due, open, tally::Times},
    plan,
    target::{self, Target},
};
use crate::{
    Error,
    chance::Chance,
    experiment::{Arrivals, Build, Model, Server},
    protocol::Caller,
    record::{Row, SelfCheck},
};

/// What is sent has the size of a usual derivative.
const BYTES: usize = 64 << 10;

const CLASSES: [(&str, f32); 5] = [("tabby", 9.5), ("tiger cat", 8.5), ("lynx", 7.5), ("tray", 6.5), ("cougar", 5.5)];

const EACH: Duration = Duration::from_millis(400);

const CONCURRENCY: [u32; 3] = [4, 16, 32];

impl<C: Caller> Bench<'_, C> {
    /// One for each interface that servers are called by.
    pub(super) async fn self_check(&mut self) -> Result<(), Error> {
        let mut apis = Vec::new();
        for server in &self.experiment.servers {
            let target = Target::new(server, &server.address, &self.experiment.model, EACH)?;
            let api = target.client.address().endpoint.api;
            if !apis.contains(&api) {
                apis.push(api);
            }
        }
        for api in apis {
            let unit = plan::self_check(&api.to_string());
            if !self.is_done(&unit) {
                self.tell("checking itself");
                let found = check(api, self.experiment.seed).await?;
                if found.wrong > 0 {
                    let wrong = found.wrong;
                    self.warn(format!(
                        "{wrong} calls of the self-check went wrong, so nothing that follows is worth much"
                    ));
                }
                self.keep(Row::SelfCheck(found))?;
                self.end(unit)?;
            }
        }
        Ok(())
    }
}

async fn check(api: Api, seed: u64) -> Result<SelfCheck, Error> {
    let answer = CLASSES.map(|(label, score)| (label.to_owned(), f64::from(score))).to_vec();
    let server = StandIn::start(api, Behaviour::always(Reply::classes(&CLASSES)))?;
    let (target, call) = idle(&server)?;
    let aim = Aim { target: Arc::new(target), calls: Arc::new([(call, BYTES as u64)]) };

    let mut wrong = 0;
    let mut alone = Times::default();
    let begin = Instant::now();
    while begin.elapsed() < EACH {
        let sent = Instant::now();
        let told = aim.target.ask_waking(&aim.calls[0].0).await;
        alone.note(sent.elapsed());
        wrong += u64::from(!told.is_ok_and(|(classes, _)| classes == answer));
    }
    let mut most_per_second = 0.0_f64;
    for concurrency in CONCURRENCY {
        let (tally, seconds) = closed::run(&aim, concurrency, EACH).await?;
        wrong += tally.sent - tally.answered;
        most_per_second = most_per_second.max(tally.answered as f64 / seconds);
    }
    let mut chance = Chance::at(seed, "self-check", &[]);
    let calls = due(Arrivals::Constant, (most_per_second / 2.0).max(1.0), EACH.as_secs_f64(), &mut chance);
    let tally = open::run(&aim, calls, usize::MAX).await?;
    wrong += tally.sent - tally.answered;
    let (p50_us, p99_us, lag_p99_us) = (alone.at(0.5), alone.at(0.99), tally.lag.at(0.99));
    Ok(SelfCheck { api: api.to_string(), p50_us, p99_us, most_per_second, lag_p99_us, wrong })
}

/// A client of the stand-in, and a call for it.
fn idle(server: &StandIn) -> Result<(Target, tfserving::Predict), Error> {
    let model = Model {
        name: "none".into(),
        version: None,
        signature: String::new(),
        input: "images".into(),
        classes: "classes".into(),
        scores: "scores".into(),
        pixels: None,
    };
    let address = server.address("none").endpoint.to_string();
    let known = Server {
        name: "the self-check's".into(),
        address: address.clone(),
        facts: Default::default(),
        build: None::<Build>,
    };
    let target = Target::new(&known, &address, &model, Duration::from_secs(10))?;
    Ok((target, target::encoded(&model, &Bytes::from(vec![0; BYTES]))))
}
