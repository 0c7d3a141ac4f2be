//! The machine and the conditions, as far as files say: what a reader needs to know before comparing with other figures.

use std::{collections::BTreeMap, thread::available_parallelism};

use crate::record::Environment;

/// Instruction sets that numeric code is compiled for.
const SETS: [&str; 14] = [
    "sse4_1",
    "sse4_2",
    "avx",
    "f16c",
    "fma",
    "avx2",
    "avx512f",
    "avx512bw",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx_vnni",
    "amx_tile",
    "amx_bf16",
];

/// What is known now; the caller's facts go before what is found here.
pub(super) fn now(facts: &BTreeMap<String, String>) -> Environment {
    let mut found = BTreeMap::new();
    let mut note = |name: &str, value: Option<String>| {
        if let Some(value) = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()) {
            found.insert(name.to_owned(), value);
        }
    };
    let read = |path: &str| fs_err::read_to_string(path).ok();
    let cpu = read("/proc/cpuinfo").unwrap_or_default();
    note("cpu", field(&cpu, "model name"));
    note("cpu sets", field(&cpu, "flags").map(|flags| known_sets(&flags)));
    note("cores", available_parallelism().ok().map(|count| count.to_string()));
    note("governor", read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    note("kernel", read("/proc/sys/kernel/osrelease"));
    note("system", read("/etc/os-release").and_then(|text| quoted(&text, "PRETTY_NAME=")));
    note("memory", read("/proc/meminfo").and_then(|text| field(&text, "MemTotal")));
    note("load average", read("/proc/loadavg").map(|text| text.split(' ').take(3).collect::<Vec<_>>().join(" ")));
    note("cgroup quota", quota(&read));
    note("bench", Some(env!("CARGO_PKG_VERSION").to_owned()));
    found.extend(facts.clone());
    Environment { at: super::now(), facts: found }
}

/// The first `key : value`.
fn field(text: &str, key: &str) -> Option<String> {
    let named = |line: &str| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim().to_owned())
    };
    text.lines().find_map(named)
}

fn known_sets(flags: &str) -> String {
    let has = |set: &&str| flags.split_whitespace().any(|flag| flag == *set);
    SETS.iter().filter(|set| has(set)).copied().collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str, key: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(value.trim_matches('"').to_owned())
}

/// CPUs that the scheduler gives this process's control group; none where it gives all.
fn quota(read: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let second = || {
        let text = read("/sys/fs/cgroup/cpu.max")?;
        let (quota, period) = text.trim().split_once(' ')?;
        Some((quota.parse().ok()?, period.parse().ok()?))
    };
    let first = || {
        let number = |name| read(&format!("/sys/fs/cgroup/cpu/cpu.cfs_{name}_us"))?.trim().parse::<f64>().ok();
        Some((number("quota")?, number("period")?))
    };
    let (quota, period): (f64, f64) = second().or_else(first)?;
    (quota > 0.0).then(|| format!("{:.2} CPUs", quota / period))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_facts_stand_beside_what_is_found_and_before_it() {
        let facts = BTreeMap::from([("commit".into(), "abc".into()), ("bench".into(), "9".into())]);
        let environment = now(&facts);
        assert_eq!((environment.facts["commit"].as_str(), environment.facts["bench"].as_str()), ("abc", "9"));
        assert!(environment.facts.contains_key("cores"), "{environment:?}");
    }

    #[test]
    fn quotas_of_both_versions_are_cpus() {
        let second = |path: &str| (path == "/sys/fs/cgroup/cpu.max").then(|| "150000 100000\n".to_owned());
        assert_eq!(quota(&second).as_deref(), Some("1.50 CPUs"));
        let first =
            |path: &str| path.contains("cpu.cfs").then(|| if path.contains("quota") { "-1" } else { "9" }.into());
        assert_eq!(quota(&first), None);
    }
}
