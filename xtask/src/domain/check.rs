//! Checks before the first effect: what was looked at, what was found, and how to mend it.
//! Facts come in, findings go out; nothing is looked up here.

use serde::Serialize;

use crate::domain::profile::BaseImage;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub state: State,
    /// What is so.
    pub found: String,
    /// What to do about it; empty when all is well.
    pub mend: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Fine,
    /// Works, but someone should know.
    Notice,
    /// Nothing can be built like this.
    Blocks,
}

impl Check {
    pub fn fine(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Fine, found: found.into(), mend: String::new() }
    }

    pub fn notice(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Notice, found: found.into(), mend: mend.into() }
    }

    pub fn blocks(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Blocks, found: found.into(), mend: mend.into() }
    }
}

/// What checks are made from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The engine, or why there is none.
    pub engine: Result<Engine, String>,
    pub host: Host,
    /// Why `bin/` or `target/xtask` cannot be written, if so.
    pub unwritable: Vec<String>,
    pub missing_sources: Option<String>,
    pub memory_per_job: u64,
    /// Bases that are not on the engine yet.
    pub missing_bases: Vec<BaseImage>,
    pub needs_git: bool,
    pub wants_gpu: bool,
}

#[derive(Debug, Clone)]
pub struct Engine {
    pub address: String,
    pub version: String,
    pub api_version: String,
    pub os_arch: String,
    pub cores: u32,
    pub memory: u64,
    pub storage_driver: String,
    pub data_root: String,
    /// Free bytes below the data root, known only where the engine is this machine's.
    pub free: Option<u64>,
    pub gpu_runtime: bool,
}

