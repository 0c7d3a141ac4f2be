//! Which server is faster: every pair on the same pictures in the same starts.

mod plots;

use std::collections::BTreeMap;

use crate::{
    experiment::Server,
    questions::{
        cautions,
        evidence::{self, Evidence, Pair, Time},
        not_measured, ratios,
        ratios::Compared,
        together, words,
    },
    statistics::{share, typical},
    verdict::{Answered, Finding, State},
};

const ID: &str = "servers";
const QUESTION: &str = "Do the servers differ in how long a call takes?";

pub fn answer(evidence: &Evidence<'_>) -> Answered {
    let measured: Vec<u32> = evidence.servers().filter(|server| evidence.cells(*server).next().is_some()).collect();
    if measured.len() < 2 {
        let why = "Not measured: there was one server. Give two or more, by `--server`, `--image` or `--target`.";
        let mut answered = not_measured(ID, QUESTION, format!("{why} {}", gpu(evidence)));
        answered.findings = measured.iter().filter_map(|server| median(evidence, *server)).collect();
        answered.plots = plots::all(evidence, &measured);
        answered.cautions = cautions::of_times(evidence);
        return answered;
    }
    let simulated = |server: &u32| is_simulated(&evidence.record.experiment.servers[*server as usize]);
    let pairs = measured.iter().enumerate().flat_map(|(at, a)| measured[at + 1..].iter().map(move |b| (*a, *b)));
    let (told_only, judged): (Vec<_>, Vec<_>) = pairs.partition(|(a, b)| simulated(a) || simulated(b));
    let compare = |pairs: &[(u32, u32)]| -> Vec<Compared> {
        pairs.iter().filter_map(|(a, b)| compare(evidence, "servers/ratio", *a, *b, evidence::total)).collect()
    };
    let (judged, told_only) = (compare(&judged), compare(&told_only));
    let mut findings = ratios::judged(&judged, evidence.margin());
    let state = together(findings.iter().map(|finding| finding.state));
    let verdict = verdict(evidence, &findings, &judged, state);
    findings.extend(told_only.iter().map(|compared| {
        let mut finding = ratios::finding(compared, State::NotMeasured);
        finding.words.push_str(" A GPU is simulated in it, so that this says nothing about GPUs.");
        finding
    }));
    findings.extend(measured.iter().filter_map(|server| median(evidence, *server)));
    findings.extend(measured.windows(2).filter_map(|pair| same_answers(evidence, pair[0], pair[1])));
    Answered {
        id: ID.to_owned(),
        question: QUESTION.to_owned(),
        verdict,
        state,
        findings,
        plots: plots::all(evidence, &measured),
        cautions: cautions::of_times(evidence),
    }
}

/// The ratio of the time of server `a` to that of `b` over all cells that both answered.
pub fn compare(evidence: &Evidence<'_>, key: &str, a: u32, b: u32, time: Time) -> Option<Compared> {
    let pairs: Vec<Pair<'_>> = evidence.cells(a).map(|cell| ((a, cell), (b, cell))).collect();
    let (first, second) = (evidence.name(a), evidence.name(b));
    let words = [format!("{first} takes"), format!("what {second} takes")];
    ratios::compared(evidence, format!("{key}/{first}/{second}"), words, &pairs, time)
}

pub fn is_simulated(server: &Server) -> bool {
    server.build.as_ref().is_some_and(|build| build.simulated)
}

