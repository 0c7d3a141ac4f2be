//! One invocation: its report, its folders, its identity, and the engine once it has been asked for.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::{
    adapters::{
        docker::{DockerEngine, Scope},
        files,
        lock::{self, CheckoutLock},
    },
    cli::Global,
    config::Config,
    domain::{model::FOLDER, profile::Profile},
    execute::{Folders, PARTIAL_NOTE},
    report::{self, Report},
};

/// How long a thread may take to notice an interrupt: longer than between two words about its progress.
const MOST_PAUSES: u32 = 300;
/// A program that was told to end removes what it made on the engine first; it is killed before this is over.
const MOST_PAUSES_OF_PROGRAMS: u32 = 3000;
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Session {
    pub global: Global,
    pub report: Report,
    pub folders: Folders,
    /// Identifies this invocation in labels, names and receipts.
    pub run: String,
    /// Identifies this checkout on engines it may share with others.
    pub checkout: String,
    /// Held by whoever writes files on another thread.
    pub writers: Arc<()>,
    /// Held by programs of ours that are still ending.
    pub programs: Arc<()>,
    config_path: PathBuf,
    engine: OnceCell<DockerEngine>,
    lock: OnceCell<CheckoutLock>,
}

impl Session {
    pub fn new(global: &Global) -> Self {
        let config_path = global.config.clone().unwrap_or_else(|| Self::workspace().join("config.toml"));
        // Links and `..` resolved, or one checkout would have two identities on the engine.
        let config_path = files::resolved(&config_path);
        let root = config_path.parent().unwrap_or(Path::new("/")).to_owned();
        let seconds = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let identity = format!("{}\n{}", lock::machine_name(), root.display());
        Self {
            report: Report::new(report::Options::for_this_process(global.json, global.verbose, !global.no_progress)),
            global: global.clone(),
            run: format!("{seconds:x}-{}", std::process::id()),
            checkout: format!("{:x}", Sha256::digest(identity.as_bytes()))[..8].to_owned(),
            folders: Folders { root },
            writers: Arc::default(),
            programs: Arc::default(),
            config_path,
            engine: OnceCell::new(),
            lock: OnceCell::new(),
        }
    }

    /// The workspace this xtask was compiled in.
    pub fn workspace() -> &'static Path {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        own.parent().unwrap_or(own)
    }

    pub fn config(&self) -> Result<Config> {
        Ok(Config::load(&self.config_path)?)
    }

    /// The profile that was asked for, or the configuration's default.
    pub fn profile<'c>(&self, config: &'c Config) -> Result<&'c Profile> {
        Ok(config.profile(self.global.profile.as_deref().unwrap_or(&config.default_profile))?)
    }

    /// Connects on first use.
    pub async fn engine(&self, config: &Config) -> Result<&DockerEngine> {
        self.engine.get_or_try_init(|| DockerEngine::connect(&config.engine)).await
    }

    /// Holds this checkout until [`Session::sweep`] is done; waits for another run's end unless told not to. Says
    /// whether the run before was killed, so that its leftovers are worth looking for.
    pub async fn lock(&self, command: &str) -> Result<bool> {
        let file = self.folders.root.join("target/xtask/lock");
        let say = |text: String| self.report.note(&text);
        let acquire = || lock::acquire(&file, command, !self.global.no_wait, &say);
        Ok(self.lock.get_or_try_init(acquire).await?.after_a_kill)
    }

    /// Holds this checkout for `command` and removes what a killed run left in it.
    pub async fn begin(&self, command: &str, config: &Config) -> Result<()> {
        if self.lock(command).await? {
            self.sweep_killed(config).await?;
        }
        Ok(())
    }

    /// Removes what killed runs of this checkout left, on the engine too where it answers; needs the lock.
    pub async fn sweep_killed(&self, config: &Config) -> Result<()> {
        for partial in self.leftover_files() {
            files::remove(&partial)?;
            self.report.note(&format!("removed a killed run's {}", self.folders.shown(&partial).display()));
        }
        if let Ok(engine) = self.engine(config).await {
            let scope = Scope::OtherRuns { checkout: self.checkout.clone(), run: self.run.clone() };
            let swept = engine.sweep(&scope).await.context("sweep what an earlier run left")?;
            if !swept.is_empty() {
                self.report.note(&format!("swept what a killed run left: {}", swept.join(", ")));
            }
        }
        Ok(())
    }

    /// Ends this run's containers, removes its half-written files, and lets go of the checkout.
    pub async fn sweep(&mut self) -> Result<()> {
        until_let_go(&self.programs, MOST_PAUSES_OF_PROGRAMS, "a program is still ending").await?;
        if self.lock.get().is_some() {
            // A thread that was at work when the run was interrupted would bring back what is swept under it.
            until_let_go(&self.writers, MOST_PAUSES, "a thread is still writing").await?;
            for partial in self.leftover_files() {
                files::remove(&partial)?;
            }
        }
        if let Some(engine) = self.engine.get() {
            let swept = engine.sweep(&Scope::Run { run: self.run.clone() }).await;
            swept.context("stop this run's containers")?;
        }
        if let Some(lock) = self.lock.take() {
            lock.release();
        }
        Ok(())
    }

    /// A path of the command line as plans spell it: from the root where it lies below, else absolute.
    pub fn seen_from_root(&self, path: &Path) -> String {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.folders.shown(&absolute).display().to_string()
    }

    /// Half-written binaries, locks, models and archives, notes of where a model is written last.
    fn leftover_files(&self) -> Vec<PathBuf> {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let binary =
            |path: &PathBuf| name(path).starts_with(".tensorflow_model_server.") && name(path).contains(".partial-");
        // Several checkouts may write into one folder.
        let own = format!(".partial-{}-", self.checkout);
        let model = |path: &PathBuf| name(path).starts_with('.') && name(path).contains(&own);
        let work = files::entries(&self.folders.work());
        let noted = work.iter().filter(|path| path.extension().is_some_and(|end| end == PARTIAL_NOTE));
        let noted = noted.filter_map(|note| Some(PathBuf::from(files::read(note).ok().map(String::from_utf8)?.ok()?)));
        let mut found: Vec<PathBuf> = files::entries(&self.folders.bin()).into_iter().filter(binary).collect();
        let models = files::entries(&self.folders.root.join(FOLDER));
        found.extend(models.iter().flat_map(|folder| files::entries(folder)).chain(noted).filter(model));
        let lock = |path: &PathBuf| name(path).starts_with(".images.lock.partial-");
        found.extend(files::entries(&self.folders.root.join("manifests")).into_iter().filter(lock));
        found.sort();
        found.dedup();
        found.extend(work);
        found
    }
}

/// Waits until nobody else holds what an interrupt may have left in other hands.
async fn until_let_go(held: &Arc<()>, most_pauses: u32, trouble: &'static str) -> Result<()> {
    for _ in 0..most_pauses {
        if Arc::strong_count(held) == 1 {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!(trouble)
}
