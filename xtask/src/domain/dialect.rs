//! Which flags a given Bazel understands, from its version when planning and from its own help when building.
//! Bazel renamed its cache flags several times between 0.10 and 7.4; every choice between names is made here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::profile::BazelVersion;

/// The set of flags one Bazel accepts for `build`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    known: BTreeSet<String>,
}

type Version = (u32, u32, u32);

/// Name, first version that has it, first version that no longer has it.
/// From Bazel's change log; the probe of the real Bazel has the last word.
const HISTORY: &[(&str, Version, Option<Version>)] = &[
    ("jobs", (0, 1, 0), None),
    ("symlink_prefix", (0, 1, 0), None),
    ("color", (0, 1, 0), None),
    ("curses", (0, 1, 0), None),
    ("show_progress_rate_limit", (0, 1, 0), None),
    ("show_loading_progress", (0, 1, 0), None),
    ("progress_report_interval", (0, 1, 0), None),
    ("experimental_repository_cache", (0, 4, 0), Some((0, 12, 0))),
    ("repository_cache", (0, 12, 0), None),
    ("experimental_remote_spawn_cache", (0, 8, 0), Some((0, 25, 0))),
    ("experimental_local_disk_cache", (0, 7, 0), Some((0, 14, 0))),
    ("experimental_local_disk_cache_path", (0, 7, 0), Some((0, 14, 0))),
    ("disk_cache", (0, 14, 0), None),
    ("remote_rest_cache", (0, 5, 0), Some((0, 11, 0))),
    ("remote_http_cache", (0, 11, 0), Some((2, 0, 0))),
    ("remote_cache", (0, 17, 0), None),
    ("remote_executor", (0, 5, 0), None),
    ("remote_header", (2, 1, 0), None),
];

impl Dialect {
    /// What the change log says of a version; used where no Bazel can be asked.
    pub fn of_version(version: BazelVersion) -> Self {
        let version = (version.0, version.1, version.2);
        let known = HISTORY
            .iter()
            .filter(|(_, first, gone)| version >= *first && gone.is_none_or(|gone| version < gone))
            .map(|(name, _, _)| (*name).into())
            .collect();
        Self { known }
    }

    /// What `bazel help build --long` of the build image lists: lines such as `  --[no]curses` and `  --jobs (…)`.
    pub fn of_help(help: &str) -> Self {
        let known = help
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("--"))
            .map(|rest| rest.strip_prefix("[no]").unwrap_or(rest))
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default())
            .filter(|name| HISTORY.iter().any(|(known, ..)| known == name))
            .map(String::from)
            .collect();
        Self { known }
    }

    /// A help text in which not even `--jobs` was found was no help text.
    pub fn is_plausible(&self) -> bool {
        self.has("jobs")
    }

    fn has(&self, flag: &str) -> bool {
        self.known.contains(flag)
    }

    /// Flags that keep action results in `folder` across builds; empty where this Bazel cannot.
    pub fn disk_cache(&self, folder: &str) -> Vec<String> {
        if self.has("disk_cache") {
            return vec![format!("--disk_cache={folder}")];
        }
        if !self.has("experimental_local_disk_cache") {
            return Vec::new();
        }
        let spawn = self.has("experimental_remote_spawn_cache").then(|| "--experimental_remote_spawn_cache".to_owned());
        let cache =
            ["--experimental_local_disk_cache".to_owned(), format!("--experimental_local_disk_cache_path={folder}")];
        spawn.into_iter().chain(cache).collect()
    }

    /// Flags that keep downloads in `folder` across builds.
    pub fn repository_cache(&self, folder: &str) -> Vec<String> {
        self.first_of(&["repository_cache", "experimental_repository_cache"], folder)
    }

    /// Flags that read and write a team's cache.
    pub fn remote_cache(&self, url: &str) -> Vec<String> {
        let flags = self.first_of(&["remote_cache", "remote_http_cache", "remote_rest_cache"], url);
        let spawn = !flags.is_empty() && self.has("experimental_remote_spawn_cache");
        spawn.then(|| "--experimental_remote_spawn_cache".to_owned()).into_iter().chain(flags).collect()
    }

    pub fn remote_executor(&self, url: &str) -> Vec<String> {
        self.first_of(&["remote_executor"], url)
    }

    pub fn takes_remote_headers(&self) -> bool {
        self.has("remote_header")
    }

    /// Flags that make Bazel's output a log that can be followed line by line.
    pub fn console(&self) -> Vec<String> {
        let wanted = [
            ("color", "--color=no"),
            ("curses", "--curses=no"),
            ("show_progress_rate_limit", "--show_progress_rate_limit=1"),
            // Without it Bazel's own gaps between two counts grow to many seconds.
            ("progress_report_interval", "--progress_report_interval=2"),
            ("show_loading_progress", "--noshow_loading_progress"),
        ];
        wanted.iter().filter(|(name, _)| self.has(name)).map(|(_, flag)| (*flag).to_owned()).collect()
    }

    fn first_of(&self, names: &[&str], value: &str) -> Vec<String> {
        names.iter().find(|name| self.has(name)).map(|name| format!("--{name}={value}")).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(major: u32, minor: u32, patch: u32) -> Dialect {
        Dialect::of_version(BazelVersion(major, minor, patch))
    }

    #[test]
    fn each_generation_gets_its_own_cache_flags() {
        assert_eq!(of(7, 4, 1).disk_cache("/c"), ["--disk_cache=/c"]);
        assert_eq!(
            of(0, 10, 0).disk_cache("/c"),
            [
                "--experimental_remote_spawn_cache",
                "--experimental_local_disk_cache",
                "--experimental_local_disk_cache_path=/c"
            ]
        );
        assert_eq!(of(0, 10, 0).repository_cache("/r"), ["--experimental_repository_cache=/r"]);
        assert_eq!(of(4, 2, 3).repository_cache("/r"), ["--repository_cache=/r"]);
        assert_eq!(of(0, 10, 0).remote_cache("http://c")[1..], ["--remote_rest_cache=http://c"]);
        assert!(!of(0, 10, 0).takes_remote_headers());
    }

    #[test]
    fn help_text_decides_over_the_table() {
        let help = "Usage: bazel build <options>\n  --[no]curses (a boolean; default: \"yes\")\n  --jobs [-j] (an integer)\n  --disk_cache (a path; default: see description)\n  --disk_cache_something (x)\n";
        let dialect = Dialect::of_help(help);
        assert!(dialect.is_plausible());
        assert_eq!(dialect.console(), ["--curses=no"]);
        assert_eq!(dialect.disk_cache("/c"), ["--disk_cache=/c"]);
        assert!(dialect.repository_cache("/r").is_empty());
        assert!(!Dialect::of_help("bazel: command not found").is_plausible());
    }
}
