//! With the cable pulled: nothing is asked of any other machine, and a report needs no machine at all.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{on_page, pictures::Pictures};

#[test]
fn no_request_leaves_the_machine() {
    on_page("whole", async |browser, service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        browser.click("#save-report").await;
        browser.downloaded("cat-comparison.html").await;
        let asked = browser.asked_for().await;
        assert!(asked.contains(&format!("{}/compare", service.address)), "{asked:?}");
        assert!(asked.contains(&format!("{}/assets/plotly.min.js", service.address)), "{asked:?}");
        let elsewhere: BTreeSet<&String> = asked
            .iter()
            .filter(|url| !url.starts_with(&service.address) && !url.starts_with("blob:") && !url.starts_with("data:"))
            .collect();
        assert_eq!(elsewhere, BTreeSet::new());
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

#[test]
fn the_report_shows_its_plots_without_a_network() {
    on_page("one-down", async |browser, service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        browser.click("#save-report").await;
        let text = browser.downloaded("cat-comparison.html").await;
        assert!(text.len() < 1_000_000, "{} bytes", text.len());
        service.stop();
        browser.devtools("Network.enable", json!({})).await;
        let off = json!({ "offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0 });
        browser.devtools("Network.emulateNetworkConditions", off).await;
        browser.asked_for().await;
        browser.go(&format!("file://{}/cat-comparison.html", browser.downloads.path().display())).await;
        browser.until("document.readyState === 'complete'").await;
        let plots: Vec<(u32, u32)> = browser
            .value(
                "[...document.querySelectorAll('figure img')].map((plot) => [plot.naturalWidth, plot.naturalHeight])",
            )
            .await;
        assert_eq!(plots.len(), 6);
        assert!(plots.iter().all(|&(width, height)| width == 920 && height > 300), "{plots:?}");
        let drawn: u32 = browser
            .value("[...document.querySelectorAll('figure img')].filter((plot) => atob(plot.src.split(',')[1]).includes('class=\"trace')).length")
            .await;
        assert!(drawn >= 5, "{drawn} plots hold lines or bars");
        assert_eq!(browser.value::<usize>("document.scripts.length").await, 0);
        let body = browser.text("body").await;
        for words in
            ["What this run says", "Egyptian cat", "connection refused", "Precision and timings by size", "GPU <fast>"]
        {
            assert!(body.contains(words), "{words} is missing");
        }
        let asked = browser.asked_for().await;
        assert!(asked.iter().all(|url| url.starts_with("file:") || url.starts_with("data:")), "{asked:?}");
    });
}
