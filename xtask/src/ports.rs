//! What executing a plan asks of the world, in our verbs and no more than it uses.
//! Adapters implement these; tests put recording fakes in their place.

mod cluster;
mod measurer;
mod registry;
mod scripts;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use bench_protocol::protocol::Standing;

use crate::domain::{model::Wheel, serving_image::receipt::Package, source::Repository};

pub(crate) use cluster::{Applied, Applying, Cluster, Place, Resource};
pub(crate) use measurer::{Measurer, Measuring};
pub(crate) use registry::{Blob, Content, Credentials, Registry, Signer};
pub(crate) use scripts::{Script, Scripts};

/// Called with each line of progress that an adapter has to tell.
pub(crate) type Say<'a> = &'a (dyn Fn(String) + Sync);

/// Called with the bytes that have moved and the bytes there are; 0 where nobody says how many there are.
pub(crate) type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// A container engine, perhaps on another machine: nothing is ever bound to a folder of this one.
pub(crate) trait Engine {
    async fn facts(&self) -> Result<EngineFacts>;
    /// The image's ID and labels, or none where the engine does not have it.
    async fn image(&self, reference: &str) -> Result<Option<ImageFacts>>;
    async fn pull(&self, reference: &str, say: Say<'_>) -> Result<ImageFacts>;
    /// Makes an image of one layer from a root file system's tar.
    async fn import(&self, tar: &Path, reference: &str, labels: &Labels) -> Result<ImageFacts>;
    async fn build_image(&self, build: &ImageBuild, say: Say<'_>) -> Result<ImageFacts>;
    /// The image's twin with `created` (RFC 3339) for every time in its configuration, with `labels` beside its own and without
    /// the one that marks images of a checkout.
    async fn dated(&self, image: &str, created: &str, labels: &Labels) -> Result<ImageFacts>;
    /// Gives an image a further name, taking it from whichever image had it.
    async fn tag(&self, image: &str, reference: &str) -> Result<()>;
    /// Creates a container and the volumes it names; it does not start.
    async fn create(&self, job: &ContainerJob) -> Result<String>;
    /// Unpacks a tar below `folder` of a container that need not run.
    async fn upload(&self, container: &str, folder: &str, tar: Tar) -> Result<()>;
    async fn has_path(&self, container: &str, path: &str) -> Result<bool>;
    /// Starts the container, hands on its output, and waits for its end.
    async fn run(&self, container: &str, output: &mut dyn FnMut(&[u8])) -> Result<Exit>;
    /// Streams one file out, through links among its folders, hashing on the way.
    async fn copy_out(&self, container: &str, path: &str, to: &Path, progress: Progress<'_>) -> Result<CopiedFile>;
    /// Streams a folder out as a tar whose entries begin with its name; what cuts the stream is an error of this call.
    async fn download<T: Send + 'static>(
        &self,
        container: &str,
        folder: &str,
        progress: Progress<'_>,
        untar: Untar<T>,
    ) -> Result<T>;
    /// A small file's bytes, through symbolic links; none if it is not there.
    async fn read_file(&self, container: &str, path: &str) -> Result<Option<Vec<u8>>>;
    /// Makes an image of a container's own files: what lies in its volumes is not among them.
    async fn commit(&self, container: &str, image: &KeptImage) -> Result<ImageFacts>;
    /// Starts the container and leaves it to itself.
    async fn start(&self, container: &str) -> Result<()>;
    /// How a container stands, by ID or name; none where there is none.
    async fn look_at(&self, container: &str) -> Result<Option<ContainerFacts>>;
    /// What a container has said last.
    async fn last_words(&self, container: &str) -> Result<String>;
    /// What a running container has used and waited for since it started.
    async fn counters(&self, container: &str) -> Result<Standing>;
    /// Asks the container to end, kills it after `grace`, and says how it ended.
    async fn stop(&self, container: &str, grace: Duration) -> Result<Exit>;
    /// A network on which containers find each other by name, made where it is not there.
    async fn network(&self, name: &str, labels: &Labels) -> Result<()>;
    /// Hands out images whole, in one tar of their configurations and layers, as the engine keeps them.
    async fn save<T: Send + 'static>(&self, images: &[String], progress: Progress<'_>, untar: Untar<T>) -> Result<T>;
    /// Ends the container as it asked to be ended, and removes it with its scratch volumes.
    async fn remove(&self, container: &str) -> Result<()>;
}

pub(crate) type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineFacts {
    pub version: String,
    pub api_version: String,
    pub cores: u32,
    /// Bytes of memory of the engine's machine.
    pub memory: u64,
    pub os_arch: String,
    pub data_root: String,
    pub storage_driver: String,
    pub runtimes: Vec<String>,
    /// Registries that it may speak plain HTTP to, beside those on its loopback.
    pub insecure_registries: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageFacts {
    pub id: String,
    pub labels: Labels,
    /// Of all layers, unpacked.
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageBuild {
    /// None: the image is known by its ID alone.
    pub tag: Option<String>,
    pub args: BTreeMap<String, String>,
    pub labels: Labels,
    pub network: Option<String>,
    /// The context: path -> bytes. `Dockerfile` is the one that is built.
    pub context: BTreeMap<String, Vec<u8>>,
    /// Programs of the context, from this disk.
    pub programs: BTreeMap<String, PathBuf>,
}

/// What a container is kept as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptImage {
    pub reference: String,
    pub labels: Labels,
    /// What runs in its containers by default.
    pub command: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContainerJob {
    pub name: String,
    pub image: String,
    /// Empty: the image's own.
    pub command: Vec<String>,
    /// Whether the image's own entry point stands before the command.
    pub keeps_entrypoint: bool,
    /// Empty: the image's own.
    pub working_folder: String,
    pub environment: BTreeMap<String, String>,
    /// Volume name -> mount point.
    pub volumes: BTreeMap<String, String>,
    /// Mount points of volumes without a name, which come and go with the container.
    pub scratch: Vec<String>,
    pub network: Option<String>,
    pub memory: Option<u64>,
    pub labels: Labels,
    /// None: a job that runs to its end.
    pub serving: Option<Serving>,
}

/// A container that serves, under the security context of the manifests: read-only root, no capability, no way to gain
/// any, volumes read-only too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Serving {
    /// Thousandths of a CPU; none for all there are.
    pub millicpus: Option<u32>,
    /// Ports of the container -> of the engine's host; none for any that is free.
    pub ports: BTreeMap<u16, Option<u16>>,
    /// What other containers of its network call it.
    pub alias: Option<String>,
    /// All GPUs, by the NVIDIA runtime.
    pub gpu: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerFacts {
    pub id: String,
    pub running: bool,
    /// Of its last end.
    pub exit: Exit,
    pub labels: Labels,
    /// Port of the container -> `host:port` as this machine reaches it.
    pub addresses: BTreeMap<u16, String>,
}

/// Writes a tar into whatever it is given; runs once, on a thread that may block.
pub(crate) type Tar = Box<dyn FnOnce(&mut dyn std::io::Write) -> Result<()> + Send>;

/// Reads a tar from whatever it is given; runs once, on a thread that may block.
pub(crate) type Untar<T> = Box<dyn FnOnce(&mut dyn std::io::Read) -> Result<T> + Send>;

/// How a container ended. A failed build is a value, not an error of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    pub code: i64,
    /// The kernel killed a process of this container for want of memory.
    pub out_of_memory: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopiedFile {
    pub sha256: String,
    pub bytes: u64,
}

/// Where sources come from.
pub(crate) trait Source {
    /// Brings `repositories` to their commits below `folder` and verifies them.
    async fn check_out(&self, folder: &Path, repositories: &[Repository], say: Say<'_>) -> Result<()>;
    /// sha256 over names, modes and contents of a folder.
    async fn digest(&self, folder: &Path) -> Result<String>;
    /// The folder as a deterministic tar whose last entry is [`COMPLETE`]; fails before that entry where the content
    /// no longer is what `digest` said.
    fn archive(&self, folder: &Path, digest: &str) -> Tar;
}

/// Last entry of a source archive: where it stands, all before it was unpacked.
pub(crate) const COMPLETE: &str = ".xtask-complete";

/// This machine: what only it can do for the engine.
pub(crate) trait Host {
    /// Makes a Debian root below `work`.
    async fn bootstrap(&self, release: &str, work: &Path, say: Say<'_>) -> Result<Root>;
    /// Date of the newest packages of a release, `YYYYMMDD`; none where the mirror cannot be asked.
    async fn package_date(&self, release: &str) -> Option<String>;
    /// Has cargo make a static program of this workspace that depends on nothing of this machine.
    async fn compile(&self, package: &'static str, root: &Path, say: Say<'_>) -> Result<Program>;
}

/// A program that cargo made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub path: PathBuf,
    pub sha256: String,
    /// Of the CPUs that run it, as Rust spells it: `x86_64`.
    pub architecture: String,
    /// The crates in it.
    pub packages: Vec<Package>,
}

/// A bootstrapped root file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    pub tar: PathBuf,
    /// `YYYYMMDD`.
    pub package_date: String,
}

/// Files from the network.
pub(crate) trait Fetch {
    /// Brings all of `url` into `to`, going on from what an earlier try left there, and says what arrived.
    /// `to` is for a file under way: the caller compares the digest with its own, and renames or removes the file.
    async fn download(&self, url: &str, to: &Path, progress: Progress<'_>, say: Say<'_>) -> Result<Downloaded>;
    /// Brings the one wheel of a package into the existing folder `to`, with the client that is set up in `tools`, and
    /// says which file it is.
    async fn package(&self, package: &Wheel, tools: &Path, to: &Path) -> Result<PathBuf>;
}

/// A file that is here as a whole; nobody has judged yet whether it is the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Downloaded {
    pub sha256: String,
    pub bytes: u64,
}

/// The REST API of a model server.
pub(crate) trait Rest {
    /// Asks with GET, or with POST where there is a body; an answer of any status is an answer.
    async fn ask(&self, url: &str, body: Option<&str>) -> Result<RestAnswer>;
    /// Posts a file as the field `file` of a form.
    async fn upload(&self, url: &str, name: &'static str, bytes: Vec<u8>) -> Result<RestAnswer>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RestAnswer {
    pub status: u16,
    pub body: String,
}
