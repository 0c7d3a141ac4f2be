//! Choosing pictures and reading what comes back: the charts must show the reply's own numbers.

use serde_json::{Value, json};

use crate::{browser::Browser, on_page, pictures::Pictures};

/// The reply on show, through the page's own download.
async fn reply(browser: &Browser, name: &str) -> Value {
    browser.click("#save-json").await;
    let text = browser.downloaded(&format!("{name}-comparison.json")).await;
    serde_json::from_str::<Value>(&text).expect("JSON")["files"][0].clone()
}

/// What Plotly drew: name, x and y of each line of a chart.
async fn drawn(browser: &Browser, chart: &str) -> Vec<Value> {
    browser.until(&format!("document.getElementById('chart-{chart}').data")).await;
    let read = "data.map(({ name, x, y }) => ({ name: name ?? '', x, y }))";
    browser.value(&format!("document.getElementById('chart-{chart}').{read}")).await
}

/// One field of all rows that have a bare key, the original first.
fn column(file: &Value, read: impl Fn(&Value) -> Value) -> Value {
    let rows = file["derivatives"].as_object().expect("derivatives");
    let keys = file["sizes"].as_array().expect("sizes").iter().filter_map(Value::as_str);
    keys.filter(|key| key.starts_with("Orig.") || !key.contains(' ')).map(|key| read(&rows[key])).collect()
}

fn servers(file: &Value) -> Vec<String> {
    serde_json::from_value(file["server_names"].clone()).expect("names")
}

#[test]
fn the_charts_show_the_numbers_of_the_reply() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 1200, 800)]).await;
        let file = reply(browser, "cat").await;
        let names = servers(&file);
        assert_eq!(names.len(), 3);
        let durations = |server: &str| column(&file, |row| row["predictions"][server]["predict_duration"].clone());
        let precision = column(&file, |row| row["average_precision"].clone());
        let percent = column(&file, |row| row["filesize_percent"].clone());

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
        assert_eq!(second[3]["x"], column(&file, |row| row["average_duration"].clone()));

        let third = drawn(browser, "accuracy-size").await;
        assert_eq!(third[0]["y"], precision);
        for (marks, server) in third[1..].iter().zip(&names) {
            assert_eq!(marks["y"], column(&file, |row| row["predictions"][server]["precision"].clone()), "{server}");
        }

        let mut bytes: Vec<u64> = serde_json::from_value(column(&file, |row| row["filesize"].clone())).expect("bytes");
        bytes.sort_unstable();
        assert_eq!(drawn(browser, "bandwidth").await[0]["x"], json!(bytes));
        let scale: String = browser.value("document.getElementById('chart-bandwidth').layout.xaxis.type").await;
        assert_eq!(scale, "log");

        let fifth = drawn(browser, "per-server").await;
        for (at, server) in names.iter().enumerate() {
            let values: Vec<f64> = serde_json::from_value(durations(server)).expect("numbers");
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert!((fifth[0]["y"][at].as_f64().expect("number") - mean).abs() < 1e-9, "{server}");
        }
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

#[test]
fn the_time_split_adds_up_to_what_was_measured() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 900, 600)]).await;
        let file = reply(browser, "cat").await;
        let parts = drawn(browser, "time-split").await;
        let image = ["decode_duration", "resize_duration", "encode_duration"];
        let mut at = 0;
        for server in servers(&file) {
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
        assert_eq!(at, 18);
    });
}

#[test]
fn formats_and_qualities_are_compared_when_asked_for() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.click("#options-box > summary").await;
        browser.click("input[name=formats][value=png]").await;
        let quality = browser.find("#quality").await;
        quality.clear().await.expect("clear");
        quality.send_keys("75, 90").await.expect("type");
        browser.compare(&[&pictures.jpeg("cat.jpg", 900, 600)]).await;
        let file = reply(browser, "cat").await;
        let weights = drawn(browser, "format-bytes").await;
        assert_eq!(
            weights.iter().map(|bars| bars["name"].clone()).collect::<Vec<_>>(),
            ["JPEG q75", "JPEG q90", "PNG"]
        );
        assert_eq!(weights[2]["y"][0], file["derivatives"]["2048x2048 PNG"]["filesize"]);
        assert_eq!(weights[1]["y"][4], file["derivatives"]["128x128 q90"]["filesize"]);
        browser.click("#encoding option[value=PNG]").await;
        let png = &file["derivatives"]["1024x1024 PNG"]["average_precision"];
        browser.until("document.getElementById('chart-precision-timings').data").await;
        assert_eq!(&drawn(browser, "precision-timings").await[0]["y"][2], png);
    });
}

