//! The browsers' engines, and how each is started.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::bidi::Bidi;
use super::{Link, Screen, Surroundings};
use crate::matrix::Api;
use crate::server::free_port;

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

/// What Chromium would ask its makers for by itself, beside [`FLAGS`]: extensions, models and hints, the time, an account, newer parts of itself.
const ASKS_NOBODY: [&str; 7] = [
    "--disable-extensions",
    "--disable-default-apps",
    "--no-pings",
    "--disable-features=OptimizationHints,OptimizationGuideModelDownloading,OptimizationTargetPrediction,MediaRouter,\
     NetworkTimeServiceQuerying,AutofillServerCommunication,CertificateTransparencyComponentUpdater",
    "--allow-browser-signin=false",
    "--gaia-url=http://127.0.0.1:9",
    "--component-updater=url-source=http://127.0.0.1:9/",
];

/// Firefox asks others for nothing, and speaks German with the page.
const PREFERENCES: &str = r#"
user_pref("app.update.disabledForTesting", true);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.push.connection.enabled", false);
user_pref("intl.accept_languages", "de-DE,de");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,none");
user_pref("toolkit.telemetry.enabled", false);
"#;

/// WebKitGTK's own small browser.
const MINI_BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/// What draws the page and runs its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Blink and V8, by chromedriver.
    Chromium,
    /// WebKit as WebKitGTK builds it, the nearest to an iPhone that runs here, by WebKitWebDriver.
    WebKit,
    /// Gecko, by WebDriver BiDi: Debian has no geckodriver.
    Firefox,
}

/// A browser that was just started.
pub(super) struct Started {
    /// The driver or the browser first, then what they need.
    pub processes: Vec<Child>,
    pub link: Link,
    /// Where Chromium speaks the DevTools protocol.
    pub debugger: String,
}

impl Engine {
    /// The Debian packages it comes with.
    pub(super) fn packages(self) -> &'static str {
        match self {
            Self::Chromium => "chromium chromium-driver fonts-dejavu-core",
            Self::WebKit => "webkit2gtk-driver xvfb fonts-dejavu-core",
            Self::Firefox => "firefox-esr fonts-dejavu-core",
        }
    }

    /// Starts the browser below `root`; camera and proxy are for Chromium alone. `on_start` hears of the process group before anything can fail.
    pub(super) fn start(
        self,
        root: &Path,
        screen: Screen,
        around: &Surroundings<'_>,
        on_start: &mut dyn FnMut(u32),
    ) -> Started {
        let profile = root.join("profile");
        match self {
            Self::Chromium => chromium(root, &profile, screen, around, on_start),
            Self::WebKit => webkit(root, &profile, on_start),
            Self::Firefox => firefox(root, &profile, on_start),
        }
    }

    fn spawn(self, root: &Path, command: &mut Command) -> Child {
        let log = std::fs::File::create(root.join("driver.log")).expect("a log for the driver");
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log is shared"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{error}; apt-get install --yes {}", self.packages()))
    }

    /// A session of the driver at this address, as soon as it answers.
    fn session(self, root: &Path, port: u16, capabilities: &Value) -> (Link, Value) {
        let api = Api::new(&format!("http://127.0.0.1:{port}"));
        let deadline = Instant::now() + Duration::from_secs(30);
        while api.try_get("/status").is_none_or(|answer| answer.value()["value"]["ready"] != true) {
            assert!(Instant::now() < deadline, "the driver is not ready:\n{}", log(root));
            std::thread::sleep(Duration::from_millis(50));
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities }});
        let mut value = api.post("/session", &wanted).value()["value"].take();
        let Some(session) = value["sessionId"].as_str().map(str::to_owned) else {
            panic!("{self:?} does not start: {value}; apt-get install --yes {}", self.packages());
        };
        (Link::Driver { api, session }, value["capabilities"].take())
    }
}