#[derive(Debug, Clone)]
pub struct Host {
    pub is_root: bool,
    pub tools: Vec<(&'static str, bool)>,
    pub cpu_model: String,
    /// `/proc/cpuinfo` flags that matter for the configured variants, and whether each is there.
    pub cpu_features: Vec<(String, bool)>,
    pub free: Option<u64>,
    pub has_gpu: bool,
}

/// A TensorFlow output base, its disk cache and the images of one variant.
const ROOM: u64 = 40 << 30;
/// Below this nothing but the sample fits.
const NO_ROOM: u64 = 3 << 30;

/// All findings, in the order in which a person would mend them.
pub fn checks(facts: &Facts) -> Vec<Check> {
    let mut all = vec![engine(facts)];
    if let Ok(engine) = &facts.engine {
        all.push(memory(engine, facts.memory_per_job));
        all.push(room("room in the engine's data root", &engine.data_root, engine.free));
        all.push(gpu(engine, facts));
    }
    all.push(room("room in this checkout", "this checkout", facts.host.free));
    all.extend(tools(facts));
    all.push(match &facts.missing_sources {
        None => Check::fine("sources", "where config.toml says"),
        Some(path) => Check::blocks(
            "sources",
            format!("{path} does not exist"),
            "restore that folder, or mend `tree` in config.toml",
        ),
    });
    all.push(match facts.unwritable.as_slice() {
        [] => Check::fine("writing here", "bin/ and target/xtask"),
        broken => Check::blocks(
            "writing here",
            broken.join("; "),
            "give this user the right to write there, or use another checkout",
        ),
    });
    all.push(cpu(facts));
    all
}

fn engine(facts: &Facts) -> Check {
    match &facts.engine {
        Err(reason) => Check::blocks(
            "container engine",
            reason.clone(),
            "`cargo xtask quickstart` as root on Debian or Ubuntu installs and starts one; by hand: apt-get install docker.io, then systemctl start docker (or run dockerd)",
        ),
        Ok(engine) if engine.os_arch != "linux/x86_64" => Check::blocks(
            "container engine",
            format!("{} is {}", engine.address, engine.os_arch),
            "the servers are built for linux/x86_64: point DOCKER_HOST at such an engine",
        ),
        Ok(engine) => Check::fine(
            "container engine",
            format!("{} (API {}) at {}, {}", engine.version, engine.api_version, engine.address, engine.storage_driver),
        ),
    }
}

fn memory(engine: &Engine, per_job: u64) -> Check {
    let found = format!("{} for {} cores, {} a job", gib(engine.memory), engine.cores, gib(per_job));
    let jobs = engine.memory / per_job.max(1);
    if jobs == 0 {
        Check::notice("memory", found, "less than one job's worth: builds run with one job and may still be killed")
    } else if jobs < u64::from(engine.cores) {
        Check::notice(
            "memory",
            found,
            format!("only {jobs} of {} cores will compile: add memory to use them all", engine.cores),
        )
    } else {
        Check::fine("memory", found)
    }
}

fn room(name: &'static str, place: &str, free: Option<u64>) -> Check {
    match free {
        None => Check::fine(name, format!("{place}: not visible from here")),
        Some(free) if free < NO_ROOM => Check::blocks(
            name,
            format!("{place}: {} free", gib(free)),
            "free some: `cargo xtask clean` lists what of ours can go, `docker system df` what else the engine holds",
        ),
        Some(free) if free < ROOM => Check::notice(
            name,
            format!("{place}: {} free", gib(free)),
            format!("enough for the sample; TensorFlow itself wants {}", gib(ROOM)),
        ),
        Some(free) => Check::fine(name, format!("{place}: {} free", gib(free))),
    }
}

fn gpu(engine: &Engine, facts: &Facts) -> Check {
    if engine.gpu_runtime {
        Check::fine("GPU runtime", "the engine has the nvidia runtime")
    } else if facts.host.has_gpu && facts.wants_gpu {
        Check::notice(
            "GPU runtime",
            "a GPU, but no nvidia runtime in the engine",
            "install nvidia-container-toolkit to run gpu servers here; building them works without",
        )
    } else {
        Check::fine("GPU runtime", "none: gpu servers are built here and run elsewhere")
    }
}

fn tools(facts: &Facts) -> Vec<Check> {
    let has = |tool: &str| facts.host.tools.iter().any(|(name, there)| *name == tool && *there);
    let mut all = Vec::new();
    if facts.needs_git {
        all.push(if has("git") {
            Check::fine("git", "found")
        } else {
            Check::blocks("git", "not found", "apt-get install git")
        });
    }
    let bootstraps = facts.missing_bases.iter().filter_map(|base| match base {
        BaseImage::Bootstrap(release) => Some(release),
        BaseImage::Registry(_) => None,
    });
    for release in bootstraps {
        let missing: Vec<&str> =
            ["debootstrap", "tar", "unshare", "setpriv"].into_iter().filter(|tool| !has(tool)).collect();
        all.push(if !missing.is_empty() {
            let mend = format!(
                "apt-get install {}",
                missing.join(" ").replace("unshare", "util-linux").replace("setpriv", "util-linux")
            );
            Check::blocks(
                "base image",
                format!("debian-base:{release} is to be bootstrapped, {} not found", missing.join(" and ")),
                mend,
            )
        } else if !facts.host.is_root {
            Check::blocks(
                "base image",
                format!("debian-base:{release} is to be bootstrapped, which needs root"),
                "run this once as root (sudo -E cargo xtask build-servers), or use a profile whose base a registry has",
            )
        } else {
            Check::fine("base image", format!("debian-base:{release} will be bootstrapped"))
        });
    }
    all
}

fn cpu(facts: &Facts) -> Check {
    let (have, lack): (Vec<_>, Vec<_>) = facts.host.cpu_features.iter().partition(|(_, there)| *there);
    let words = |list: &[&(String, bool)]| list.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ");
    if lack.is_empty() {
        Check::fine("CPU of this machine", format!("{}: has {}", facts.host.cpu_model, words(&have)))
    } else {
        Check::notice(
            "CPU of this machine",
            format!("{}: lacks {}", facts.host.cpu_model, words(&lack)),
            "variants that demand these can be built here but not run here",
        )
    }
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Facts {
        Facts {
            engine: Ok(Engine {
                address: "unix:///var/run/docker.sock".into(),
                version: "20.10.24".into(),
                api_version: "1.41".into(),
                os_arch: "linux/x86_64".into(),
                cores: 2,
                memory: 24 << 30,
                storage_driver: "overlay2".into(),
                data_root: "/var/lib/docker".into(),
                free: Some(80 << 30),
                gpu_runtime: false,
            }),
            host: Host {
                is_root: true,
                tools: ["git", "debootstrap", "tar", "unshare", "setpriv"].map(|tool| (tool, true)).to_vec(),
                cpu_model: "test".into(),
                cpu_features: vec![("avx2".into(), true)],
                free: Some(80 << 30),
                has_gpu: false,
            },
            unwritable: Vec::new(),
            missing_sources: None,
            memory_per_job: 2 << 30,
            missing_bases: vec![BaseImage::Bootstrap("bookworm".into())],
            needs_git: true,
            wants_gpu: true,
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Facts), state: State, name: &str, mend: &str) {
        let mut facts = sound();
        change(&mut facts);
        let found: Vec<Check> = checks(&facts).into_iter().filter(|check| check.state != State::Fine).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].name, found[0].state), (name, state));
        assert!(found[0].mend.contains(mend), "{}", found[0].mend);
    }

    #[test]
    fn a_sound_machine_has_nothing_to_mend() {
        assert!(checks(&sound()).iter().all(|check| check.state == State::Fine && check.mend.is_empty()));
    }

    #[test]
    fn each_fault_is_found_alone_and_says_how_to_mend_it() {
        let engine = |facts: &mut Facts, change: fn(&mut Engine)| change(facts.engine.as_mut().expect("sound"));
        check(|f| f.engine = Err("nobody answers".into()), State::Blocks, "container engine", "docker.io");
        check(|f| engine(f, |e| e.os_arch = "linux/aarch64".into()), State::Blocks, "container engine", "DOCKER_HOST");
        check(|f| engine(f, |e| e.memory = 3 << 30), State::Notice, "memory", "only 1 of 2 cores");
        check(|f| engine(f, |e| e.free = Some(1 << 30)), State::Blocks, "room in the engine's data root", "clean");
        check(
            |f| f.host.tools.retain(|(tool, _)| *tool != "debootstrap"),
            State::Blocks,
            "base image",
            "apt-get install debootstrap",
        );
        check(|f| f.host.is_root = false, State::Blocks, "base image", "as root");
        check(|f| f.host.tools.retain(|(tool, _)| *tool != "git"), State::Blocks, "git", "apt-get install git");
        check(
            |f| f.unwritable.push("bin: permission denied".into()),
            State::Blocks,
            "writing here",
            "another checkout",
        );
        check(|f| f.host.has_gpu = true, State::Notice, "GPU runtime", "nvidia-container-toolkit");
        check(|f| f.host.cpu_features[0].1 = false, State::Notice, "CPU of this machine", "not run here");
        check(|f| f.missing_sources = Some("serving/sample".into()), State::Blocks, "sources", "restore");
    }
}
