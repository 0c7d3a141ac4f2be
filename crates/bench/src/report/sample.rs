//! A small made-up record with verdicts, hostile where names come from outside: for tests of how reports are written.

use std::collections::BTreeMap;

use crate::{
    experiment::{Arrivals, Build, Cells, Experiment, Load, Model, PictureFile, Pictures, Repetitions, Server},
    record::{Call, Cell, Counters, Environment, Outcome, Plate, Record, SelfCheck},
    verdict::{Answered, At, Axis, Finding, Kind, Line, Plot, Series, State, X},
};

/// What every name from outside holds.
pub const HOSTILE: &str = "</script><script>alert(\"1\")</script>";

pub const IDS: [&str; 6] = ["quality", "formats", "scaling", "servers", "flags", "load"];

pub fn experiment() -> Experiment {
    let server = |name: &str, flags: &str| Server {
        name: name.to_owned(),
        address: String::from("grpc://127.0.0.1:8500"),
        facts: BTreeMap::from([(String::from("image"), format!("tf-serving:{HOSTILE}"))]),
        build: Some(Build {
            device: String::from("cpu"),
            flags: flags.to_owned(),
            cpus: Some(String::from("1")),
            simulated: false,
        }),
    };
    Experiment {
        seed: 7,
        model: Model {
            name: String::from("efficientnet"),
            version: Some(1),
            signature: String::from("predict_images"),
            input: String::from("images"),
            classes: String::from("classes"),
            scores: String::from("scores"),
            pixels: None,
        },
        servers: vec![server("standard", "standard"), server(&format!("optimized {HOSTILE}"), "optimized")],
        pictures: Pictures::Files(vec![PictureFile {
            path: "cat.jpg".into(),
            sha256: String::from("00"),
            label: None,
        }]),
        cells: Cells {
            sizes: vec![512, 128],
            formats: vec![String::from("jpeg"), String::from("png")],
            qualities: vec![75],
        },
        repetitions: Repetitions { restarts: 2, calls: 3, warm_up: 5 },
        load: Some(Load {
            concurrency: vec![1, 2],
            rates: vec![0.5],
            arrivals: vec![Arrivals::Poisson],
            seconds: 5.0,
            slo_ms: Some(100.0),
        }),
        margin: 0.05,
    }
}

pub fn record() -> Record {
    let cell = Cell { picture: 0, size: None, format: String::from("jpeg"), quality: None };
    let failed = Outcome::Failed { code: String::from("Unavailable"), message: String::from(HOSTILE) };
    Record {
        experiment: experiment(),
        begun: String::from("2026-11-27T13:10:44Z"),
        environment: vec![Environment {
            at: String::from("2026-11-27T13:10:44Z"),
            facts: BTreeMap::from([(String::from("cpu"), String::from(HOSTILE))]),
        }],
        self_checks: vec![SelfCheck {
            api: String::from("grpc"),
            p50_us: 90.0,
            p99_us: 200.0,
            most_per_second: 20_000.0,
            lag_p99_us: 50.0,
            wrong: 0,
        }],
        plates: vec![Plate {
            cell: cell.clone(),
            name: String::from(HOSTILE),
            label: Some(String::from("tabby")),
            width: 4000,
            height: 3000,
            bytes: 2_345_678,
            decode_ms: Some(40.0),
            encode_ms: None,
            same_as: None,
        }],
        calls: vec![Call {
            restart: 0,
            server: 1,
            cell,
            total_ms: 3.0,
            serialize_ms: 0.1,
            server_ms: None,
            outcome: failed,
        }],
        points: Vec::new(),
        counters: vec![Counters {
            unit: String::from("grid"),
            server: Some(0),
            throttled_periods: Some(1234),
            ..Counters::default()
        }],
        ended: None,
    }
}

/// All six questions, each with a finding and a plot, and two with nothing.
pub fn answered() -> Vec<Answered> {
    let states = [State::Effect, State::None, State::Open, State::Effect, State::NotMeasured, State::Effect];
    IDS.iter().zip(states).map(|(id, state)| answer(id, state)).collect()
}

fn answer(id: &str, state: State) -> Answered {
    let finding = finding(&format!("{id}/ratio/standard/optimized"), 1.5, 1.4, 1.6);
    let measured = state != State::NotMeasured;
    Answered {
        id: id.to_owned(),
        question: format!("Does {id} matter? {HOSTILE}"),
        verdict: format!("Yes, {HOSTILE}."),
        state,
        findings: if measured { vec![finding] } else { Vec::new() },
        plots: if measured { vec![plot(id)] } else { Vec::new() },
        cautions: vec![format!("Beware of {HOSTILE}")],
    }
}

pub fn finding(key: &str, value: f64, low: f64, high: f64) -> Finding {
    Finding {
        key: key.to_owned(),
        words: format!("{key} in words"),
        value,
        low,
        high,
        unit: String::from("ratio"),
        state: State::Effect,
    }
}

fn plot(id: &str) -> Plot {
    let at = |x: X, y: f64| At {
        x,
        y,
        low: Some(y * 0.5),
        high: Some(y * 2.0),
        note: Some(format!("a \"note\", {HOSTILE}")),
    };
    let points =
        vec![at(X::Number(128.0), 10.125), at(X::Number(512.0), 20.5), at(X::Name(format!("cat, {HOSTILE}\n")), 1.0)];
    let axis = |title: &str| Axis { title: title.to_owned(), log: true };
    Plot {
        id: format!("{id}-times"),
        title: format!("Times {HOSTILE}"),
        caption: String::from("What one sees."),
        x: axis("Size"),
        y: axis("ms"),
        series: vec![Series { name: format!("optimized {HOSTILE}"), kind: Kind::Line, server: Some(1), points }],
        lines: vec![Line { horizontal: true, at: 15.0, name: String::from("wanted") }],
        stacked: false,
    }
}
