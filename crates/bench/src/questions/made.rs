//! Records with known effects, made for tests: what is put in is what the questions have to find.

use std::collections::BTreeMap;

use crate::{
    chance::Chance,
    experiment::{Arrivals, Build, Cells, Experiment, Load, Model, PictureFile, Pictures, Repetitions, Server},
    record::{Call, Cell, Environment, Outcome, Plate, Point, PointLoad, Record, SelfCheck, Summary},
};

/// A time is `base_ms` + megapixels x the format's cost, times the server's factor, times what chance adds at each level.
#[derive(Clone)]
pub struct Made {
    pub seed: u64,
    pub pictures: u32,
    pub restarts: u32,
    pub calls: u32,
    pub sizes: Vec<u32>,
    pub formats: Vec<&'static str>,
    pub qualities: Vec<u8>,
    pub base_ms: f64,
    /// Milliseconds a megapixel of JPEG takes; PNG `png` times that.
    pub per_megapixel: f64,
    pub png: f64,
    /// Name, factor, build flags.
    pub servers: Vec<(&'static str, f64, Option<&'static str>)>,
    /// Standard deviations of logarithms: of a call, of a picture, of a start for all servers, of a start for each.
    pub noise: f64,
    pub picture: f64,
    pub start: f64,
    pub own_start: f64,
    /// The share of pictures whose best class changes: at this size or below, or at this quality or below.
    pub lost: fn(&Cell) -> f64,
    pub labels: bool,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            seed: 1,
            pictures: 24,
            restarts: 3,
            calls: 5,
            sizes: vec![1024, 512, 128],
            formats: vec!["jpeg", "png"],
            qualities: vec![75],
            base_ms: 20.0,
            per_megapixel: 10.0,
            png: 8.0,
            servers: vec![("slow", 1.10, Some("standard")), ("fast", 1.0, Some("optimized"))],
            noise: 0.15,
            picture: 0.2,
            start: 0.02,
            own_start: 0.005,
            lost: |_| 0.0,
            labels: false,
        }
    }
}

impl Made {
    /// Only as much as questions about servers need.
    pub fn small() -> Self {
        Self { sizes: vec![512, 128], formats: vec!["jpeg"], ..Self::default() }
    }

    pub fn record(&self) -> Record {
        let mut chance = Chance::new(self.seed);
        let plates: Vec<Plate> = (0..self.pictures).flat_map(|picture| self.plates(picture)).collect();
        let heights: Vec<f64> = (0..self.pictures).map(|_| (self.picture * chance.normal()).exp()).collect();
        let mut calls = Vec::new();
        for restart in 0..self.restarts {
            let all = (self.start * chance.normal()).exp();
            for (server, (_, factor, _)) in self.servers.iter().enumerate() {
                let start = all * factor * (self.own_start * chance.normal()).exp();
                for plate in &plates {
                    let expected = start * heights[plate.cell.picture as usize] * self.expected(plate);
                    for call in 0..self.calls {
                        let total_ms = expected * (self.noise * chance.normal()).exp();
                        let cell = plate.cell.clone();
                        let outcome = if call == 0 { self.answer(&cell) } else { Outcome::Same };
                        let (serialize_ms, server_ms) = (0.1, Some(0.9 * total_ms));
                        calls.push(Call {
                            restart,
                            server: server as u32,
                            cell,
                            total_ms,
                            serialize_ms,
                            server_ms,
                            outcome,
                        });
                    }
                }
            }
        }
        let self_check = SelfCheck {
            api: "grpc".to_owned(),
            p50_us: 200.0,
            p99_us: 400.0,
            most_per_second: 5e3,
            lag_p99_us: 90.0,
            wrong: 0,
        };
        Record {
            experiment: self.experiment(),
            begun: "2026-11-27T12:00:00Z".to_owned(),
            environment: vec![Environment::default()],
            self_checks: vec![self_check],
            plates,
            calls,
            points: Vec::new(),
            counters: Vec::new(),
            ended: Some("2026-11-27T12:10:00Z".to_owned()),
        }
    }

    fn expected(&self, plate: &Plate) -> f64 {
        let cost = match plate.cell.format.as_str() {
            "png" => self.png,
            "pixels" => 0.0,
            _ => 1.0,
        };
        self.base_ms + cost * self.per_megapixel * f64::from(plate.width) * f64::from(plate.height) / 1e6
    }

