//! J.1: large files. They go out and come in piece by piece, survive a killed server and a reloaded page, and the app's memory does not grow
//! with them; on a phone and at a desk. `KONSIL_LARGE_MIB` sends a file of another size.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::{SERVER_NAME, Screen, Server};

use crate::app::{Person, hospital, id, member_of};

const MIB: u64 = 1024 * 1024;
/// The app's memory may grow by this much while it sends or fetches a file, however large.
const GROWS_BYTES: u64 = 24 * MIB;
/// In so many seconds the whole file goes out: slow enough to be seen on its way.
const SECONDS: u64 = 16;

fn size() -> u64 {
    let mib = std::env::var("KONSIL_LARGE_MIB").ok().and_then(|mib| mib.parse().ok());
    mib.unwrap_or(80) * MIB
}

/// Writes a file of which no piece is like another, and gives its SHA-256.
pub fn write_file(path: &Path, size: u64) -> String {
    use std::io::Write;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("a file"));
    let mut hash = Sha256::new();
    for number in 0..size / 32 {
        let block = Sha256::digest(number.to_le_bytes());
        hash.update(block);
        file.write_all(&block).expect("it is written");
    }
    file.flush().expect("it is written");
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of the app's own memory, which only grows, and of what the page still holds.
fn memory(person: &Person) -> u64 {
    let bytes = "const done = arguments[arguments.length - 1];
        import(new URL('web.js', location.href)).then(app => app.default()).then(app => done(app.memory.buffer.byteLength), error => done(String(error)));";
    let bytes = person.browser.async_script(bytes, &json!([]));
    let own = bytes.as_u64().unwrap_or_else(|| panic!("no memory: {bytes}"));
    person.browser.cdp("HeapProfiler.collectGarbage", &json!({}));
    let page = person.browser.cdp("Runtime.getHeapUsage", &json!({}));
    let of_page = |part: &str| page[part].as_f64().unwrap_or_else(|| panic!("no {part}: {page}"));
    own + (of_page("usedSize") + of_page("backingStorageSize")) as u64
}

#[track_caller]
fn grows_little(person: &Person, before: u64, what: &str) {
    let grown = memory(person).saturating_sub(before);
    eprintln!("{what} {} MiB grew the app's memory by {} KiB", size() / MIB, grown / 1024);
    assert!(grown < GROWS_BYTES, "{what}: {grown} bytes");
}

/// Bytes of the server's memory, by their name in `/proc`.
fn server_memory(server: &Server, name: &str) -> u64 {
    let pid = server.pid().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("KiB") * 1024
}

/// Objects in the server's media storage.
fn objects(server: &Server) -> Vec<std::path::PathBuf> {
    let shards = std::fs::read_dir(server.data_dir().join(SERVER_NAME).join("media"));
    let shards = shards.expect("the media storage").map(|shard| shard.expect("a shard").path());
    let files = shards.flat_map(|shard| std::fs::read_dir(shard).expect("a shard"));
    files.map(|file| file.expect("an object").path()).collect()
}

/// How many pieces of files wait on the device.
fn pieces(person: &Person) -> Value {
    let count = "const done = arguments[arguments.length - 1];
        const wait = request => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = reject; });
        (async () => {
            let count = 0;
            for (const { name } of await indexedDB.databases()) {
                if (!name.endsWith('-large')) continue;
                const database = await wait(indexedDB.open(name));
                count += await wait(database.transaction('pieces').objectStore('pieces').count());
                database.close();
            }
            return count;
        })().then(done, error => done(String(error)));";
    person.browser.async_script(count, &json!([]))
}

/// Lets so many bytes out in a second; `None` for as many as go.
pub fn slowly(person: &Person, bytes_per_second: Option<u64>) {
    let upload = bytes_per_second.map_or(-1, |bytes| i64::try_from(bytes).expect("small"));
    person.browser.cdp("Network.enable", &json!({}));
    person.browser.cdp(
        "Network.emulateNetworkConditions",
        &json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload }),
    );
}

