//! The caller of a trial: to start servers anew is to let them drift.

use std::{collections::BTreeMap, sync::Arc};

use bench::{
    Error,
    protocol::{Caller, Said, Standing},
};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::servers::Planted;

pub struct Drifting {
    pub seed: u64,
    pub servers: Vec<Arc<Planted>>,
}

impl Caller for Drifting {
    fn say(&mut self, _: Said) {}

    async fn renew(&mut self) -> Result<Option<BTreeMap<String, String>>, Error> {
        self.seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        self.servers.iter().for_each(|server| server.drift(&mut chance));
        Ok(None)
    }

    async fn count(&mut self) -> Result<Option<BTreeMap<String, Standing>>, Error> {
        Ok(None)
    }
}
