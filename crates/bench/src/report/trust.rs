//! What speaks for and against the measurements: what the generator can do, throttled servers, calls that failed.

use std::collections::BTreeMap;

use super::{html, html::Html, numbers, servers};
use crate::{
    experiment::Server,
    record::{Outcome, Record},
};

/// The three tables.
pub fn trust(record: &Record) -> Html {
    [
        Html::markup("<h3>The generator against a server that does no work</h3>"),
        self_checks(record),
        Html::markup("<h3>CPU time and throttling</h3>"),
        counters(record),
        Html::markup("<h3>Calls that failed</h3>"),
        failures(record),
    ]
    .into_iter()
    .collect()
}

fn self_checks(record: &Record) -> Html {
    if record.self_checks.is_empty() {
        return Html::markup("<p>Not measured.</p>");
    }
    let row = |check: &crate::record::SelfCheck| {
        vec![
            Html::text(&check.api),
            Html::text(numbers::value(check.p50_us, "µs")),
            Html::text(numbers::value(check.p99_us, "µs")),
            Html::text(numbers::value(check.most_per_second, "1/s")),
            Html::text(numbers::value(check.lag_p99_us, "µs")),
            Html::text(numbers::count(check.wrong)),
        ]
    };
    let rows: Vec<Vec<Html>> = record.self_checks.iter().map(row).collect();
    let headers =
        ["Interface", "A call, median", "99th percentile", "Most calls", "Sent late, 99th percentile", "Wrong answers"];
    html::table("The generator against a server that does no work", &headers, &rows)
}

#[derive(Clone, Copy, Default)]
struct Sum {
    cpu_seconds: Option<f64>,
    throttled_periods: Option<u64>,
    throttled_seconds: Option<f64>,
}

fn counters(record: &Record) -> Html {
    // `None`, the generator, comes last.
    let mut sums: BTreeMap<(bool, Option<u32>), Sum> = BTreeMap::new();
    for one in &record.counters {
        let sum = sums.entry((one.server.is_none(), one.server)).or_default();
        sum.cpu_seconds = one.cpu_seconds.map_or(sum.cpu_seconds, |more| Some(sum.cpu_seconds.unwrap_or(0.0) + more));
        sum.throttled_periods =
            one.throttled_periods.map_or(sum.throttled_periods, |more| Some(sum.throttled_periods.unwrap_or(0) + more));
        sum.throttled_seconds = one
            .throttled_seconds
            .map_or(sum.throttled_seconds, |more| Some(sum.throttled_seconds.unwrap_or(0.0) + more));
    }
    if sums.is_empty() {
        return Html::markup("<p>No server's counters could be read.</p>");
    }
    let told = |value: Option<String>| Html::text(value.unwrap_or_else(|| String::from("not known")));
    let row = |(&(_, server), sum): (&(bool, Option<u32>), &Sum)| {
        vec![
            server.map_or_else(|| Html::text("the generator"), |at| who(at, &record.experiment.servers)),
            told(sum.cpu_seconds.map(|seconds| numbers::value(seconds, "s"))),
            told(sum.throttled_periods.map(numbers::count)),
            told(sum.throttled_seconds.map(|seconds| numbers::value(seconds, "s"))),
        ]
    };
    let rows: Vec<Vec<Html>> = sums.iter().map(row).collect();
    html::table("CPU time and throttling", &["Whose", "CPU time", "Throttled periods", "Throttled for"], &rows)
}

/// How often a server failed in one way, and the words of the first time.
#[derive(Default)]
struct Failure {
    grid: u64,
    load: u64,
    words: String,
}

fn failures(record: &Record) -> Html {
    let mut failures: BTreeMap<(u32, &str), Failure> = BTreeMap::new();
    for call in &record.calls {
        if let Outcome::Failed { code, message } = &call.outcome {
            let failure = failures.entry((call.server, code)).or_default();
            failure.grid += 1;
            if failure.words.is_empty() {
                failure.words.clone_from(message);
            }
        }
    }
    for point in &record.points {
        let others =
            [("no answer within the deadline", point.late), ("never sent: too many were under way", point.dropped)];
        let failed = point.failed.iter().map(|(code, number)| (code.as_str(), *number)).chain(others);
        for (code, number) in failed.filter(|(_, number)| *number > 0) {
            failures.entry((point.server, code)).or_default().load += number;
        }
    }
    if failures.is_empty() {
        return Html::markup("<p>None.</p>");
    }
    let row = |(&(server, code), failure): (&(u32, &str), &Failure)| {
        vec![
            who(server, &record.experiment.servers),
            Html::text(code),
            Html::text(numbers::count(failure.grid)),
            Html::text(numbers::count(failure.load)),
            Html::text(&failure.words),
        ]
    };
    let rows: Vec<Vec<Html>> = failures.iter().map(row).collect();
    html::table("Calls that failed", &["Server", "How", "One at a time", "Under load", "The first one's words"], &rows)
}

fn who(at: u32, known: &[Server]) -> Html {
    known
        .get(at as usize)
        .map_or_else(|| Html::text(format!("server {at}")), |server| servers::named(at as usize, server))
}

/// How many calls failed, of how many, in the grid and under load together.
pub fn failed_of_all(record: &Record) -> (u64, u64) {
    let failed = record.calls.iter().filter(|call| matches!(call.outcome, Outcome::Failed { .. })).count() as u64;
    let under_load: u64 =
        record.points.iter().map(|point| point.failed.values().sum::<u64>() + point.late + point.dropped).sum();
    let sent: u64 = record.points.iter().map(|point| point.sent + point.dropped).sum();
    (failed + under_load, record.calls.len() as u64 + sent)
}