/// Waits until a file is at this step and so far, and says how far.
pub fn reaches(person: &Person, step: &str, at_least: u64) -> u64 {
    let card = format!("{}[data-step={step}]", id("file"));
    person.browser.wait_for(&format!("the file to be {step} at {at_least} %"), || {
        let words = person.browser.texts(&format!("{card} {}", id("file-progress"))).pop()?;
        let percent = words.split('%').next()?.split_whitespace().last()?.parse().ok()?;
        (percent >= at_least).then_some(percent)
    })
}

/// Has the person choose a place that the test can look into.
const CHOOSE: &str = "window.showSaveFilePicker = async options => {
        const folder = await navigator.storage.getDirectory();
        window.savedAs = options.suggestedName;
        return folder.getFileHandle('saved', { create: true });
    };";

/// Size and SHA-256 of what lies at that place.
fn saved(person: &Person) -> Value {
    let look = "const done = arguments[arguments.length - 1];
        (async () => {
            const folder = await navigator.storage.getDirectory();
            const file = await (await folder.getFileHandle('saved')).getFile();
            const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
            return [file.size, [...hash].map(byte => byte.toString(16).padStart(2, '0')).join(''), window.savedAs];
        })().then(done, error => done(String(error)));";
    person.browser.async_script(look, &json!([]))
}

#[test]
fn a_large_file_goes_on_after_a_killed_server_and_a_reload_and_arrives_whole_within_constant_memory()
 {
    let mut server = hospital("attachments.save_to_device = true\nlock.hidden_seconds = 600");
    let ((annas, password), (jonass, jonas_password)) =
        (member_of(&server, "anna"), member_of(&server, "jonas"));
    let files = tempfile::tempdir().expect("a directory for files");
    let series = files.path().join("CT-Serie.zip");
    let hash = write_file(&series, size());
    let anna = Person::logged_in(&server.url(), &annas, &password, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), &jonass, &jonas_password, Screen::Desktop);
    anna.write_to(&jonass, &jonass);
    anna.say("Hallo");
    jonas.open(&annas);
    jonas.sees("Hallo");

    let before = memory(&anna);
    // Crawling, the rest is still on its way however long it takes to look, to write or to open the page.
    let (walking, crawling) = (Some(size() / SECONDS), Some(size() / SECONDS / 8));
    slowly(&anna, walking);
    anna.send_document(&series, "Die Serie von gestern");
    reaches(&anna, "sending", 20);
    slowly(&anna, crawling);
    // What is written meanwhile does not wait for it.
    anna.say("Die Serie kommt gleich");
    jonas.sees("Die Serie kommt gleich");
    anna.check("large-sending");
    server.kill();
    let came = reaches(&anna, "paused", 20);
    anna.look("large-paused");
    server.resume();
    let server_before = server_memory(&server, "VmRSS");
    assert!(reaches(&anna, "sending", 0) + 1 >= came, "it goes on where it was");
    slowly(&anna, walking);
    let came = reaches(&anna, "sending", 50);
    slowly(&anna, crawling);
    grows_little(&anna, before, "encrypting and sending");
    anna.browser.reload();
    slowly(&anna, crawling);
    anna.unlock();
    let before = memory(&anna);
    anna.open(&jonass);
    let again = reaches(&anna, "sending", 0);
    assert!(again + 1 >= came, "after {came} % it goes on at {again} %");
    slowly(&anna, None);
    anna.sees_state("Die Serie von gestern", "sent");
    anna.sees_once("Die Serie von gestern");
    assert_eq!(pieces(&anna), 0, "nothing of it waits on the device any more");
    grows_little(&anna, before, "sending");

    // At the desk into a file that is chosen.
    jonas.sees_once("Die Serie von gestern");
    let before = memory(&jonas);
    jonas.browser.script(CHOOSE, &json!([]));
    jonas.browser.click(&format!("{} {}", jonas.message("Die Serie von gestern"), id("file")));
    jonas.browser.find(&id("save-file"));
    jonas.look("large-save");
    jonas.browser.click(&id("save-file"));
    jonas.browser.find(&id("save-progress"));
    jonas.picture("large-saving");
    jonas.browser.find(&id("save-done"));
    assert_eq!(saved(&jonas), json!([size(), hash, "CT-Serie.zip"]));
    grows_little(&jonas, before, "fetching");

    // On the phone, whose browsers know no such files, among what is downloaded.
    let downloads = files.path().join("downloads");
    std::fs::create_dir(&downloads).expect("a folder");
    let allow = json!({ "behavior": "allow", "downloadPath": downloads });
    anna.browser.cdp("Browser.setDownloadBehavior", &allow);
    anna.browser.script("window.showSaveFilePicker = undefined", &json!([]));
    anna.browser.click(&format!("{} {}", anna.message("Die Serie von gestern"), id("file")));
    anna.browser.find(&id("save-file"));
    anna.check("large-save");
    anna.browser.click(&id("save-file"));
    let downloaded = downloads.join("CT-Serie.zip");
    anna.browser.wait_for("the download", || downloaded.exists().then_some(()));
    let downloaded = std::fs::read(downloaded).expect("it is a file");
    assert_eq!(hex(&Sha256::digest(&downloaded)), hash);
    anna.browser.click(&id("lightbox-close"));

    let grown = server_memory(&server, "VmHWM").saturating_sub(server_before);
    eprintln!("the server's memory grew by {} KiB at most", grown / 1024);
    assert!(grown < 2 * GROWS_BYTES, "the server: {grown} bytes");

    // What was altered at the server is not given out, whatever came of it.
    let object = objects(&server).pop().expect("the file's object");
    let mut bytes = std::fs::read(&object).expect("it is read");
    *bytes.last_mut().expect("it has an end") ^= 1;
    std::fs::write(&object, bytes).expect("it is altered");
    // Nor what the browser itself has kept of the ciphertext.
    jonas.browser.cdp("Network.enable", &json!({}));
    jonas.browser.cdp("Network.setCacheDisabled", &json!({ "cacheDisabled": true }));
    jonas.browser.script(
        "return navigator.storage.getDirectory().then(it => it.removeEntry('saved'))",
        &json!([]),
    );
    jonas.browser.click(&id("save-file"));
    jonas.browser.wait_text(&id("save-problem"), "beschädigt");
    assert_eq!(saved(&jonas)[0], 0, "nothing of it is in the file");
    jonas.look("large-damaged");
}

