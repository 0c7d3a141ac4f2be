//! Makes a minimal Debian root as a tar, for machines that cannot pull a base image: debootstrap, cleaning, packing.
//! What is built on that root, and how the engine imports it, is known elsewhere.

mod advice;
mod clean;
mod mirror;

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use fs_err as fs;

use super::tail;

use advice::advice;

/// Debootstrap's own choice of mirror, as it is reported when the host's package sources name none.
pub const DEFAULT_MIRROR: &str = "debootstrap's default";

/// A Debian root, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootstrappedRoot {
    /// The tar of the root's files.
    pub tar: PathBuf,
    /// The `Date` of the mirror's signed Release file, as written there: which state of the archive this is.
    pub package_date: String,
    /// Where the packages came from.
    pub mirror: String,
}

/// The mirror that a bootstrap would use, where this machine's own package sources name one.
pub fn mirror_of_this_machine(release: &str) -> Option<String> {
    mirror::of_this_machine(release).ok().flatten()
}

/// The programs a bootstrap needs, and the package that brings each.
const TOOLS: &[(&str, &str)] =
    &[("debootstrap", "debootstrap"), ("unshare", "util-linux"), ("setpriv", "util-linux"), ("tar", "tar")];

/// Makes `<work>/<release>.tar`. Needs root, Linux and debootstrap; takes about a minute; blocks.
///
/// Call it on a thread that stays for the whole call: the programs die with the thread that started them, and their
/// mounts with them.
pub fn bootstrap(release: &str, work: &Path, say: &mut dyn FnMut(String)) -> Result<BootstrappedRoot> {
    check_release(release)?;
    check_machine(release)?;
    let root = work.join(format!("{release}.root"));
    fs::create_dir_all(work)?;
    remove(&root)?;
    let mirror = mirror::of_this_machine(release)?;
    say(format!("bootstrap {release} from {}", mirror.as_deref().unwrap_or(DEFAULT_MIRROR)));
    run_debootstrap(release, &root, mirror.as_deref(), say)
        .with_context(|| format!("bootstrap {release} into {}", root.display()))?;
    let package_date = clean::package_date(&root)?;
    clean::clean(&root, &package_date)?;
    let tar = work.join(format!("{release}.tar"));
    say(format!("pack {}", tar.display()));
    clean::pack(&root, &tar, &package_date)?;
    remove(&root)?;
    Ok(BootstrappedRoot { tar, package_date, mirror: mirror.unwrap_or_else(|| DEFAULT_MIRROR.to_owned()) })
}

/// The release becomes part of paths and of a command line.
fn check_release(release: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if release.is_empty() || !release.bytes().all(plain) {
        bail!("`{release}` is not a Debian release: name one like `bookworm`");
    }
    Ok(())
}

fn check_machine(release: &str) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("a {release} root can only be bootstrapped on Linux: use a profile whose base image is pulled");
    }
    let missing: Vec<_> = TOOLS.iter().filter(|(tool, _)| which::which(tool).is_err()).collect();
    if !missing.is_empty() {
        let tools: Vec<_> = missing.iter().map(|(tool, _)| *tool).collect();
        let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
        packages.dedup();
        bail!(
            "to bootstrap {release} this machine lacks {}: run `apt-get install {} debian-archive-keyring` as root",
            tools.join(", "),
            packages.join(" ")
        );
    }
    if !is_root()? {
        bail!("bootstrapping {release} needs root (it makes devices and mounts): run the command again with `sudo`");
    }
    Ok(())
}

fn is_root() -> Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).context("read our user from /proc")?;
    Ok(uids.split_whitespace().nth(1) == Some("0"))
}

/// Removes the folder of this or of a killed run, unless something is mounted in it.
fn remove(root: &Path) -> Result<()> {
    if !root.exists() {
        return Ok(());
    }
    let real = fs::canonicalize(root)?;
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    if let Some(inside) = mount_inside(&mounts, &real) {
        bail!("{inside} is mounted inside a folder that has to go: run `umount {inside}` and start again");
    }
    Ok(fs::remove_dir_all(root)?)
}

/// The first mount point at or under the folder; `mountinfo` has them in the fifth column.
fn mount_inside(mountinfo: &str, folder: &Path) -> Option<String> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4));
    points.map(|point| point.replace("\\040", " ")).find(|point| Path::new(point).starts_with(folder))
}

fn run_debootstrap(release: &str, root: &Path, mirror: Option<&str>, say: &mut dyn FnMut(String)) -> Result<()> {
    // Own mounts and processes: when we are killed, unshare is, and with its first process go all others and the
    // mounts. Without a checked signature debootstrap would go on where the keyring is missing.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]);
    command.args(["debootstrap", "--variant=minbase", "--force-check-gpg", release]).arg(root).args(mirror);
    command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start setpriv unshare debootstrap")?;
    let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
    let mut stderr = child.stderr.take().expect("stderr was asked for as a pipe");
    let complaints = thread::scope(|scope| {
        let complaints = scope.spawn(move || {
            let mut text = Vec::new();
            // What cannot be read cannot be told; the exit status stands either way.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).trim().to_owned()
        });
        let mut last_words = Vec::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            match line.strip_prefix("I: ") {
                Some(progress) => say(progress.trim_end().to_owned()),
                None => last_words.push(line),
            }
        }
        let complaints = complaints.join().expect("reading a pipe does not panic");
        format!("{}\n{complaints}", last_words.join("\n")).trim().to_owned()
    });
    let status = child.wait().context("wait for debootstrap")?;
    if status.success() {
        return Ok(());
    }
    let log = fs::read_to_string(root.join("debootstrap/debootstrap.log")).unwrap_or_default();
    bail!("{}\ndebootstrap ended with {status}: {complaints}\n{}", advice(&complaints, release), tail(&log, 8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_plain_word() {
        assert!(check_release("bookworm").is_ok());
        for wrong in ["", "../etc", "--help", "Book worm"] {
            let error = bootstrap(wrong, Path::new("/nonexistent"), &mut |_| ()).unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}` is not a Debian release")), "{error}");
        }
    }

    #[test]
    fn a_mount_inside_is_found() {
        let mountinfo = "22 1 254:0 / / rw - ext4 /dev/vda rw\n40 22 0:5 / /w/my\\040root/proc rw - proc proc rw\n";
        assert_eq!(mount_inside(mountinfo, Path::new("/w/my root")).as_deref(), Some("/w/my root/proc"));
        assert_eq!(mount_inside(mountinfo, Path::new("/w/my")), None);
    }
}
