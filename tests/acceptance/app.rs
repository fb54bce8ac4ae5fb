//! The app as a person uses it: what they click and type, and what they then see.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use testkit::{Browser, Screen, Server, Settings, axe};

/// The Enter key, as WebDriver writes it.
const ENTER: &str = "\u{E007}";

/// What everybody here locks their app with.
pub const PIN: &str = "482913";

/// The built app: `KONSIL_WEB_DIST`, or `dist/` of the repository.
pub fn dist() -> PathBuf {
    let built = PathBuf::from("../dist");
    let dist = std::env::var_os("KONSIL_WEB_DIST").map_or(built, PathBuf::from);
    let dist = std::path::absolute(dist).expect("the tests run in a directory");
    assert!(
        dist.join("index.html").exists(),
        "{} holds no app: run `cargo xtask web`",
        dist.display()
    );
    dist
}

/// Selector of the element that the app marks with this `data-testid`.
pub fn id(testid: &str) -> String {
    format!("[data-testid=\"{testid}\"]")
}

/// A hospital with the app and these lines in its part of the configuration.
pub fn hospital(tenant: &str) -> Server {
    let tenant = tenant.to_owned();
    Server::with(&Settings { web: Some(dist()), tenant, ..Settings::default() })
}

/// Somebody with an account and no device: user name and password.
pub fn member_of(server: &Server, name: &str) -> (String, String) {
    let user = server.user(name);
    user.post("/_matrix/client/v3/logout", &serde_json::json!({})).ok();
    (user.localpart.clone(), user.password.clone())
}

/// Has the device recognise its owner, as phones and laptops do; `prf`: whether it also gives out secrets for that. Returns its name.
pub fn add_authenticator(browser: &Browser, prf: bool) -> String {
    browser.cdp("WebAuthn.enable", &serde_json::json!({ "enableUI": false }));
    let options = serde_json::json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasPrf": prf,
        "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    let options = serde_json::json!({ "options": options });
    let added = browser.cdp("WebAuthn.addVirtualAuthenticator", &options);
    added["authenticatorId"].as_str().expect("its name").to_owned()
}

/// Has the owner take their time before they show their finger.
pub const HESITATE: &str = "const make = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = async options => {
        window.is_asked = true;
        await new Promise(shown => setTimeout(shown, 6000));
        return make(options);
    };";

/// Somebody at their browser.
pub struct Person {
    pub browser: Browser,
    name: String,
}

impl Person {
    /// Opens a browser with an empty profile at the app.
    pub fn at(url: &str, name: &str, screen: Screen) -> Self {
        let browser = Browser::open(name, screen);
        browser.go(url);
        Self { browser, name: name.to_owned() }
    }

    /// Somebody at a browser that is open already.
    pub fn with(browser: Browser, name: &str) -> Self {
        Self { browser, name: name.to_owned() }
    }

    /// Opens the app and logs in.
    pub fn logged_in(url: &str, user: &str, password: &str, screen: Screen) -> Self {
        let person = Self::at(url, user, screen);
        person.log_in(user, password);
        person
    }

    /// Logs in, and leaves the privacy notice if it comes.
    pub fn log_in(&self, user: &str, password: &str) {
        self.log_in_to_the_notice(user, password);
        if self.is_shown_the_notice() {
            self.browser.click(&id("privacy-seen"));
            self.browser.gone(&id("privacy-new"));
        }
    }

    /// Logs in, sets the PIN and does nothing more.
    pub fn log_in_to_the_notice(&self, user: &str, password: &str) {
        self.log_in_to_the_pin(user, password);
        self.set_pin(PIN);
        self.browser.find(&id("shell"));
    }

    /// Logs in up to the step that asks for a PIN.
    pub fn log_in_to_the_pin(&self, user: &str, password: &str) {
        self.browser.type_into(&id("login-user"), user);
        self.browser.type_into(&id("login-password"), password);
        self.browser.click(&id("login-submit"));
        self.browser.find(&id("set-pin"));
    }

    /// Types a new PIN twice and goes on.
    pub fn set_pin(&self, pin: &str) {
        self.browser.replace_text(&id("pin-new"), pin);
        self.browser.replace_text(&id("pin-again"), pin);
        self.browser.click(&id("pin-submit"));
    }