#[test]
fn labels_and_scores_stand_in_the_table_and_names_are_text() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("<b>cat<b>.jpg", 900, 600)]).await;
        let table = browser.text(".agreement").await;
        for text in
            ["GPU <fast>", "Egyptian cat", "score 9.5000", "same first label", "5 of 5 shared", "other first label"]
        {
            assert!(table.contains(text), "{text} is missing in\n{table}");
        }
        assert_eq!(browser.value::<usize>("document.querySelectorAll('#results b, #history-list b').length").await, 0);
        assert!(browser.text(".run-head h3").await.contains("<b>cat<b>.jpg"));
    });
}

#[test]
fn several_pictures_are_compared_one_after_another() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        let [one, two] = [pictures.jpeg("one.jpg", 640, 480), pictures.jpeg("two.jpg", 800, 600)];
        browser.compare(&[&one, &two]).await;
        assert_eq!(browser.text(".run-head h3").await, "two.jpg");
        browser.click("#pictures button:first-child").await;
        assert_eq!(browser.text(".run-head h3").await, "one.jpg");
        assert_eq!(browser.value::<usize>("document.querySelectorAll('#history-list li').length").await, 2);
    });
}

#[test]
fn pictures_can_be_dropped_and_pasted() {
    on_page("whole", async |browser, _service| {
        let held =
            "const held = new DataTransfer(); held.items.add(new File([new Uint8Array([255, 216, 255, 224])], NAME));";
        let drop = "for (const type of ['dragenter', 'dragover', 'drop']) \
                    document.body.dispatchEvent(new DragEvent(type, { dataTransfer: held, bubbles: true, cancelable: true }));";
        let paste = "document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: held, bubbles: true, cancelable: true }));";
        for (name, act) in [("dropped.jpg", drop), ("pasted.jpg", paste)] {
            let script = format!("{}{act}", held.replace("NAME", &format!("'{name}'")));
            browser.run(&script).await;
            browser.until(&format!("document.getElementById('chosen').innerText.includes('{name}')")).await;
        }
        assert_eq!(browser.text("#compare").await, "Compare 2 pictures");
        assert!(!browser.value::<bool>("document.getElementById('drop').classList.contains('over')").await);
        browser.click("#chosen li:first-child button").await;
        assert_eq!(browser.text("#compare").await, "Compare");
        assert_eq!(browser.focused().await, "Remove");
    });
}

#[test]
fn a_picture_can_be_shrunk_before_the_upload() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.click("#options-box > summary").await;
        browser.click("input[name=shrink]").await;
        browser.compare(&[&pictures.jpeg("cat.jpg", 3000, 2000)]).await;
        let file = reply(browser, "cat").await;
        assert_eq!(file["filename"], "cat.1024x683.jpg");
        let sent = file["filesize"].as_u64().expect("bytes");
        let had = pictures.path().join("cat.jpg").metadata().expect("size").len();
        assert!(sent * 4 < had, "{sent} of {had}");
        let said = browser.text("#saving").await;
        assert!(said.contains("1024 × 683 px") && said.contains("% saved"), "{said}");
    });
}

#[test]
fn wrong_options_are_told_beside_their_field() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.choose(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        browser.click("#options-box > summary").await;
        browser.find("#repeat").await.send_keys("99").await.expect("type");
        browser.click("#compare").await;
        assert_eq!(browser.text("#wrong-repeat").await, "Give a whole number from 1 to 50.");
        assert_eq!(browser.focused().await, "repeat");
        assert!(browser.value::<bool>("document.getElementById('progress').hidden").await);
    });
}
