//! What a reader should know before believing: everything in a record that makes its numbers worth less than they look.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    experiment::Pictures,
    questions::{
        evidence::{Evidence, Form},
        words,
    },
    record::SelfCheck,
    statistics::quantile,
};

/// Calls may be sent this much later than they were due before it is said, microseconds.
const LAG_US: f64 = 1000.0;

/// Of a call's time, the share that may be this program's own before it is said.
const OWN_SHARE: f64 = 0.1;

/// Of questions about times of calls.
pub fn of_times(evidence: &Evidence<'_>) -> Vec<String> {
    let mut said = of_calls(evidence);
    said.extend(starts(evidence));
    said.extend(measured_once(evidence));
    said.extend(own_time(evidence));
    said.extend(of_machine(evidence));
    said
}

/// Of questions about answers.
pub fn of_answers(evidence: &Evidence<'_>) -> Vec<String> {
    let mut said = of_calls(evidence);
    if let Pictures::Generated { .. } = evidence.record.experiment.pictures {
        said.push("The pictures were generated: how answers to them hold says little about photographs.".to_owned());
    }
    said.extend(evidence.servers().filter_map(|server| changed(evidence, server)));
    said.extend(evidence.record.self_checks.iter().filter_map(wrong));
    said
}

/// Of questions about load.
pub fn of_load(evidence: &Evidence<'_>) -> Vec<String> {
    let mut said: Vec<String> = interrupted(evidence).into_iter().collect();
    let starts: BTreeSet<u32> = evidence.record.points.iter().map(|point| point.restart).collect();
    if starts.len() == 1 {
        said.push(one_start().to_owned());
    }
    let late = evidence.record.points.iter().map(|point| point.lag.p99).fold(0.0, f64::max);
    if late * 1000.0 > LAG_US {
        said.push(format!(
            "Under load calls were sent up to {} ms late (99th percentile); that is in the latencies.",
            words::number(late)
        ));
    }
    said.extend(of_machine(evidence));
    said
}

fn of_calls(evidence: &Evidence<'_>) -> Vec<String> {
    let mut said: Vec<String> = interrupted(evidence).into_iter().collect();
    said.extend(evidence.servers().filter_map(|server| failed(evidence, server)));
    if evidence.pictures().len() == 1 {
        said.push("There was one picture: what differs from picture to picture is in no interval.".to_owned());
    }
    said
}

fn interrupted(evidence: &Evidence<'_>) -> Option<String> {
    let said = "The run did not reach its end: what is here is what was measured until then.";
    evidence.record.ended.is_none().then(|| said.to_owned())
}

/// Failures of forms that a server answers at times; those it never answers are refused, which is told by itself.
fn failed(evidence: &Evidence<'_>, server: u32) -> Option<String> {
    let refused: BTreeSet<Form> = refused(evidence, server).into_iter().map(|(form, _)| form).collect();
    let (mut calls, mut codes) = (0, BTreeMap::<&str, usize>::new());
    for (_, cell, starts) in evidence.asked().filter(|(asked, ..)| *asked == server) {
        for asked in starts.values().filter(|_| !refused.contains(&Form::of(cell))) {
            calls += asked.calls.len() + asked.failures.len();
            asked.failures.iter().for_each(|(code, _)| *codes.entry(code).or_default() += 1);
        }
    }
    let failed: usize = codes.values().sum();
    let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{count} {code}")).collect();
    (failed > 0).then(|| {
        let percent = words::percentage(100.0 * failed as f64 / calls as f64);
        let name = evidence.name(server);
        format!(
            "{name}: {failed} of {calls} calls ({percent} %) failed, {}; times are of the others.",
            words::list(&codes)
        )
    })
}

/// Forms of which a server answered nothing, each with what it said.
pub fn refused(evidence: &Evidence<'_>, server: u32) -> Vec<(Form, String)> {
    let mut forms: BTreeMap<Form, (bool, Option<String>)> = BTreeMap::new();
    for (_, cell, starts) in evidence.asked().filter(|(asked, ..)| *asked == server) {
        let (answered, said) = forms.entry(Form::of(cell)).or_default();
        for asked in starts.values() {
            *answered |= !asked.calls.is_empty();
            *said = said.take().or_else(|| asked.failures.first().map(|(code, message)| format!("{code}: {message}")));
        }
    }
    forms
        .into_iter()
        .filter(|(_, (answered, _))| !answered)
        .filter_map(|(form, (_, said))| Some((form, said?)))
        .collect()
}

fn changed(evidence: &Evidence<'_>, server: u32) -> Option<String> {
    let cells: Vec<_> = evidence.asked().filter(|(asked, ..)| *asked == server).collect();
    let changed = cells.iter().filter(|(_, _, starts)| {
        let answers: Vec<_> = starts.values().filter_map(|asked| asked.answer).collect();
        starts.values().any(|asked| asked.changed > 0) || answers.windows(2).any(|pair| pair[0] != pair[1])
    });
    let changed = changed.count();
    let name = evidence.name(server);
    let derivatives = words::count(cells.len(), "derivative");
    (changed > 0).then(|| {
        format!("{name} did not always give the same answer to the same bytes: for {changed} of {derivatives}.")
    })
}