    /// Types a PIN at the lock screen, as soon as one is taken.
    pub fn try_pin(&self, pin: &str) {
        self.browser.type_into(&id("unlock-pin"), pin);
        self.browser.click(&id("unlock-submit"));
    }

    /// Waits until the app itself lies on the device.
    pub fn is_on_the_device(&self) {
        let cached = "const done = arguments[arguments.length - 1];
            caches.match('./web_bg.wasm').then(found => done(Boolean(found && navigator.serviceWorker.controller)), () => done(false));";
        self.browser.wait_for("the app to be on the device", || {
            (self.browser.async_script(cached, &serde_json::json!([])) == true).then_some(())
        });
    }

    /// Opens the locked app.
    pub fn unlock(&self) {
        self.browser.find(&id("lock-screen"));
        self.try_pin(PIN);
        self.browser.find(&id("shell"));
    }

    /// Loads the page again, which locks the app, and opens it.
    pub fn reload(&self) {
        self.browser.reload();
        self.unlock();
    }

    /// Whether the privacy notice is new to this person; waits until the app knows.
    pub fn is_shown_the_notice(&self) -> bool {
        let state = "return document.querySelector('[data-notice]')?.dataset.notice";
        let nothing = serde_json::json!([]);
        self.browser.wait_for("the app to know whether the notice is new", || {
            let state = self.browser.script(state, &nothing);
            (state != "looking" && !state.is_null()).then(|| state == "new")
        })
    }

    /// Looks for barriers in both themes, and keeps pictures of them.
    pub fn check(&self, what: &str) {
        self.in_both_themes(|theme| {
            assert_eq!(axe::violations(&self.browser), Vec::<String>::new(), "{what}, {theme}");
            self.look(&format!("{what}-{theme}"));
        });
    }

    /// Shows the screen in one theme after the other.
    pub fn in_both_themes(&self, mut see: impl FnMut(&str)) {
        for theme in ["light", "dark"] {
            self.choose_theme(theme);
            see(theme);
        }
        let anew = "delete document.documentElement.dataset.theme";
        self.browser.script(anew, &serde_json::json!([]));
    }

    /// Chooses the theme as the settings do.
    pub fn choose_theme(&self, theme: &str) {
        let set = "document.documentElement.dataset.theme = arguments[0]";
        self.browser.script(set, &serde_json::json!([theme]));
        // Colours glide to their new value.
        std::thread::sleep(Duration::from_millis(300));
    }

    /// Waits until nothing moves but what moves for ever.
    #[track_caller]
    pub fn stands_still(&self) {
        let moving = "return document.getAnimations().some(it => it.playState === 'running' && it.effect.getComputedTiming().iterations !== Infinity)";
        self.browser.wait_for("what moves to stand still", || {
            (self.browser.script(moving, &serde_json::json!([])) == false).then_some(())
        });
    }

    /// Opens the recovery key, notes it down and says so.
    pub fn keep_recovery_key(&self) -> String {
        self.browser.click(&id("recovery-show"));
        let key = self.browser.text(&id("recovery-key"));
        self.browser.click(&id("recovery-saved"));
        self.browser.gone(&id("recovery-banner"));
        key
    }

    /// Looks somebody up in the directory and opens the chat with them.
    pub fn write_to(&self, search: &str, name: &str) {
        self.to_list();
        self.browser.click(&id("new-chat"));
        self.browser.type_into(&id("directory-search"), search);
        self.choose_person(name);
        self.browser.find(&id("composer"));
    }

    fn choose_person(&self, name: &str) {
        self.browser.wait_text(&id("directory-row"), name);
        self.click_with_text(&id("directory-row"), name);
    }

    /// Makes a group and opens it. `members` are search words and names.
    pub fn make_group(&self, name: &str, members: &[(&str, &str)]) {
        self.to_list();
        self.browser.click(&id("new-chat"));
        self.browser.click(&id("new-group"));
        self.browser.type_into(&id("group-name"), name);
        for (search, member) in members {
            self.browser.replace_text(&id("directory-search"), search);
            self.choose_person(member);
        }
        self.browser.click(&id("group-create"));
        self.browser.wait_text(&id("chat-title"), name);
        self.browser.find(&id("composer"));
    }

