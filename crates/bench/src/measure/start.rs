//! A start of the servers: anew where the caller can do that, else new connections; then until all of them answer, and the
//! calls that are thrown away.

use std::time::{Duration, Instant};

use super::{
    Bench,
    target::{self, Target},
};
use crate::{Error, protocol::Caller};

/// Within which a server must answer after it was started.
const PATIENCE: Duration = Duration::from_secs(120);

const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// For the answer of a call in the grid.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

impl<C: Caller> Bench<'_, C> {
    /// The servers of a restart, started, live and warm. `picture` is what they are warmed up with.
    pub(super) async fn start(&mut self, restart: u32, picture: u32) -> Result<Vec<Target>, Error> {
        let of = self.experiment.repetitions.restarts;
        self.tell(&format!("start {} of {of}", restart + 1));
        let renewed = self.caller.renew().await?.unwrap_or_default();
        let mut targets = Vec::new();
        for server in &self.experiment.servers {
            let address = renewed.get(&server.name).unwrap_or(&server.address);
            targets.push(Target::new(server, address, &self.experiment.model, DEADLINE)?);
        }
        for target in &targets {
            until_live(target, PATIENCE).await?;
        }
        self.warm_up(&targets, picture).await?;
        Ok(targets)
    }

    /// At least one call each, since the first pays for the connection. All kinds of plates in turn: what a server does late,
    /// it may do for each. Where every call of a server fails there is nothing to measure.
    async fn warm_up(&mut self, targets: &[Target], picture: u32) -> Result<(), Error> {
        let made = self.made(picture).await?;
        for target in targets {
            let plates = made.iter().filter(|made| target.takes(made)).cycle();
            let mut answered = false;
            let mut failed = None;
            for plate in plates.take(self.experiment.repetitions.warm_up.max(1) as usize) {
                let call = target::call(&self.experiment.model, plate)?;
                match target.ask_waking(&call).await {
                    Ok(_) => answered = true,
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if let Some(error) = failed.filter(|_| !answered) {
                let (server, code) = (target.name().to_owned(), error.code.to_string());
                return Err(Error::Refused { server, code, message: error.message });
            }
        }
        Ok(())
    }
}

/// Asks a server until its model is there.
pub(super) async fn until_live(target: &Target, patience: Duration) -> Result<(), Error> {
    let begin = Instant::now();
    loop {
        match tokio::time::timeout(patience, target.is_live()).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(_)) if begin.elapsed() < patience => tokio::time::sleep(BETWEEN_LOOKS).await,
            told => {
                let words =
                    told.map_or_else(|_| "none".into(), |told| told.err().map_or_else(String::new, |e| e.message));
                let address = target.client.address();
                let (server, address) = (address.name.clone(), address.endpoint.to_string());
                return Err(Error::NotLive { server, address, waited: begin.elapsed().as_secs(), words });
            }
        }
    }
}
