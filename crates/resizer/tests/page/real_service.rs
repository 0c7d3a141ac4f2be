//! The page on the service itself, not on a mock of it: both must mean the same by every field, event and header.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    in_browser, photo,
    pictures::Pictures,
    real::Real,
    shown::{charts_hold, drawn, reply, servers, split_adds_up},
};

/// More answers than any test takes.
const FREE: usize = 10_000;

fn on_service(permits: usize, test: impl AsyncFnOnce(&Browser, &mut Real)) {
    in_browser(|| Real::start(permits), |service| service.address.clone(), test);
}

/// How many cells of the grid are in `state`.
async fn cells(browser: &Browser, state: &str) -> usize {
    browser.value(&format!("document.querySelectorAll('.grid td.{state}').length")).await
}

#[test]
fn every_cell_fills_while_the_slowest_server_is_still_at_work() {
    on_service(0, async |browser, service| {
        let pictures = Pictures::new();
        assert_eq!(browser.text("#server-chip").await, "All 3 servers are up");
        browser.choose(&[&pictures.jpeg("cat.jpg", 2400, 1600)]).await;
        browser.until("!document.getElementById('compare').disabled").await;
        browser.click("#compare").await;
        browser.until("document.querySelectorAll('.grid td.done').length === 12").await;
        assert_eq!(cells(browser, "waiting").await, 6);
        assert!(browser.value::<bool>("document.getElementById('results').hidden").await);
        // One goes to the warm-up call, which does not count.
        service.gate.add_permits(2);
        browser.until("document.querySelectorAll('.grid td.done').length === 13").await;
        service.gate.add_permits(FREE);
        browser.until("document.getElementById('status').textContent.startsWith('Done')").await;
        assert_eq!((cells(browser, "done").await, cells(browser, "waiting").await), (18, 0));
    });
}

#[test]
fn charts_table_and_downloads_hold_the_services_own_numbers() {
    on_service(FREE, async |browser, service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 2400, 1600)]).await;
        let file = reply(browser, "cat").await;
        assert_eq!(servers(&file), ["8 CPUs", "1 CPU", "GPU <fast>"]);
        assert_eq!(file["sizes"][0], "Orig. 2400x1600");
        charts_hold(browser, &file).await;
        assert_eq!(split_adds_up(browser, &file).await, 18);
        let table = browser.text(".agreement").await;
        for text in ["Egyptian cat", "same first label", "5 of 5 shared", "2400x1600"] {
            assert!(table.contains(text), "{text} is missing in\n{table}");
        }
        browser.click("#save-csv").await;
        assert_eq!(browser.downloaded("cat-comparison.csv").await.split_terminator("\r\n").count(), 1 + 6 * 3);
        let listed = browser.text("#server-list").await;
        for text in ["✓ up, version 7", "gRPC", "REST", "predict_images"] {
            assert!(listed.contains(text), "{text} is missing in\n{listed}");
        }
        // Whatever broke the policy of the page's contents would complain here.
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        let asked = browser.asked_for().await;
        let here = [service.address.as_str(), "blob:", "data:"];
        let away = |url: &&String| !here.iter().any(|start| url.starts_with(start));
        assert_eq!(asked.iter().filter(away).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(asked.contains(&format!("{}/compare", service.address)));
    });
}

