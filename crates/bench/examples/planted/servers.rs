//! Stand-ins whose times scatter as real servers' do: each call around its own median, each start a little off the last.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tfserving::{
    Api,
    stand_in::{Behaviour, Reply, StandIn},
};

/// Median of a call, in seconds, before drift and effect.
const MEDIAN: f64 = 0.004;

/// Of the logarithm of a call's time.
const SCATTER: f64 = 0.08;

/// A start is at most this much faster or slower than another.
const DRIFT: f64 = 0.02;

pub struct Planted {
    server: StandIn,
    /// A factor, as bits.
    drift: Arc<AtomicU64>,
}

impl Planted {
    /// One that takes longer than others by `effect`.
    pub fn start(seed: u64, effect: f64) -> io::Result<Self> {
        let chance = Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed));
        let drift = Arc::new(AtomicU64::new(1.0_f64.to_bits()));
        let of_now = Arc::clone(&drift);
        let reply = Reply::classes(&[("tabby", 9.5), ("tiger cat", 8.5), ("lynx", 7.5)]);
        let behaviour = Behaviour::new(move |_| {
            let scatter = (SCATTER * normal(&mut chance.lock().expect("no panic while it is held"))).exp();
            let drift = f64::from_bits(of_now.load(Ordering::Relaxed));
            let time = Duration::from_secs_f64(MEDIAN * scatter * drift * (1.0 + effect));
            let reply = reply.clone();
            // A thread sleeps to a tenth of a millisecond; the runtime's clock would round to whole ones.
            async move {
                let _ = tokio::task::spawn_blocking(move || thread::sleep(time)).await;
                reply
            }
        });
        Ok(Self { server: StandIn::start(Api::Grpc, behaviour)?, drift })
    }

    pub fn url(&self) -> String {
        self.server.address("it").endpoint.to_string()
    }

    /// As if it were started anew.
    pub fn drift(&self, chance: &mut Xoshiro256PlusPlus) {
        let drift = 1.0 + DRIFT * (2.0 * share(chance) - 1.0);
        self.drift.store(drift.to_bits(), Ordering::Relaxed);
    }
}

fn share(chance: &mut Xoshiro256PlusPlus) -> f64 {
    (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Box and Muller's.
fn normal(chance: &mut Xoshiro256PlusPlus) -> f64 {
    let (radius, turn) = ((-2.0 * (1.0 - share(chance)).ln()).sqrt(), std::f64::consts::TAU * share(chance));
    radius * turn.cos()
}
