//! Real browsers, driven through W3C WebDriver: headless Chromium, and the other engines where a test asks for one.
//! <https://www.w3.org/TR/webdriver2/>

mod bidi;
mod engine;

pub use engine::Engine;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use self::bidi::Bidi;
use crate::devtools;
use crate::guard::Guard;
use crate::matrix::Api;
use crate::{Outgoing, Proxy};

/// What WebDriver calls the reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long the app may take for anything a person waits for, on a slow machine with both cores busy.
const PATIENCE: Duration = Duration::from_secs(60);

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
    engine: Engine,
    processes: Vec<Child>,
    /// How commands reach the browser, until it is closed.
    link: Option<Link>,
    /// Where the DevTools protocol is spoken.
    debugger: String,
    root: PathBuf,
    _guard: Guard,
}

/// What a browser starts with, each if it is said.
#[derive(Default)]
struct Surroundings<'a> {
    /// A copy of this profile.
    profile: Option<&'a Path>,
    /// What the camera shows.
    camera: Option<&'a Path>,
    /// All that it can reach, and the record of what it sends.
    behind: Option<(&'a Proxy, &'a Outgoing)>,
}

/// A way to the browser.
enum Link {
    /// Over HTTP, by a driver.
    Driver { api: Api, session: String },
    /// Over a WebSocket to the browser itself.
    Bidi(Box<Mutex<Bidi>>),
}

impl Link {
    fn end(&self) {
        match self {
            Self::Driver { api, session } => {
                let _ = api.try_request("DELETE", &format!("/session/{session}"), &[], &[]);
            }
            Self::Bidi(bidi) => bidi.lock().expect("no panic while held").end(),
        }
    }
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
    /// Starts Chromium with an empty profile. `name` is whose browser it is, for messages and pictures.
    pub fn open(name: &str, screen: Screen) -> Self {
        Self::open_in(Engine::Chromium, name, screen)
    }

    /// Starts a browser of this engine with an empty profile.
    pub fn open_in(engine: Engine, name: &str, screen: Screen) -> Self {
        Self::start(engine, name, screen, &Surroundings::default())
    }

    /// Starts a browser with a copy of another one's profile, which must be closed.
    pub fn with_copy_of(profile: &Path, name: &str, screen: Screen) -> Self {
        let around = Surroundings { profile: Some(profile), ..Surroundings::default() };
        Self::start(Engine::Chromium, name, screen, &around)
    }

    /// Starts Chromium in front of what a file shows (`.mjpeg`: JPEG pictures one after another), which may be written later: it is opened
    /// with the camera. Without a file there is no camera.
    pub fn open_before(name: &str, screen: Screen, camera: &Path) -> Self {
        let around = Surroundings { camera: Some(camera), ..Surroundings::default() };
        Self::start(Engine::Chromium, name, screen, &around)
    }

    /// Starts Chromium behind a proxy, which is all that it can reach: no name is resolved. What it sends is recorded besides, also past the proxy.
    pub fn open_behind(proxy: &Proxy, outgoing: &Outgoing, name: &str, screen: Screen) -> Self {
        let behind = Some((proxy, outgoing));
        let around = Surroundings { behind, ..Surroundings::default() };
        Self::start(Engine::Chromium, name, screen, &around)
    }

    fn start(engine: Engine, name: &str, screen: Screen, around: &Surroundings<'_>) -> Self {
        let root = tempfile::Builder::new()
            .prefix("konsil-browser-")
            .tempdir()
            .expect("a directory for the profile")
            .keep();
        let mut guard = Guard::over(&root);
        if let Some(profile) = around.profile {
            copy_directory(profile, &root.join("profile"));
        }
        let started = engine.start(&root, screen, around, &mut |group| guard.watch(Some(group)));
        let browser = Self {
            name: name.to_owned(),
            engine,
            processes: started.processes,
            link: Some(started.link),
            debugger: started.debugger,
            root,
            _guard: guard,
        };
        browser.resize(screen);
        browser
    }

    /// Shows the page at another size.
    pub fn resize(&self, screen: Screen) {
        let (width, height) = screen.size();
        if self.engine != Engine::Chromium {
            let rect = json!({ "x": 0, "y": 0, "width": width, "height": height });
            self.command("POST", "/window/rect", &rect);
            return;
        }
        // The window's own minimum is wider than a phone, so the page is told its size.
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

    /// The port at which Chromium's driver speaks to it.
    pub fn driven_at(&self) -> u16 {
        let port = self.debugger.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("Chromium says where it listens")
    }

    /// Where the browser keeps its profile: all it has stored on disk.
    pub fn profile_dir(&self) -> PathBuf {
        self.root.join("profile")
    }

    /// Closes the browser as a person does, so that it writes everything to its profile, which stays until
    /// the value is dropped.
    pub fn close(&mut self) {
        if let Some(link) = self.link.take() {
            link.end();
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
        let (api, session) = match self.link.as_ref().expect("the browser is open") {
            Link::Driver { api, session } => (api, session),
            Link::Bidi(bidi) => {
                return bidi.lock().expect("no panic while held").command(method, path, body);
            }
        };
        let path = format!("/session/{session}{path}");
        let answer = match method {
            "GET" => api.get(&path),
            _ => api.json(method, &path, body),
        };
        let value = answer.value()["value"].take();
        if answer.status == 200 {
            return Ok(value);
        }
        let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
        Err(Refusal { code: text("error"), message: text("message") })
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
            if self.link.is_some() && std::thread::panicking() {
                self.leave_traces();
            }
            self.close();
        }));
        // Chromium dies with its driver.
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn copy_directory(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} is copied", from.display());
}

fn from_base64(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).expect("the driver sends base64")
}