fn one_start() -> &'static str {
    "Servers were measured in one start: what differs from start to start is in no interval."
}

fn starts(evidence: &Evidence<'_>) -> Option<String> {
    let starts: BTreeSet<u32> = evidence.record.calls.iter().map(|call| call.restart).collect();
    if starts.len() == 1 {
        return Some(one_start().to_owned());
    }
    let reconnected = facts(evidence, "between restarts").any(|fact| fact.contains("connection"));
    let said = "Servers were not started anew between repetitions, only connected to anew: what differs from start to start is in no interval.";
    (reconnected && starts.len() > 1).then(|| said.to_owned())
}

fn measured_once(evidence: &Evidence<'_>) -> Option<String> {
    let equal: Vec<_> = evidence.record.plates.iter().filter(|plate| plate.same_as.is_some()).collect();
    let pictures: BTreeSet<u32> = equal.iter().map(|plate| plate.cell.picture).collect();
    let (plates, pictures) = (words::count(equal.len(), "derivative"), words::count(pictures.len(), "picture"));
    let said = format!(
        "{plates} of {pictures} equal that of a larger box, as the picture is smaller than both: they were measured once, under the larger size."
    );
    (!equal.is_empty()).then_some(said)
}

/// What calls cost without a server's work, beside what they take with it.
fn own_time(evidence: &Evidence<'_>) -> Vec<String> {
    let checks = &evidence.record.self_checks;
    let mut said: Vec<String> = checks.iter().filter_map(wrong).collect();
    for server in evidence.servers() {
        let address = &evidence.record.experiment.servers[server as usize].address;
        let api = if address.starts_with("http") { "rest" } else { "grpc" };
        let calls = evidence.record.calls.iter().filter(|call| call.server == server).map(|call| call.total_ms);
        let (Some(check), Some(median)) = (checks.iter().find(|check| check.api == api), quantile::median(calls))
        else {
            continue;
        };
        let own = check.p50_us / 1000.0 / median;
        if own > OWN_SHARE {
            let percent = words::percentage(100.0 * own);
            said.push(format!(
                "{}: {percent} % of a call's time are spent without any work of the server.",
                evidence.name(server)
            ));
        }
    }
    said
}

fn wrong(check: &SelfCheck) -> Option<String> {
    let SelfCheck { api, wrong, .. } = check;
    let said = format!(
        "{wrong} calls to a {api} server that does nothing were not answered as they should be: nothing here is worth much."
    );
    (*wrong > 0).then_some(said)
}

fn of_machine(evidence: &Evidence<'_>) -> Vec<String> {
    let mut said = throttled(evidence);
    for check in evidence.record.self_checks.iter().filter(|check| check.lag_p99_us > LAG_US) {
        let lag = words::number(check.lag_p99_us / 1000.0);
        said.push(format!(
            "Without a server's work, too, calls over {} were sent up to {lag} ms late: this machine was busy.",
            check.api
        ));
    }
    let cores = facts(evidence, "cores").filter_map(|fact| first_number(fact)).fold(f64::INFINITY, f64::min);
    let load = facts(evidence, "load average").filter_map(|fact| first_number(fact)).fold(0.0, f64::max);
    if load > cores {
        let (load, cores) = (words::number(load), words::number(cores));
        said.push(format!("The machine was busy with other work: a load average of {load} on {cores} cores when the run began or went on."));
    }
    said
}

fn throttled(evidence: &Evidence<'_>) -> Vec<String> {
    let mut periods: BTreeMap<Option<u32>, (u64, f64)> = BTreeMap::new();
    for counters in &evidence.record.counters {
        let sum = periods.entry(counters.server).or_default();
        sum.0 += counters.throttled_periods.unwrap_or(0);
        sum.1 += counters.throttled_seconds.unwrap_or(0.0);
    }
    let throttled = periods.into_iter().filter(|(_, (periods, _))| *periods > 0);
    let said = throttled.map(|(server, (periods, seconds))| {
        let who = server.map_or("This program", |server| evidence.name(server));
        let seconds = words::number(seconds);
        format!("{who} was held back in {periods} scheduler periods, {seconds} s in all: its limit of CPU is part of its times.")
    });
    said.collect()
}

/// Values of that fact, each time the run began or went on.
fn facts<'a>(evidence: &Evidence<'a>, name: &'a str) -> impl Iterator<Item = &'a String> {
    evidence.record.environment.iter().filter_map(move |environment| environment.facts.get(name))
}

fn first_number(fact: &str) -> Option<f64> {
    fact.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find_map(|part| part.parse().ok())
}
