//! Chromium without a screen, driven through its own driver: acting and looking, no assertions about the page.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::{By, Capabilities, ChromiumLikeCapabilities, DesiredCapabilities, Key, WebDriver, WebElement};

/// Longer than anything that is waited for takes on the slowest machine; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser that can reach this machine only.
pub struct Browser {
    pub driver: WebDriver,
    child: Child,
    /// Where downloads go.
    pub downloads: TempDir,
}

impl Browser {
    pub async fn start() -> Self {
        // reqwest comes without a provider of its own and wants one even for plain HTTP. It is there when another did this.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start chromedriver (Debian: chromium-driver)");
        let port = port(&mut child);
        let downloads = tempfile::tempdir().expect("folder");
        let capabilities = capabilities(downloads.path());
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.expect("start chromium");
        let browser = Self { driver, child, downloads };
        browser.screen(1280, 900, false).await;
        browser
    }

    pub async fn go(&self, address: &str) {
        self.driver.goto(address).await.expect("navigate");
    }

    /// Sets the size of the screen and the colours that the system prefers.
    pub async fn screen(&self, width: u32, height: u32, dark: bool) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [scheme] })).await;
    }

    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(method, parameters).await.expect("devtools")
    }

    /// The value of a JavaScript expression.
    pub async fn value<T: DeserializeOwned>(&self, expression: &str) -> T {
        let result = self.driver.execute(format!("return {expression}"), vec![]).await;
        result.unwrap_or_else(|error| panic!("{expression}: {error}")).convert().expect("the type that is asked for")
    }

    /// Waits until a JavaScript expression is true.
    pub async fn until(&self, expression: &str) {
        let begun = Instant::now();
        while !self.value::<bool>(&format!("Boolean({expression})")).await {
            if begun.elapsed() > PATIENCE {
                let text: String = self.value("document.body.innerText").await;
                panic!("never: {expression}\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn find(&self, css: &str) -> WebElement {
        self.driver.find(By::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
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
        self.driver.action_chain().send_keys(key.into()).perform().await.expect("press");
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
        self.find("#file").await.send_keys(paths.join("\n")).await.expect("choose");
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
        // It has its name once it is whole.
        while !path.exists() {
            assert!(begun.elapsed() < PATIENCE, "{name} never came");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::fs::read_to_string(path).expect("read")
    }

    /// Schemes and hosts of all that the browser asked for since this was called last.
    pub async fn asked_for(&self) -> BTreeSet<String> {
        let log = self.driver.get_log("performance").await.expect("log");
        let events = log.iter().filter_map(|entry| serde_json::from_str::<Value>(&entry.message).ok());
        let requests = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let urls = requests.filter_map(|event| {
            event["message"]["params"]["request"]["url"]
                .as_str()
                .map(|url| url.split('?').next().expect("first").to_owned())
        });
        urls.collect()
    }

    /// Errors and warnings on the console since this was called last.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.expect("log");
        let serious = log.into_iter().filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()));
        serious.map(|entry| entry.message).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // SIGTERM lets the driver end its browser; the session may be gone already.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn capabilities(downloads: &Path) -> Capabilities {
    let mut chrome = DesiredCapabilities::chrome();
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
    for argument in arguments {
        checked(chrome.add_arg(argument));
    }
    checked(chrome.set_logging_prefs("performance", LoggingPrefsLogLevel::All));
    checked(chrome.set_logging_prefs("browser", LoggingPrefsLogLevel::All));
    let preferences = json!({ "download.default_directory": downloads, "download.prompt_for_download": false });
    checked(chrome.add_experimental_option("prefs", preferences));
    chrome.into()
}

fn checked<E: Debug>(result: Result<(), E>) {
    result.expect("a capability is plain JSON");
}

fn port(child: &mut Child) -> u16 {
    let mut lines = BufReader::new(child.stdout.as_mut().expect("piped")).lines();
    let said =
        lines.find_map(|line| line.ok()?.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
    said.expect("chromedriver says its port")
}
