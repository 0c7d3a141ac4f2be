//! Recording fakes for the ports: each call is one line, in the order in which it came.
//! They do as little as a test needs to see; nothing here asserts.

mod fetch;
mod measurer;
mod program;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    path::Path,
    time::Duration,
};

use anyhow::Result;
use bench_protocol::protocol::Standing;
use sha2::{Digest, Sha256};

use crate::{
    domain::proof::fixture::{Fixture, code},
    domain::{serving_image::receipt::Package, source::Repository},
    ports::{
        COMPLETE, ContainerFacts, ContainerJob, CopiedFile, Engine, EngineFacts, Exit, Host, ImageBuild, ImageFacts,
        KeptImage, Labels, Program, Progress, Rest, RestAnswer, Root, Say, Source, Tar, Untar,
    },
};

pub(crate) use fetch::FakeFetch;
pub(crate) use measurer::FakeMeasurer;
pub(crate) use program::write_program;

/// An engine whose containers end as they are told to.
pub(crate) struct FakeEngine {
    pub calls: RefCell<Vec<String>>,
    pub cores: u32,
    /// Whether the base and whatever is built are there already.
    pub has_images: bool,
    pub has_sources: bool,
    /// How the runs of a variant end, one after another; well once none is left.
    pub exits: RefCell<BTreeMap<String, VecDeque<Exit>>>,
    /// What every build makes.
    pub binary: Vec<u8>,
    /// What a container says when it runs, and the tar of what it leaves in any folder.
    pub output: (&'static str, Vec<u8>),
    /// Images that were kept, with their labels.
    pub kept: RefCell<BTreeMap<String, Labels>>,
    /// IDs of images that a test wants to know.
    pub ids: BTreeMap<String, String>,
    /// The tar that it hands out of its images.
    pub saved: Vec<u8>,
    /// Names in the tars that were sent, by container.
    pub sent: RefCell<BTreeMap<String, Vec<String>>>,
    running: Cell<usize>,
    /// The most containers that ran at once.
    pub most_at_once: Cell<usize>,
    /// Commands of the build containers, by container.
    pub commands: RefCell<BTreeMap<String, Vec<String>>>,
    /// Containers that are there, by name.
    pub containers: RefCell<BTreeMap<String, ContainerFacts>>,
    pub runtimes: Vec<String>,
    /// A container that ends as soon as it starts.
    pub fails_to_start: RefCell<Option<String>>,
}

impl FakeEngine {
    pub fn new(cores: u32) -> Self {
        Self {
            calls: RefCell::default(),
            cores,
            has_images: false,
            has_sources: false,
            exits: RefCell::default(),
            binary: Fixture::program(&[("main", &[code::RET])]).build(),
            output: ("", Vec::new()),
            kept: RefCell::default(),
            ids: BTreeMap::new(),
            saved: Vec::new(),
            sent: RefCell::default(),
            running: Cell::new(0),
            most_at_once: Cell::new(0),
            commands: RefCell::default(),
            containers: RefCell::default(),
            runtimes: Vec::new(),
            fails_to_start: RefCell::default(),
        }
    }

    /// Lets the next runs of a variant end so.
    pub fn ends(&self, variant: &str, exits: &[Exit]) {
        self.exits.borrow_mut().insert(variant.into(), exits.iter().copied().collect());
    }

    /// The calls so far that begin with one of `verbs`.
    pub fn calls_of(&self, verbs: &[&str]) -> Vec<String> {
        let is_wanted = |call: &&String| verbs.iter().any(|verb| call.split(' ').next() == Some(verb));
        self.calls.borrow().iter().filter(is_wanted).cloned().collect()
    }

    fn record(&self, call: String) {
        self.calls.borrow_mut().push(call);
    }

