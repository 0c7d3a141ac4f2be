//! What a server says of its own time: the `Server-Timing` header, or trailing metadata of that name under gRPC.

use std::time::Duration;

/// The duration of the metric `total`, in the header's form `total;dur=12.3` (milliseconds), among any others.
pub fn total(header: &str) -> Option<Duration> {
    header.split(',').find_map(|metric| {
        let mut parts = metric.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("total") {
            return None;
        }
        let value = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case("dur").then(|| value.trim().trim_matches('"'))
        })?;
        let milliseconds: f64 = value.parse().ok()?;
        Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_among_other_metrics() {
        let total = |header| total(header).map(|duration| duration.as_micros());
        assert_eq!(total("total;dur=12.3"), Some(12_300));
        assert_eq!(total("queue;dur=1, total; desc=\"all\"; dur=\"7\" ,x"), Some(7_000));
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for header in
            ["", "total", "total;dur=", "total;dur=-1", "total;dur=NaN", "total;dur=1e999", "cpu;dur=1", ";;,,"]
        {
            assert_eq!(total(header), None, "{header}");
        }
    }
}