fn chromium(
    root: &Path,
    profile: &Path,
    screen: Screen,
    around: &Surroundings<'_>,
    on_start: &mut dyn FnMut(u32),
) -> Started {
    let port = free_port();
    let recorded = around.behind.map(|(_, outgoing)| outgoing.command("chromedriver"));
    let mut command = recorded.unwrap_or_else(|| Command::new("chromedriver"));
    command.arg(format!("--port={port}")).process_group(0);
    let driver = Engine::Chromium.spawn(root, &mut command);
    on_start(driver.id());
    let mut arguments: Vec<String> = FLAGS.map(String::from).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    if let Some(file) = around.camera {
        arguments.push(format!("--use-file-for-fake-video-capture={}", file.display()));
    }
    if let Some((proxy, _)) = around.behind {
        arguments.push(format!("--proxy-server={}", proxy.address));
        // This machine, too, is reached through the proxy.
        arguments.push("--proxy-bypass-list=<-loopback>".to_owned());
        arguments.push("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned());
        arguments.extend(ASKS_NOBODY.map(String::from));
    }
    let (width, height) = screen.size();
    arguments.push(format!("--window-size={width},{height}"));
    let mut options = json!({ "args": arguments });
    if around.behind.is_some() {
        // Nor what it would ask for passwords that leaked, and for what is typed; dictionaries for spelling it fetches at some time or other.
        options["prefs"] = json!({
            "browser.enable_spellchecking": false,
            "profile.password_manager_leak_detection": false,
            "net.network_prediction_options": 2,
            "search.suggest_enabled": false,
        });
    }
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
        "timeouts": { "pageLoad": 60_000, "script": 60_000 },
        "unhandledPromptBehavior": "ignore",
    });
    let (link, capabilities) = Engine::Chromium.session(root, port, &capabilities);
    let debugger = capabilities["goog:chromeOptions"]["debuggerAddress"].as_str();
    Started { processes: vec![driver], link, debugger: debugger.unwrap_or_default().to_owned() }
}

fn webkit(root: &Path, profile: &Path, on_start: &mut dyn FnMut(u32)) -> Started {
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1600x1200x24"]);
    let mut display = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("Xvfb: {error}; apt-get install --yes xvfb"));
    on_start(display.id());
    let mut number = String::new();
    let output = display.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut number).expect("Xvfb names its display");
    let port = free_port();
    let group = i32::try_from(display.id()).expect("a process ID");
    let mut command = Command::new("WebKitWebDriver");
    command.arg(format!("--port={port}")).process_group(group);
    command.env("DISPLAY", format!(":{}", number.trim())).env("LIBGL_ALWAYS_SOFTWARE", "1");
    for (variable, directory) in
        [("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache"), ("XDG_CONFIG_HOME", "config")]
    {
        command.env(variable, profile.join(directory));
    }
    let driver = Engine::WebKit.spawn(root, &mut command);
    let options = json!({ "binary": MINI_BROWSER, "args": ["--automation"] });
    let capabilities = json!({
        "webkitgtk:browserOptions": options,
        "timeouts": { "pageLoad": 60_000, "script": 60_000 },
    });
    let (link, _) = Engine::WebKit.session(root, port, &capabilities);
    Started { processes: vec![driver, display], link, debugger: String::new() }
}

fn firefox(root: &Path, profile: &Path, on_start: &mut dyn FnMut(u32)) -> Started {
    std::fs::create_dir_all(profile).expect("a directory for the profile");
    std::fs::write(profile.join("user.js"), PREFERENCES).expect("the preferences are written");
    let port = free_port();
    let mut command = Command::new("firefox-esr");
    command.args(["--headless", "--no-remote", "--profile"]).arg(profile);
    command.arg(format!("--remote-debugging-port={port}")).arg("about:blank");
    let browser = Engine::Firefox.spawn(root, command.env("HOME", root).process_group(0));
    on_start(browser.id());
    // It listens to the port before it speaks.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !log(root).contains("WebDriver BiDi listening") {
        assert!(Instant::now() < deadline, "Firefox does not listen:\n{}", log(root));
        std::thread::sleep(Duration::from_millis(100));
    }
    let link = Link::Bidi(Box::new(std::sync::Mutex::new(Bidi::begin(port))));
    Started { processes: vec![browser], link, debugger: String::new() }
}

fn log(root: &Path) -> String {
    std::fs::read_to_string(root.join("driver.log")).unwrap_or_default()
}
