//! How much load a server stands: throughput of callers who wait, latency of callers who do not, and where it tips over.

mod plots;

use std::collections::BTreeMap;

use crate::{
    experiment::Arrivals,
    questions::{cautions, evidence::Evidence, not_measured, words},
    record::{Point, PointLoad},
    statistics::{Interval, quantile, student},
    verdict::{Answered, Finding, State},
};

const ID: &str = "load";
const QUESTION: &str = "How much load does a server stand?";

/// Of calls that were due, the share that has to be answered in time.
const ANSWERED: f64 = 0.99;

/// How many times the 99th percentile at the lowest load a server may take before it has tipped over.
const TIPPED: f64 = 3.0;

/// A 99th percentile of fewer answers than this is the place of one or two calls.
const ENOUGH: u64 = 500;

/// The same load in every start.
struct Step<'a> {
    /// Concurrency, or calls a second.
    load: f64,
    /// One of each start.
    points: Vec<&'a Point>,
}

/// Steps of one server and one kind of load, lowest first.
struct Stairs<'a> {
    server: u32,
    arrivals: Option<Arrivals>,
    steps: Vec<Step<'a>>,
}

pub fn answer(evidence: &Evidence<'_>) -> Answered {
    let stairs = stairs(evidence);
    if stairs.is_empty() {
        let why = "Not measured: servers were not put under load. Leave `--no-load` out.";
        return not_measured(ID, QUESTION, why.to_owned());
    }
    let (closed, open): (Vec<&Stairs<'_>>, Vec<&Stairs<'_>>) =
        stairs.iter().partition(|stairs| stairs.arrivals.is_none());
    let throughputs: Vec<Finding> = closed.iter().filter_map(|stairs| throughput(evidence, stairs)).collect();
    let knees: Vec<Finding> = open.iter().map(|stairs| knee(evidence, stairs)).collect();
    let wanted: Vec<Finding> = open.iter().filter_map(|stairs| wanted(evidence, stairs)).collect();
    let state = if knees.iter().any(|knee| knee.state == State::Effect) {
        State::Effect
    } else if !knees.is_empty() && knees.iter().all(|knee| knee.state == State::None) {
        State::None
    } else {
        State::Open
    };
    let lost = lost(evidence);
    let first =
        |findings: &[Finding]| findings.iter().map(|finding| finding.words.clone()).collect::<Vec<_>>().join(" ");
    let parts = [first(&throughputs), first(&knees), first(&wanted), lost];
    let mut cautions = cautions::of_load(evidence);
    cautions.extend(few(evidence));
    Answered {
        id: ID.to_owned(),
        question: QUESTION.to_owned(),
        verdict: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        state,
        findings: throughputs.into_iter().chain(knees).chain(wanted).chain(histograms(evidence)).collect(),
        plots: plots::all(evidence, &closed, &open),
        cautions,
    }
}

/// Rates may differ a little between starts, as they are shares of each start's throughput: the first of one start is the
/// same step as the first of another.
fn stairs<'a>(evidence: &Evidence<'a>) -> Vec<Stairs<'a>> {
    type Starts<'a> = BTreeMap<u32, Vec<(f64, &'a Point)>>;
    let mut kinds: BTreeMap<(u32, Option<bool>), Starts<'_>> = BTreeMap::new();
    for point in &evidence.record.points {
        let (kind, load) = match point.load {
            PointLoad::Closed { concurrency } => (None, f64::from(concurrency)),
            PointLoad::Open { per_second, arrivals } => (Some(arrivals == Arrivals::Poisson), per_second),
        };
        kinds.entry((point.server, kind)).or_default().entry(point.restart).or_default().push((load, point));
    }
    let stairs = kinds.into_iter().map(|((server, kind), mut starts)| {
        starts.values_mut().for_each(|points| points.sort_by(|a, b| a.0.total_cmp(&b.0)));
        let most = starts.values().map(Vec::len).max().unwrap_or(0);
        let step = |at: usize| {
            let points: Vec<_> = starts.values().filter_map(|points| points.get(at)).collect();
            let load = points.iter().map(|(load, _)| load).sum::<f64>() / points.len() as f64;
            Step { load, points: points.into_iter().map(|(_, point)| *point).collect() }
        };
        let arrivals = kind.map(|poisson| if poisson { Arrivals::Poisson } else { Arrivals::Constant });
        Stairs { server, arrivals, steps: (0..most).map(step).collect() }
    });
    stairs.collect()
}

