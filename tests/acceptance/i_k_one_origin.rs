//! I.k: no third party at all. A whole session in two browsers, of which every request is recorded, reaches the hospital alone; the server itself
//! asks nobody.
//!
//! The browsers are behind a proxy that notes each host and refuses all but the hospital, service workers and workers included; they can resolve
//! no name. That they do not go past the proxy, and what the server sends, the kernel's own calls say (`testkit::Outgoing`). Chromium's own
//! background traffic is switched off by flags and settings (`testkit::browser::engine`); what stays is listed in [`CHROMIUMS_OWN`] by name.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use serde_json::{Value, json};
use testkit::outgoing::Destination;
use testkit::{Browser, Outgoing, Peer, Proxy, Reply, Screen, Server, Settings, peer};

use crate::app::{PIN, Person, dist, id, member_of};
use crate::bundle::{Bundles, an_hour_passes, is_of};
use crate::picture;

/// Hosts that Chromium asks for by itself in spite of all flags, whatever page is open. The app's pages may not ask them
/// ([`the_app_s_pages_may_ask_nobody_else_and_run_nobody_else_s_code`]).
const CHROMIUMS_OWN: [&str; 8] = [
    // The address bar of Debian's Chromium connects beforehand to the engine that it would search with.
    "start.duckduckgo.com:443",
    // Hints and models, whether a password has leaked, an account, extensions and the time, newer parts of itself.
    "optimizationguide-pa.googleapis.com:443",
    "passwordsleakcheck-pa.googleapis.com:443",
    "accounts.google.com:443",
    "clients2.google.com:80",
    "clients2.google.com:443",
    "update.googleapis.com:80",
    "update.googleapis.com:443",
];

/// Files of the app that a browser runs or shows.
const FILES: [&str; 8] = [
    "/",
    "/boot.js",
    "/web.js",
    "/web_bg.wasm",
    "/sw.js",
    "/pdf-worker.js",
    "/qr-worker.js",
    "/css/base.css",
];

fn host_of(server: &Server) -> String {
    format!("localhost:{}", server.port())
}

/// The hosts that were asked, but for Chromium's own.
fn asked_by_pages(proxy: &Proxy) -> Vec<String> {
    let mut hosts = proxy.hosts();
    hosts.retain(|host| !CHROMIUMS_OWN.contains(&host.as_str()));
    hosts
}

/// A page of one sheet.
fn pdf(directory: &Path) -> std::path::PathBuf {
    let drawing = "0.8 0.1 0.1 rg 100 400 300 200 re f";
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>".to_owned(),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len()),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let end = file.len();
    let trailer =
        format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{end}\n%%EOF\n", objects.len() + 1);
    let path = directory.join("Arztbrief.pdf");
    std::fs::write(&path, file + &table + &trailer).expect("it is written");
    path
}

/// Where Chromium connects a UDP socket to, and sends nothing, to learn whether this machine has IPv6.
const IPV6_PROBE: &str = "2001:4860:4860::8888";

/// Whether a browser may have sent this: to the proxy, between it and its driver, or that probe.
fn is_allowed(to: &Destination, proxy: &Proxy, browser: &Browser) -> bool {
    let (ip, port) = (to.address.ip(), to.address.port());
    let is_probe = to.call == "connect" && to.transport == "UDPv6" && ip.to_string() == IPV6_PROBE;
    to.address == proxy.address || (ip.is_loopback() && port == browser.driven_at()) || is_probe
}

/// Asserts that nothing was sent past the proxy, and that the record is one.
#[track_caller]
fn went_through(proxy: &Proxy, person: &Person, outgoing: &Outgoing) {
    let destinations = outgoing.destinations();
    let at_proxy = destinations.iter().any(|to| to.address == proxy.address);
    assert!(at_proxy, "what goes to the proxy is in the record: {destinations:?}");
    let past = destinations.iter().filter(|to| !is_allowed(to, proxy, &person.browser));
    assert_eq!(past.collect::<Vec<_>>(), Vec::<&Destination>::new(), "past the proxy");
}

