//! Load as plots: throughput and latency over callers, latency over what is offered.

use super::{Stairs, Step, rate};
use crate::{
    experiment::Arrivals,
    questions::{evidence::Evidence, words},
    record::Point,
    verdict::{At, Axis, Kind, Line, Plot, Series, X},
};

pub fn arrivals(arrivals: Option<Arrivals>) -> &'static str {
    match arrivals {
        Some(Arrivals::Poisson) => "poisson",
        _ => "constant",
    }
}

pub fn all(evidence: &Evidence<'_>, closed: &[&Stairs<'_>], open: &[&Stairs<'_>]) -> Vec<Plot> {
    let mut plots = Vec::new();
    if !closed.is_empty() {
        plots.push(throughput(evidence, closed));
        plots.push(latency(evidence, closed));
    }
    if !open.is_empty() {
        plots.push(offered(evidence, open));
    }
    plots
}

/// One point a step, with what was lost in its note.
fn points(stairs: &Stairs<'_>, at: impl Fn(&Step<'_>) -> At) -> Vec<At> {
    let lost = |step: &Step<'_>| {
        let sum = |count: fn(&Point) -> u64| step.points.iter().map(|point| count(point)).sum::<u64>();
        let (sent, answered) = (sum(|point| point.sent), sum(|point| point.answered));
        let (failed, late, dropped) =
            (sum(|point| point.failed.values().sum()), sum(|point| point.late), sum(|point| point.dropped));
        format!("{sent} sent, {answered} answered, {failed} failed, {late} late, {dropped} never sent")
    };
    stairs.steps.iter().map(|step| At { note: Some(lost(step)), ..at(step) }).collect()
}

fn series(name: String, stairs: &Stairs<'_>, at: impl Fn(&Step<'_>) -> At) -> Series {
    Series { name, kind: Kind::Line, server: Some(stairs.server), points: points(stairs, at) }
}

fn plot(id: &str, title: &str, caption: &str, (x, y): (Axis, Axis), series: Vec<Series>) -> Plot {
    let (id, title, caption) = (id.to_owned(), title.to_owned(), caption.to_owned());
    Plot { id, title, caption, x, y, series, lines: Vec::new(), stacked: false }
}

fn throughput(evidence: &Evidence<'_>, closed: &[&Stairs<'_>]) -> Plot {
    let of = |stairs: &&Stairs<'_>| {
        series(evidence.name(stairs.server).to_owned(), stairs, |step| {
            words::at(X::Number(step.load), step.interval(rate))
        })
    };
    let caption = "Each caller waits for its answer before it asks again; the best of it is what the open loop's rates are shares of.";
    let axes = (words::axis("callers at once"), words::axis("answers a second"));
    plot("load-throughput", "Throughput", caption, axes, closed.iter().map(of).collect())
}

fn latency(evidence: &Evidence<'_>, closed: &[&Stairs<'_>]) -> Plot {
    let of = |stairs: &&Stairs<'_>| {
        let name = evidence.name(stairs.server);
        let at = |step: &Step<'_>, value: fn(&Point) -> f64| words::at(X::Number(step.load), step.interval(value));
        [
            series(format!("{name}, median"), stairs, |step| at(step, |point| point.latency.p50)),
            series(format!("{name}, 99 %"), stairs, |step| at(step, |point| point.latency.p99)),
        ]
    };
    let caption = "Beyond what a server can do at once, callers only wait for each other.";
    let axes = (words::axis("callers at once"), words::log_axis("ms"));
    plot("load-latency", "Latency of callers who wait", caption, axes, closed.iter().flat_map(of).collect())
}

fn offered(evidence: &Evidence<'_>, open: &[&Stairs<'_>]) -> Plot {
    let of = |stairs: &&Stairs<'_>| {
        let name = format!("{}, {}", evidence.name(stairs.server), arrivals(stairs.arrivals));
        series(name, stairs, |step| words::at(X::Number(step.load), step.interval(|point| point.latency.p99)))
    };
    let caption =
        "99th percentile of latency, counted from when a call was due. A server tips over where it leaves the line.";
    let axes = (words::axis("calls offered a second"), words::log_axis("ms, 99 %"));
    let mut plot = plot("load-offered", "Latency over offered load", caption, axes, open.iter().map(of).collect());
    let slo = evidence.record.experiment.load.as_ref().and_then(|load| load.slo_ms);
    plot.lines.extend(slo.map(|at| Line { horizontal: true, at, name: "wanted".to_owned() }));
    plot
}