fn verdict(evidence: &Evidence<'_>, findings: &[Finding], compared: &[Compared], state: State) -> String {
    let margin = words::percentage(100.0 * evidence.margin());
    let of = |state: State| findings.iter().filter(move |finding| finding.state == state);
    let (equal, open) = (of(State::None).count(), of(State::Open).count());
    let mut effects: Vec<&Finding> = of(State::Effect).collect();
    effects.sort_by(|a, b| b.value.ln().abs().total_cmp(&a.value.ln().abs()));
    let mut said: Vec<String> = effects.iter().take(2).map(|finding| finding.words.clone()).collect();
    let count = findings.len();
    match state {
        State::NotMeasured => said.push("Not measured: no two servers with a device of their own answered the same calls.".to_owned()),
        State::None if count == 1 => said.push(format!("The servers do not differ by more than {margin} %: {}", findings[0].words)),
        State::Open if count == 1 => said.push(format!("Whether they differ by more than {margin} % is open: {}", findings[0].words)),
        State::None => said.push(format!("No two of the servers differ by more than {margin} % ({count} pairs).")),
        _ if count > 1 => said.push(format!(
            "Of {count} pairs of servers {} differ by more than {margin} %, {equal} surely not, and {open} {} open; they are judged together, so that the chance of any wrong word stays below one in twenty.",
            effects.len(),
            if open == 1 { "is" } else { "are" }
        )),
        _ => {}
    }
    said.extend(spread(compared));
    said.push(gpu(evidence));
    said.retain(|sentence| !sentence.is_empty());
    said.join(" ")
}

/// What may be said about GPUs.
fn gpu(evidence: &Evidence<'_>) -> String {
    let builds: Vec<_> =
        evidence.record.experiment.servers.iter().filter_map(|server| Some((server, server.build.as_ref()?))).collect();
    let gpus: Vec<_> = builds.iter().filter(|(_, build)| build.device == "gpu").collect();
    let simulated = gpus.iter().find(|(_, build)| build.simulated).map(|(server, _)| &server.name);
    match (simulated, gpus.is_empty(), builds.is_empty()) {
        (Some(name), ..) => format!("GPU: not measured, as that of {name} is simulated."),
        (None, true, false) => "GPU: not measured, as no server had one.".to_owned(),
        _ => String::new(),
    }
}

/// How the first pair's ratio differs from start to start.
fn spread(compared: &[Compared]) -> Option<String> {
    let compared = compared.first().filter(|compared| compared.ratio.starts > 1)?;
    let by_start: Vec<String> = compared.ratio.by_start.iter().map(|ratio| words::number(*ratio)).collect();
    Some(format!("From start to start the first pair's ratio was {}.", words::list(&by_start)))
}

fn median(evidence: &Evidence<'_>, server: u32) -> Option<Finding> {
    let name = evidence.name(server);
    let key = format!("servers/median/{name}");
    let times = evidence.times(server, evidence::total, |_| true);
    let found = typical::quantile(&times, 0.5, evidence.seed(&key))?;
    let words = format!(
        "Half of the calls to {name} take less than {}, over all sizes and formats.",
        words::with_unit(found, "ms")
    );
    Some(Finding {
        key,
        words,
        value: found.value,
        low: found.low,
        high: found.high,
        unit: "ms".to_owned(),
        state: State::Told,
    })
}

/// How often two servers' best classes are the same: of one model they should always be.
fn same_answers(evidence: &Evidence<'_>, a: u32, b: u32) -> Option<Finding> {
    let best =
        |server, cell| evidence.answers(server, cell).next().and_then(|answer| answer.first()).map(|(class, _)| class);
    let mut table = BTreeMap::<u32, (f64, f64)>::new();
    for cell in evidence.cells(a) {
        if let (Some(ours), Some(theirs)) = (best(a, cell), best(b, cell)) {
            let (same, all) = table.entry(cell.picture).or_default();
            *same += f64::from(u8::from(ours == theirs));
            *all += 1.0;
        }
    }
    let found = share::wilson(table.values().map(|(same, all)| same / all).sum(), table.len())?;
    let (first, second) = (evidence.name(a), evidence.name(b));
    Some(Finding {
        key: format!("servers/same-answers/{first}/{second}"),
        words: format!("{first} and {second} give the same best class for {} of the derivatives.", words::share(found)),
        value: found.value,
        low: found.low,
        high: found.high,
        unit: "share".to_owned(),
        state: State::Told,
    })
}
