//! Does the bench find an effect that is there, and none where there is none? Runs whole small experiments, real sockets and
//! all, between two servers that are equal and between two of which the second takes 10 % longer, each with many seeds, and
//! counts how often the verdict is right.
//!
//! Usage: `planted [TRIALS]` with stand-ins whose times scatter as real ones do, or `planted TRIALS URL MODEL SIGNATURE INPUT`
//! with a real server, asked directly and through a proxy that holds its answers back.

mod caller;
mod proxy;
mod servers;

use std::{collections::BTreeMap, error::Error, io::Write, sync::Arc, time::Instant};

use bench::{
    experiment::{Cells, Experiment, Model, Pictures, Repetitions, Server},
    measure, questions,
    record::Record,
    verdict::State,
};

use self::{caller::Drifting, proxy::Proxy, servers::Planted};

type Failure = Box<dyn Error + Send + Sync>;

/// How much longer the second server takes where something is planted.
const EFFECT: f64 = 0.1;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let trials = words.first().map_or(Ok(20), |trials| trials.parse())?;
    let real = match &words[..] {
        [] | [_] => None,
        [_, url, model, signature, input] => Some((url.as_str(), named(model, signature, input))),
        _ => return Err("planted [TRIALS [URL MODEL SIGNATURE INPUT]]".into()),
    };
    let mut out = std::io::stdout();
    writeln!(out, "planted  seed  ratio                    verdict  right  seconds")?;
    for effect in [0.0, EFFECT] {
        let (mut right, mut open) = (0, 0);
        for seed in 0..trials {
            let begin = Instant::now();
            let record = match &real {
                None => of_stand_ins(seed, effect).await?,
                Some((url, model)) => of_real(seed, effect, url, model).await?,
            };
            let (state, ratio) = verdict(&record)?;
            let is_right = state == if effect > 0.0 { State::Effect } else { State::None };
            right += u32::from(is_right);
            open += u32::from(state == State::Open);
            let seconds = begin.elapsed().as_secs_f64();
            writeln!(out, "{effect:>7}  {seed:>4}  {ratio}  {state:?}  {is_right}  {seconds:.1}")?;
        }
        writeln!(out, "planted {effect}: {right} of {trials} right, {open} left open")?;
    }
    Ok(())
}

/// What the bench says of two servers.
fn verdict(record: &Record) -> Result<(State, String), Failure> {
    let answered = questions::answer(record);
    let servers = answered.iter().find(|answer| answer.id == "servers").ok_or("no word on servers")?;
    let ratio = servers.findings.iter().find(|finding| finding.key.starts_with("servers/ratio/"));
    let ratio = ratio.ok_or_else(|| format!("no ratio: {}", servers.verdict))?;
    Ok((servers.state, format!("{:.3} ({:.3} to {:.3})", ratio.value, ratio.low, ratio.high)))
}

async fn of_stand_ins(seed: u64, effect: f64) -> Result<Record, Failure> {
    let servers = [Planted::start(seed * 2, 0.0)?, Planted::start(seed * 2 + 1, effect)?];
    let list = [("first", servers[0].url()), ("second", servers[1].url())];
    let experiment = experiment(seed, &named("inception", "predict_images", "images"), &list);
    let mut caller = Drifting { seed, servers: servers.map(Arc::new).into() };
    run(&experiment, &mut caller).await
}

async fn of_real(seed: u64, effect: f64, url: &str, model: &Model) -> Result<Record, Failure> {
    let mut alone = experiment(seed, model, &[("alone", url.to_owned())]);
    alone.repetitions.restarts = 1;
    let known = run(&alone, &mut Drifting { seed, servers: Vec::new() }).await?;
    let mut times: Vec<f64> = known.calls.iter().map(|call| call.total_ms).collect();
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).ok_or("the server answered nothing")?;
    let proxy = Proxy::start(url, effect * median)?;
    let experiment = experiment(seed, model, &[("first", url.to_owned()), ("second", proxy.url())]);
    run(&experiment, &mut Drifting { seed, servers: Vec::new() }).await
}

async fn run(experiment: &Experiment, caller: &mut Drifting) -> Result<Record, Failure> {
    let folder = tempfile::tempdir()?;
    Ok(measure::run(experiment, folder.path(), &BTreeMap::new(), caller).await?)
}

fn named(name: &str, signature: &str, input: &str) -> Model {
    Model {
        name: name.to_owned(),
        version: None,
        signature: signature.to_owned(),
        input: input.to_owned(),
        classes: "classes".into(),
        scores: "scores".into(),
        pixels: None,
    }
}

/// Six pictures, two cells each; six starts, because servers drift from one to the next by nearly half of the margin.
fn experiment(seed: u64, model: &Model, servers: &[(&str, String)]) -> Experiment {
    let server = |(name, address): &(&str, String)| Server {
        name: (*name).to_owned(),
        address: address.clone(),
        facts: BTreeMap::new(),
        build: None,
    };
    Experiment {
        seed,
        model: model.clone(),
        servers: servers.iter().map(server).collect(),
        pictures: Pictures::Generated { count: 6, width: 400, height: 300 },
        cells: Cells { sizes: vec![256], formats: vec!["jpeg".into()], qualities: vec![90] },
        repetitions: Repetitions { restarts: 6, calls: 12, warm_up: 5 },
        load: None,
        margin: 0.05,
    }
}
