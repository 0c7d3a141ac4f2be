//! What a reader takes away: CSV, the history, two runs side by side.

use serde_json::Value;

use crate::{on_page, pictures::Pictures};

#[test]
fn the_csv_has_a_row_for_each_derivative_and_server() {
    on_page("one-down", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("=cat, black.jpg", 640, 480)]).await;
        browser.click("#save-csv").await;
        let text = browser.downloaded("=cat, black-comparison.csv").await;
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 1 + 6 * 3);
        assert!(lines[0].starts_with("filename,derivative,format,quality,image_size_px,filesize_bytes"));
        // Neither the comma nor what a spreadsheet would run as a formula gets through.
        assert!(lines[1].starts_with("\"'=cat, black.jpg\",Orig. 3000x2000,JPEG,"), "{}", lines[1]);
        assert!(lines[2].ends_with("UNAVAILABLE,127.0.0.1:9: connection refused."), "{}", lines[2]);
        assert!(lines[1].contains("\"tabby, tabby cat\""));
    });
}

#[test]
fn runs_are_kept_and_two_stand_side_by_side() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("one.jpg", 640, 480), &pictures.jpeg("two.jpg", 1600, 1200)]).await;
        browser.reload().await;
        browser.until("document.querySelectorAll('#history-list li').length === 2").await;
        browser.run("document.querySelectorAll('#history-list input').forEach((box) => box.click())").await;
        browser.until("document.querySelector('#chart-pair-precision .main-svg')").await;
        let names: Vec<String> =
            browser.value("document.getElementById('chart-pair-precision').data.map(({ name }) => name)").await;
        assert_eq!(names, ["A: two.jpg", "B: one.jpg"]);
        let shown: Vec<f64> = browser.value("document.getElementById('chart-pair-precision').data[0].y").await;
        let kept: Vec<f64> = browser
            .value("Object.values(JSON.parse(localStorage['resizer.history'])[0].file.derivatives).map((row) => row.average_precision)")
            .await;
        assert_eq!(shown, kept);
        browser.click("#history-list li:last-child button").await;
        browser.until("document.querySelector('.run-head h3')?.textContent === 'one.jpg'").await;
        browser.click("#forget-all").await;
        assert!(browser.text("#history-note").await.starts_with("No run yet."));
        assert_eq!(browser.value::<String>("localStorage['resizer.history']").await, "[]");
    });
}

#[test]
fn a_full_or_broken_store_does_not_stop_a_comparison() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser
            .value::<Value>("(localStorage['resizer.history'] = '[{\"id\":1},null,{\"id\":2,\"file\":{}}]', null)")
            .await;
        browser.value::<Value>("(localStorage['resizer.options'] = '{broken', null)").await;
        browser.reload().await;
        browser.until("document.querySelector('#server-list table')").await;
        browser
            .value::<Value>(
                "(Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }, null)",
            )
            .await;
        browser.compare(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        assert!(browser.text(".run-head h3").await.contains("cat.jpg"));
        assert_eq!(browser.text("#history-note").await, "This browser does not let the page keep runs.");
    });
}
