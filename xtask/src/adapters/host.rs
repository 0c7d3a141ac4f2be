//! This machine: what is true of it, and what only it can do (bootstrap a root, install packages, start an engine).
//! What follows from the facts is decided in the domain; nothing here judges.

mod bootstrap;
mod compile;
mod engine;
mod facts;
mod package_date;
mod packages;
mod registry;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::blocking::blocking;
use crate::{
    domain::{
        check,
        proof::feature::{self, Feature},
        settings::CaBundle,
    },
    ports::{Host, Program, Root, Say},
};

pub(crate) use facts::Facts;
pub(crate) use registry::StoppedRegistry;

/// The machine this process runs on.
pub(crate) struct ThisHost;

/// Where distributions keep the certificates they trust, most common first.
const CA_BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

impl Host for ThisHost {
    async fn bootstrap(&self, release: &str, work: &Path, say: Say<'_>) -> Result<Root> {
        let (release, work) = (release.to_owned(), work.to_owned());
        let made = blocking(say, move |say| bootstrap::bootstrap(&release, &work, say)).await?;
        let package_date = package_date::compact(&made.package_date)
            .with_context(|| format!("read the date `{}` of the packages", made.package_date))?;
        Ok(Root { tar: made.tar, package_date })
    }

    async fn package_date(&self, release: &str) -> Option<String> {
        package_date::of_mirror(&bootstrap::mirror_of_this_machine(release)?, release).await
    }

    async fn compile(&self, package: &'static str, root: &Path, say: Say<'_>) -> Result<Program> {
        let root = root.to_owned();
        blocking(say, move |say| compile::compile(package, &root, say)).await
    }
}

impl ThisHost {
    pub fn facts(folder: &Path) -> Facts {
        facts::facts(folder)
    }

    /// This machine as checks want it, with each of `features` looked for in its CPU.
    pub fn describe(folder: &Path, features: BTreeSet<Feature>) -> check::Host {
        let facts = facts::facts(folder);
        let flags = facts.cpu_flags.clone().unwrap_or_default();
        let missing = feature::missing(&features, &flags);
        let tools = ["git", "debootstrap", "tar", "unshare", "setpriv"];
        check::Host {
            is_root: facts.is_root,
            tools: tools.map(|tool| (tool, facts.tools.get(tool).is_some_and(Option::is_some))).to_vec(),
            cpu_model: facts.cpu_model.unwrap_or_else(|| "unknown CPU".into()),
            cpu_features: features.iter().map(|f| (f.to_string(), !missing.contains(f))).collect(),
            free: facts.disk_free,
            has_gpu: facts.has_nvidia_gpu,
        }
    }

    /// Free bytes of the file system that holds `folder`.
    pub fn free_bytes(folder: &Path) -> Option<u64> {
        facts::facts(folder).disk_free
    }

    /// Why each of `folders` cannot be written, for those that cannot.
    pub fn unwritable(folders: &[PathBuf]) -> Vec<String> {
        let probe = |folder: &PathBuf| {
            let file = folder.join(format!(".xtask-write-{}", std::process::id()));
            fs_err::create_dir_all(folder)
                .and_then(|()| fs_err::write(&file, b""))
                .and_then(|()| fs_err::remove_file(&file))
        };
        folders.iter().filter_map(|folder| probe(folder).err()).map(|error| error.to_string()).collect()
    }

    /// The certificates build steps shall trust; a file is named from `root`.
    pub fn ca_bundle(setting: &CaBundle, root: &Path) -> Result<Option<Vec<u8>>> {
        match setting {
            CaBundle::None => Ok(None),
            CaBundle::File(path) => {
                let bundle = fs_err::read(root.join(path));
                Ok(Some(bundle.context("read [engine] ca-bundle of config.toml")?))
            }
            CaBundle::Host => {
                let named = std::env::var("SSL_CERT_FILE").ok().map(PathBuf::from);
                let known = CA_BUNDLES.iter().map(PathBuf::from);
                Ok(named.into_iter().chain(known).find_map(|path| fs_err::read(path).ok()))
            }
        }
    }