    /// The original, a JPEG of 1500x1000, and its derivatives.
    fn plates(&self, picture: u32) -> Vec<Plate> {
        let mut cells = vec![(None, "jpeg", None)];
        for size in &self.sizes {
            for format in &self.formats {
                if *format == "jpeg" {
                    cells.extend(self.qualities.iter().map(|quality| (Some(*size), *format, Some(*quality))));
                } else {
                    cells.push((Some(*size), *format, None));
                }
            }
        }
        let plate = |(size, format, quality): (Option<u32>, &str, Option<u8>)| {
            let width = size.unwrap_or(1500).min(1500);
            let height = width * 2 / 3;
            let each = match format {
                "png" => 1.2,
                "pixels" => 3.0,
                _ => f64::from(quality.unwrap_or(95)) / 500.0,
            };
            Plate {
                cell: Cell { picture, size, format: format.to_owned(), quality },
                name: format!("{picture}.jpg"),
                label: self.labels.then(|| "cat".to_owned()),
                width,
                height,
                bytes: (each * f64::from(width * height)) as u64,
                decode_ms: (format != "pixels").then(|| each * f64::from(width * height) / 1e5),
                encode_ms: None,
                same_as: None,
            }
        };
        cells.into_iter().map(plate).collect()
    }

    /// The first pictures are those whose class is lost.
    fn answer(&self, cell: &Cell) -> Outcome {
        let lost = f64::from(cell.picture) < (self.lost)(cell) * f64::from(self.pictures);
        let best = if lost { "dog" } else { "cat" };
        Outcome::Classes(
            [best, "lynx", "fox", "wolf", "hare"]
                .iter()
                .zip([5.0, 4.0, 3.0, 2.0, 1.0])
                .map(|(class, score)| ((*class).to_owned(), score))
                .collect(),
        )
    }

    fn experiment(&self) -> Experiment {
        let file = |at: u32| PictureFile {
            path: format!("{at}.jpg").into(),
            sha256: String::new(),
            label: self.labels.then(|| "cat".to_owned()),
        };
        let server = |(name, _, flags): &(&str, f64, Option<&str>)| Server {
            name: (*name).to_owned(),
            address: "grpc://127.0.0.1:9000".to_owned(),
            facts: BTreeMap::new(),
            build: flags.map(|flags| Build {
                device: "cpu".to_owned(),
                flags: flags.to_owned(),
                cpus: None,
                simulated: false,
            }),
        };
        let text = |text: &str| text.to_owned();
        Experiment {
            seed: self.seed,
            model: Model {
                name: text("m"),
                version: None,
                signature: text("predict_images"),
                input: text("images"),
                classes: text("classes"),
                scores: text("scores"),
                pixels: None,
            },
            servers: self.servers.iter().map(server).collect(),
            pictures: Pictures::Files((0..self.pictures).map(file).collect()),
            cells: Cells {
                sizes: self.sizes.clone(),
                formats: self.formats.iter().map(|format| text(format)).collect(),
                qualities: self.qualities.clone(),
            },
            repetitions: Repetitions { restarts: self.restarts, calls: self.calls, warm_up: 5 },
            load: None,
            margin: 0.05,
        }
    }
}

/// A record with load on one server alone: latency of an M/M/1 queue that can do `capacity` calls a second, which does not
/// answer what is beyond it.
pub fn under_load(capacity: f64, rates: &[f64], slo_ms: Option<f64>) -> Record {
    let mut record = Made { servers: vec![("only", 1.0, None)], pictures: 2, ..Made::small() }.record();
    let arrivals = vec![Arrivals::Poisson];
    record.experiment.load =
        Some(Load { concurrency: vec![1, 4], rates: rates.to_vec(), arrivals, seconds: 10.0, slo_ms });
    for restart in 0..3 {
        for (concurrency, share) in [(1, 0.4), (4, 1.0)] {
            record.points.push(point(
                restart,
                PointLoad::Closed { concurrency },
                capacity * share * (1.0 + 0.01 * f64::from(restart)),
                20.0,
                0,
            ));
        }
        for rate in rates {
            let load = PointLoad::Open { per_second: capacity * rate, arrivals: Arrivals::Poisson };
            let (answered, p99) = if *rate < 1.0 { (capacity * rate, 30.0 / (1.0 - rate)) } else { (capacity, 5000.0) };
            let dropped = ((capacity * rate - answered) * 10.0).round() as u64;
            record.points.push(point(restart, load, answered, p99, dropped));
        }
    }
    record
}

fn point(restart: u32, load: PointLoad, per_second: f64, p99: f64, dropped: u64) -> Point {
    let answered = (per_second * 10.0).round() as u64;
    Point {
        restart,
        server: 0,
        load,
        seconds: 10.0,
        sent: answered,
        answered,
        failed: BTreeMap::new(),
        late: 0,
        dropped,
        bytes: 1000 * answered,
        latency: Summary { mean: p99 / 4.0, p50: p99 / 5.0, p90: p99 / 2.0, p95: p99 / 1.5, p99, max: 2.0 * p99 },
        lag: Summary::default(),
        histogram: String::new(),
    }
}