    /// Opens a chat from the list. Chats of the own hospital are entered at once; an invitation that is asked about is accepted.
    pub fn open(&self, title: &str) {
        self.to_list();
        // Who is named in what was said last is somebody else.
        let name = format!("{} .name", id("room-row"));
        self.browser.wait_text(&name, title);
        self.click_with_text(&name, title);
        // An invitation of the own hospital is accepted by the app itself; another may wait for a click.
        let accept = "document.querySelector(arguments[0])?.click()";
        self.browser.wait_for("the chat, not its invitation", || {
            self.browser.script(accept, &serde_json::json!([id("invite-accept")]));
            self.browser.has(&id("composer")).then_some(())
        });
    }

    /// On a phone, back from an open chat to the list.
    pub fn to_list(&self) {
        let visible = "return [...document.querySelectorAll(arguments[0])].some(it => it.offsetParent !== null)";
        let back = serde_json::json!([id("back")]);
        if self.browser.script(visible, &back) == true {
            self.browser.click(&id("back"));
        }
    }

    /// Opens the settings, also from an open chat.
    pub fn to_settings(&self) {
        self.to_list();
        let visible = "return document.querySelector(arguments[0])?.offsetParent != null";
        let is_there =
            |way: &&str| self.browser.script(visible, &serde_json::json!([id(way)])) == true;
        let way = self.browser.wait_for("a way to the settings", || {
            ["tab-settings", "open-settings"].into_iter().find(is_there)
        });
        self.browser.click(&id(way));
    }

    /// Types without sending.
    pub fn begin(&self, text: &str) {
        self.browser.type_into(&id("composer"), text);
    }

    /// Types and sends.
    pub fn say(&self, text: &str) {
        self.begin(text);
        self.browser.click(&id("send"));
        self.sees(text);
    }

    /// Answers a message.
    pub fn reply(&self, to: &str, text: &str) {
        self.menu(to);
        self.browser.click(&id("action-reply"));
        self.browser.find(&id("answering"));
        self.say(text);
    }

    /// Reacts to a message with one of the emoji at hand, which is returned.
    pub fn react(&self, to: &str) -> String {
        self.menu(to);
        let emoji = self
            .browser
            .attribute(&id("quick-reaction"), "data-emoji")
            .expect("a reaction has an emoji");
        self.browser.click(&id("quick-reaction"));
        emoji
    }

    /// Opens the menu of a message by keyboard, which works on every device.
    pub fn menu(&self, text: &str) {
        let message = self.message(text);
        self.browser.type_into(&message, ENTER);
        self.browser.find(&id("message-actions"));
    }

    /// Sends a picture from a file, with a caption.
    pub fn send_photo(&self, file: &Path, caption: &str) {
        self.browser.upload(&id("file-input"), file);
        self.send_attachment(caption);
    }

    /// Sends any file, with a caption.
    pub fn send_document(&self, file: &Path, caption: &str) {
        self.browser.upload(&id("document-input"), file);
        self.send_attachment(caption);
    }

    /// Sends what is looked at, with a caption, as soon as it is ready.
    pub fn send_attachment(&self, caption: &str) {
        self.browser.type_into(&id("caption"), caption);
        self.browser.click("[data-testid=outbox-send]:not([disabled])");
        self.sees(caption);
    }

    /// Waits until a message with this text stands in the open chat.
    #[track_caller]
    pub fn sees(&self, text: &str) {
        self.browser.wait_text(&id("message-text"), text);
    }

    /// Asserts that exactly one message has this text: what was sent once stands there once.
    #[track_caller]
    pub fn sees_once(&self, text: &str) {
        self.sees(text);
        let keys = "return [...document.querySelectorAll(arguments[0])]
            .filter(it => [...it.querySelectorAll(arguments[1])].some(text => text.innerText.includes(arguments[2])))
            .map(it => it.dataset.key + ' ' + it.dataset.eventId);";
        let arguments = serde_json::json!([id("message"), id("message-text"), text]);
        let found = self.browser.script(keys, &arguments);
        let times = found.as_array().map_or(0, Vec::len);
        assert_eq!(times, 1, "“{text}” stands {times} times in the chat of {}: {found}", self.name);
    }