    /// The values of remote headers, read from the environment variables that hold them.
    pub fn secrets(headers: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
        let mut values = BTreeMap::new();
        for (header, variable) in headers {
            match std::env::var(variable) {
                Ok(value) if !value.is_empty() && !value.contains(['\n', '\r']) => values.insert(header.clone(), value),
                Ok(value) if !value.is_empty() => {
                    bail!("${variable} (remote header {header}) holds a line break; export it without")
                }
                _ => bail!(
                    "config.toml takes the remote header {header} from ${variable}, which is not set; export it, or remove it from [bazel] headers"
                ),
            };
        }
        Ok(values)
    }

    /// `SOURCE_DATE_EPOCH`, by which whoever packages asks for a time other than now.
    pub fn source_date_epoch() -> Result<Option<u64>> {
        let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(None) };
        // What can be written as a date, so that nobody trips over it later.
        let seconds = text.parse().ok().filter(|seconds| *seconds < 253_402_300_800);
        seconds
            .map(Some)
            .with_context(|| format!("SOURCE_DATE_EPOCH is `{text}`: set it to whole seconds since 1970, or unset it"))
    }

    pub fn has_program(name: &str) -> bool {
        // Daemons live where a user's PATH may not look.
        let system = ["/usr/sbin", "/sbin"].iter().any(|folder| Path::new(folder).join(name).is_file());
        system || which::which(name).is_ok()
    }

    /// Whether `python3 -m venv` can put pip into what it makes.
    pub fn makes_python_environments() -> bool {
        let mut asked = std::process::Command::new("python3");
        let asked = asked.args(["-c", "import ensurepip, venv"]).stderr(std::process::Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    }

    /// Whether the environment names an engine, so that starting one of our own would be beside the point.
    pub fn names_an_engine() -> bool {
        ["DOCKER_HOST", "DOCKER_CONTEXT"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    }

    /// Installs packages of the distribution; needs root.
    pub async fn install(packages: &[&'static str], say: Say<'_>) -> Result<()> {
        let packages = packages.to_vec();
        blocking(say, move |say| packages::install(&packages, say)).await
    }

    /// Starts the engine and waits until it answers; needs root.
    pub async fn start_engine(say: Say<'_>) -> Result<()> {
        blocking(say, engine::start_engine).await
    }

    /// The commit that is checked out at `root`, marked where files differ from it; none where that is no checkout of git.
    pub async fn commit(root: &Path) -> Option<String> {
        let mut git = tokio::process::Command::new("git");
        git.arg("-C").arg(root).args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]);
        let told = git.stdin(std::process::Stdio::null()).kill_on_drop(true).output().await.ok()?;
        let text = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        (told.status.success() && !text.is_empty()).then_some(text)
    }

    /// Ends the registry that [`ThisHost::start_registry`] started with its files in `folder`, and removes these.
    pub async fn stop_registry(folder: &Path) -> Result<StoppedRegistry> {
        let folder = folder.to_owned();
        blocking(&|_| {}, move |_| registry::stop_registry(&folder)).await
    }

    /// Starts a registry at `address`, with its files in `folder`, unless one answers there.
    pub async fn start_registry(address: &'static str, folder: &Path) -> Result<()> {
        let folder = folder.to_owned();
        blocking(&|_| {}, move |_| registry::start_registry(address, &folder)).await
    }
}

/// The last lines of a log, for an error.
fn tail(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }

    #[test]
    fn a_missing_secret_names_its_variable_and_never_a_value() {
        let headers = BTreeMap::from([("Authorization".to_owned(), "XTASK_TEST_NOT_SET".to_owned())]);
        let text = ThisHost::secrets(&headers).expect_err("not set").to_string();
        assert!(text.contains("Authorization from $XTASK_TEST_NOT_SET"), "{text}");
    }

    #[test]
    fn folders_that_cannot_be_written_are_told_with_their_paths() {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs_err::write(folder.path().join("file"), b"").expect("write");
        let found = ThisHost::unwritable(&[folder.path().join("new"), folder.path().join("file")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("file"), "{found:?}");
    }
}