#[test]
fn a_whole_session_reaches_the_hospital_alone_and_the_server_asks_nobody() {
    let (servers, bundles) = (Outgoing::new(), Bundles::new());
    let mut server = Server::with(&Settings {
        web: Some(bundles.folder()),
        tenant: "lock.hidden_seconds = 600\nlock.idle_minutes = 480\ndisplay_name = \"Klinikum Musterstadt\"".to_owned(),
        outgoing: Some(servers.clone()),
        ..Settings::default()
    });
    let ((annas, password), (jonass, jonas_password)) =
        (member_of(&server, "anna"), member_of(&server, "jonas"));
    let proxy = Proxy::to(&host_of(&server));
    let (of_anna, of_jonas) = (Outgoing::new(), Outgoing::new());
    let anna = Person::with(Browser::open_behind(&proxy, &of_anna, "anna", Screen::Phone), "anna");
    let jonas =
        Person::with(Browser::open_behind(&proxy, &of_jonas, "jonas", Screen::Desktop), "jonas");
    anna.browser.go(&server.url());
    anna.log_in(&annas, &password);
    jonas.browser.go(&server.url());
    jonas.log_in(&jonass, &jonas_password);

    let files = tempfile::tempdir().expect("a directory for files");
    anna.write_to(&jonass, &jonass);
    anna.say("Schau dir das bitte an: https://fremd.example/befund");
    jonas.open(&annas);
    jonas.sees("Schau dir das bitte an");
    // No preview of what a message names is fetched.
    jonas.reply("Schau dir das bitte an", "Mache ich");
    anna.sees("Mache ich");
    anna.react("Mache ich");
    anna.send_photo(&picture::noise_file(files.path(), "befund.jpg", 5), "Das EKG");
    jonas.sees("Das EKG");
    jonas.sees_picture();
    jonas.browser.click(&id("image"));
    jonas.browser.find(&id("lightbox-image"));
    jonas.browser.click(&id("lightbox-close"));
    jonas.browser.gone(&id("lightbox"));
    anna.send_document(&pdf(files.path()), "Der Brief");
    jonas.sees("Der Brief");
    jonas.browser.click(&format!("{} {}", jonas.message("Der Brief"), id("file")));
    jonas.browser.wait_text(&id("document-place"), "Seite 1 von 1");
    jonas.browser.find("[data-page=\"0\"] canvas[data-drawn]");
    jonas.browser.click(&id("lightbox-close"));
    jonas.browser.gone(&id("lightbox"));
    anna.browser.click(&id("record"));
    anna.browser.wait_text("[data-testid=recorder] time", "0:01");
    anna.browser.click(&id("recorder-send"));
    jonas.browser.click(&id("voice-play"));
    jonas.browser.find("[data-testid=voice][data-playing=true]");

    jonas.browser.click(&id("open-chat-search"));
    jonas.browser.type_into(&id("chat-search-input"), "Brief");
    jonas.browser.find(&id("search-hit"));
    jonas.browser.click(&id("search-hit"));
    jonas.browser.click(&id("open-settings"));
    jonas.browser.click(&id("open-privacy"));
    jonas.browser.wait_text(&id("privacy-sheet"), "Ihre Rechte");
    jonas.browser.click(&format!("{} {}", id("privacy-sheet"), id("sheet-close")));
    jonas.browser.find(&id("notifications"));
    jonas.browser.click(&id("theme-dark"));
    anna.to_list();
    anna.browser.click(&id("tab-settings"));
    anna.browser.find(&id("settings"));
    anna.browser.click(&id("tab-chats"));

    anna.is_on_the_device();
    anna.reload();
    server.stop();
    anna.browser.reload();
    anna.browser.wait_text(&id("lock-offline"), "antwortet nicht");
    server.resume();
    anna.unlock();
    anna.open(&jonass);
    anna.say("Wieder da");
    jonas.browser.click(&id("rail-chats"));
    jonas.open(&annas);
    jonas.sees("Wieder da");
    bundles.hand_out(Bundles::LATER);
    for person in [&anna, &jonas] {
        an_hour_passes(person);
        person.browser.click(&id("update-now"));
        is_of(person, Bundles::LATER);
        person.unlock();
    }

    let asked = proxy.asked();
    for (what, path) in [
        ("the page", "/web_bg.wasm"),
        ("the service worker", "/sw.js"),
        ("a worker", "/pdf-worker.js"),
        ("what that worker loads itself", "/pdf_bg.wasm"),
        ("messages", "/_matrix/client/"),
        ("files", "/_matrix/client/v1/media/download/"),
    ] {
        let is_noted = asked.iter().any(|asked| asked.path.starts_with(path));
        assert!(is_noted, "{what} is not in the record: {path}");
    }
    assert_eq!(asked_by_pages(&proxy), [host_of(&server)], "somebody else was asked");
    went_through(&proxy, &anna, &of_anna);
    went_through(&proxy, &jonas, &of_jonas);
    assert_eq!(servers.destinations(), [], "the server asked somebody");
    drop((anna, jonas));
    server.stop();
    server.doctor();
}

/// A page that asks others in every way.
const CONTROL: &str = r#"<!doctype html><meta charset="utf-8"><title>Kontrolle</title>
<img src="http://bild.fremd.example/x.png"><script type="module">
fetch('http://seite.fremd.example/').catch(() => {});
fetch('https://verschluesselt.fremd.example/').catch(() => {});
new WebSocket('ws://dauerhaft.fremd.example/');
new Worker('worker.js');
navigator.serviceWorker.register('sw.js');
</script>"#;