#[test]
fn a_large_file_can_be_stopped_at_any_time_and_what_cannot_be_sent_is_said_in_words() {
    let server = hospital("lock.hidden_seconds = 600");
    let (anna, jonas) = (member_of(&server, "anna"), member_of(&server, "jonas"));
    let files = tempfile::tempdir().expect("a directory for files");
    let file = files.path().join("Falsch.zip");
    write_file(&file, 32 * MIB);
    let people = [(&anna, &jonas.0, Screen::Phone), (&jonas, &anna.0, Screen::Desktop)];
    for ((user, password), other, screen) in people {
        let anna = Person::logged_in(&server.url(), user, password, screen);
        if screen == Screen::Phone {
            anna.write_to(other, other);
            anna.say("Hallo");
            anna.sees_state("Hallo", "sent");
        } else {
            anna.open(other);
        }
        // Slow enough that it is never done before it is stopped.
        slowly(&anna, Some(MIB));
        anna.send_document(&file, "Der falsche Patient");
        // The one behind it waits for its turn.
        anna.send_document(&file, "Auch falsch");
        reaches(&anna, "sending", 10);
        anna.browser.find(&format!(
            "{} {}[data-step=waiting]",
            anna.message("Auch falsch"),
            id("file")
        ));
        anna.look("large-two");
        assert_eq!(objects(&server).len(), 1);
        for caption in ["Auch falsch", "Der falsche Patient"] {
            anna.browser.click(&format!("{} {}", anna.message(caption), id("upload-cancel")));
            anna.gone(caption);
        }
        anna.browser.wait_for("nothing to be left at the server", || {
            objects(&server).is_empty().then_some(())
        });
        anna.browser
            .wait_for("nothing to be left on the device", || (pieces(&anna) == 0).then_some(()));

        let full =
            "navigator.storage.estimate = async () => ({ quota: 40000000, usage: 30000000 })";
        anna.browser.script(full, &json!([]));
        anna.browser.upload(&id("document-input"), &file);
        anna.browser.click(&id("outbox-send"));
        anna.browser.wait_text(&id("toast"), "nicht genug Platz");
        anna.look("large-no-room");
        anna.browser
            .wait_for("the file to be gone", || (!anna.browser.has(&id("file"))).then_some(()));
    }
    server.doctor();
}