#[test]
fn formats_qualities_repeats_and_the_true_label_are_shown_as_the_service_gives_them() {
    on_service(FREE, async |browser, _service| {
        let pictures = Pictures::new();
        browser.click("#options-box > summary").await;
        browser.click("input[name=formats][value=png]").await;
        for (field, value) in [("#quality", ", 90"), ("#repeat", "3"), ("#label", "tabby")] {
            if field == "#repeat" {
                browser.find(field).await.clear().await.expect("clear");
            }
            browser.find(field).await.send_keys(value).await.expect("type");
        }
        browser.compare(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        let file = reply(browser, "cat").await;
        let sizes: Vec<&str> = file["sizes"].as_array().expect("sizes").iter().filter_map(Value::as_str).collect();
        assert_eq!(sizes.len(), 1 + 5 * 3, "{sizes:?}");
        assert_eq!((&file["repeat"], &file["label"]), (&json!(3), &json!("tabby")));
        // 640 pixels fit into both large boxes, so that one is the other and servers are not asked again.
        assert_eq!(file["derivatives"]["1024x1024"]["same_as"], "2048x2048");
        let table = browser.text(".agreement").await;
        assert!(table.contains("same pixels as 2048x2048") && table.contains("not the given label"), "{table}");
        browser.find("#encoding").await.select_by_value("PNG").await.expect("choose");
        let png = file["derivatives"]["512x512 PNG"]["average_precision"].as_f64();
        browser.until("document.getElementById('chart-precision-timings').data").await;
        assert_eq!(drawn(browser, "precision-timings").await[0]["y"][3].as_f64(), png);
    });
}

#[test]
fn a_stopped_server_says_so_in_its_column() {
    on_service(FREE, async |browser, service| {
        let pictures = Pictures::new();
        service.stop("1 CPU");
        browser.compare(&[&pictures.jpeg("cat.jpg", 1200, 800)]).await;
        assert_eq!((cells(browser, "done").await, cells(browser, "failed").await), (12, 6));
        let said = browser.text("#server-errors").await;
        assert!(said.contains("1 CPU") && said.contains("is it running"), "{said}");
        let column: Vec<String> = browser
            .value("[...document.querySelectorAll('.agreement tbody td:nth-child(3)')].map((cell) => cell.innerText)")
            .await;
        assert!(column.len() == 6 && column.iter().all(|cell| cell.starts_with("No answer.")), "{column:?}");
        let lines = drawn(browser, "precision-timings").await;
        assert_eq!(lines[3]["y"], json!([null, null, null, null, null, null]));
        browser.until("document.getElementById('server-chip').textContent === '2 of 3 servers are up'").await;
    });
}

#[test]
fn all_servers_stopped_is_told_with_what_to_do() {
    on_service(FREE, async |browser, service| {
        let pictures = Pictures::new();
        service.stop_all();
        browser.compare(&[&pictures.jpeg("cat.jpg", 900, 600)]).await;
        let said = browser.text("#problems").await;
        for words in ["No server answered", "All 3 servers failed", "Start the servers"] {
            assert!(said.contains(words), "{words} is missing in {said}");
        }
        browser.until("document.getElementById('server-chip').textContent === 'No server is up'").await;
    });
}

#[test]
fn what_the_service_refuses_is_told_in_words() {
    on_service(FREE, async |browser, _service| {
        let pictures = Pictures::new();
        let whole = std::fs::read(pictures.jpeg("whole.jpg", 640, 480)).expect("read");
        // Both begin like pictures, so that the page cannot know better.
        let cut = pictures.file("cut.jpg", &whole[..300]);
        let vast = pictures.jpeg("vast.jpg", 6_100, 4_000);
        for (file, title, advice) in
            [(&cut, "Damaged picture", "save it again"), (&vast, "Too big", "Choose a smaller picture")]
        {
            browser.compare(&[file]).await;
            let said = browser.text("#problems").await;
            assert!(said.contains(title) && said.contains(advice), "{said}");
            browser.click("#chosen button").await;
        }
        browser.choose(&[&pictures.file("notes.txt", b"dear diary")]).await;
        browser.until("document.getElementById('problems').innerText.includes('notes.txt is not a picture')").await;
    });
}

/// Left in `target/tmp` for people to look at.
#[test]
fn the_page_has_its_picture_taken_wide_dark_and_narrow() {
    on_service(FREE, async |browser, _service| {
        let pictures = Pictures::new();
        let picture = pictures.file("hills.jpg", &photo::jpeg(&photo::photo_like(3000, 2000, 7)));
        browser.click("#options-box > summary").await;
        browser.click("input[name=formats][value=png]").await;
        browser.click("#options-box > summary").await;
        browser.compare(&[&picture]).await;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let taken =
            [("web-app-light.png", 1280, false), ("web-app-dark.png", 1280, true), ("web-app-phone.png", 360, false)];
        for (name, width, dark) in taken {
            browser.photograph(width, dark, &folder.join(name)).await;
        }
        let read = |name: &str| std::fs::read(folder.join(name)).expect("read");
        let different: BTreeSet<Vec<u8>> = taken.iter().map(|(name, ..)| read(name)).collect();
        assert_eq!(different.len(), 3);
    });
}
