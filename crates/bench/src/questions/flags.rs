//! What compiling for this CPU's instructions is worth: pairs of servers that differ in nothing else.

use crate::{
    questions::{
        cautions,
        evidence::{self, Evidence},
        not_measured, ratios,
        ratios::Compared,
        servers::{self, is_simulated},
        together, words,
    },
    statistics::typical,
    verdict::{Answered, Finding, Kind, Plot, Series, State, X},
};

const ID: &str = "flags";
const QUESTION: &str = "Is a server that is compiled for its CPU faster?";

pub fn answer(evidence: &Evidence<'_>) -> Answered {
    let pairs = pairs(evidence);
    let calls: Vec<Compared> =
        pairs.iter().filter_map(|(a, b)| servers::compare(evidence, "flags/call", *a, *b, evidence::total)).collect();
    if calls.is_empty() {
        let why = "Not measured: no two servers differed in their build flags alone. Run `cargo xtask bench --image cpu-standard --image cpu-optimized`.";
        return not_measured(ID, QUESTION, why.to_owned());
    }
    let own: Vec<Compared> = pairs
        .iter()
        .filter_map(|(a, b)| servers::compare(evidence, "flags/server", *a, *b, evidence::server))
        .collect();
    let count = calls.len();
    let of_calls: Vec<String> = calls.iter().map(|compared| compared.before.clone()).collect();
    let mut all = calls;
    all.extend(own.into_iter().map(|mut compared| {
        compared.before = format!("By the server's own clock {}", compared.before);
        compared
    }));
    let findings = ratios::judged(&all, evidence.margin());
    let state = together(findings[..count].iter().map(|finding| finding.state));
    let verdict = verdict(evidence, &findings, &of_calls, state);
    Answered {
        id: ID.to_owned(),
        question: QUESTION.to_owned(),
        verdict,
        state,
        findings,
        plots: vec![plot(evidence, &pairs)],
        cautions: cautions::of_times(evidence),
    }
}

/// Servers of one device and one limit of CPUs with different flags, `standard` first.
fn pairs(evidence: &Evidence<'_>) -> Vec<(u32, u32)> {
    let all = &evidence.record.experiment.servers;
    let build = |at: u32| all[at as usize].build.as_ref().filter(|_| !is_simulated(&all[at as usize]));
    let mut pairs = Vec::new();
    for a in evidence.servers() {
        for b in a + 1..all.len() as u32 {
            let (Some(first), Some(second)) = (build(a), build(b)) else { continue };
            let alike = first.device == second.device && first.cpus == second.cpus;
            if alike && first.flags != second.flags {
                pairs.push(if second.flags == "standard" { (b, a) } else { (a, b) });
            }
        }
    }
    pairs
}

fn verdict(evidence: &Evidence<'_>, findings: &[Finding], of_calls: &[String], state: State) -> String {
    let margin = words::percentage(100.0 * evidence.margin());
    let start = match state {
        State::Effect => String::new(),
        State::None => format!("Flags make no difference beyond {margin} %: "),
        State::Open | State::NotMeasured | State::Told => {
            format!("Whether flags make a difference beyond {margin} % is open: ")
        }
    };
    let calls = &findings[..of_calls.len()];
    let told: Vec<String> = calls.iter().take(3).map(|finding| finding.words.clone()).collect();
    let own = findings[of_calls.len()..].first();
    let own = own.map_or_else(
        || " Servers did not say how long they took themselves.".to_owned(),
        |finding| format!(" {}", finding.words),
    );
    format!("{start}{}{own}", told.join(" "))
}

fn plot(evidence: &Evidence<'_>, pairs: &[(u32, u32)]) -> Plot {
    let mut servers: Vec<u32> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    servers.sort_unstable();
    servers.dedup();
    let bar = |server: u32, name: &str, time: evidence::Time| {
        let times = evidence.times(server, time, |_| true);
        let found = typical::quantile(&times, 0.5, evidence.seed(&format!("flags/median/{server}/{name}")))?;
        Some(words::at(X::Name(name.to_owned()), found))
    };
    let of = |server: &u32| Series {
        name: evidence.name(*server).to_owned(),
        kind: Kind::Bars,
        server: Some(*server),
        points: [bar(*server, "call", evidence::total), bar(*server, "server alone", evidence::server)]
            .into_iter()
            .flatten()
            .collect(),
    };
    Plot {
        id: "flags-medians".to_owned(),
        title: "Calls by build flags".to_owned(),
        caption: "Medians of all calls with 95 % intervals: the whole call, and what the server says of itself."
            .to_owned(),
        x: words::axis("time of"),
        y: words::axis("ms"),
        series: servers.iter().map(of).collect(),
        lines: Vec::new(),
        stacked: false,
    }
}