#[test]
fn whoever_asks_somebody_else_is_seen() {
    // The browser: page, worker and service worker.
    let control = Peer::http(|request| {
        let (kind, body) = match request.path.as_str() {
            "/" => ("text/html", CONTROL.to_owned()),
            "/worker.js" => ("text/javascript", "fetch('http://arbeiter.fremd.example/')".to_owned()),
            "/sw.js" => (
                "text/javascript",
                "oninstall = event => event.waitUntil(fetch('http://dienst.fremd.example/').catch(() => {}))".to_owned(),
            ),
            _ => return Reply::status(404),
        };
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Reply { status: 200, headers, body: body.into_bytes() }
    });
    let (proxy, outgoing) = (Proxy::to(&control.host), Outgoing::new());
    let person = Person::with(
        Browser::open_behind(&proxy, &outgoing, "control", Screen::Desktop),
        "control",
    );
    person.browser.go(&control.url);
    for host in [
        "arbeiter.fremd.example:80",
        "bild.fremd.example:80",
        "dauerhaft.fremd.example:80",
        "dienst.fremd.example:80",
        "seite.fremd.example:80",
        "verschluesselt.fremd.example:443",
    ] {
        person.browser.wait_for(&format!("{host} to be noted"), || {
            proxy.hosts().iter().any(|noted| noted == host).then_some(())
        });
    }
    let own = SocketAddr::from((Ipv4Addr::LOCALHOST, person.browser.driven_at()));
    let past = outgoing.destinations();
    assert!(past.iter().any(|to| to.address == own), "what goes past the proxy: {past:?}");

    // The server: a gateway that wakes devices, which a hospital has to allow.
    let servers = Outgoing::new();
    let gateway = Peer::https(|_| Reply::ok(&json!({ "rejected": [] })));
    let server = Server::with(&Settings {
        node: peer::reachable(),
        tenant: "push.allowed_gateways = [\"*\"]".to_owned(),
        outgoing: Some(servers.clone()),
        ..Settings::default()
    });
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let pusher = json!({
        "app_id": "de.example", "pushkey": "key", "kind": "http", "app_display_name": "App",
        "device_display_name": "Telefon", "lang": "de",
        "data": { "url": format!("{}/_matrix/push/v1/notify", gateway.url) },
    });
    jonas.post("/_matrix/client/v3/pushers/set", &pusher).ok();
    assert_eq!(servers.destinations(), [], "before there is anything to tell");
    anna.send_encrypted(&room, "x");
    gateway.next();
    let ports: Vec<_> = servers.destinations().iter().map(|to| to.address.port()).collect();
    assert!(ports.contains(&gateway.port()), "{ports:?}");
}

/// Each kind of request to somebody else, and code that was not delivered with the app.
const ATTEMPTS: &str = r#"
const done = arguments[arguments.length - 1];
const seen = new Set();
document.addEventListener('securitypolicyviolation', event => seen.add(event.effectiveDirective));
const at = kind => `http://${kind}.fremd.example/`;
const add = (name, fields) => document.body.append(Object.assign(document.createElement(name), fields));
const attempts = {
  'connect-src': () => { fetch(at('anfrage')).catch(() => {}); navigator.sendBeacon(at('signal')); },
  'img-src': () => { new Image().src = at('bild'); },
  'script-src-elem': () => { add('script', { src: at('skript') }); add('script', { textContent: 'window.isInline = true' }); },
  // Later: at once it would be the test's driver that evaluates, which may.
  'script-src': () => setTimeout(() => { try { new Function('window.isEvaluated = true')(); } catch {} }),
  'style-src-elem': () => add('link', { rel: 'stylesheet', href: at('stil') }),
  'style-src-attr': () => add('p', { innerHTML: '<b style="color: red">x</b>' }),
  'font-src': () => { new FontFace('x', `url(${at('schrift')})`).load().catch(() => {}); },
  'media-src': () => add('audio', { src: at('ton'), preload: 'auto' }),
  'frame-src': () => add('iframe', { src: at('rahmen') }),
  'object-src': () => add('object', { data: at('objekt') }),
  'worker-src': () => { try { new Worker('blob:' + location.origin + '/0').onerror = () => {}; } catch {} },
  'form-action': () => { const form = Object.assign(document.createElement('form'), { action: at('formular') }); document.body.append(form); form.submit(); },
  'base-uri': () => document.head.append(Object.assign(document.createElement('base'), { href: at('basis') })),
};
try { new WebSocket('ws://dauerhaft.fremd.example/'); } catch {}
for (const attempt of Object.values(attempts)) attempt();
const wanted = Object.keys(attempts);
const until = Date.now() + 20000;
const look = () => {
  const missing = wanted.filter(it => !seen.has(it));
  if (missing.length && Date.now() < until) return setTimeout(look, 100);
  done([missing, window.isInline === true, window.isEvaluated === true]);
};
look();
"#;

