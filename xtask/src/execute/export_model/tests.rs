//! What an export does with versions, downloads and failures, against a fake network and a fake library.
//! That the library writes a right model is its own tests' business.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::{
    config::Config,
    domain::model::{Model, plan},
    execute::{Ports, Scene},
    report::{Options, Surroundings},
    testing::{FakeEngine, FakeFetch, FakeHost, FakeSource},
};

mod containers;
mod downloads;
mod packages;
mod versions;

/// A library that writes next to nothing, and fails where it is told to.
#[derive(Clone, Default)]
struct FakeLibrary {
    calls: Arc<Mutex<Vec<String>>>,
    fails_at: Option<&'static str>,
}

impl FakeLibrary {
    fn failing_at(call: &'static str) -> Self {
        Self { fails_at: Some(call), ..Self::default() }
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().expect("no panic"))
    }

    fn record(&self, call: &'static str, what: &str) -> Result<()> {
        self.calls.lock().expect("no panic").push(format!("{call} {what}").trim_end().to_owned());
        if self.fails_at == Some(call) { bail!("{call} failed") } else { Ok(()) }
    }
}

impl Exporting for FakeLibrary {
    fn graph_revision(&self) -> u32 {
        1
    }

    fn fingerprint(&self, checkpoint: &Path) -> Result<String> {
        self.record("fingerprint", "")?;
        Ok(receipt::of_archive(&sum(&fs_err::read(checkpoint)?)))
    }

    fn export(&self, order: Order, to: &Path, progress: &mut (dyn FnMut(u64, u64) + Send)) -> Result<Vec<FileRecord>> {
        let weights = match &order.weights {
            Weights::At(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Weights::Synthetic(seed) => format!("seed {seed}"),
        };
        fs_err::write(to.join("saved_model.pb"), &weights)?;
        progress(1, 2);
        self.record("export", &format!("{weights}, {} pictures", order.pictures.len()))?;
        let sha256 = Some(sum(weights.as_bytes()));
        Ok(vec![FileRecord { path: "saved_model.pb".into(), bytes: weights.len() as u64, sha256 }])
    }

    fn verify(&self, folder: &Path) -> Result<ModelInfo> {
        self.record("verify", "")?;
        Ok(ModelInfo { folder: folder.to_owned(), tags: vec!["serve".into()], ..ModelInfo::default() })
    }
}

/// A checkout, and what an export needs beside the library.
struct Stage {
    folder: TempDir,
    config: Config,
    fetch: FakeFetch,
    engine: FakeEngine,
    source: FakeSource,
    host: FakeHost,
    model: Model,
    trust_on_first_use: bool,
    output: String,
}

const URL: &str = "https://host.example/archive.tar.gz";

impl Stage {
    /// Synthetic weights, exported natively.
    fn new() -> Self {
        let config =
            Config::parse(include_str!("../../../../config.toml"), "config.toml").expect("the real one is sound");
        let model = config.profile("sample").expect("known").models["inception"].clone();
        let fetch = FakeFetch { content: b"an archive".to_vec(), ..FakeFetch::default() };
        let folder = tempfile::tempdir().expect("temporary folder");
        Self {
            folder,
            config,
            fetch,
            engine: FakeEngine::new(2),
            source: FakeSource::default(),
            host: FakeHost::default(),
            model,
            trust_on_first_use: false,
            output: "model-data".into(),
        }
    }

    fn downloading(pin: Option<String>) -> Self {
        let mut stage = Self::new();
        stage.model.checkpoint = Some(CheckpointSource::Url { url: URL.into(), pin });
        stage
    }

    fn plan(&self) -> ExportPlan {
        let inputs = plan::Inputs {
            profile: self.config.profile("sample").expect("known"),
            model: &self.model,
            engine: &self.config.engine,
            resources: &self.config.resources,
            trust_on_first_use: self.trust_on_first_use,
            output: self.output.clone(),
        };
        plan::export_model(&inputs).expect("it names a checkpoint")
    }

    /// Exports, and says how it ended: `exported`, `up to date` or the error.
    async fn export(&self, library: &FakeLibrary) -> String {
        let folders = Folders { root: self.folder.path().to_owned() };
        let scene = ExportScene { folders: &folders, run: "run", checkout: "checkout", writers: &Arc::default() };
        let ports = ExportPorts { fetch: &self.fetch, source: &self.source, exporting: library, reach: self };
        let told = match export_model(&self.plan(), &ports, &scene, &silent()).await {
            Ok(Exported { state: State::UpToDate, .. }) => "up to date".into(),
            Ok(Exported { state: State::Exported { .. }, .. }) => "exported".into(),
            Err(error) => format!("{error:#}"),
        };
        assert!(self.files("target/xtask/work").is_empty(), "a note of what is under way stays");
        assert!(!self.files(&self.output).iter().any(|name| name.starts_with('.')), "something half-written stays");
        told
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs_err::create_dir_all(path.parent().expect("a file stands in a folder")).expect("create");
        fs_err::write(path, text).expect("write");
    }

    fn read(&self, relative: &str) -> String {
        fs_err::read_to_string(self.path(relative)).expect("read")
    }

    /// Names in a folder, sorted; none where it does not exist.
    fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs_err::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Reach for Stage {
    type Engine = FakeEngine;
    type Source = FakeSource;
    type Host = FakeHost;

    async fn reach(&self) -> Result<Reached<'_, FakeEngine, FakeSource, FakeHost>> {
        let scene = Scene {
            folders: Folders { root: self.folder.path().to_owned() },
            run: "run".into(),
            checkout: "checkout".into(),
            labels: Default::default(),
            resources: &self.config.resources,
            ca_bundle: Some(b"certificates".to_vec()),
            headers: Default::default(),
            fail_fast: false,
        };
        Ok(Reached { ports: Ports { engine: &self.engine, source: &self.source, host: &self.host }, scene })
    }
}

fn sum(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn silent() -> Report {
    let nowhere = || Box::new(std::io::sink());
    let clock = Box::new(Instant::now);
    let around = Surroundings { stdout: nowhere(), stderr: nowhere(), width: None, animated: false, clock };
    Report::with_surroundings(Options::default(), around)
}
