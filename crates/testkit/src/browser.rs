//! Real headless Chromium, driven through chromedriver (W3C WebDriver over plain HTTP).
//! <https://www.w3.org/TR/webdriver2/>

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::devtools;
use crate::guard::Guard;
use crate::matrix::Api;
use crate::server::free_port;

/// What WebDriver calls the reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long the app may take for anything a person waits for, on a slow machine with both cores busy.
const PATIENCE: Duration = Duration::from_secs(60);
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--accept-lang=de-DE,de",
];

/// The two sizes at which every screen is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 390 × 844 CSS pixels.
    Phone,
    /// 820 × 1180 CSS pixels.
    Tablet,
    /// 1440 × 900 CSS pixels.
    Desktop,
}

impl Screen {
    fn size(self) -> (u32, u32) {
        match self {
            Self::Phone => (390, 844),
            Self::Tablet => (820, 1180),
            Self::Desktop => (1440, 900),
        }
    }
}

/// One browser with a profile of its own. Dropping it kills it and removes the profile.
pub struct Browser {
    name: String,
    driver: Child,
    api: Api,
    session: Option<String>,
    /// Where the DevTools protocol is spoken.
    debugger: String,
    root: PathBuf,
    _guard: Guard,
}

/// One of the tabs of a browser.
#[derive(Clone, Debug)]
pub struct Tab(String);

/// An element of the page, as long as the page keeps it.
#[derive(Clone, Debug)]
pub struct Element(String);

/// Why the browser did not do what it was asked.
#[derive(Debug)]
pub struct Refusal {
    /// WebDriver's error code, such as `no such element`.
    pub code: String,
    /// The driver's words.
    pub message: String,
}

impl Browser {
    /// Starts a browser with an empty profile. `name` is whose browser it is, for messages and pictures.
    pub fn open(name: &str, screen: Screen) -> Self {
        Self::with_profile(name, screen, None)
    }

    /// Starts a browser with a copy of another one's profile, which must be closed.
    pub fn with_copy_of(profile: &Path, name: &str, screen: Screen) -> Self {
        Self::with_profile(name, screen, Some(profile))
    }

