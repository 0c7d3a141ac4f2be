//! `cargo xtask measure`: the comparisons of benches/ on the machine at hand, and their figures in docs/measurements.md.

use anyhow::{Result, bail};
use serde_json::json;

use super::{Ended, Session, setup, setup::Need};
use crate::{
    adapters::{files, host::ThisHost, lock, script::LocalScripts},
    cli::Measure,
    domain::{
        event::Event,
        measurements::{Bench, DOCUMENT, section::Machine},
    },
    execute::{self, MEASURE_FOLDER, MeasureOutcome, MeasureScene},
};

/// Packages of programs that scripts say they need.
const KNOWN: [Need; 14] = [
    setup::ENGINE,
    setup::REGISTRY,
    setup::PYTHON,
    setup::DEBOOTSTRAP,
    Need { program: "docker", packages: &["docker.io"] },
    Need { program: "skopeo", packages: &["skopeo"] },
    Need { program: "curl", packages: &["curl"] },
    Need { program: "cmake", packages: &["cmake"] },
    Need { program: "nasm", packages: &["nasm"] },
    Need { program: "time", packages: &["time"] },
    Need { program: "openssl", packages: &["openssl"] },
    Need { program: "go", packages: &["golang-go"] },
    Need { program: "etcd", packages: &["etcd-server"] },
    Need { program: "wrk", packages: &["wrk"] },
];

pub(crate) async fn run(args: &Measure, session: &Session) -> Result<Ended> {
    let benches = select(args, execute::read_benches(&session.folders.root)?)?;
    if args.list {
        for bench in &benches {
            let details = json!({ "bench": bench.name, "about": bench.about, "needs": bench.needs });
            session.report.result(&format!("{}: {}", bench.name, bench.about), details);
        }
        return Ok(Ended::Well);
    }
    let (needs, unknown) = needs(&benches);
    if session.global.plans() {
        let lines: Vec<String> = benches.iter().map(|bench| line(bench, args)).collect();
        let set_up = if needs.is_empty() { String::new() } else { format!("{}\n", setup::plan(&needs)) };
        session.report.plan(&format!("{set_up}{}", lines.join("\n")), &json!({ "scripts": lines }));
        return Ok(Ended::Well);
    }
    let output = args.output.as_deref().map(files::resolved);
    let scene = MeasureScene {
        root: session.folders.root.clone(),
        output: output.unwrap_or_else(|| session.folders.root.join(DOCUMENT)),
        rounds: args.rounds,
        machine: machine(session),
    };
    execute::check_document(&benches, &scene)?;
    let missing: Vec<String> = unknown
        .into_iter()
        .filter(|(_, program)| !ThisHost::has_program(program))
        .map(|(bench, program)| format!("{} needs `{program}`, which is not here: install it", bench.script()))
        .collect();
    if !missing.is_empty() {
        bail!("nothing was measured:\n{}", missing.join("\n"));
    }
    setup::host(&needs, session).await?;
    // Not the checkout's own lock: the scripts run commands that take it.
    let say = |text: String| session.report.note(&text);
    let place = session.folders.root.join(MEASURE_FOLDER).join("lock");
    let held = lock::acquire(&place, "measure", !session.global.no_wait, &say).await?;
    let scripts = LocalScripts { ending: session.programs.clone() };
    let outcomes = execute::measure(&benches, &scene, &scripts, &session.report).await?;
    held.release();
    tell(&benches, &outcomes, session);
    let written = session.seen_from_root(&scene.output);
    session.report.result(&written, json!({ "written": written }));
    Ok(if outcomes.iter().all(Result::is_ok) { Ended::Well } else { Ended::WithFailures })
}

/// Those that were named, or all.
fn select(args: &Measure, all: Vec<Bench>) -> Result<Vec<Bench>> {
    let known = || all.iter().map(|bench| bench.name.as_str()).collect::<Vec<_>>().join(", ");
    for name in &args.names {
        if !all.iter().any(|bench| bench.name == *name) {
            bail!("unknown bench `{name}`; known: {}", known());
        }
    }
    if all.is_empty() {
        bail!("no script of benches/ has a line `# Measures: ...` in its head, so there is nothing to measure");
    }
    Ok(all.into_iter().filter(|bench| args.names.is_empty() || args.names.contains(&bench.name)).collect())
}

/// What benches need, once each: packages that are known, and programs of which nobody here knows where they come from.
fn needs(benches: &[Bench]) -> (Vec<Need>, Vec<(&Bench, &str)>) {
    let programs = || benches.iter().flat_map(|bench| bench.needs.iter().map(move |need| (bench, need.as_str())));
    let is_needed = |need: &&Need| programs().any(|(_, program)| program == need.program);
    let unknown = programs().filter(|(_, program)| !KNOWN.iter().any(|need| need.program == *program));
    (KNOWN.iter().filter(is_needed).copied().collect(), unknown.collect())
}

fn line(bench: &Bench, args: &Measure) -> String {
    let environment = execute::bench_environment(bench, args.rounds);
    let words = environment.iter().map(|(name, value)| format!("{name}={value}"));
    words.chain([bench.script()]).collect::<Vec<_>>().join(" ")
}

fn machine(session: &Session) -> Machine {
    let facts = ThisHost::facts(&session.folders.root);
    Machine {
        cpu: facts.cpu_model,
        cores: facts.cores,
        memory: facts.memory_total,
        distribution: facts.distribution,
        kernel: facts.kernel,
    }
}

fn tell(benches: &[Bench], outcomes: &[MeasureOutcome], session: &Session) {
    let mut rows = Vec::new();
    for (bench, outcome) in benches.iter().zip(outcomes) {
        match outcome {
            Ok(figures) => {
                rows.extend(figures.lines.iter().map(|line| {
                    vec![bench.name.clone(), line.case.clone(), line.spread(), line.ratio(), line.wanted()]
                }))
            }
            Err(_) => rows.push(vec![bench.name.clone(), "failed".into(), String::new(), String::new(), String::new()]),
        }
    }
    let headers = ["bench", "case", "median (smallest to largest)", "ratio", "wanted"].map(String::from).to_vec();
    session.report.event(Event::Table { title: "measured".into(), headers, rows });
}
