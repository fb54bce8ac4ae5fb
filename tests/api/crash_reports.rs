//! `POST /_konsil/crash_reports` (I.k)

use serde_json::{Value, json};
use testkit::{Server, Settings};

use crate::server;

const PATH: &str = "/_konsil/crash_reports";

fn report() -> Value {
    json!({
        "version": "0.3.1", "part": "app", "kind": "panic", "place": "crates/web/src/app.rs:7:3",
        "browser": "Chromium", "system": "Android",
    })
}

#[test]
fn a_hospital_takes_them_only_if_it_says_so_and_only_with_their_fields() {
    server().api().post(PATH, &report()).refused(403, "M_FORBIDDEN");
    assert_eq!(server().api().get("/_konsil/hospital").ok().get("crash_reports"), None);

    let tenant = "crash_reports.enabled = true\ncrash_reports.days = 7".to_owned();
    let takes = Server::with(&Settings { tenant, ..Settings::default() });
    let api = takes.api();
    assert_eq!(api.get("/_konsil/hospital").ok()["crash_reports"], true);
    let notice = api.get("/_konsil/privacy?lang=de").ok().to_string();
    assert!(notice.contains("höchstens 7 Tage"), "the notice names them: {notice}");
    api.post(PATH, &report()).ok();
    api.post(PATH, &report()).ok();
    for (field, value) in [
        ("place", "Herr Beispielmann hat Fieber"),
        ("place", "crates/@anna:klinikum.test:1:2"),
        ("version", "0.3.1 von Anna"),
        ("kind", "Fieber"),
        ("system", "Annas Telefon"),
        ("user_id", "@anna:klinikum.test"),
    ] {
        let mut other = report();
        other[field] = json!(value);
        api.post(PATH, &other).refused(400, "M_BAD_JSON");
    }
    let mut less = report();
    less.as_object_mut().unwrap().remove("place");
    api.post(PATH, &less).refused(400, "M_BAD_JSON");
    let large = format!("{}{}", report(), " ".repeat(2_000));
    let headers = [("content-type", "application/json")];
    api.request("POST", PATH, &headers, large.as_bytes()).refused(413, "M_TOO_LARGE");
    let list = takes.konsil(&["crash-reports", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert_eq!(list.lines().count(), 1, "{list}");
    assert!(list.contains("  2×  0.3.1  app  panic  crates/web/src/app.rs:7:3  Chromium, Android"));
}
