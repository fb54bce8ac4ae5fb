//! II.c, the server's side: after real use by clients that say a lot of themselves, no address, no user agent and no place is
//! in any file; every column is accounted for; what was forgotten, signed out, delivered or read leaves no trace.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use testkit::copy::Copy;
use testkit::matrix::{escape, room_path, transaction};
use testkit::search::{Needle, search};
use testkit::{Database, Server, Settings, User};

const AGENT: &str = "MarkedAgent/7.31 (MarkedPhone; de-DE)";
const ADDRESS: &str = "203.0.113.177";
const ADDRESS_6: &str = "2001:db8:77:4711::9";
const PLACE: &str = "geo:48.137154,11.576124";
const NAME: &str = "a device's own marked name";

/// What browsers, proxies and phones add to requests.
fn headers() -> [(&'static str, &'static str); 8] {
    [
        ("content-type", "application/json"),
        ("user-agent", AGENT),
        ("x-forwarded-for", "203.0.113.177, 2001:db8:77:4711::9"),
        ("x-real-ip", ADDRESS),
        ("forwarded", "for=203.0.113.177;proto=https"),
        ("geolocation", PLACE),
        ("referer", "https://marked-referer.example/page"),
        ("sec-ch-ua-model", "\"MarkedPhone Model\""),
    ]
}

#[track_caller]
fn ask(user: &User, method: &str, path: &str, body: &Value) -> Value {
    let body = if method == "GET" { Vec::new() } else { body.to_string().into_bytes() };
    user.request(method, path, &headers(), &body).ok()
}

fn server() -> Server {
    Server::with(&Settings {
        database: Database::Sqlite,
        rate_limits: true,
        node: "limits.trusted_proxies = [\"127.0.0.1\"]".to_owned(),
        environment: vec![("RUST_LOG".to_owned(), "debug".to_owned())],
        ..Settings::default()
    })
}

#[test]
fn no_address_agent_or_place_is_in_any_file_after_real_use() {
    let mut server = server();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let login = json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": anna.localpart },
        "password": anna.password,
        "initial_device_display_name": NAME,
    });
    ask(&anna, "POST", "/_matrix/client/v3/login", &login);
    // A refused login too: it is counted, and nothing of it is kept.
    let wrong = json!({ "type": "m.login.password", "identifier": { "type": "m.id.user", "user": "nobody" }, "password": "x" });
    anna.anonymous()
        .request("POST", "/_matrix/client/v3/login", &headers(), wrong.to_string().as_bytes())
        .refused(403, None);
    let room = anna.room_with(&[&jonas]);
    for _ in 0..3 {
        let send = format!("/send/m.room.encrypted/{}", transaction());
        ask(&anna, "PUT", &room_path(&room, &send), &testkit::matrix::encrypted("ciphertext"));
    }
    let typing = room_path(&room, &format!("/typing/{}", escape(&jonas.id)));
    ask(&jonas, "PUT", &typing, &json!({ "typing": true, "timeout": 1000 }));
    let since = ask(&jonas, "GET", "/_matrix/client/v3/sync?timeout=0", &Value::Null);
    let since = since["next_batch"].as_str().expect("a token");
    ask(&jonas, "GET", &format!("/_matrix/client/v3/sync?timeout=0&since={since}"), &Value::Null);
    let unknown = anna.request("GET", "/_matrix/client/v3/unknown", &headers(), &[]);
    unknown.refused(404, "M_UNRECOGNIZED");
    anna.request("POST", "/_matrix/media/v3/upload", &headers()[1..], &[9; 2_000]).ok();
    server.stop();

    let texts = [AGENT, ADDRESS, ADDRESS_6, PLACE, "marked-referer.example", "MarkedPhone Model"];
    let needles: Vec<Needle> = texts.into_iter().map(Needle::text).collect();
    let found: Vec<String> = [server.data_dir(), server.log_file()]
        .iter()
        .flat_map(|root| search(root, &needles))
        .map(|found| found.to_string())
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    let control = search(&server.data_dir(), &[Needle::text(NAME)]);
    assert!(!control.is_empty(), "the search finds what a person has named");
}

