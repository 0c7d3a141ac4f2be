//! From a profile and a variant to the exact Bazel command line, in one fixed order.
//! Folders named here are inside the build container; nothing on this machine is mentioned.

use crate::domain::{
    dialect::Dialect,
    profile::{DeviceToolchain, Profile},
    settings::RemoteSettings,
    variant::Variant,
};

/// The workspace's sources, in a volume that is filled once per source state.
pub const SOURCES: &str = "/sources";
/// One output base per variant: sharing one between containers corrupts it (bazelbuild/bazel#12591).
pub const OUTPUT_BASE: &str = "/bazel/output-base";
/// Shared by all variants of one build image. Bazel refuses an output base below its disk cache.
pub const DISK_CACHE: &str = "/bazel/disk-cache";
/// Downloads, keyed by their sha256 and thus shared by everything.
pub const REPOSITORY_CACHE: &str = "/bazel/repository-cache";
/// A fixed prefix outside the sources, so that building never writes into them.
const SYMLINK_PREFIX: &str = "/tmp/bazel-";
/// Holds remote headers: their values are secrets and stay off the command line, which the engine shows to anybody.
pub const REMOTE_BAZELRC: &str = "/bazel/remote.bazelrc";

/// A Bazel build whose jobs and cache flags are still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BazelBuild {
    pub startup: Vec<String>,
    /// Flags that decide what comes out: profile, device, variant. They are part of the receipt's key.
    pub flags: Vec<String>,
    pub remote: RemoteSettings,
    pub label: String,
}

impl BazelBuild {
    pub fn new(profile: &Profile, device: &DeviceToolchain, variant: &Variant, remote: &RemoteSettings) -> Self {
        let copts = variant.copts.iter().map(|copt| format!("--copt={copt}"));
        let flags = profile.bazel.flags.iter().cloned().chain(copts);
        let flags = flags.chain(variant.flags.iter().cloned()).chain(device.flags.iter().cloned());
        Self {
            startup: profile.bazel.startup.clone(),
            flags: flags.collect(),
            remote: remote.clone(),
            label: profile.label.clone(),
        }
    }

    /// The command line, program first. `jobs` is a number, or `$JOBS` while no engine has been asked.
    pub fn command(&self, dialect: &Dialect, jobs: &str) -> Vec<String> {
        self.line("build", &self.label, dialect, jobs)
    }

    /// The command line that says in which folder a build with these flags leaves its programs.
    pub fn ask_for_bin(&self, dialect: &Dialect, jobs: &str) -> Vec<String> {
        self.line("info", "bazel-bin", dialect, jobs)
    }

    fn line(&self, verb: &str, what: &str, dialect: &Dialect, jobs: &str) -> Vec<String> {
        let mut line = vec!["bazel".to_owned()];
        line.extend(self.startup.iter().cloned());
        line.push(format!("--output_base={OUTPUT_BASE}"));
        if self.needs_bazelrc() {
            line.push(format!("--bazelrc={REMOTE_BAZELRC}"));
        }
        line.push(verb.into());
        line.extend(self.flags.iter().cloned());
        line.push(format!("--jobs={jobs}"));
        line.extend(dialect.disk_cache(DISK_CACHE));
        line.extend(dialect.repository_cache(REPOSITORY_CACHE));
        if let Some(url) = &self.remote.cache {
            line.extend(dialect.remote_cache(url));
        }
        if let Some(url) = &self.remote.executor {
            line.extend(dialect.remote_executor(url));
        }
        line.push(format!("--symlink_prefix={SYMLINK_PREFIX}"));
        line.extend(dialect.console());
        line.push(what.into());
        line
    }

    pub fn needs_bazelrc(&self) -> bool {
        !self.remote.headers.is_empty()
    }

    /// Where the finished binary stands inside the container.
    pub fn binary(&self) -> String {
        format!("{SYMLINK_PREFIX}bin/{}", self.path())
    }

    /// The program below the folder of all programs.
    pub fn path(&self) -> String {
        self.label.trim_start_matches("//").replace(':', "/")
    }
}

/// jobs = min(cores, memory / memory per job), at least one.
pub fn jobs(cores: u32, memory: u64, memory_per_job: u64) -> u32 {
    let by_memory = memory / memory_per_job.max(1);
    u32::try_from(by_memory).unwrap_or(u32::MAX).min(cores).max(1)
}

/// How many variants build side by side, and the jobs each gets: more than one only where all get `min_jobs`.
pub fn share_jobs(total: u32, min_jobs: u32, variants: usize) -> (usize, u32) {
    let fit = usize::try_from(total / min_jobs.max(1)).unwrap_or(usize::MAX);
    let side_by_side = fit.clamp(1, variants.max(1));
    (side_by_side, (total / u32::try_from(side_by_side).unwrap_or(1)).max(1))
}

/// Quotes a word as a POSIX shell needs it, so that a printed command can be pasted.
pub fn shell_quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./:@%,^$".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A command line as one would type it.
pub fn shell_line<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    words.into_iter().map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_follow_the_scarcer_of_cores_and_memory() {
        const GIB: u64 = 1 << 30;
        assert_eq!(jobs(24, 64 * GIB, 2 * GIB), 24);
        assert_eq!(jobs(24, 16 * GIB, 2 * GIB), 8);
        assert_eq!(jobs(8, GIB, 2 * GIB), 1);
    }

    #[test]
    fn variants_build_side_by_side_only_on_large_machines() {
        assert_eq!(share_jobs(2, 16, 4), (1, 2));
        assert_eq!(share_jobs(64, 16, 4), (4, 16));
        assert_eq!(share_jobs(96, 16, 2), (2, 48));
        assert_eq!(share_jobs(40, 16, 4), (2, 20));
    }

    #[test]
    fn printed_commands_can_be_pasted() {
        assert_eq!(shell_quote("--copt=-mavx2"), "--copt=-mavx2");
        assert_eq!(shell_quote("a b"), "'a b'");
        assert_eq!(shell_quote("it's"), "'it'\\''s'");
        assert_eq!(shell_quote(""), "''");
    }
}
