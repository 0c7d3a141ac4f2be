//! This process's own CPU, and how often its control group was held back: a generator that is starved measures itself.

use std::path::{Path, PathBuf};

use crate::protocol::Standing;

/// Linux counts processes' CPU in hundredths of a second, whatever the kernel's own clock.
const TICKS_PER_SECOND: f64 = 100.0;

/// What can be read; zeros elsewhere than on Linux.
pub(super) fn standing() -> Standing {
    let read = |path: &Path| fs_err::read_to_string(path).unwrap_or_default();
    let (throttled_periods, throttled_seconds) = throttled(&read(&statistics(&read(Path::new("/proc/self/cgroup")))));
    let cpu_seconds = cpu_seconds(&read(Path::new("/proc/self/stat"))).unwrap_or_default();
    Standing { cpu_seconds, throttled_periods, throttled_seconds }
}

/// User and system time of `/proc/self/stat`, whose second field, in parentheses, may hold spaces.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

/// Where the control group's `cpu.stat` is: version 2 has one line that begins with `0::`, version 1 one for each controller.
fn statistics(groups: &str) -> PathBuf {
    let first = groups.lines().find_map(|line| {
        let (_, controllers_and_path) = line.split_once(':')?;
        let (controllers, path) = controllers_and_path.split_once(':')?;
        controllers.split(',').any(|name| name == "cpu").then(|| format!("/sys/fs/cgroup/{controllers}{path}"))
    });
    let second =
        || groups.lines().find_map(|line| line.strip_prefix("0::")).map(|path| format!("/sys/fs/cgroup{path}"));
    let folder = PathBuf::from(first.or_else(second).unwrap_or_else(|| "/sys/fs/cgroup".into()));
    // Within a container the path is the host's, and the group is mounted as the root.
    let file = folder.join("cpu.stat");
    if file.exists() { file } else { PathBuf::from("/sys/fs/cgroup/cpu.stat") }
}

/// Periods and seconds, in either version's words.
fn throttled(text: &str) -> (u64, f64) {
    let value =
        |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok());
    let periods = value("nr_throttled").unwrap_or_default();
    let seconds = |key, each: f64| value(key).map(|count: u64| count as f64 / each);
    (periods, seconds("throttled_usec", 1e6).or_else(|| seconds("throttled_time", 1e9)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_read() {
        assert_eq!(throttled("nr_periods 9\nnr_throttled 4\nthrottled_usec 2500000\n"), (4, 2.5));
        assert_eq!(throttled("nr_periods 9\nnr_throttled 4\nthrottled_time 2500000000\n"), (4, 2.5));
        assert_eq!(throttled(""), (0, 0.0));
    }

    #[test]
    fn cpu_time_is_read_behind_whatever_the_program_is_called() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 1 2 3 4 250 50 0 0 20 0 1 0 99";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("nothing"), None);
    }

    #[test]
    fn this_process_has_used_some() {
        let begin = standing().cpu_seconds;
        let mut sum = 0_u64;
        while cfg!(target_os = "linux") && standing().cpu_seconds - begin < 0.02 {
            sum = (0..100_000_u64).fold(sum, |sum, number| std::hint::black_box(sum ^ number));
        }
        assert!(standing().cpu_seconds >= begin);
    }
}
