//! The counters that TensorFlow Serving shows as Prometheus' text: what it says its requests took.

use std::{collections::BTreeMap, time::Duration};

/// A server that is busy with its last calls answers this late, or not at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Beginnings of the names that are kept, all with `:tensorflow:serving:` before them.
const KEPT: [&str; 5] =
    ["request_count", "request_latency_sum", "request_latency_count", "runtime_latency_sum", "runtime_latency_count"];

/// The counters at a URL; none where they cannot be had, which is no reason to measure nothing.
pub(super) async fn scrape(url: &str) -> Option<BTreeMap<String, f64>> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().ok()?;
    let text = client.get(url).send().await.ok()?.error_for_status().ok()?.text().await.ok()?;
    Some(read(&text))
}

/// Counters by name with labels.
fn read(text: &str) -> BTreeMap<String, f64> {
    let counter = |line: &str| {
        // Labels may hold spaces; a time stamp after the value is not written by TensorFlow Serving.
        let (name, value) = line.trim().rsplit_once(' ')?;
        let bare = name.split('{').next()?.strip_prefix(":tensorflow:serving:")?;
        KEPT.contains(&bare).then_some(())?;
        Some((name.trim().to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(counter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# TYPE :tensorflow:serving:request_latency histogram
:tensorflow:serving:request_latency_bucket{model_name="inception v3",API="Predict",entrypoint="GRPC",le="10"} 0
:tensorflow:serving:request_latency_sum{model_name="inception v3",API="Predict",entrypoint="GRPC"} 81734.5
:tensorflow:serving:request_latency_count{model_name="inception v3",API="Predict",entrypoint="GRPC"} 3
:tensorflow:serving:request_count{model_name="inception v3",status="OK"} 3
:tensorflow:serving:request_count_other{} 4
:tensorflow:core:graph_runs 12
damaged
"#;

    #[test]
    fn sums_and_counts_of_requests_are_kept_with_their_labels() {
        let found = read(TEXT);
        assert_eq!(found.len(), 3, "{found:?}");
        let name =
            r#":tensorflow:serving:request_latency_sum{model_name="inception v3",API="Predict",entrypoint="GRPC"}"#;
        assert_eq!(found[name], 81734.5);
        assert!(read("").is_empty());
    }
}
