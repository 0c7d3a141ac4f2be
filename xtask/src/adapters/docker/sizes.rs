//! Sizes of volumes, asked of the engine over plain HTTP: this client library reads only the newest engines' answer.
//! A courtesy: engines take long to add sizes up, and where none can be had the caller shows none.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// Bytes by volume name; none where the engine is reached by other ways than a socket or plain TCP.
pub(super) async fn of_volumes(address: &str) -> Option<BTreeMap<String, u64>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(LIMIT).no_proxy();
    let (client, host) = match address.split_once("://")? {
        ("unix", path) => (client.unix_socket(path.to_owned()), "localhost"),
        ("tcp" | "http", host) => (client, host),
        _ => return None,
    };
    let answer = client.build().ok()?.get(format!("http://{host}/system/df")).send().await.ok()?;
    Some(read(&serde_json::from_str(&answer.error_for_status().ok()?.text().await.ok()?).ok()?))
}

/// Engines up to 28 list `Volumes`; newer ones `VolumeUsage.Items`.
fn read(usage: &Value) -> BTreeMap<String, u64> {
    let lists = [&usage["Volumes"], &usage["VolumeUsage"]["Items"]];
    let volumes = lists.into_iter().filter_map(Value::as_array).flatten();
    let sized =
        volumes.filter_map(|volume| Some((volume["Name"].as_str()?.to_owned(), volume["UsageData"]["Size"].as_u64()?)));
    sized.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_generations_of_answers_are_read() {
        let volume = json!({"Name": "cache", "UsageData": {"Size": 42, "RefCount": 0}});
        let unknown = json!({"Name": "remote", "UsageData": {"Size": -1, "RefCount": -1}});
        let wanted = BTreeMap::from([("cache".to_owned(), 42)]);
        assert_eq!(read(&json!({"Volumes": [volume, unknown]})), wanted);
        assert_eq!(read(&json!({"VolumeUsage": {"Items": [volume]}})), wanted);
        assert_eq!(read(&json!({"Volumes": null})), BTreeMap::new());
    }
}