impl Step<'_> {
    /// The mean of starts with Student's interval; of one start the value alone.
    fn interval(&self, value: impl Fn(&Point) -> f64) -> Interval {
        let values: Vec<f64> = self.points.iter().map(|point| value(point)).collect();
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        if count < 2 {
            return Interval { value: mean, low: mean, high: mean };
        }
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
        let half = student::quantile(count - 1) * (variance / count as f64).sqrt();
        Interval { value: mean, low: (mean - half).max(0.0), high: mean + half }
    }

    /// Milliseconds.
    fn p99(&self) -> f64 {
        quantile::median(self.points.iter().map(|point| point.latency.p99)).unwrap_or(f64::INFINITY)
    }

    /// Whether every start answered what was due, dropped nothing, and kept its 99th percentile within `p99_ms`.
    fn holds(&self, p99_ms: f64) -> Vec<bool> {
        let holds = |point: &&Point| {
            let due = point.sent + point.dropped;
            let answered = point.answered as f64 >= ANSWERED * due as f64 && due > 0;
            answered && point.dropped == 0 && point.latency.p99 <= p99_ms
        };
        self.points.iter().map(holds).collect()
    }
}

fn rate(point: &Point) -> f64 {
    if point.seconds > 0.0 { point.answered as f64 / point.seconds } else { 0.0 }
}

fn throughput(evidence: &Evidence<'_>, stairs: &Stairs<'_>) -> Option<Finding> {
    let found = stairs.steps.iter().map(|step| (step, step.interval(rate)));
    let (best, found) = found.max_by(|a, b| a.1.value.total_cmp(&b.1.value))?;
    let name = evidence.name(stairs.server);
    let p99 = words::number(best.p99());
    let interval = if best.points.len() > 1 {
        words::with_unit(found, "calls a second")
    } else {
        format!("{} calls a second in one start", words::number(found.value))
    };
    Some(Finding {
        key: format!("load/throughput/{name}"),
        words: format!("{name} answers {interval} to {} callers at once, 99 % of them within {p99} ms.", best.load),
        value: found.value,
        low: found.low,
        high: found.high,
        unit: "1/s".to_owned(),
        state: State::Told,
    })
}

/// How many steps hold from the lowest on, in every start; and in any start.
fn held(stairs: &Stairs<'_>, p99_ms: f64) -> (usize, usize) {
    let holds: Vec<Vec<bool>> = stairs.steps.iter().map(|step| step.holds(p99_ms)).collect();
    let all = holds.iter().take_while(|starts| starts.iter().all(|holds| *holds)).count();
    let any = holds.iter().take_while(|starts| starts.iter().any(|holds| *holds)).count();
    (all, any)
}

/// The load at `held` steps, from what every start held to what any did.
fn load_at(stairs: &Stairs<'_>, (all, any): (usize, usize)) -> Interval {
    let load = |held: usize| held.checked_sub(1).map_or(0.0, |at| stairs.steps[at].load);
    Interval { value: load(all), low: load(all), high: load(any) }
}

/// The highest rate up to which a server holds: it answers 99 % of what is due within the deadline, drops nothing, and its
/// 99th percentile stays below three times that at the lowest rate; at every rate up to there, in every start. `high` is
/// where some start still held.
fn knee(evidence: &Evidence<'_>, stairs: &Stairs<'_>) -> Finding {
    let lowest = stairs.steps.first().map_or(0.0, Step::p99);
    let held = held(stairs, TIPPED * lowest);
    let found = load_at(stairs, held);
    let (name, arrivals) = (evidence.name(stairs.server), plots::arrivals(stairs.arrivals));
    let next = stairs.steps.get(held.0).map(|step| step.load);
    let run = if stairs.steps.iter().all(|step| step.points.len() == 1) { ", in this run" } else { "" };
    let (state, said) = match (held.0, next) {
        (0, _) => (
            State::Effect,
            format!("stands not even the lowest load, {} calls a second", next.map_or_else(String::new, words::number)),
        ),
        (_, None) => (
            State::None,
            format!("stands all that it was offered, up to {} calls a second", words::number(found.value)),
        ),
        (_, Some(next)) if held.1 > held.0 => (
            State::Open,
            format!(
                "stands {} calls a second in every start, and {} in some",
                words::number(found.value),
                words::number(next)
            ),
        ),
        (_, Some(next)) => (
            State::Effect,
            format!(
                "stands {} calls a second, and tips over before {}",
                words::number(found.value),
                words::number(next)
            ),
        ),
    };
    Finding {
        key: format!("load/knee/{arrivals}/{name}"),
        words: format!("With {arrivals} arrivals {name} {said}{run}."),
        value: found.value,
        low: found.low,
        high: found.high,
        unit: "1/s".to_owned(),
        state,
    }
}

