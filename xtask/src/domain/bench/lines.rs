//! The plan as lines a person can read: what is started, what is sent, how often, and how long that takes.

use std::fmt;

use super::{BenchPlan, PlannedPictures, Subject, choices::Design};

/// What a call is taken to last, before any was made.
const CALL_SECONDS: f64 = 0.1;
/// The same for starting servers anew.
const START_SECONDS: f64 = 5.0;

impl fmt::Display for BenchPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# {}", self.title)?;
        match &self.subject {
            Subject::Containers { plan, passing, renews, .. } => {
                for line in plan.to_string().lines().skip(1).filter(|line| !passing || !line.contains("network create"))
                {
                    let line = if *passing { line.replace(" --network tf-serving", "") } else { line.to_owned() };
                    write!(f, "\n{line}")?;
                }
                let fate = if *passing { "are removed at the end" } else { "stay up" };
                let anew = if *renews { ", and are started anew between repetitions" } else { "" };
                write!(f, "\n# these {fate}{anew}")?;
            }
            Subject::Targets(targets) => {
                for target in targets {
                    write!(f, "\n# {target}: asked, and never restarted")?;
                }
            }
        }
        write!(f, "\ncargo build --release --package bench --bin bench")?;
        for line in self.budget() {
            write!(f, "\n# {line}")?;
        }
        let model = &self.model;
        let ask = |name: &str, given: &Option<String>| {
            given.as_ref().map_or(String::new(), |given| format!(", {name} {given}"))
        };
        let names = [
            ("signature", &model.signature),
            ("input", &model.input),
            ("classes", &model.classes),
            ("scores", &model.scores),
        ];
        let names: String = names.into_iter().map(|(name, given)| ask(name, given)).collect();
        write!(
            f,
            "\nbench < experiment.json  # model {}{names}; seed {}; into {}",
            model.name, self.design.seed, self.output
        )
    }
}

impl BenchPlan {
    fn servers(&self) -> u64 {
        match &self.subject {
            Subject::Containers { plan, .. } => plan.servers.len() as u64,
            Subject::Targets(targets) => targets.len() as u64,
        }
    }

    /// What is sent, how often, and about how long it takes.
    fn budget(&self) -> Vec<String> {
        let Design { cells, repetitions, load, .. } = &self.design;
        let (servers, forms) = (self.servers(), self.design.forms());
        let sizes = cells.sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let kinds = cells.formats.iter().map(|format| match format.as_str() {
            "jpeg" => format!("jpeg {}", cells.qualities.iter().map(u8::to_string).collect::<Vec<_>>().join(" and ")),
            other => other.to_owned(),
        });
        let of_each =
            format!("of each itself and {sizes} px as {}: {}", kinds.collect::<Vec<_>>().join(", "), of(forms, "form"));
        let often = format!(
            "{} x {} x {} x {}",
            of(u64::from(repetitions.restarts), "start"),
            of(u64::from(repetitions.calls), "call"),
            of(forms, "form"),
            of(servers, "server")
        );
        let mut lines = match &self.pictures {
            PlannedPictures::Generated { count, width, height } => {
                vec![format!("{} of {width}x{height}, generated; {of_each}", of(u64::from(*count), "picture"))]
            }
            PlannedPictures::Folder { folder, labels } => {
                let labels =
                    labels.as_ref().map_or_else(|| "labels by folder".to_owned(), |file| format!("labels of {file}"));
                vec![format!("pictures of {folder}, {labels}; {of_each}")]
            }
        };
        if let Some(load) = load {
            let concurrency = load.concurrency.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let rates = load.rates.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
            lines.push(format!(
                "load on each server: {concurrency} callers at once, then arrivals at {rates} of the best throughput, {} s each",
                load.seconds
            ));
        }
        let load_seconds = self.design.load_seconds() * servers as f64;
        let starts = f64::from(repetitions.restarts) * START_SECONDS;
        let calls = self.design.calls() * servers;
        let guess = |calls: u64| duration(calls as f64 * CALL_SECONDS + load_seconds + starts);
        lines.push(match &self.pictures {
            PlannedPictures::Generated { count, .. } => {
                let calls = calls * u64::from(*count);
                format!(
                    "{often} x {} = {calls} calls: about {} where a call takes 0.1 s",
                    of(u64::from(*count), "picture"),
                    guess(calls)
                )
            }
            PlannedPictures::Folder { .. } => {
                format!(
                    "{often} = {calls} calls of each picture: about {} of one where a call takes 0.1 s",
                    guess(calls)
                )
            }
        });
        lines
    }
}

fn of(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn duration(seconds: f64) -> String {
    match seconds {
        short if short < 90.0 => format!("{short:.0} s"),
        long if long < 5400.0 => format!("{:.0} min", long / 60.0),
        longer => format!("{:.1} h", longer / 3600.0),
    }
}
