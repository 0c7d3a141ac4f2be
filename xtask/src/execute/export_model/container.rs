//! An exporter in a container: handed the checkpoint, run as the container's own command, and relieved of one version.
//! Its two volumes have no names, so that they go with the container whoever removes it.

use std::{cell::RefCell, collections::VecDeque, io::Write, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};

use super::{handed, left, left::Left, version::Partial};
use crate::{
    domain::{
        event::Event,
        model::plan::{CHECKPOINT, OUTPUT, RunExporter},
    },
    execute::{Ports, Scene, beside::beside},
    ports::{ContainerJob, Engine, Exit, Host, ImageFacts, Source},
    report::Report,
};

/// The way to the engine and all that building takes, gone only once something has to run there: what is up to date
/// asks nobody.
pub(crate) trait Reach {
    type Engine: Engine;
    type Source: Source;
    type Host: Host;
    async fn reach(&self) -> Result<Reached<'_, Self::Engine, Self::Source, Self::Host>>;
}

/// An engine that answers.
pub(crate) struct Reached<'a, E, S, H> {
    pub ports: Ports<'a, E, S, H>,
    pub scene: Scene<'a>,
}

/// What the container is given, and where what it leaves goes.
pub(super) struct Handover<'a> {
    pub image: ImageFacts,
    pub checkpoint: PathBuf,
    pub partial: &'a Partial,
    /// Held by whoever writes on another thread.
    pub writers: &'a Arc<()>,
}

/// The log of the exporter, in the folder of all logs.
const LOG: &str = "export-model.log";
/// Of what an exporter said, shown where it failed.
const LAST_LINES: usize = 10;

