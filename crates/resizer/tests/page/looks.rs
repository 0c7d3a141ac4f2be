//! Light and dark, wide and narrow, with the keyboard alone, and for those who listen.

use fantoccini::key::Key;
use serde_json::Value;

use crate::{axe, browser::Browser, on_page, pictures::Pictures};

/// Wide, and as narrow as phones are.
const DESKTOP: u32 = 1280;
const PHONE: u32 = 360;

async fn background(browser: &Browser) -> String {
    browser.value("getComputedStyle(document.body).backgroundColor").await
}

/// The sum of a colour's parts, as a measure of how light it is.
fn light(colour: &str) -> u32 {
    let parts = colour.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
    parts.take(3).sum()
}

#[test]
fn dark_follows_the_system_until_the_reader_chooses() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        let paper = "document.getElementById('chart-per-server').layout.paper_bgcolor";
        assert!(light(&background(browser).await) > 600);
        browser.screen(DESKTOP, 900, true).await;
        browser.until(&format!("{paper} === '#18202a'")).await;
        assert!(light(&background(browser).await) < 120);
        browser.click("input[name=theme][value=light] + span").await;
        browser.until(&format!("{paper} === '#ffffff'")).await;
        assert!(light(&background(browser).await) > 600);
        browser.reload().await;
        browser.until("document.querySelector('#server-list table')").await;
        assert!(light(&background(browser).await) > 600, "the choice is forgotten");
    });
}

#[test]
fn nothing_is_wider_than_a_phone() {
    on_page("one-down", async |browser, _service| {
        browser.screen(PHONE, 740, false).await;
        let pictures = Pictures::new();
        browser
            .compare(&[&pictures.jpeg(
                "a-name-without-any-place-to-break-it-that-is-rather-long-for-a-phone.jpg",
                640,
                480,
            )])
            .await;
        open_all(browser).await;
        let width: u32 = browser.value("document.documentElement.scrollWidth").await;
        assert_eq!(width, PHONE);
        let outside: Vec<String> = browser
            .value(
                "[...document.querySelectorAll('main *')].filter((e) => !e.closest('.scrolling, pre, .plot') && e.checkVisibility() \
                 && !e.matches('.unseen') && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 120))",
            )
            .await;
        assert_eq!(outside, Vec::<String>::new());
        let over_their_neighbours: Vec<String> = browser
            .value(
                "[...document.querySelectorAll('th, td')].filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)\
                 .map((e) => e.outerHTML.slice(0, 120))",
            )
            .await;
        assert_eq!(over_their_neighbours, Vec::<String>::new());
    });
}

#[test]
fn the_keyboard_is_enough() {
    on_page("whole", async |browser, _service| {
        let pictures = Pictures::new();
        let mut order = Vec::new();
        for _ in 0..5 {
            order.push(browser.tab().await);
        }
        assert_eq!(
            order,
            [
                "Skip to the content",
                "server-chip",
                "theme",
                "file",
                "Options JPEG · quality 75 · 5 sizes · once · all servers at once"
            ]
        );
        // A dialog of the system is out of reach here; what it hands over is not.
        browser.choose(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        browser.until("!document.getElementById('compare').disabled").await;
        browser.value::<Value>("document.getElementById('file').focus()").await;
        assert_eq!(browser.tab().await, "Remove");
        browser.tab().await;
        browser.press(Key::Enter).await;
        browser.until("document.getElementById('options-box').open").await;
        browser.tab().await;
        browser.tab().await;
        browser.press(' ').await;
        assert!(browser.value::<bool>("document.querySelector('input[value=png]').checked").await);
        let mut at = String::new();
        for _ in 0..20 {
            at = browser.tab().await;
            if at == "compare" {
                break;
            }
        }
        assert_eq!(at, "compare");
        browser.press(Key::Enter).await;
        browser.until("document.getElementById('status').textContent.startsWith('Done')").await;
        assert_eq!(browser.focused().await, "results-title");
        let mut seen = Vec::new();
        for _ in 0..60 {
            let at = browser.tab().await;
            if at == "refresh" {
                break;
            }
            let ring: bool = browser
                .value("[document.activeElement, document.activeElement.nextElementSibling].some((e) => e && getComputedStyle(e).outlineStyle !== 'none')")
                .await;
            assert!(ring, "{at} shows no focus");
            seen.push(at);
        }
        for id in ["save-report", "save-csv", "save-json", "encoding", "forget-all"] {
            assert!(seen.iter().any(|at| at == id), "{id} is not reached: {seen:?}");
        }
    });
}

#[test]
fn a_reader_who_listens_is_told() {
    on_page("one-down", async |browser, _service| {
        let pictures = Pictures::new();
        browser
            .value::<Value>(
                "(window.heard = [], new MutationObserver(() => heard.push(document.getElementById('status').textContent))\
                 .observe(document.getElementById('status'), { childList: true }), null)",
            )
            .await;
        browser.compare(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        let heard: Vec<String> = browser.value("heard").await;
        assert_eq!(heard[0], "Uploading cat.jpg.");
        assert!(heard.iter().any(|sentence| sentence == "The service is at work: 18 answers to come."), "{heard:?}");
        assert!(
            heard.iter().any(|sentence| sentence.contains("of 18 answers") && sentence.contains("failed")),
            "{heard:?}"
        );
        assert_eq!(heard.last().map(String::as_str), Some("Done: 1 picture compared. The results are below."));
        assert!(heard.len() < 10, "{heard:?}");
    });
}

#[test]
fn axe_finds_nothing_in_light_dark_and_on_a_phone() {
    on_page("one-down", async |browser, _service| {
        assert_eq!(axe::violations(browser).await, Vec::<String>::new(), "empty page");
        let pictures = Pictures::new();
        browser.compare(&[&pictures.jpeg("cat.jpg", 640, 480)]).await;
        browser.press_compare().await;
        open_all(browser).await;
        browser.value::<Value>("document.querySelectorAll('#history-list input').forEach((box) => box.click())").await;
        browser.choose(&[&pictures.file("notes.txt", b"dear diary")]).await;
        browser.until("document.querySelector('#problems .problem') && document.querySelector('#chart-pair-duration .main-svg')").await;
        for (width, dark) in [(DESKTOP, false), (DESKTOP, true), (PHONE, false), (PHONE, true)] {
            browser.screen(width, 800, dark).await;
            let ground = if dark { "#18202a" } else { "#ffffff" };
            browser
                .until(&format!("document.getElementById('chart-pair-duration').layout.paper_bgcolor === '{ground}'"))
                .await;
            assert_eq!(axe::violations(browser).await, Vec::<String>::new(), "{width} px, dark: {dark}");
        }
    });
}

/// Opens all that is folded away.
async fn open_all(browser: &Browser) {
    browser.value::<Value>("document.querySelectorAll('details').forEach((box) => { box.open = true; })").await;
}
