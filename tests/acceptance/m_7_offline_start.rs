//! M.7, a part of it: without a server an open app goes on with what was read on this device. Opening it again takes the PIN and
//! therefore the server (I.b, strictest policy): until then the app, which lies on the device, says why.

use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{JONAS, PASSWORD};

/// Names of the caches and of what lies in them.
const CACHED: &str = "const done = arguments[arguments.length - 1];
    (async () => {
        const found = [];
        for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) found.push(new URL(request.url).pathname);
        }
        return found;
    })().then(done, () => done([]));";

const CONTROLLED: &str = "return Boolean(navigator.serviceWorker.controller)";

#[test]
fn an_open_app_goes_on_without_a_server_and_its_cache_holds_nothing_but_the_app() {
    let mut server = Server::demo(&dist());
    for screen in [Screen::Phone, Screen::Desktop] {
        let anna = Person::logged_in(&server.url(), "anna", PASSWORD, screen);
        // Only the first device of an account may write without being confirmed.
        if screen == Screen::Phone {
            anna.write_to("Weber", JONAS);
            anna.say("Vor dem Ausfall");
            anna.sees_state("Vor dem Ausfall", "sent");
        }
        let nothing = serde_json::json!([]);
        anna.browser.wait_for("the app to be on the device", || {
            let cached = anna.browser.async_script(CACHED, &nothing);
            let has =
                |path: &str| cached.as_array().is_some_and(|all| all.iter().any(|it| it == path));
            (anna.browser.script(CONTROLLED, &nothing) == true && has("/web_bg.wasm") && has("/"))
                .then_some(())
        });
        server.stop();
        anna.browser.find(&id("offline-banner"));
        if screen == Screen::Phone {
            anna.to_list();
            anna.open(JONAS);
            anna.sees("Vor dem Ausfall");
            anna.say("Während des Ausfalls");
            anna.sees_state("Während des Ausfalls", "queued");
        }
        anna.look("offline");
        anna.browser.reload();
        anna.browser.wait_text(&id("lock-offline"), "antwortet nicht");
        // Whom to call is known without the server.
        assert_eq!(anna.browser.text(&id("emergency-number")), "Reanimation: 2222");
        let dials = anna.browser.attribute(&id("emergency-number"), "href");
        assert_eq!(dials.as_deref(), Some("tel:2222"));
        anna.look("locked-offline");
        let cached = anna.browser.async_script(CACHED, &nothing);
        for path in cached.as_array().into_iter().flatten().filter_map(|path| path.as_str()) {
            assert!(!path.starts_with("/_"), "{path} is of the server, not of the app");
        }
        server.resume();
        anna.unlock();
        if screen == Screen::Phone {
            anna.sees("Vor dem Ausfall");
            anna.sees_state("Während des Ausfalls", "sent");
        }
        anna.browser.gone(&id("offline-banner"));
    }
}
