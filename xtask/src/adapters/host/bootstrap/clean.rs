//! Takes out of a fresh root what differs from run to run or belongs to the host, and packs the rest.
//! Two bootstraps of one state of the archive should give one tar.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use fs_err as fs;

/// Folders whose files go; the folders stay, as programs expect them.
const EMPTIED: &[&str] = &["var/cache/apt", "var/lib/apt/lists", "var/log", "tmp", "run"];

/// Files that go: caches and backups made anew when needed, and the host's own name and resolver.
const REMOVED: &[&str] = &[
    "etc/group-",
    "etc/gshadow-",
    "etc/hostname",
    "etc/passwd-",
    "etc/resolv.conf",
    "etc/shadow-",
    "var/cache/debconf/config.dat-old",
    "var/cache/debconf/templates.dat-old",
    "var/cache/ldconfig/aux-cache",
    "var/lib/dbus/machine-id",
    "var/lib/dpkg/diversions-old",
    "var/lib/dpkg/status-old",
    "var/lib/systemd/random-seed",
];

/// The `Date` field of the Release file debootstrap verified and left.
pub(super) fn package_date(root: &Path) -> Result<String> {
    let lists = root.join("var/lib/apt/lists");
    let mut files = fs::read_dir(&lists)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    for file in files.iter().filter(|file| file.to_string_lossy().ends_with("Release")) {
        if let Some(date) = fs::read_to_string(file)?.lines().find_map(|line| line.strip_prefix("Date:")) {
            return Ok(date.trim().to_owned());
        }
    }
    bail!(
        "no Release file with a date is in {}: this debootstrap works otherwise than the one we know",
        lists.display()
    )
}

/// Removes what is not the same in every run.
pub(super) fn clean(root: &Path, package_date: &str) -> Result<()> {
    for folder in EMPTIED {
        remove_files(&root.join(folder))?;
    }
    for file in REMOVED {
        match fs::remove_file(root.join(file)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    // Empty, not absent: the first start then writes a new one.
    fs::write(root.join("etc/machine-id"), "")?;
    let shadow = root.join("etc/shadow");
    let passwords = fs::read_to_string(&shadow)?;
    fs::write(&shadow, with_password_day(&passwords, epoch(package_date)? / (24 * 60 * 60)))?;
    Ok(())
}

fn remove_files(folder: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_files(&entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Sets the third field, the day of the last change, which otherwise is the day of the bootstrap.
fn with_password_day(shadow: &str, day: u64) -> String {
    let day = day.to_string();
    let set = |line: &str| {
        let mut fields: Vec<_> = line.split(':').collect();
        if let Some(changed) = fields.get_mut(2) {
            *changed = &day;
        }
        fields.join(":") + "\n"
    };
    shadow.lines().map(set).collect()
}

/// Seconds since 1970; `date` reads the mirror's format so that we need no calendar.
fn epoch(date: &str) -> Result<u64> {
    let output = Command::new("date").args(["--utc", "+%s", "--date", date]).output().context("run `date`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().with_context(|| format!("read the mirror's date `{date}`"))
}

/// Packs the root under a temporary name and renames it when whole.
pub(super) fn pack(root: &Path, tar: &Path, package_date: &str) -> Result<()> {
    let partial = tar.with_extension("tar.partial");
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "tar", "--create", "--format=gnu", "--sort=name", "--numeric-owner"]);
    command.args(["--one-file-system", "--clamp-mtime"]).arg(format!("--mtime=@{}", epoch(package_date)?));
    // The engine makes its own devices; these would only ask whoever unpacks for privileges.
    command.args(["--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*"]);
    command.arg("--file").arg(&partial).arg("--directory").arg(root).arg(".");
    let output = command.stdin(Stdio::null()).env("LC_ALL", "C").output().context("start tar")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("pack {}: tar ended with {}: {}", root.display(), output.status, words.trim());
    }
    Ok(fs::rename(&partial, tar)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sat, 11 Jul 2026 10:16:37 UTC";

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("etc/shadow", "root:*:20780:0:99999:7:::\n");
        write("etc/resolv.conf", "nameserver 192.0.2.1\n");
        write("var/lib/apt/lists/m_dists_bookworm_InRelease", &format!("Origin: Debian\nDate: {DATE}\n"));
        write("var/log/apt/term.log", "x");
        write("dev/null", "x");
        root
    }

    #[test]
    fn the_date_is_the_release_files() {
        let root = root();
        assert_eq!(package_date(root.path()).unwrap(), DATE);
        fs::remove_file(root.path().join("var/lib/apt/lists/m_dists_bookworm_InRelease")).unwrap();
        assert!(package_date(root.path()).unwrap_err().to_string().contains("no Release file"));
    }

    #[test]
    fn what_belongs_to_the_run_or_the_host_goes() {
        let root = root();
        clean(root.path(), DATE).unwrap();
        assert!(!root.path().join("etc/resolv.conf").exists());
        assert!(root.path().join("var/log/apt").is_dir() && !root.path().join("var/log/apt/term.log").exists());
        assert_eq!(fs::read_to_string(root.path().join("etc/machine-id")).unwrap(), "");
        assert_eq!(fs::read_to_string(root.path().join("etc/shadow")).unwrap(), "root:*:20645:0:99999:7:::\n");
    }

    #[test]
    fn two_roots_of_the_same_content_give_one_tar() {
        let packed = |root: tempfile::TempDir| {
            clean(root.path(), DATE).unwrap();
            let tar = root.path().with_extension("tar");
            pack(root.path(), &tar, DATE).unwrap();
            let bytes = fs::read(&tar).unwrap();
            fs::remove_file(&tar).unwrap();
            bytes
        };
        let bytes = packed(root());
        assert_eq!(bytes, packed(root()));
        let mut tar = tar::Archive::new(bytes.as_slice());
        let names: Vec<_> =
            tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        assert!(names.contains(&"./etc/machine-id".to_owned()) && names.contains(&"./dev/".to_owned()), "{names:?}");
        assert!(!names.contains(&"./dev/null".to_owned()), "{names:?}");
    }
}