#[test]
fn the_app_s_pages_may_ask_nobody_else_and_run_nobody_else_s_code() {
    let server = Server::with(&Settings { web: Some(dist()), ..Settings::default() });
    let api = server.api();
    for file in FILES {
        let answer = api.get(file);
        assert_eq!(answer.status, 200, "{file}");
        let policy = answer.header("content-security-policy").to_owned();
        let directives: Vec<Vec<&str>> =
            policy.split(';').map(|directive| directive.split_whitespace().collect()).collect();
        let of = |name: &str| {
            directives.iter().find(|it| it[0] == name).unwrap_or_else(|| panic!("{file}: {name}"))
        };
        assert_eq!(of("default-src")[1..], ["'none'"], "{file}");
        for directive in &directives {
            for source in &directive[1..] {
                // What the app has made itself; WebAssembly, which is the app.
                let is_own = match directive[0] {
                    "img-src" | "media-src" => ["'self'", "blob:"].contains(source),
                    "script-src" => ["'self'", "'wasm-unsafe-eval'"].contains(source),
                    _ => ["'self'", "'none'"].contains(source),
                };
                assert!(is_own, "{file}: {directive:?}");
            }
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{file}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{file}");
    }
    assert!(
        api.get("/privacy").header("content-security-policy").starts_with("default-src 'none'")
    );

    let (user, password) = member_of(&server, "anna");
    let (proxy, outgoing) = (Proxy::to(&host_of(&server)), Outgoing::new());
    for (name, screen) in [("phone", Screen::Phone), ("desk", Screen::Desktop)] {
        let person = Person::with(Browser::open_behind(&proxy, &outgoing, name, screen), name);
        person.browser.go(&server.url());
        person.log_in_to_the_pin(&user, &password);
        person.set_pin(PIN);
        person.browser.find(&id("shell"));
        let found = person.browser.async_script(ATTEMPTS, &json!([]));
        assert_eq!(
            found,
            json!([Value::Array(Vec::new()), false, false]),
            "not stopped, inline, evaluated"
        );
    }
    assert_eq!(asked_by_pages(&proxy), [host_of(&server)]);
}

/// Fields in which something can be written, and those of them in which the browser may check it or suggest words.
const AIDED: &str =
    "const fields = [...document.querySelectorAll('input, textarea, [contenteditable]')];
    const aided = fields.filter(it => it.spellcheck || it.writingSuggestions !== 'false');
    return [fields.length, aided.map(it => it.dataset.testid)];";

#[test]
fn what_is_written_is_shown_to_no_writing_aid_unless_the_hospital_allows_it() {
    for (tenant, allowed) in [("", false), ("\napp.writing_aids = true", true)] {
        let server = crate::app::hospital(&format!("lock.hidden_seconds = 600{tenant}"));
        let ((annas, password), (jonass, _)) =
            (member_of(&server, "anna"), member_of(&server, "jonas"));
        let anna = Person::at(&server.url(), "anna", Screen::Desktop);
        let aided = || {
            let found = anna.browser.script(AIDED, &json!([]));
            assert!(found[0].as_u64() > Some(0), "there are fields: {found}");
            found[1].as_array().expect("a list").contains(&json!("composer"))
                || (!allowed && found[1] != json!([]))
        };
        anna.log_in(&annas, &password);
        anna.write_to(&jonass, &jonass);
        anna.browser.wait_for("the hospital's word", || (aided() == allowed).then_some(()));
        anna.reload();
        anna.open(&jonass);
        assert_eq!(aided(), allowed);
        anna.browser.click(&id("rail-people"));
        anna.browser.click(&id("to-contacts"));
        anna.browser.click(&id("contact-new"));
        anna.browser.find(&id("contact-name"));
        let found = anna.browser.script(AIDED, &json!([]));
        assert_eq!(found[1] == json!([]), !allowed, "{found}");
        // A secret is shown to none in either case.
        anna.browser.click(&id("open-settings"));
        anna.browser.click(&id("recovery-test-open"));
        anna.browser.find(&id("recovery-test-key"));
        let found = anna.browser.script(AIDED, &json!([]));
        let aided = found[1].as_array().expect("a list");
        assert!(!aided.contains(&json!("recovery-test-key")), "{found}");
    }
}
