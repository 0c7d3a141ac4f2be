//! Bazel flags that a file may not give, because the build itself decides them.
//! What all flags are and in which order they come is the domain's business.

use crate::config::{journal::Journal, reader::Text};

/// Flag and what to do instead.
const OURS: &[(&str, &str)] = &[
    ("--jobs", "use `jobs` in [resources] instead"),
    ("-j", "use `jobs` in [resources] instead"),
    ("--disk_cache", "leave it out or, for a cache of your own, use `remote-cache` in [bazel] instead"),
    ("--repository_cache", "leave it out: downloads are kept, and `mirrors` in [sources] says where sources come from"),
    ("--symlink_prefix", "leave it out: binaries are copied to `bin/`"),
    ("--remote_header", "use `headers` in [bazel], which keeps secrets off command lines and receipts, instead"),
    ("--output_base", "leave it out: every variant has a volume of its own"),
];

/// The flags as they are; complains of those that are ours.
pub fn free(journal: &Journal, flags: Vec<Text<'_>>) -> Vec<String> {
    for flag in &flags {
        let name = flag.value.split_once('=').map_or(flag.value, |(name, _)| name);
        if let Some((name, instead)) = OURS.iter().find(|(ours, _)| *ours == name) {
            journal.complain(flag.at, format!("`{name}` is set by xtask itself, {instead}"));
        }
    }
    strings(flags)
}

pub fn strings(list: Vec<Text<'_>>) -> Vec<String> {
    list.into_iter().map(|text| text.value.to_owned()).collect()
}