#[test]
fn every_column_and_every_file_is_accounted_for() {
    let mut server = server();
    let anna = server.user("anna");
    anna.upload("image/png", &[3; 100]);
    server.stop();
    let inventory = Path::new("../docs/metadata-inventory.md");
    let inventory = std::fs::read_to_string(inventory).expect("the inventory is there");
    let mut listed = BTreeSet::new();
    let mut table = "";
    for line in inventory.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            table = name;
        } else if let Some((column, rest)) =
            line.strip_prefix("| `").and_then(|line| line.split_once("` | "))
        {
            let cells: Vec<&str> = rest.split(" | ").collect();
            assert_eq!(cells.len(), 3, "purpose, person and period of {table}.{column}: {rest}");
            assert!(cells.iter().all(|cell| !cell.trim_matches(['|', ' ']).is_empty()), "{rest}");
            listed.insert(format!("{table}.{column}"));
        }
    }
    let copy = Copy::of(&server);
    let stored: BTreeSet<String> =
        columns(&copy).into_iter().map(|(table, column)| format!("{table}.{column}")).collect();
    assert_eq!(stored, listed);
    let suspicious = ["ip", "address", "agent", "location", "last_seen", "seen"];
    for (table, column) in columns(&copy) {
        assert!(!column.split('_').any(|word| suspicious.contains(&word)), "{table}.{column}");
    }
    // One folder for each hospital, and in it what the inventory's page names.
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).expect("a folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(&server.data_dir()), ["klinikum.test".to_owned()].into());
    for name in names(&copy.folder()) {
        assert!(name == "media" || name.starts_with("konsil.db"), "what is {name} for?");
    }
}

fn columns(copy: &Copy) -> Vec<(String, String)> {
    let database = copy.database();
    let mut columns = database
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
        )
        .expect("a query");
    let rows = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.expect("rows").collect::<Result<_, _>>().expect("columns")
}

#[track_caller]
fn number(copy: &Copy, sql: &str) -> i64 {
    copy.database()
        .query_row(sql, [], |row| row.get(0))
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

#[test]
fn a_device_that_signed_out_a_forgotten_room_and_delivered_messages_leave_no_row() {
    let mut server = server();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let phone = jonas.new_device();
    let room = anna.room_with(&[&jonas]);
    let sent = phone.send_encrypted(&room, "from the phone");
    let to_device = |kind: &str, to: &User| {
        let path = format!("/_matrix/client/v3/sendToDevice/{kind}/{}", transaction());
        let messages =
            json!({ "messages": { to.id.as_str(): { to.device_id.as_str(): { "n": 1 } } } });
        anna.put(&path, &messages).ok();
    };
    to_device("m.dummy", &phone);
    to_device("m.dummy", &jonas);
    phone
        .put("/_matrix/client/v3/sendToDevice/m.dummy/from-the-phone", &json!({ "messages": {} }))
        .ok();
    let keys = json!({ "one_time_keys": {}, "fallback_keys": {} });
    phone.post("/_matrix/client/v3/keys/upload", &keys).ok();

    // Delivered: the next token acknowledges it.
    let first = jonas.sync(None);
    assert_eq!(first["to_device"]["events"].as_array().map(Vec::len), Some(1));
    jonas.sync(first["next_batch"].as_str());
    // Read, marked, tagged, then left and forgotten.
    let receipt = format!("/receipt/m.read/{}", escape(&sent));
    jonas.post(&room_path(&room, &receipt), &json!({})).ok();
    jonas.post(&room_path(&room, "/read_markers"), &json!({ "m.fully_read": sent })).ok();
    let tag = format!(
        "/_matrix/client/v3/user/{}/rooms/{}/tags/u.work",
        escape(&jonas.id),
        escape(&room)
    );
    jonas.put(&tag, &json!({ "order": 0.5 })).ok();
    phone.post("/_matrix/client/v3/logout", &json!({})).ok();
    jonas.leave(&room);
    jonas.post(&room_path(&room, "/forget"), &json!({})).ok();
    server.stop();
    server.doctor();

    let copy = Copy::of(&server);
    let devices = "SELECT device_nid FROM devices";
    assert_eq!(number(&copy, "SELECT count(*) FROM devices"), 2, "the phone is gone");
    for (table, column) in columns(&copy) {
        if matches!(column.as_str(), "device_nid" | "txn_device") {
            let left = format!(
                "SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN ({devices})"
            );
            assert_eq!(number(&copy, &left), 0, "{table}.{column} keeps a device that signed out");
        }
    }
    assert_eq!(number(&copy, "SELECT count(*) FROM to_device"), 0, "delivered messages are gone");
    let jonas_nid = format!("(SELECT user_nid FROM users WHERE user_id = '{}')", jonas.id);
    for table in ["receipts", "room_account_data"] {
        let left = format!("SELECT count(*) FROM {table} WHERE user_nid = {jonas_nid}");
        assert_eq!(number(&copy, &left), 0, "{table} keeps what belongs to a forgotten room");
    }
}
