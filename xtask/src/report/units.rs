//! Durations, sizes and shares in the few characters people read at a glance.
//! Numbers to text only.

use std::time::Duration;

/// `340ms`, `34s`, `9m12s`, `2h05m`.
pub fn duration(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        return format!("{}ms", span.as_millis());
    }
    let seconds = span.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

/// `512 B`, `1.2 GiB`.
pub fn bytes(count: u64) -> String {
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        // 1023.96 would round to 1024.0.
        if value < 1023.95 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    format!("{value:.1} {unit}")
}

/// `27,182,194`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// Whole percent, rounded down so that 100% means all; nothing of nothing is all.
pub fn percent(done: u64, total: u64) -> u64 {
    if total == 0 {
        return 100;
    }
    u64::try_from(u128::from(done.min(total)) * 100 / u128::from(total)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_at_a_glance() {
        let shown = [340, 34_900, 60_000, 552_000, 7_500_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(shown, ["340ms", "34s", "1m00s", "9m12s", "2h05m"]);
    }

    #[test]
    fn sizes_never_round_up_to_1024() {
        let shown = [0, 1023, 1024, 1_048_575, 1_288_490_189, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "1.2 GiB", "16777216.0 TiB"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 27_182_194].map(count), ["0", "999", "1,000", "27,182,194"]);
    }

    #[test]
    fn hundred_percent_means_all() {
        assert_eq!([(999, 1000), (1000, 1000), (7, 3), (0, 0)].map(|(a, b)| percent(a, b)), [99, 100, 100, 100]);
        assert_eq!(percent(u64::MAX / 2, u64::MAX), 49);
    }
}
