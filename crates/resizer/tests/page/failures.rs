//! What goes wrong is said in words, with what to do, and what did arrive is kept.

use serde_json::Value;

use crate::{browser::Browser, on_page, pictures::Pictures};

async fn problem(browser: &Browser) -> String {
    browser.text("#problems").await
}

/// Compares a picture until this many answers are on show.
async fn start_and_wait_for(browser: &Browser, answers: usize) {
    let pictures = Pictures::new();
    browser.choose(&[&pictures.jpeg("cat.jpg", 320, 240)]).await;
    browser.until("!document.getElementById('compare').disabled").await;
    browser.click("#compare").await;
    browser.until(&format!("document.querySelectorAll('.grid td.done').length === {answers}")).await;
}

#[test]
fn one_server_down_leaves_the_others_on_show() {
    on_page("one-down", async |browser, _service| {
        assert_eq!(browser.text("#server-chip").await, "2 of 3 servers are up");
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 900, 600)]).await;
        let said = browser.text("#server-errors").await;
        assert!(said.contains("1 CPU") && said.contains("is it running"), "{said}");
        let lines: Vec<Value> =
            browser.value("document.getElementById('chart-precision-timings').data.map((line) => line.y)").await;
        assert_eq!(lines[3], serde_json::json!([null, null, null, null, null, null]));
        assert!(lines[2][0].is_f64() && lines[4][5].is_f64());
        assert!(browser.text("figure .note").await.contains("1 CPU (6 of 6)"));
        assert!(browser.text(".agreement").await.contains("No answer."));
        assert_eq!(problem(browser).await, "");
    });
}

#[test]
fn all_servers_down_is_told_with_what_to_do() {
    on_page("all-down", async |browser, _service| {
        assert_eq!(browser.text("#server-chip").await, "No server is up");
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 900, 600)]).await;
        let said = problem(browser).await;
        assert!(said.contains("No server answered") && said.contains("Start the servers"), "{said}");
        assert!(!browser.value::<bool>("document.getElementById('compare').disabled").await);
        assert!(browser.text("#server-list").await.contains("✗ down"));
    });
}

#[test]
fn a_file_that_is_no_picture_is_refused_before_the_upload() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.choose(&[&pictures.file("notes.jpg", b"dear diary")]).await;
        browser.until("document.querySelector('#problems .problem')").await;
        let said = problem(browser).await;
        assert!(said.contains("notes.jpg is not a picture") && said.contains("JPEG, PNG"), "{said}");
        assert!(browser.value::<bool>("document.getElementById('compare').disabled").await);
        browser.choose(&[&pictures.file("empty.png", b"")]).await;
        browser.until("document.getElementById('problems').innerText.includes('no content')").await;
    });
}

#[test]
fn a_wrong_file_among_good_ones_does_not_keep_them_off() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        let files = [pictures.file("notes.txt", b"dear diary"), pictures.jpeg("cat.jpg", 320, 240)];
        browser.choose(&[&files[0], &files[1]]).await;
        browser.until("!document.getElementById('compare').disabled").await;
        assert!(problem(browser).await.contains("notes.txt"));
        assert!(browser.text("#chosen").await.contains("cat.jpg"));
    });
}

#[test]
fn a_huge_file_is_refused_before_the_upload() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.choose(&[&pictures.huge("huge.jpg", 3_000_000_000)]).await;
        browser.until("document.querySelector('#problems .problem')").await;
        let said = problem(browser).await;
        assert!(said.contains("3,000 MB") && said.contains("at most 99.9 MB"), "{said}");
    });
}

#[test]
fn refusals_of_the_service_are_told_with_what_to_do() {
    for (scenario, title, advice) in [
        ("too-big", "Too big", "Choose a smaller picture"),
        ("not-an-image", "Not a picture", "Choose a picture"),
        ("busy", "Too busy", "Wait a moment"),
    ] {
        on_page(scenario, async |browser, _service| {
            let pictures = Pictures::new();
            browser.compare(&[&pictures.jpeg("cat.jpg", 320, 240)]).await;
            let said = problem(browser).await;
            assert!(said.contains(title) && said.contains(advice), "{scenario}: {said}");
            assert!(browser.value::<bool>("document.getElementById('results').hidden").await);
        });
    }
}

#[test]
fn a_connection_that_breaks_leaves_what_arrived() {
    on_page("slow", async |browser, _service| {
        start_and_wait_for(browser, 7).await;
        browser.value::<Value>("fetch('/mock?scenario=cut', { method: 'POST' }).then(() => null)").await;
        browser.until("document.getElementById('status').textContent.startsWith('Ended')").await;
        let said = problem(browser).await;
        assert!(said.contains("Connection lost") && said.contains("after 7 of 18 answers"), "{said}");
        assert!(browser.text(".run-head").await.contains("Incomplete"));
        let fields: Vec<String> =
            browser.value("[...document.querySelectorAll('.grid td')].map((cell) => cell.className)").await;
        assert_eq!(fields.iter().filter(|name| *name == "done").count(), 7);
        assert_eq!(fields.iter().filter(|name| *name == "missing").count(), 11);
        let sizes: Vec<String> = browser.value("document.getElementById('chart-precision-timings').data[0].x").await;
        assert_eq!(sizes, ["Original", "2048 px", "1024 px"]);
    });
}

#[test]
fn an_answer_that_makes_no_sense_is_told() {
    on_page("garbled", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 320, 240)]).await;
        let said = problem(browser).await;
        assert!(said.contains("Not understood") && said.contains("Reload the page"), "{said}");
    });
}

#[test]
fn a_service_that_is_gone_is_told() {
    on_page("whole", async |browser, service| {
        let pictures = Pictures::new();
        service.stop();
        browser.compare(&[&pictures.jpeg("cat.jpg", 320, 240)]).await;
        let said = problem(browser).await;
        assert!(said.contains("No connection") && said.contains("still runs"), "{said}");
        browser.until("document.getElementById('server-chip').textContent === 'Service not reachable'").await;
    });
}

#[test]
fn a_comparison_can_be_stopped() {
    on_page("slow", async |browser, _service| {
        start_and_wait_for(browser, 7).await;
        let bar: f64 = browser.value("document.getElementById('progress-bar').value").await;
        assert!((bar - 7.0).abs() < f64::EPSILON);
        browser.click("#stop").await;
        browser.until("document.getElementById('status').textContent.startsWith('Ended')").await;
        assert!(problem(browser).await.contains("You stopped after 7 of 18 answers"));
        assert!(!browser.value::<bool>("document.getElementById('compare').disabled").await);
    });
}