    /// Waits until the own message has come this far: `queued`, `sent`, `delivered`, `read`. One that has come further has been there.
    #[track_caller]
    pub fn sees_state(&self, text: &str, state: &str) {
        const STATES: [&str; 4] = ["queued", "sent", "delivered", "read"];
        let place = |state: &str| STATES.iter().position(|other| *other == state);
        self.browser.wait_for(&format!("“{text}” to be {state}"), || {
            // Found anew each time: its row may be another one once the server has it.
            let message = self.message(text);
            let now = self.browser.attribute(&message, "data-event-state")?;
            let is_there =
                if state == "queued" { now == state } else { place(&now)? >= place(state)? };
            is_there.then_some(())
        });
    }

    /// Changes an own message.
    pub fn edit(&self, text: &str, new: &str) {
        self.menu(text);
        self.browser.click(&id("action-edit"));
        self.browser.find(&id("answering"));
        self.browser.replace_text(&id("composer"), new);
        self.browser.click(&id("send"));
        self.sees(new);
    }

    /// Deletes a message: for all, or on this device alone.
    pub fn delete(&self, text: &str, for_all: bool) {
        self.menu(text);
        self.browser.click(&id("action-delete"));
        self.browser.click(&id(if for_all { "question-answer" } else { "delete-for-me" }));
        self.gone(text);
    }

    /// Does something else that the menu of a message offers.
    pub fn act(&self, text: &str, action: &str) {
        self.menu(text);
        self.browser.click(&id(action));
    }

    /// Waits until no message has this text.
    #[track_caller]
    pub fn gone(&self, text: &str) {
        self.browser.wait_for(&format!("“{text}” to be gone"), || {
            let texts = self.browser.texts(&id("message-text"));
            (!texts.iter().any(|other| other.contains(text))).then_some(())
        });
    }

    /// Opens what can be attached and chooses.
    pub fn attach(&self, what: &str) {
        self.browser.click(&id("attach"));
        self.browser.click(&id(what));
    }

    /// Waits until the message shows this reaction.
    #[track_caller]
    pub fn sees_reaction(&self, text: &str, emoji: &str) {
        let message = self.message(text);
        self.browser.find(&format!("{message} [data-testid=\"reaction\"][data-emoji=\"{emoji}\"]"));
    }

    /// Waits until a picture is loaded and drawn.
    #[track_caller]
    pub fn sees_picture(&self) {
        let drawn = "return [...document.querySelectorAll(arguments[0])].some(it => it.complete && it.naturalWidth > 0)";
        let pictures = serde_json::json!([id("image-shown")]);
        self.browser.wait_for("a picture to be drawn", || {
            (self.browser.script(drawn, &pictures) == true).then_some(())
        });
    }

    /// Selector of the message with this text; waits until it is there and marks it.
    #[track_caller]
    pub fn message(&self, text: &str) -> String {
        let find = "const found = [...document.querySelectorAll(arguments[0])]
            .find(it => [...it.querySelectorAll(arguments[1])].some(text => text.innerText.includes(arguments[2])));
            return found ? found.dataset.key : null;";
        let arguments = serde_json::json!([id("message"), id("message-text"), text]);
        let key = self.browser.wait_for(&format!("the message “{text}”"), || {
            self.browser.script(find, &arguments).as_str().map(str::to_owned)
        });
        format!("[data-key=\"{key}\"]")
    }

    /// Clicks the first match that contains the text.
    #[track_caller]
    pub fn click_with_text(&self, css: &str, text: &str) {
        let click = "const found = [...document.querySelectorAll(arguments[0])]
            .find(it => it.innerText.includes(arguments[1]));
            if (found) found.click();
            return Boolean(found);";
        let arguments = serde_json::json!([css, text]);
        self.browser.wait_for(&format!("“{text}” to be clickable"), || {
            (self.browser.script(click, &arguments) == true).then_some(())
        });
    }

    /// Asserts that nothing stands out of the screen sideways, and keeps a picture if `KONSIL_PICTURES` names a directory.
    #[track_caller]
    pub fn look(&self, what: &str) {
        let wide = "return document.documentElement.scrollWidth - innerWidth";
        let beyond = self.browser.script(wide, &serde_json::json!([])).as_i64().unwrap_or(0);
        assert!(beyond <= 0, "{what} of {} is {beyond} px too wide", self.name);
        self.picture(what);
    }

    /// Takes a picture of the screen, if pictures are wanted.
    pub fn picture(&self, what: &str) {
        if let Some(directory) = std::env::var_os("KONSIL_PICTURES") {
            self.browser
                .screenshot(&Path::new(&directory).join(format!("{what}-{}.png", self.name)));
        }
    }
}
