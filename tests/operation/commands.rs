//! `konsil user`, `konsil report`, `konsil doctor`, `konsil settings`: on a stopped server's data, and beside a running one.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::json;
use testkit::{Database, Server, Settings, User};

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn refused(output: &Output, because: &str) {
    assert!(!output.status.success() && said(output).contains(because), "{}", said(output));
}

/// The operator's commands, whether the server runs or not.
fn commands(server: &Server, name: &str) -> String {
    let added = done(&server.konsil(&[
        "user",
        "add",
        name,
        "--display-name",
        "Dr. Anna Meyer",
        "--role",
        "Oberärztin",
        "--department",
        "Neurologie",
    ]));
    assert!(added.starts_with(&format!("@{name}:klinikum.test\n")), "{added}");
    let password = added.lines().find_map(|line| line.strip_prefix("password: "));
    let password = password.expect("the password that was made is printed").to_owned();
    refused(&server.konsil(&["user", "add", name]), "taken");
    refused(&server.konsil(&["user", "add", "no spaces"]), "");
    refused(&server.konsil(&["user", "list", "--server-name", "elsewhere.test"]), "hospital");
    let list = done(&server.konsil(&["user", "list"]));
    assert!(list.lines().any(|line| line == format!("@{name}:klinikum.test")), "{list}");
    assert!(done(&server.konsil(&["doctor"])).ends_with("all is well\n"));
    let settings = done(&server.konsil(&["settings"]));
    assert!(settings.contains("  LOOSER  registration.tokens = 1 token"), "{settings}");
    let deviations = done(&server.konsil(&["settings", "--deviations"]));
    assert!(deviations.contains("hospital klinikum.test\n  registration.tokens"), "{deviations}");
    password
}

/// Whether somebody is told to be an administrator.
fn moderates(user: &User) -> bool {
    let capabilities = user.get("/_matrix/client/v3/capabilities").ok();
    capabilities["capabilities"]["m.account_moderation"].is_object()
}

/// What is reported while the server runs is read and closed, and administrators are made, without a stop.
fn reports(server: &Server, anna: &User) {
    assert!(!moderates(anna));
    done(&server.konsil(&["user", "admin", "running"]));
    assert!(moderates(anna), "it holds at once");
    refused(&server.konsil(&["user", "admin", "nobody"]), "no such account");
    assert_eq!(done(&server.konsil(&["report", "list"])), "");
    let path = format!("/_matrix/client/v3/users/{}/report", anna.id);
    anna.post(&path, &json!({ "reason": "of no use" })).ok();
    let list = done(&server.konsil(&["report", "list"]));
    assert!(list.contains(&anna.id) && list.contains("\"of no use\""), "{list}");
    let number = list.split_whitespace().next().expect("the report's number").to_owned();
    done(&server.konsil(&["report", "close", &number]));
    refused(&server.konsil(&["report", "close", &number]), "there is no report");
    assert_eq!(done(&server.konsil(&["report", "list"])), "");
}

#[test]
fn the_operators_commands_work_beside_a_running_server_and_on_a_stopped_ones_data() {
    for database in [Database::Sqlite, Database::Postgres] {
        let mut server = Server::with(&Settings { database, ..Settings::default() });
        let while_running = commands(&server, "running");
        let anna = server.api().login("running", &while_running);
        reports(&server, &anna);
        let profile = anna.get(&format!("/_matrix/client/v3/profile/{}", anna.id)).ok();
        assert_eq!(profile["displayname"], "Dr. Anna Meyer");
        assert_eq!(profile["de.konsil.role"], "Oberärztin");
        anna.post(
            &format!("/_matrix/client/v3/users/{}/report", anna.id),
            &json!({ "reason": "later" }),
        )
        .ok();
        server.stop();
        assert!(!server.data_dir().join("admin.sock").exists(), "a clean end leaves no socket");
        let while_stopped = commands(&server, "stopped");
        assert_eq!(done(&server.konsil(&["report", "list"])).lines().count(), 1);
        done(&server.konsil(&["user", "admin", "running", "--revoke"]));
        server.resume();
        server.api().login("stopped", &while_stopped);
        assert!(!moderates(&anna), "the operator took it back");
        assert_eq!(done(&server.konsil(&["user", "list"])).lines().count(), 2);
    }
}

#[test]
fn an_invitation_is_a_link_and_its_code_and_no_log_has_it() {
    let mut server = Server::with(&Settings { log: Some("debug".into()), ..Settings::default() });
    let files = tempfile::tempdir().expect("a directory");
    let code = files.path().join("lena.svg");
    let path = code.to_str().expect("UTF-8");
    let said = done(&server.konsil(&["user", "invite", "lena", "--days", "3", "--qr-file", path]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "@lena:klinikum.test");
    let link = lines[1].strip_prefix("link: ").expect("the link");
    let token = link.strip_prefix(&format!("{}/#/invitation/", server.url())).expect(link);
    assert_eq!(lines[2], "good once, for 3 days");
    assert!(said.contains('▄') || said.contains('█'), "a code to hold a phone to:\n{said}");
    let drawn = std::fs::read_to_string(&code).expect("the file is there");
    assert!(drawn.contains("<svg") && !drawn.contains(token), "{drawn}");
    server.api().post("/_konsil/invitation", &json!({ "token": token })).ok();
    assert!(!server.log().contains(token), "{}", server.log());
    for days in ["0", "31"] {
        refused(&server.konsil(&["user", "invite", "lena", "--days", days]), "1 to 30 days");
    }
    refused(&server.konsil(&["user", "invite", "no spaces"]), "not allowed");
    // On a stopped server's data too.
    server.stop();
    let again = done(&server.konsil(&["user", "invite", "lena"]));
    server.resume();
    let token = again.lines().find_map(|line| Some(line.split_once("/#/invitation/")?.1));
    let token = json!({ "token": token.expect("a link"), "password": "Kastanie am Bahnhof" });
    server.api().post("/_konsil/invitation/accept", &token).ok();
    server.stop();
    server.doctor();
}

#[test]
fn the_operators_socket_is_closed_to_others_and_outlives_a_kill() {
    let mut server = Server::with(&Settings { database: Database::Sqlite, ..Settings::default() });
    let socket = server.data_dir().join("admin.sock");
    let mode = |path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(&server.data_dir()), 0o700);
    server.kill();
    assert!(socket.exists(), "a killed server leaves it behind");
    done(&server.konsil(&["user", "list"]));
    server.resume();
    done(&server.konsil(&["user", "list"]));
    server.stop();
}
