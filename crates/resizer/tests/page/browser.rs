//! Chromium without a screen, driven through its own driver: acting and looking, no assertions about the page.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource, KeyAction, KeyActions},
    elements::Element,
    key::Key,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::chromium::Chromium;

/// Longer than anything that is waited for takes on the slowest machine; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser that can reach this machine only.
pub struct Browser {
    client: Client,
    child: Child,
    /// Where downloads go.
    pub downloads: TempDir,
}

impl Browser {
    pub async fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start chromedriver (Debian: chromium-driver)");
        let port = port(&mut child);
        let downloads = tempfile::tempdir().expect("folder");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(downloads.path()))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("start chromium");
        let browser = Self { client, child, downloads };
        browser.screen(1280, 900, false).await;
        browser
    }

    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.expect("navigate");
    }

    /// Sets the size of the screen and the colours that the system prefers.
    pub async fn screen(&self, width: u32, height: u32, dark: bool) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [scheme] })).await;
    }

    /// Takes a picture of the whole page, `width` pixels wide, as PNG.
    pub async fn photograph(&self, width: u32, dark: bool, to: &Path) {
        self.screen(width, 900, dark).await;
        self.settled().await;
        let height: u32 = self.value("Math.ceil(document.documentElement.getBoundingClientRect().height)").await;
        self.screen(width, height, dark).await;
        self.settled().await;
        std::fs::write(to, self.client.screenshot().await.expect("screenshot")).expect("write");
    }

    /// Waits until charts have the width of their cards and everything is painted.
    async fn settled(&self) {
        self.until(
            "[...document.querySelectorAll('.plot')].every((plot) => plot.clientWidth === 0 || Math.abs(plot._fullLayout?.width - plot.clientWidth) < 2)",
        )
        .await;
        let frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)));";
        assert!(self.awaited::<bool>(frames).await);
    }

    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.client.issue_cmd(Chromium::devtools(method, &parameters)).await.expect("devtools")
    }

    pub async fn reload(&self) {
        self.client.refresh().await.expect("reload");
    }

    /// Ends the browser. The driver does so when asked to, not when it is killed.
    pub async fn end(&self) {
        let _ = self.client.clone().close().await;
    }

    /// Runs JavaScript.
    pub async fn run(&self, script: &str) {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"));
    }

    /// Runs JavaScript that hands its value to its one argument, a function.
    pub async fn awaited<T: DeserializeOwned>(&self, script: &str) -> T {
        let value = self.client.execute_async(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"));
        serde_json::from_value(value).expect("the type that is asked for")
    }

    /// The value of a JavaScript expression.
    pub async fn value<T: DeserializeOwned>(&self, expression: &str) -> T {
        let value = self.client.execute(&format!("return {expression}"), vec![]).await;
        let value = value.unwrap_or_else(|error| panic!("{expression}: {error}"));
        serde_json::from_value(value).expect("the type that is asked for")
    }

    /// Waits until a JavaScript expression is true.
    pub async fn until(&self, expression: &str) {
        let begun = Instant::now();
        while !self.value::<bool>(&format!("Boolean({expression})")).await {
            if begun.elapsed() > PATIENCE {
                let text: String = self.value("document.body.innerText").await;
                panic!("never: {expression}\n{text}\n{:?}", self.complaints().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn find(&self, css: &str) -> Element {
        self.client.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// What an element shows.
    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("text")
    }

    /// Presses one key wherever the focus is.
    pub async fn press(&self, key: impl Into<char>) {
        let value = key.into();
        let keys = KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.expect("press");
    }

    /// Goes on to the next element that takes the focus; its id, or its text where it has none.
    pub async fn tab(&self) -> String {
        self.press(Key::Tab).await;
        self.focused().await
    }

    pub async fn focused(&self) -> String {
        self.value("document.activeElement.id || document.activeElement.innerText || document.activeElement.name").await
    }

    /// Chooses files as the dialog would.
    pub async fn choose(&self, files: &[&Path]) {
        let paths: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        self.find("#file").await.send_keys(&paths.join("\n")).await.expect("choose");
    }

    /// Chooses `files`, compares and waits for the end.
    pub async fn compare(&self, files: &[&Path]) {
        self.choose(files).await;
        self.until("!document.getElementById('compare').disabled").await;
        self.press_compare().await;
    }

    /// Presses Compare and waits for the end.
    pub async fn press_compare(&self) {
        self.click("#compare").await;
        self.until("/^(Done|Ended)/.test(document.getElementById('status').textContent)").await;
    }

    /// Waits for a download and gives its text.
    pub async fn downloaded(&self, name: &str) -> String {
        let path = self.downloads.path().join(name);
        let begun = Instant::now();
        // Chromium takes the name with an empty file first, and renames the whole one over it.
        while std::fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
            assert!(begun.elapsed() < PATIENCE, "{name} never came");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::fs::read_to_string(path).expect("read")
    }

    /// All that the browser asked for since this was called last, without queries.
    pub async fn asked_for(&self) -> BTreeSet<String> {
        let entries = self.log("performance").await;
        let messages =
            entries.iter().filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
        let requests = messages.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let url = |event: Value| {
            let url = event["message"]["params"]["request"]["url"].as_str()?;
            url.split('?').next().map(str::to_owned)
        };
        requests.filter_map(url).collect()
    }

    /// Errors and warnings on the console since this was called last.
    pub async fn complaints(&self) -> Vec<String> {
        let mut entries = self.log("browser").await;
        entries.retain(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        entries.iter().map(|entry| entry["message"].to_string()).collect()
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.client.issue_cmd(Chromium::log(kind)).await.expect("log");
        serde_json::from_value(entries).expect("a list")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // SIGTERM lets the driver end its browser; the session may be gone already.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn capabilities(downloads: &Path) -> serde_json::Map<String, Value> {
    let arguments = [
        "--headless=new",
        // The tests may run as root, in containers without user namespaces and with a small /dev/shm.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        // Phones lay theirs over the page.
        "--hide-scrollbars",
        // Not even a name can be looked up.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ];
    let preferences = json!({ "download.default_directory": downloads, "download.prompt_for_download": false });
    let capabilities = json!({
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
    });
    capabilities.as_object().expect("an object").clone()
}

fn port(child: &mut Child) -> u16 {
    let mut lines = BufReader::new(child.stdout.as_mut().expect("piped")).lines();
    let said =
        lines.find_map(|line| line.ok()?.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
    said.expect("chromedriver says its port")
}