/// Runs the exporter; the version it left is below the partial folder.
pub(super) async fn export<E: Engine>(
    run: &RunExporter,
    handover: &Handover<'_>,
    engine: &E,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Left> {
    let given = hand_over(handover, report).await?;
    let job = ContainerJob {
        name: format!("{}-{}", scene.name("export"), scene.run),
        // Its name may mean another image by now.
        image: handover.image.id.clone(),
        command: run.command.clone(),
        // The command is what a person would write behind `docker run IMAGE`.
        keeps_entrypoint: true,
        scratch: [CHECKPOINT, OUTPUT].map(String::from).into(),
        network: run.network.clone(),
        memory: run.memory,
        labels: scene.labels("export"),
        ..ContainerJob::default()
    };
    let container = engine.create(&job).await?;
    let left = async {
        engine.upload(&container, "/", given.tar()).await.context("hand over the checkpoint")?;
        let said = follow(run, &container, engine, scene, report).await?;
        let left = take(&container, handover, engine, report).await?;
        left.only_version().with_context(|| said.told(run))
    };
    let left = left.await;
    let removed = engine.remove(&container).await;
    // The error at hand says more than a second one.
    let left = left?;
    removed?;
    Ok(left)
}

/// An archive is unpacked beside everything else that is under way.
async fn hand_over(handover: &Handover<'_>, report: &Report) -> Result<handed::Handed> {
    let started = report.start(None, "unpack the checkpoint");
    let (checkpoint, scratch) = (handover.checkpoint.clone(), handover.partial.scratch.clone());
    let writer = handover.writers.clone();
    let given = beside(&|_, _| {}, move |_| {
        let _until_the_end = writer;
        handed::hand(&checkpoint, &scratch)
    });
    let given = given.await.context("read the checkpoint")?;
    report.finish_step(started);
    Ok(given)
}

/// What an exporter said, as far as it is worth repeating.
struct Said {
    last: Vec<String>,
    log: PathBuf,
}

impl Said {
    fn told(&self, run: &RunExporter) -> String {
        let last: String = self.last.iter().map(|line| format!("\n  {line}")).collect();
        let last = if last.is_empty() { " nothing".into() } else { last };
        format!("exporter {}; it said last:{last}\nwhole log: {}", run.image, self.log.display())
    }
}

async fn follow<E: Engine>(
    run: &RunExporter,
    container: &str,
    engine: &E,
    scene: &Scene<'_>,
    report: &Report,
) -> Result<Said> {
    let step = format!("run {}", run.image);
    let started = report.start(None, &step);
    let path = scene.folders.logs().join(LOG);
    fs_err::create_dir_all(scene.folders.logs())?;
    let mut log = fs_err::File::create(&path)?;
    let lines = RefCell::new(Lines::default());
    let tell = |line: &str| report.event(Event::Working { step: step.clone(), line: line.to_owned() });
    let mut write_failed = false;
    let mut take = |chunk: &[u8]| {
        if !write_failed && let Err(error) = log.write_all(chunk) {
            write_failed = true;
            // The export runs on the engine and is worth more than its log.
            report.warning(&format!("{}: the log is cut off here: {error}", run.image));
        }
        lines.borrow_mut().feed(chunk, tell);
    };
    let exit = engine.run(container, &mut take).await?;
    let last = lines.into_inner().finish(tell);
    let said = Said { last, log: scene.folders.shown(&path).to_owned() };
    match failure(run, exit) {
        None => report.finish_step(started),
        Some(failure) => bail!("{failure}: {}", said.told(run)),
    };
    Ok(said)
}

fn failure(run: &RunExporter, exit: Exit) -> Option<String> {
    let starved = exit.out_of_memory || exit.code == 137;
    match (exit.code, run.memory) {
        (0, _) => None,
        (_, Some(_)) if starved => Some("out of memory; raise [resources] memory in config.toml".into()),
        (_, None) if starved => Some("out of memory; the engine's machine has too little for it".into()),
        (code, _) => Some(format!("exited with {code}")),
    }
}

/// Streams all that lies in the output into the partial folder.
async fn take<E: Engine>(container: &str, handover: &Handover<'_>, engine: &E, report: &Report) -> Result<Left> {
    let what = "copy the version out".to_owned();
    let told = |done, total| report.event(Event::Bytes { what: what.clone(), done, total });
    let (folder, writer) = (handover.partial.folder.clone(), handover.writers.clone());
    let untar = Box::new(move |tar: &mut dyn std::io::Read| {
        let _until_the_end = writer;
        left::unpack(tar, &folder)
    });
    let left = engine.download(container, OUTPUT, &|done, _| told(done, None), untar).await?;
    let bytes = left.bytes();
    told(bytes, Some(bytes));
    Ok(left)
}

/// Output in chunks of any size, told line by line; the last ones are kept.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    last: VecDeque<String>,
}

impl Lines {
    fn feed(&mut self, chunk: &[u8], tell: impl Fn(&str)) {
        self.rest.extend_from_slice(chunk);
        // A progress bar ends its lines with a carriage return.
        while let Some(end) = self.rest.iter().position(|byte| [b'\n', b'\r'].contains(byte)) {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.line(&line[..end], &tell);
        }
    }

    fn line(&mut self, line: &[u8], tell: impl Fn(&str)) {
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        if line.is_empty() {
            return;
        }
        tell(&line);
        self.last.push_back(line);
        if self.last.len() > LAST_LINES {
            self.last.pop_front();
        }
    }

    fn finish(mut self, tell: impl Fn(&str)) -> Vec<String> {
        let rest = std::mem::take(&mut self.rest);
        self.line(&rest, tell);
        self.last.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_whole_however_they_come() {
        let told = RefCell::new(Vec::new());
        let tell = |line: &str| told.borrow_mut().push(line.to_owned());
        let mut lines = Lines::default();
        for chunk in ["fir", "st\nsecond\r", "\n\nth", "ird"] {
            lines.feed(chunk.as_bytes(), tell);
        }
        assert_eq!(lines.finish(tell), ["first", "second", "third"]);
        assert_eq!(*told.borrow(), ["first", "second", "third"]);
        let mut many = Lines::default();
        (0..20).for_each(|number| many.feed(format!("{number}\n").as_bytes(), |_| {}));
        assert_eq!(many.finish(|_| {}).first().map(String::as_str), Some("10"));
    }
}
