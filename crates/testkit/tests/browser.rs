//! The browser driver and the search in a browser's profile, against a page of their own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use serde_json::json;
use testkit::search::{Needle, search};
use testkit::{Browser, Screen};

const PAGE: &str = r#"<!doctype html><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>page</title>
<input data-testid=name autocomplete=off><button data-testid=greet>Greet</button><p data-testid=greeting></p>
<input type=file data-testid=file hidden>
<script>
const element = id => document.querySelector(`[data-testid=${id}]`);
element('greet').onclick = () => setTimeout(() => element('greeting').textContent = 'Hello ' + element('name').value, 300);
element('file').onchange = async event => element('greeting').textContent = await event.target.files[0].text();
console.error('the page speaks');
</script>"#;

/// Serves the page on loopback until the test process ends.
fn page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                PAGE.len()
            );
            let _ =
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(PAGE.as_bytes()));
        }
    });
    url
}

#[test]
fn a_page_is_read_filled_in_and_clicked() {
    let browser = Browser::open("driver", Screen::Phone);
    browser.go(&page());

    browser.type_into("[data-testid=name]", "Anna");
    browser.click("[data-testid=greet]");
    browser.wait_text("[data-testid=greeting]", "Hello Anna");

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "from a file").unwrap();
    browser.upload("[data-testid=file]", file.path());
    browser.wait_text("[data-testid=greeting]", "from a file");

    assert!(browser.console().iter().any(|line| line.contains("the page speaks")));
    assert!(!browser.has("[data-testid=nobody]"));
    let size = "return [innerWidth, innerHeight]";
    assert_eq!(browser.script(size, &json!([])), json!([390, 844]));
    browser.resize(Screen::Desktop);
    assert_eq!(browser.script(size, &json!([])), json!([1440, 900]));
    let picture = file.path().with_extension("png");
    browser.screenshot(&picture);
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    std::fs::remove_file(picture).unwrap();
}

/// Without this, "nothing found in the profile" would mean nothing.
#[test]
fn what_a_page_stores_in_clear_is_found_in_the_profile() {
    let small = Needle::text("Milzruptur-im-Entwurf-1");
    let wide = Needle::text("Milzruptur-mit-Ω-2");
    let large = Needle::text("Milzruptur-im-Verlauf-3");
    let draft = Needle::text("Milzruptur-im-Web-Storage-4");
    let never = Needle::text("Milzruptur-nirgends-5");
    let mut browser = Browser::open("control", Screen::Desktop);
    browser.go(&page());
    let store = r#"
        const done = arguments[arguments.length - 1];
        localStorage.setItem('draft', 'Milzruptur-im-Web-Storage-4');
        const open = indexedDB.open('store', 1);
        open.onupgradeneeded = () => open.result.createObjectStore('events');
        open.onsuccess = () => {
            const change = open.result.transaction('events', 'readwrite');
            const events = change.objectStore('events');
            events.put({ body: 'Milzruptur-im-Entwurf-1' }, 1);
            events.put({ body: 'Milzruptur-mit-Ω-2' }, 2);
            events.put({ body: 'Milzruptur-im-Verlauf-3'.repeat(40000) }, 3);
            change.oncomplete = () => done(true);
        };"#;
    assert_eq!(browser.async_script(store, &json!([])), json!(true));
    // Web storage is written some seconds after the page has set it; closing writes it at once.
    browser.close();

    let needles = [small, wide, large, draft, never];
    let found = search(&browser.profile_dir(), &needles);

    let names = ["im-Entwurf-1", "mit-Ω-2", "im-Verlauf-3", "im-Web-Storage-4"];
    for name in names {
        assert!(
            found.iter().any(|found| found.needle.contains(name)),
            "{name} is not found: {found:#?}"
        );
    }
    assert!(!found.iter().any(|found| found.needle.contains("nirgends")), "{found:#?}");
}
