//! How new a mirror's packages are: the date of its Release file, asked over HTTP.
//! A mirror that cannot be asked is no error: the base that is there will do.

use std::time::Duration;

/// Short: this only saves people from building on old packages.
const LIMIT: Duration = Duration::from_secs(10);

/// `YYYYMMDD` of the release's newest state on the mirror.
pub(super) async fn of_mirror(mirror: &str, release: &str) -> Option<String> {
    // Only the first such call has an effect; the engine's TLS uses the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(LIMIT).build().ok()?;
    let url = format!("{}/dists/{release}/Release", mirror.trim_end_matches('/'));
    let text = client.get(url).send().await.ok()?.error_for_status().ok()?.text().await.ok()?;
    compact(text.lines().find_map(|line| line.strip_prefix("Date:"))?.trim())
}

/// `Sat, 06 Sep 2025 10:12:06 UTC` as `20250906`.
pub(super) fn compact(date: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = date.split_once(',')?.1.split_whitespace();
    let (day, month, year) = (words.next()?.parse::<u8>().ok()?, words.next()?, words.next()?.parse::<u16>().ok()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Some(format!("{year:04}{month:02}{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_sort_as_text() {
        assert_eq!(compact("Sat, 06 Sep 2025 10:12:06 UTC").as_deref(), Some("20250906"));
        assert_eq!(compact("Sat, 6 Dec 2025 10:12:06 UTC").as_deref(), Some("20251206"));
        assert_eq!(compact("yesterday"), None);
        assert_eq!(compact("Sat, 06 Foo 2025"), None);
    }

    #[tokio::test]
    async fn a_mirror_that_does_not_answer_is_no_error() {
        assert_eq!(of_mirror("http://127.0.0.1:9", "bookworm").await, None);
    }
}