/// The highest rate at which the latency that was wanted is kept.
fn wanted(evidence: &Evidence<'_>, stairs: &Stairs<'_>) -> Option<Finding> {
    let slo = evidence.record.experiment.load.as_ref()?.slo_ms?;
    let held = held(stairs, slo);
    let found = load_at(stairs, held);
    let (name, arrivals) = (evidence.name(stairs.server), plots::arrivals(stairs.arrivals));
    let said = match held.0 {
        0 => "is not kept at any load that was offered".to_owned(),
        all if all == stairs.steps.len() => {
            format!("is kept up to {} calls a second, the most that was offered", words::number(found.value))
        }
        _ => format!("is kept up to {} calls a second", words::number(found.value)),
    };
    Some(Finding {
        key: format!("load/slo/{arrivals}/{name}"),
        words: format!("{name}: {} ms for 99 % of calls with {arrivals} arrivals {said}.", words::number(slo)),
        value: found.value,
        low: found.low,
        high: found.high,
        unit: "1/s".to_owned(),
        state: State::Told,
    })
}

/// What was not answered: always said, also where it is nothing.
fn lost(evidence: &Evidence<'_>) -> String {
    let points = &evidence.record.points;
    let sum = |count: fn(&Point) -> u64| points.iter().map(count).sum::<u64>();
    let due = sum(|point| point.sent + point.dropped);
    let (failed, late, dropped) =
        (sum(|point| point.failed.values().sum()), sum(|point| point.late), sum(|point| point.dropped));
    match failed + late + dropped {
        0 => format!("All {due} calls under load were answered."),
        _ => format!(
            "Of {due} calls under load {failed} failed, {late} were not answered in time and {dropped} were never sent."
        ),
    }
}

fn few(evidence: &Evidence<'_>) -> Option<String> {
    let points = &evidence.record.points;
    let few = points.iter().filter(|point| point.answered < ENOUGH).count();
    let said = format!(
        "{few} of {} points of load have fewer than {ENOUGH} answers: a 99th percentile is then one of the few slowest calls.",
        points.len()
    );
    (few > 0).then_some(said)
}

/// What servers' own histograms say a call took on average under load, beside what callers saw.
fn histograms(evidence: &Evidence<'_>) -> Vec<Finding> {
    let of = |server: u32| {
        let counters = evidence.record.counters.iter();
        let counters =
            counters.filter(|counters| counters.server == Some(server) && counters.unit.starts_with("load/"));
        let (mut sum_us, mut count) = (0.0, 0.0);
        for (name, grown) in counters.flat_map(|counters| &counters.metrics) {
            match name.split('{').next() {
                Some(":tensorflow:serving:request_latency_sum") => sum_us += grown,
                Some(":tensorflow:serving:request_latency_count") => count += grown,
                _ => {}
            }
        }
        let own = (count > 0.0).then(|| sum_us / 1000.0 / count)?;
        let points = evidence.record.points.iter().filter(|point| point.server == server);
        let add = |(sum, count), point: &Point| {
            (sum + point.latency.mean * point.answered as f64, count + point.answered as f64)
        };
        let (seen_ms, seen) = points.fold((0.0, 0.0), add);
        let name = evidence.name(server);
        let (server_ms, caller_ms) = (words::number(own), words::number(seen_ms / f64::max(seen, 1.0)));
        Some(Finding {
            key: format!("load/own-time/{name}"),
            words: format!(
                "Under load {name} took {server_ms} ms for a call by its own count, where callers waited {caller_ms} ms from when the call was due (means of {} calls).",
                words::number(count)
            ),
            value: own,
            low: own,
            high: own,
            unit: "ms".to_owned(),
            state: State::Told,
        })
    };
    evidence.servers().filter_map(of).collect()
}
