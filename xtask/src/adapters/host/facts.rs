//! Facts about this machine, gathered without changing anything; a fact that cannot be had is absent, not an error.
//! Each text the system gives is read by a pure function below, so that other machines can be tested here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use fs_err as fs;
use serde::{Deserialize, Serialize};

/// Programs the commands call, or tell the user about.
const TOOLS: &[&str] = &["debootstrap", "docker", "dockerd", "git", "setpriv", "tar", "unshare"];

/// What is true of this machine now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// As Rust names it: `linux`, `macos`.
    pub os: String,
    /// As Rust names it: `x86_64`, `aarch64`.
    pub arch: String,
    /// Whether we may do everything.
    pub is_root: bool,
    /// Whether packages come with `apt-get`.
    pub is_debian_like: bool,
    /// `PRETTY_NAME` of the distribution.
    pub distribution: Option<String>,
    /// Release of the kernel: `6.1.0-18-amd64`.
    pub kernel: Option<String>,
    /// The kernel's own list, e.g. `fpu vme … avx2`; of the first processor.
    pub cpu_flags: Option<String>,
    /// E.g. `AMD EPYC`.
    pub cpu_model: Option<String>,
    /// Processors this process may use, cgroup limits included.
    pub cores: Option<usize>,
    /// Bytes of memory.
    pub memory_total: Option<u64>,
    /// Bytes of memory that programs could take without swapping.
    pub memory_available: Option<u64>,
    /// Bytes an ordinary user may still write where the question was asked.
    pub disk_free: Option<u64>,
    /// Where each program was found.
    pub tools: BTreeMap<String, Option<PathBuf>>,
    /// Whether an NVIDIA GPU answers to its driver.
    pub has_nvidia_gpu: bool,
}

/// Gathers the facts; `disk` is where room is needed, and need not exist yet.
pub fn facts(disk: &Path) -> Facts {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (release, cpu, memory) = (read("/etc/os-release"), read("/proc/cpuinfo"), read("/proc/meminfo"));
    let find = |tool: &&str| ((*tool).to_owned(), which::which(tool).ok());
    Facts {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        is_root: printed("id", &["-u"]).is_some_and(|user| user.trim() == "0"),
        is_debian_like: is_debian_like(&release),
        distribution: release_field(&release, "PRETTY_NAME").map(str::to_owned),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|release| release.trim().to_owned()),
        cpu_flags: cpu_flags(&cpu).map(str::to_owned),
        cpu_model: cpu_model(&cpu).map(str::to_owned),
        cores: thread::available_parallelism().ok().map(usize::from),
        memory_total: memory_field(&memory, "MemTotal"),
        memory_available: memory_field(&memory, "MemAvailable"),
        disk_free: disk_free(disk),
        tools: TOOLS.iter().map(find).collect(),
        has_nvidia_gpu: has_nvidia_gpu(),
    }
}

fn release_field<'a>(release: &'a str, field: &str) -> Option<&'a str> {
    let value = release.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix('='))?;
    Some(value.trim().trim_matches(['"', '\'']))
}

fn is_debian_like(release: &str) -> bool {
    let of = |field| release_field(release, field).unwrap_or_default();
    of("ID").split(' ').chain(of("ID_LIKE").split(' ')).any(|id| matches!(id, "debian" | "ubuntu"))
}

/// x86 says `flags`, ARM says `Features`.
fn cpu_flags(cpuinfo: &str) -> Option<&str> {
    cpu_field(cpuinfo, "flags").or_else(|| cpu_field(cpuinfo, "Features"))
}

fn cpu_model(cpuinfo: &str) -> Option<&str> {
    cpu_field(cpuinfo, "model name")
}

fn cpu_field<'a>(cpuinfo: &'a str, field: &str) -> Option<&'a str> {
    cpuinfo.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim_end() == field).then(|| value.trim())
    })
}

/// Reads `MemTotal:  24689764 kB`, in bytes.
fn memory_field(meminfo: &str, field: &str) -> Option<u64> {
    let value = meminfo.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn disk_free(path: &Path) -> Option<u64> {
    let there = std::path::absolute(path).ok()?.ancestors().find(|folder| folder.exists())?.to_owned();
    available(&printed("df", &["-Pk", "--", there.to_str()?])?)
}

/// Reads the fourth column of `df -Pk`; a device's name may hold spaces, so the columns are counted from the right.
fn available(df: &str) -> Option<u64> {
    let line = df.lines().nth(1)?;
    let percent = line.split_whitespace().position(|word| word.ends_with('%'))?;
    let kilobytes: u64 = line.split_whitespace().nth(percent.checked_sub(1)?)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The control device is there when the driver is loaded; under WSL there is none, but the driver's tool answers.
fn has_nvidia_gpu() -> bool {
    Path::new("/dev/nvidiactl").exists()
        || printed("nvidia-smi", &["--list-gpus"]).is_some_and(|list| list.lines().any(|line| line.starts_with("GPU ")))
}

/// What a program prints, or nothing when it is absent or fails.
fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let program = which::which(program).ok()?;
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_children_are_debian_like() {
        let cases = [
            ("ID=debian\n", true),
            ("NAME=x\nID=ubuntu\nID_LIKE=debian\n", true),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", true),
            ("ID=\"fedora\"\nVARIANT_ID=debian\n", false),
            ("ID=alpine\n", false),
            ("", false),
        ];
        for (release, wanted) in cases {
            assert_eq!(is_debian_like(release), wanted, "{release}");
        }
    }

    #[test]
    fn processors_of_both_families_are_read() {
        let x86 = "processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2\nvmx flags\t: no\n";
        assert_eq!((cpu_flags(x86), cpu_model(x86)), (Some("fpu avx2"), Some("AMD EPYC")));
        let arm = "processor\t: 0\nFeatures\t: fp asimd\n";
        assert_eq!((cpu_flags(arm), cpu_model(arm)), (Some("fp asimd"), None));
    }

    #[test]
    fn memory_is_in_bytes() {
        let meminfo = "MemTotal:       24000000 kB\nMemAvailable:      1000 kB\nHugePages_Total:       0\n";
        assert_eq!(memory_field(meminfo, "MemTotal"), Some(24_576_000_000));
        assert_eq!(memory_field(meminfo, "MemAvailable"), Some(1_024_000));
        assert_eq!(memory_field(meminfo, "HugePages_Total"), None);
    }

    #[test]
    fn the_free_disk_is_the_column_before_the_share() {
        let head = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
        assert_eq!(available(&format!("{head}/dev/vda 264000 12000 80000 13% /\n")), Some(81_920_000));
        assert_eq!(available(&format!("{head}my share 264000 12000 1 13% /mnt/a b\n")), Some(1024));
        assert_eq!(available(head), None);
    }

    #[test]
    fn this_machine_has_facts() {
        let found = facts(Path::new("/tmp/not/there/yet"));
        assert!(found.disk_free.is_some() && found.cores.is_some_and(|cores| cores > 0), "{found:?}");
        assert_eq!(found.tools.len(), TOOLS.len());
        assert!(found.tools["git"].as_ref().is_some_and(|path| path.is_absolute()));
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), found);
    }
}