    fn image_of(reference: &str) -> ImageFacts {
        let labels = [(crate::domain::label::PACKAGE_DATE.to_owned(), "20260101".to_owned())];
        ImageFacts { id: format!("sha256:{reference}"), labels: labels.into(), bytes: 1 << 20 }
    }
}

impl Engine for FakeEngine {
    async fn facts(&self) -> Result<EngineFacts> {
        self.record("facts".into());
        Ok(EngineFacts {
            version: "fake".into(),
            api_version: "1.41".into(),
            cores: self.cores,
            memory: 1 << 40,
            os_arch: "linux/x86_64".into(),
            data_root: "/nowhere".into(),
            storage_driver: "fake".into(),
            runtimes: self.runtimes.clone(),
            insecure_registries: Vec::new(),
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageFacts>> {
        self.record(format!("image {reference}"));
        if let Some(id) = self.ids.get(reference) {
            return Ok(Some(ImageFacts { id: id.clone(), labels: Labels::new(), bytes: 0 }));
        }
        if let Some(labels) = self.kept.borrow().get(reference) {
            return Ok(Some(ImageFacts { labels: labels.clone(), ..Self::image_of(reference) }));
        }
        Ok(self.has_images.then(|| Self::image_of(reference)))
    }

    async fn pull(&self, reference: &str, _: Say<'_>) -> Result<ImageFacts> {
        self.record(format!("pull {reference}"));
        Ok(Self::image_of(reference))
    }

    async fn import(&self, _: &Path, reference: &str, _: &Labels) -> Result<ImageFacts> {
        self.record(format!("import {reference}"));
        Ok(Self::image_of(reference))
    }

    async fn build_image(&self, build: &ImageBuild, _: Say<'_>) -> Result<ImageFacts> {
        let tag = build.tag.as_deref().unwrap_or("serving-image");
        self.record(format!("build_image {}", tag.rsplit_once('-').map_or(tag, |(name, _)| name)));
        Ok(Self::image_of(tag))
    }

    async fn dated(&self, image: &str, _: &str, _: &Labels) -> Result<ImageFacts> {
        self.record(format!("dated {image}"));
        Ok(ImageFacts { id: image.into(), ..Self::image_of(image) })
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<()> {
        self.record(format!("tag {image} {reference}"));
        Ok(())
    }

    async fn start(&self, container: &str) -> Result<()> {
        let name = short(container);
        self.record(format!("start {name}"));
        let runs = self.fails_to_start.borrow().as_ref() != Some(&name);
        self.containers.borrow_mut().entry(name).and_modify(|facts| facts.running = runs);
        Ok(())
    }

    async fn look_at(&self, container: &str) -> Result<Option<ContainerFacts>> {
        let name = short(container);
        self.record(format!("look_at {name}"));
        Ok(self.containers.borrow().get(&name).cloned())
    }

    async fn last_words(&self, _: &str) -> Result<String> {
        Ok("its last words".into())
    }

    async fn stop(&self, container: &str, _: Duration) -> Result<Exit> {
        self.record(format!("stop {}", short(container)));
        Ok(Exit { code: 0, out_of_memory: false })
    }

    async fn counters(&self, container: &str) -> Result<Standing> {
        self.record(format!("counters {}", short(container)));
        Ok(Standing { cpu_seconds: 1.5, ..Standing::default() })
    }

    async fn network(&self, name: &str, _: &Labels) -> Result<()> {
        self.record(format!("network {name}"));
        Ok(())
    }

    async fn create(&self, job: &ContainerJob) -> Result<String> {
        let name = short(&job.name);
        self.record(format!("create {name}"));
        let addresses = BTreeMap::from([5051, 8500, 8501].map(|port| (port, format!("127.0.0.1:{port}"))));
        let exit = Exit { code: 0, out_of_memory: false };
        let facts = ContainerFacts { id: name.clone(), running: false, exit, labels: job.labels.clone(), addresses };
        self.containers.borrow_mut().insert(name.clone(), facts);
        self.commands.borrow_mut().insert(name.clone(), job.command.clone());
        Ok(name)
    }

    async fn upload(&self, container: &str, folder: &str, tar: Tar) -> Result<()> {
        self.record(format!("upload {container} {folder}"));
        let mut bytes = Vec::new();
        tar(&mut bytes)?;
        let mut tar = tar::Archive::new(bytes.as_slice());
        for entry in tar.entries()? {
            let name = entry?.path()?.display().to_string();
            self.sent.borrow_mut().entry(container.into()).or_default().push(name);
        }
        Ok(())
    }

    async fn has_path(&self, container: &str, path: &str) -> Result<bool> {
        self.record(format!("has_path {container} {path}"));
        assert!(path.ends_with(COMPLETE), "only the mark is ever looked for");
        Ok(self.has_sources)
    }

    async fn run(&self, container: &str, output: &mut dyn FnMut(&[u8])) -> Result<Exit> {
        self.record(format!("run {container}"));
        self.running.set(self.running.get() + 1);
        self.most_at_once.set(self.most_at_once.get().max(self.running.get()));
        tokio::task::yield_now().await;
        self.running.set(self.running.get() - 1);
        if container == "probe" {
            output(b"  --jobs (an integer)\n  --disk_cache (a path)\n");
        }
        output(self.output.0.as_bytes());
        let variant = container.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        let told = self.exits.borrow_mut().get_mut(variant).and_then(VecDeque::pop_front);
        Ok(told.unwrap_or(Exit { code: 0, out_of_memory: false }))
    }

    async fn copy_out(&self, container: &str, _: &str, to: &Path, progress: Progress<'_>) -> Result<CopiedFile> {
        self.record(format!("copy_out {container}"));
        fs_err::write(to, &self.binary)?;
        let bytes = self.binary.len() as u64;
        progress(bytes, bytes);
        Ok(CopiedFile { sha256: format!("{:x}", Sha256::digest(&self.binary)), bytes })
    }

    async fn download<T: Send + 'static>(
        &self,
        container: &str,
        folder: &str,
        _: Progress<'_>,
        untar: Untar<T>,
    ) -> Result<T> {
        self.record(format!("download {container} {folder}"));
        untar(&mut self.output.1.as_slice())
    }

    async fn commit(&self, container: &str, image: &KeptImage) -> Result<ImageFacts> {
        self.record(format!("commit {container} {}", image.reference));
        self.kept.borrow_mut().insert(image.reference.clone(), image.labels.clone());
        Ok(Self::image_of(&image.reference))
    }

    async fn read_file(&self, container: &str, path: &str) -> Result<Option<Vec<u8>>> {
        self.record(format!("read_file {container} {path}"));
        if path.ends_with("/flags") {
            return Ok(Some(b"rest_api_port\n".to_vec()));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        Ok(Some(Fixture::library(name, &["GLIBC_2.2.5", "GLIBC_2.34"]).build()))
    }

    async fn save<T: Send + 'static>(&self, images: &[String], progress: Progress<'_>, untar: Untar<T>) -> Result<T> {
        self.record(format!("save {}", images.join(" ")));
        progress(self.saved.len() as u64, 0);
        untar(&mut &self.saved[..])
    }

    async fn remove(&self, container: &str) -> Result<()> {
        self.record(format!("remove {container}"));
        self.containers.borrow_mut().remove(container);
        Ok(())
    }
}

/// `tfs-checkout-ROLE-run-ATTEMPT` without what is the same in all.
fn short(container: &str) -> String {
    container.replace("tfs-checkout-", "").replace("-run", "")
}

/// Servers whose model is there, and who answer every question alike.
pub(crate) struct FakeRest {
    pub answer: &'static str,
}

impl Rest for FakeRest {
    async fn ask(&self, _: &str, body: Option<&str>) -> Result<RestAnswer> {
        let body = body.map_or("{ \"page\": \"<!doctype html>\" }", |_| self.answer).to_owned();
        Ok(RestAnswer { status: 200, body })
    }

    async fn upload(&self, _: &str, _: &'static str, _: Vec<u8>) -> Result<RestAnswer> {
        Ok(RestAnswer { status: 502, body: self.answer.to_owned() })
    }
}

/// A tar of files with their texts; a name with a slash behind is a folder, `a -> b` a link, `a => b` a hard one,
/// `a |` a pipe.
pub(crate) fn tar_of(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in entries {
        let (kind, name, target) = match (name.split_once(" -> "), name.split_once(" => "), name.strip_suffix(" |")) {
            (Some((name, target)), ..) => (tar::EntryType::Symlink, name, target),
            (_, Some((name, target)), _) => (tar::EntryType::Link, name, target),
            (.., Some(name)) => (tar::EntryType::Fifo, name, ""),
            _ if name.ends_with('/') => (tar::EntryType::Directory, *name, ""),
            _ => (tar::EntryType::Regular, *name, ""),
        };
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(text.len() as u64);
        // Set by hand: the crate would not write a name with `..`.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        tar.append(&header, text.as_bytes()).expect("into memory");
    }
    tar.into_inner().expect("into memory")
}

/// Sources that are there, whatever they are.
#[derive(Default)]
pub(crate) struct FakeSource {
    pub calls: RefCell<Vec<String>>,
}

impl Source for FakeSource {
    async fn check_out(&self, _: &Path, repositories: &[Repository], _: Say<'_>) -> Result<()> {
        self.calls.borrow_mut().push(format!("check_out {}", repositories.len()));
        Ok(())
    }

    async fn digest(&self, _: &Path) -> Result<String> {
        self.calls.borrow_mut().push("digest".into());
        Ok("0123456789abcdef".into())
    }

    fn archive(&self, _: &Path, _: &str) -> Tar {
        Box::new(|writer| Ok(tar::Builder::new(writer).finish()?))
    }
}

/// A machine that bootstraps in no time.
#[derive(Default)]
pub(crate) struct FakeHost {
    pub calls: RefCell<Vec<String>>,
}

impl Host for FakeHost {
    async fn bootstrap(&self, release: &str, work: &Path, _: Say<'_>) -> Result<Root> {
        self.calls.borrow_mut().push(format!("bootstrap {release}"));
        fs_err::create_dir_all(work)?;
        let tar = work.join("root.tar");
        fs_err::write(&tar, b"")?;
        Ok(Root { tar, package_date: "20260101".into() })
    }

    async fn package_date(&self, _: &str) -> Option<String> {
        None
    }

    async fn compile(&self, package: &'static str, root: &Path, _: Say<'_>) -> Result<Program> {
        self.calls.borrow_mut().push(format!("compile {package}"));
        let packages = vec![Package { name: package.into(), version: "1".into(), kind: "cargo".into() }];
        Ok(Program {
            path: root.join("target").join(package),
            sha256: "abc".into(),
            architecture: "x86_64".into(),
            packages,
        })
    }
}
