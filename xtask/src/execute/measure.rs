//! Runs benches one after another, each alone on the machine, and writes what each has found into the document at once:
//! one that fails costs the others nothing, and one that is interrupted changes nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    domain::{
        event::Event,
        measurements::{
            Bench, DOCUMENT, FOLDER, document,
            figures::Figures,
            row,
            section::{self, Machine, Taken},
        },
    },
    ports::{Script, Scripts},
    report::Report,
};

/// Where and how it is measured.
pub(crate) struct MeasureScene {
    /// Of the checkout.
    pub root: PathBuf,
    /// What is written: the checkout's document, or a copy of it.
    pub output: PathBuf,
    /// None: as many as each script thinks right.
    pub rounds: Option<u32>,
    pub machine: Machine,
}

/// Below the checkout: rows and logs, and the lock of whoever measures.
pub(crate) const MEASURE_FOLDER: &str = "target/xtask/measure";

/// How a bench ended: what it found, or why it found nothing.
pub(crate) type MeasureOutcome = Result<Figures>;

/// All benches of a checkout by their names.
pub(crate) fn read_benches(root: &Path) -> Result<Vec<Bench>> {
    let mut benches = Vec::new();
    for entry in fs_err::read_dir(root.join(FOLDER)).context("look for scripts that measure")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "sh") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        benches.extend(Bench::read(&name, &fs_err::read_to_string(&path)?)?);
    }
    benches.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(benches)
}

/// What of a bench's run is its own: `NAME=VALUE` of its environment, for plans and for scripts.
pub(crate) fn bench_environment(bench: &Bench, rounds: Option<u32>) -> BTreeMap<String, String> {
    let rows = ("ROWS".to_owned(), format!("{MEASURE_FOLDER}/{}.rows", bench.name));
    rounds.map(|rounds| ("RUNS".to_owned(), rounds.to_string())).into_iter().chain([rows]).collect()
}

/// Refuses a document that has no place for one of the benches, before any of them takes its time.
pub(crate) fn check_document(benches: &[Bench], scene: &MeasureScene) -> Result<()> {
    let text = read_document(&scene.root)?;
    for bench in benches {
        document::inside(&text, &bench.name)?;
    }
    if scene.output.is_dir() {
        bail!("--output {} is a folder; name a file", scene.output.display());
    }
    Ok(())
}

/// Measures and writes; returns each bench's outcome in the order given.
pub(crate) async fn measure(
    benches: &[Bench],
    scene: &MeasureScene,
    scripts: &impl Scripts,
    report: &Report,
) -> Result<Vec<MeasureOutcome>> {
    let mut outcomes = Vec::new();
    let mut sections = BTreeMap::new();
    for (at, bench) in benches.iter().enumerate() {
        let step = format!("{} ({} of {})", bench.name, at + 1, benches.len());
        let before = load();
        warn_if_busy(bench, before, scene, report);
        let started = report.start(None, &step);
        let say = |line| report.event(Event::Working { step: step.clone(), line });
        let outcome = run(bench, scene, scripts, &say).await;
        report.finish_step(started);
        let date = today();
        let lines = match &outcome {
            Ok(figures) => {
                let taken = Taken { date, before, after: load() };
                section::section(bench, figures, &taken, &scene.machine)
            }
            Err(error) => {
                report.event(Event::Failed { variant: bench.name.clone(), text: format!("{error:#}") });
                section::with_failure(document::inside(&read_document(&scene.root)?, &bench.name)?, &date)
            }
        };
        sections.insert(bench.name.as_str(), lines);
        write(&sections, scene)?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn run(
    bench: &Bench,
    scene: &MeasureScene,
    scripts: &impl Scripts,
    say: &(dyn Fn(String) + Sync),
) -> MeasureOutcome {
    let mut environment = bench_environment(bench, scene.rounds);
    let folder = scene.root.join(MEASURE_FOLDER);
    let rows = folder.join(format!("{}.rows", bench.name));
    fs_err::create_dir_all(&folder)?;
    // Rows are appended, and those of an earlier run are none of this one's.
    fs_err::write(&rows, "")?;
    environment.insert("ROWS".into(), rows.display().to_string());
    let script = Script {
        path: scene.root.join(bench.script()),
        folder: scene.root.clone(),
        environment,
        log: folder.join(format!("{}.log", bench.name)),
    };
    scripts.run(&script, say).await?;
    let found = row::parse(&fs_err::read_to_string(&rows)?).with_context(|| format!("read {}", rows.display()))?;
    Figures::of(found).with_context(|| format!("understand the rows of {}", bench.script()))
}

fn warn_if_busy(bench: &Bench, load: Option<f64>, scene: &MeasureScene, report: &Report) {
    if let Some((load, cores)) = load.zip(scene.machine.cores)
        && load > cores as f64
    {
        report.warning(&format!(
            "{}: the machine is busy (load {load:.2} on {cores} cores), so its times will be upper bounds",
            bench.name
        ));
    }
}

/// Of the last minute; none where the kernel does not tell.
fn load() -> Option<f64> {
    fs_err::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

fn today() -> String {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn read_document(root: &Path) -> Result<String> {
    fs_err::read_to_string(root.join(DOCUMENT)).context("read what the figures are to be written into")
}

/// The document as it is now, with the sections so far; beside its place and renamed, so that it is always whole.
fn write(sections: &BTreeMap<&str, String>, scene: &MeasureScene) -> Result<()> {
    let mut text = read_document(&scene.root)?;
    for (name, lines) in sections {
        text = document::replaced(&text, name, lines)?;
    }
    let name = scene.output.file_name().context("name a file to write the figures into")?.to_string_lossy();
    let partial = scene.output.with_file_name(format!(".{name}.partial"));
    fs_err::write(&partial, text)?;
    Ok(fs_err::rename(&partial, &scene.output)?)
}

#[cfg(test)]
mod tests;