    fn with_profile(name: &str, screen: Screen, profile: Option<&Path>) -> Self {
        let root = tempfile::Builder::new()
            .prefix("konsil-browser-")
            .tempdir()
            .expect("a directory for the profile")
            .keep();
        let mut guard = Guard::over(&root);
        let port = free_port();
        let log =
            std::fs::File::create(root.join("chromedriver.log")).expect("a log for the driver");
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log is shared"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver: {error}; apt-get install --yes chromium chromium-driver fonts-dejavu-core")
            });
        guard.watch(Some(driver.id()));
        let api = Api::new(&format!("http://127.0.0.1:{port}"));
        let mut browser = Self {
            name: name.to_owned(),
            driver,
            api,
            session: None,
            debugger: String::new(),
            root,
            _guard: guard,
        };
        if let Some(profile) = profile {
            copy_directory(profile, &browser.profile_dir());
        }
        browser.begin(screen);
        browser
    }

    fn begin(&mut self, screen: Screen) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self
            .api
            .try_get("/status")
            .is_none_or(|answer| answer.value()["value"]["ready"] != true)
        {
            assert!(Instant::now() < deadline, "chromedriver is not ready:\n{}", self.driver_log());
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut arguments: Vec<String> = FLAGS.map(String::from).to_vec();
        arguments.push(format!("--user-data-dir={}", self.profile_dir().display()));
        let (width, height) = screen.size();
        arguments.push(format!("--window-size={width},{height}"));
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "pageLoad": 60_000, "script": 60_000 },
            "unhandledPromptBehavior": "ignore",
        }}});
        let answer = self.api.post("/session", &capabilities);
        let value = answer.value();
        let session = value["value"]["sessionId"].as_str().unwrap_or_else(|| {
            panic!(
                "Chromium does not start: {value}; apt-get install --yes chromium chromium-driver"
            )
        });
        self.session = Some(session.to_owned());
        let options = &value["value"]["capabilities"]["goog:chromeOptions"];
        self.debugger = options["debuggerAddress"].as_str().unwrap_or_default().to_owned();
        self.resize(screen);
    }

    /// Shows the page at another size.
    pub fn resize(&self, screen: Screen) {
        // The window's own minimum is wider than a phone, so the page is told its size.
        let (width, height) = screen.size();
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen == Screen::Phone,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Opens another tab at an address, which then is the one in front; the other is out of sight. Returns the way back.
    pub fn new_tab(&self, url: &str) -> Tab {
        let before = self.command("GET", "/window", &Value::Null);
        let new = self.command("POST", "/window/new", &json!({ "type": "tab" }));
        self.to_tab(&Tab(new["handle"].as_str().unwrap_or_default().to_owned()));
        self.go(url);
        Tab(before.as_str().unwrap_or_default().to_owned())
    }

    /// Brings a tab to the front. Returns the way back.
    pub fn to_tab(&self, tab: &Tab) -> Tab {
        let before = self.command("GET", "/window", &Value::Null);
        self.command("POST", "/window", &json!({ "handle": tab.0 }));
        // Commands go to a tab wherever it is; a person sees only the one in front.
        self.cdp("Page.bringToFront", &json!({}));
        Tab(before.as_str().unwrap_or_default().to_owned())
    }

    /// Opens an address and waits until it has loaded.
    pub fn go(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    /// Loads the page again.
    pub fn reload(&self) {
        let nothing = json!([]);
        self.script("window.isFromBefore = true", &nothing);
        // A step back in the history that the page takes at this moment, as when a sheet closes, cuts loading off.
        self.wait_for("the page to be loaded anew", || {
            self.command("POST", "/refresh", &json!({}));
            (self.script("return window.isFromBefore", &nothing) != true).then_some(())
        });
    }

    /// The page's address.
    pub fn url(&self) -> String {
        self.command("GET", "/url", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// All elements that match now.
    pub fn all(&self, css: &str) -> Vec<Element> {
        let found =
            self.command("POST", "/elements", &json!({ "using": "css selector", "value": css }));
        let found = found.as_array().cloned().unwrap_or_default();
        found
            .iter()
            .filter_map(|element| element[ELEMENT].as_str())
            .map(|id| Element(id.into()))
            .collect()
    }

    /// Whether something matches now.
    pub fn has(&self, css: &str) -> bool {
        !self.all(css).is_empty()
    }

    /// The first element that matches, as soon as there is one.
    #[track_caller]
    pub fn find(&self, css: &str) -> Element {
        self.wait_for(css, || self.all(css).into_iter().next())
    }

    /// Waits until nothing matches.
    #[track_caller]
    pub fn gone(&self, css: &str) {
        self.wait_for(&format!("{css} to be gone"), || (!self.has(css)).then_some(()));
    }

    /// Clicks the first match as soon as it can be clicked: it may still move or be covered.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.wait_for(&format!("{css} to be clickable"), || {
            let element = self.all(css).into_iter().next()?;
            self.try_command("POST", &format!("/element/{}/click", element.0), &json!({})).ok()
        });
    }

    /// Clicks into the first match and types, key by key.
    #[track_caller]
    pub fn type_into(&self, css: &str, text: &str) {
        self.wait_for(&format!("{css} to take text"), || {
            let element = self.all(css).into_iter().next()?;
            let path = format!("/element/{}/value", element.0);
            self.try_command("POST", &path, &json!({ "text": text })).ok()
        });
    }

    /// Empties a field, then types.
    #[track_caller]
    pub fn replace_text(&self, css: &str, text: &str) {
        let element = self.find(css);
        self.command("POST", &format!("/element/{}/clear", element.0), &json!({}));
        self.type_into(css, text);
    }

    /// Inserts text where the cursor is, as an input method does; unlike keys it may hold emoji.
    pub fn insert_text(&self, text: &str) {
        self.cdp("Input.insertText", &json!({ "text": text }));
    }

    /// Hands a file to an `<input type=file>`, which may be invisible.
    #[track_caller]
    pub fn upload(&self, css: &str, file: &Path) {
        let element = self.find(css);
        let path = file.to_str().expect("the test's paths are UTF-8");
        self.command("POST", &format!("/element/{}/value", element.0), &json!({ "text": path }));
    }

    /// The visible text of the first match, as soon as there is one.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.wait_for(&format!("the text of {css}"), || self.texts(css).into_iter().next())
    }

    /// The visible texts of all matches.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map(element => element.innerText)";
        let texts = self.script(script, &json!([css]));
        let texts = texts.as_array().cloned().unwrap_or_default();
        texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Waits until some match contains the text.
    #[track_caller]
    pub fn wait_text(&self, css: &str, part: &str) {
        self.wait_for(&format!("“{part}” in {css}"), || {
            self.texts(css).iter().any(|text| text.contains(part)).then_some(())
        });
    }

    /// An attribute of the first match.
    #[track_caller]
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let element = self.find(css);
        let value = self.try_command(
            "GET",
            &format!("/element/{}/attribute/{name}", element.0),
            &Value::Null,
        );
        value.ok()?.as_str().map(str::to_owned)
    }

    /// Asks again and again until there is an answer; panics after a minute, saying what was waited for.
    #[track_caller]
    pub fn wait_for<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            assert!(
                Instant::now() < deadline,
                "{}'s browser waited {PATIENCE:?} for {what} at {}",
                self.name,
                self.url()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs a function body in the page and returns its result.
    pub fn script(&self, body: &str, arguments: &Value) -> Value {
        self.command("POST", "/execute/sync", &json!({ "script": body, "args": arguments }))
    }

    /// Runs a function body that calls its last argument with the result, at any later time.
    pub fn async_script(&self, body: &str, arguments: &Value) -> Value {
        self.command("POST", "/execute/async", &json!({ "script": body, "args": arguments }))
    }

    /// Sends a command of the Chrome DevTools protocol.
    pub fn cdp(&self, method: &str, parameters: &Value) -> Value {
        self.command("POST", "/goog/cdp/execute", &json!({ "cmd": method, "params": parameters }))
    }

    /// Has the service worker of the page's origin run an expression. What comes of it is seen in its effects alone.
    #[track_caller]
    pub fn in_worker(&self, expression: &str) {
        let target = self.wait_for("the service worker to run", || {
            let targets = self.cdp("Target.getTargets", &json!({}));
            let workers = targets["targetInfos"].as_array()?.iter();
            let mut workers = workers.filter(|target| target["type"] == "service_worker");
            workers.next()?["targetId"].as_str().map(str::to_owned)
        });
        let attach = json!({ "targetId": target, "flatten": false });
        let session = self.cdp("Target.attachToTarget", &attach)["sessionId"].clone();
        let evaluate = json!({
            "id": 1, "method": "Runtime.evaluate", "params": { "expression": expression },
        });
        let message = json!({ "sessionId": session, "message": evaluate.to_string() });
        self.cdp("Target.sendMessageToTarget", &message);
    }

    /// All that the page's JavaScript heap holds, after a garbage collection, as V8 writes it.
    pub fn heap_snapshot(&self) -> String {
        devtools::heap_snapshot(&self.debugger, &self.url())
    }

    /// What the page has written to its console since the last call, one line per entry.
    pub fn console(&self) -> Vec<String> {
        let entries = self.try_command("POST", "/se/log", &json!({ "type": "browser" }));
        let entries = entries.ok().and_then(|value| value.as_array().cloned()).unwrap_or_default();
        let line = |entry: &Value| {
            let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("level"), text("message"))
        };
        entries.iter().map(line).collect()
    }

    /// What the page looks like, as PNG.
    pub fn screenshot(&self, file: &Path) {
        let picture = self.command("GET", "/screenshot", &Value::Null);
        let bytes = from_base64(picture.as_str().unwrap_or_default());
        std::fs::write(file, bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// What the page looks like, as WebP, which is a fraction of a PNG.
    pub fn webp(&self, file: &Path) {
        let format = json!({ "format": "webp", "quality": 80 });
        let picture = self.cdp("Page.captureScreenshot", &format)["data"].take();
        let bytes = from_base64(picture.as_str().unwrap_or_default());
        std::fs::write(file, bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// Where the browser keeps its profile: all it has stored on disk.
    pub fn profile_dir(&self) -> PathBuf {
        self.root.join("profile")
    }

    /// Closes the browser as a person does, so that it writes everything to its profile, which stays until
    /// the value is dropped.
    pub fn close(&mut self) {
        if let Some(session) = self.session.take() {
            self.api.delete(&format!("/session/{session}")).ok();
        }
    }

    #[track_caller]
    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_command(method, path, body).unwrap_or_else(|refusal| {
            panic!("{}'s browser: {method} {path}: {refusal:?}", self.name)
        })
    }

    /// One WebDriver command; the error is the browser's, such as an element that is gone.
    #[track_caller]
    pub fn try_command(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        let session = self.session.as_ref().expect("the browser is open");
        let path = format!("/session/{session}{path}");
        let answer = match method {
            "GET" => self.api.get(&path),
            _ => self.api.json(method, &path, body),
        };
        let value = answer.value()["value"].take();
        if answer.status == 200 {
            return Ok(value);
        }
        let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
        Err(Refusal { code: text("error"), message: text("message") })
    }

    fn driver_log(&self) -> String {
        std::fs::read_to_string(self.root.join("chromedriver.log")).unwrap_or_default()
    }

    /// Leaves a picture and the console of a failed test where a person finds them.
    fn leave_traces(&self) {
        let directory = std::env::temp_dir().join("konsil-failures");
        let _ = std::fs::create_dir_all(&directory);
        let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
        let file = directory.join(format!("{test}-{}", self.name));
        let picture = self.try_command("GET", "/screenshot", &Value::Null);
        if let Ok(picture) = picture {
            let _ = std::fs::write(
                file.with_extension("png"),
                from_base64(picture.as_str().unwrap_or_default()),
            );
        }
        let console = self.console();
        let _ = std::fs::write(file.with_extension("log"), console.join("\n"));
        eprintln!("{}'s browser as it was: {}.png, its console:", self.name, file.display());
        console.iter().rev().take(20).rev().for_each(|line| eprintln!("  {line}"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A second panic while the first unwinds would abort the whole test run.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if self.session.is_some() && std::thread::panicking() {
                self.leave_traces();
            }
            if let Some(session) = self.session.take() {
                let _ = self.api.try_request("DELETE", &format!("/session/{session}"), &[], &[]);
            }
        }));
        // Chromium dies with its driver.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn copy_directory(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} is copied", from.display());
}

fn from_base64(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).expect("the driver sends base64")
}
