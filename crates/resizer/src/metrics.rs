//! What has happened so far, as Prometheus reads it. Nothing here is global: every service counts for itself.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::picture::Derived;

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct ByStatus {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct ByServer {
    server: String,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct ByCode {
    server: String,
    code: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct ByStep {
    step: &'static str,
}

/// The figures.
pub struct Metrics {
    registry: Registry,
    requests: Family<ByStatus, Counter>,
    in_work: Gauge,
    uploaded: Counter,
    cells: Family<ByCode, Counter>,
    cell_seconds: Family<ByServer, Histogram>,
    picture_seconds: Family<ByStep, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("resizer"),
            requests: Family::default(),
            in_work: Gauge::default(),
            uploaded: Counter::default(),
            cells: Family::default(),
            cell_seconds: Family::new_with_constructor(histogram),
            picture_seconds: Family::new_with_constructor(histogram),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Comparisons and batches by how they were answered", metrics.requests.clone());
        registry.register("uploads_in_work", "Uploads in work now", metrics.in_work.clone());
        registry.register_with_unit("uploaded", "Bytes of pictures received", Unit::Bytes, metrics.uploaded.clone());
        registry.register("cells", "Pictures that servers were asked for, by gRPC's code", metrics.cells.clone());
        let (cells, pictures) = (metrics.cell_seconds.clone(), metrics.picture_seconds.clone());
        registry.register_with_unit("cell", "Time of a cell, repeats included", Unit::Seconds, cells);
        registry.register_with_unit("picture", "Time of the picture pipeline by step", Unit::Seconds, pictures);
        metrics
    }

    /// A comparison begins; it is in work until this is dropped.
    pub fn begun(&self) -> InWork {
        self.in_work.inc();
        InWork(self.in_work.clone())
    }

    /// A picture has arrived.
    pub fn received(&self, bytes: usize) {
        self.uploaded.inc_by(bytes as u64);
    }

    /// A request was answered.
    pub fn answered(&self, route: &'static str, status: u16) {
        self.requests.get_or_create(&ByStatus { route, status }).inc();
    }

    /// A server was asked for a picture.
    pub(crate) fn asked(&self, server: &str, code: &'static str, took: Duration) {
        let server = server.to_owned();
        self.cell_seconds.get_or_create(&ByServer { server: server.clone() }).observe(took.as_secs_f64());
        self.cells.get_or_create(&ByCode { server, code }).inc();
    }

    /// Derivatives were made.
    pub(crate) fn derived(&self, derived: &Derived) {
        let step = |step, took: Duration| {
            self.picture_seconds.get_or_create(&ByStep { step }).observe(took.as_secs_f64());
        };
        step("decode", derived.original.decode);
        for derivative in derived.derivatives.iter().filter(|derivative| derivative.same_as.is_none()) {
            step("resize", derivative.resize);
            step("encode", derivative.encode);
        }
    }

    /// All figures as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn histogram() -> Histogram {
    // 1 ms to 65 s.
    Histogram::new(exponential_buckets(0.001, 2.0, 17))
}

/// Counts a comparison as in work.
pub struct InWork(Gauge);

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.dec();
    }
}
