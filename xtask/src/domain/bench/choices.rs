//! How much is measured: what somebody chose, and else what a full or a quick bench has.

use bench_protocol::experiment::{Arrivals, Cells, Load, Repetitions};

/// What the command line says; nothing, or an empty list, leaves the choice here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices {
    pub quick: bool,
    pub sizes: Vec<u32>,
    pub formats: Vec<String>,
    pub qualities: Vec<u8>,
    pub repetitions: Option<u32>,
    pub restarts: Option<u32>,
    pub no_load: bool,
    pub concurrency: Vec<u32>,
    pub rates: Vec<f64>,
    pub seconds: Option<f64>,
    pub slo_ms: Option<f64>,
    pub margin: Option<f64>,
    pub seed: Option<u64>,
}

/// What is measured of any servers.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    pub seed: u64,
    pub cells: Cells,
    pub repetitions: Repetitions,
    pub load: Option<Load>,
    pub margin: f64,
    /// Where none are named.
    pub generated: u32,
}

/// Large enough that every usual derivative is smaller.
pub const GENERATED: (u32, u32) = (2400, 1800);

impl Design {
    pub fn of(choices: &Choices) -> Self {
        let quick = choices.quick;
        let or = |list: &[u32], full: &[u32], few: &[u32]| match list {
            [] if quick => few.to_vec(),
            [] => full.to_vec(),
            chosen => chosen.to_vec(),
        };
        let formats = if choices.formats.is_empty() {
            ["jpeg", "png"].map(String::from).to_vec()
        } else {
            choices.formats.clone()
        };
        let has_jpeg = formats.iter().any(|format| format == "jpeg");
        let qualities = match choices.qualities.as_slice() {
            _ if !has_jpeg => Vec::new(),
            [] if quick => vec![75],
            [] => vec![75, 90],
            chosen => chosen.to_vec(),
        };
        let load = Load {
            concurrency: or(&choices.concurrency, &[1, 2, 4, 8], &[1, 2]),
            rates: match choices.rates.as_slice() {
                [] if quick => vec![0.7],
                [] => vec![0.5, 0.7, 0.9, 1.1],
                chosen => chosen.to_vec(),
            },
            arrivals: if quick { vec![Arrivals::Poisson] } else { vec![Arrivals::Constant, Arrivals::Poisson] },
            seconds: choices.seconds.unwrap_or(if quick { 1.0 } else { 5.0 }),
            slo_ms: choices.slo_ms,
        };
        Self {
            seed: choices.seed.unwrap_or(1),
            cells: Cells { sizes: or(&choices.sizes, &[2048, 1024, 512, 256, 128], &[512, 128]), formats, qualities },
            repetitions: Repetitions {
                restarts: choices.restarts.unwrap_or(if quick { 1 } else { 3 }),
                calls: choices.repetitions.unwrap_or(if quick { 3 } else { 5 }),
                warm_up: if quick { 2 } else { 5 },
            },
            load: (!choices.no_load).then_some(load),
            margin: choices.margin.unwrap_or(0.05),
            generated: if quick { 1 } else { 3 },
        }
    }

    /// Forms of one picture: itself, and what is made of it.
    pub fn forms(&self) -> u64 {
        let Cells { sizes, formats, qualities } = &self.cells;
        let kinds: usize = formats.iter().map(|format| if format == "jpeg" { qualities.len() } else { 1 }).sum();
        1 + (sizes.len() * kinds) as u64
    }

    /// Calls of one picture to one server, without those of load and to warm up.
    pub fn calls(&self) -> u64 {
        self.forms() * u64::from(self.repetitions.restarts) * u64::from(self.repetitions.calls)
    }

    /// Seconds of load on one server.
    pub fn load_seconds(&self) -> f64 {
        let points = |load: &Load| load.concurrency.len() + load.rates.len() * load.arrivals.len();
        let one = self.load.as_ref().map_or(0.0, |load| points(load) as f64 * load.seconds);
        one * f64::from(self.repetitions.restarts)
    }
}
