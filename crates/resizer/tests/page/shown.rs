//! What the page shows of a reply: its own download, what Plotly drew, and whether both say the same.

use serde_json::{Value, json};

use crate::browser::Browser;

/// The reply on show, through the page's own download.
pub async fn reply(browser: &Browser, name: &str) -> Value {
    browser.click("#save-json").await;
    let text = browser.downloaded(&format!("{name}-comparison.json")).await;
    serde_json::from_str::<Value>(&text).expect("JSON")["files"][0].clone()
}

/// What Plotly drew: name, x and y of each line of a chart.
pub async fn drawn(browser: &Browser, chart: &str) -> Vec<Value> {
    browser.until(&format!("document.getElementById('chart-{chart}').data")).await;
    let read = "data.map(({ name, x, y }) => ({ name: name ?? '', x, y }))";
    let lines: Vec<Value> = browser.value(&format!("document.getElementById('chart-{chart}').{read}")).await;
    lines.iter().map(floats).collect()
}

/// With numbers as a browser has them: 100 and 100.0 are one.
fn floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.iter().map(floats).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), floats(value))).collect(),
        other => other.clone(),
    }
}

/// One field of all rows that have a bare key, the original first.
fn column(file: &Value, read: impl Fn(&Value) -> Value) -> Value {
    let rows = file["derivatives"].as_object().expect("derivatives");
    let keys = file["sizes"].as_array().expect("sizes").iter().filter_map(Value::as_str);
    keys.filter(|key| key.starts_with("Orig.") || !key.contains(' ')).map(|key| floats(&read(&rows[key]))).collect()
}

pub fn servers(file: &Value) -> Vec<String> {
    serde_json::from_value(file["server_names"].clone()).expect("names")
}

/// The article's five charts hold the numbers of `file`, all of them, in their order.
pub async fn charts_hold(browser: &Browser, file: &Value) {
    let names = servers(file);
    let durations = |server: &str| column(file, |row| row["predictions"][server]["predict_duration"].clone());
    let precision = column(file, |row| row["average_precision"].clone());
    let percent = column(file, |row| row["filesize_percent"].clone());

    let first = drawn(browser, "precision-timings").await;
    assert_eq!(first.len(), 2 + names.len());
    assert_eq!(first[0]["y"], precision);
    assert_eq!(first[1]["y"], percent);
    assert_eq!(first[0]["x"], json!(["Original", "2048 px", "1024 px", "512 px", "256 px", "128 px"]));
    for (line, server) in first[2..].iter().zip(&names) {
        assert_eq!(line["y"], durations(server), "{server}");
    }

    let second = drawn(browser, "duration-size").await;
    for (bars, server) in second.iter().zip(&names) {
        assert_eq!(bars["x"], durations(server), "{server}");
    }
    assert_eq!(second[names.len()]["x"], column(file, |row| row["average_duration"].clone()));

    let third = drawn(browser, "accuracy-size").await;
    assert_eq!(third[0]["y"], precision);
    for (marks, server) in third[1..].iter().zip(&names) {
        assert_eq!(marks["y"], column(file, |row| row["predictions"][server]["precision"].clone()), "{server}");
    }

    let mut bytes: Vec<f64> = serde_json::from_value(column(file, |row| row["filesize"].clone())).expect("bytes");
    bytes.sort_by(f64::total_cmp);
    assert_eq!(drawn(browser, "bandwidth").await[0]["x"], json!(bytes));
    let scale: String = browser.value("document.getElementById('chart-bandwidth').layout.xaxis.type").await;
    assert_eq!(scale, "log");

    let fifth = drawn(browser, "per-server").await;
    for (at, server) in names.iter().enumerate() {
        let values: Vec<Option<f64>> = serde_json::from_value(durations(server)).expect("numbers");
        let values: Vec<f64> = values.into_iter().flatten().collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((fifth[0]["y"][at].as_f64().expect("number") - mean).abs() < 1e-9, "{server}");
    }
}

/// The stacked steps of each cell add up to what was measured; how many cells there are.
pub async fn split_adds_up(browser: &Browser, file: &Value) -> usize {
    let parts = drawn(browser, "time-split").await;
    let image = ["decode_duration", "resize_duration", "encode_duration"];
    let mut at = 0;
    for server in servers(file) {
        for key in file["sizes"].as_array().expect("sizes").iter().filter_map(Value::as_str) {
            let row = &file["derivatives"][key];
            let made = if key.starts_with("Orig.") {
                0.0
            } else {
                image.iter().map(|name| row[name].as_f64().expect("seconds")).sum()
            };
            let whole = made + row["predictions"][&server]["predict_duration"].as_f64().expect("seconds");
            let shown: f64 = parts.iter().filter_map(|part| part["x"][at].as_f64()).sum();
            assert!((whole - shown).abs() < 1e-6, "{server}, {key}: {shown} of {whole}");
            at += 1;
        }
    }
    at
}
