//! Every statement of the store can be prepared on both databases, and none reads a large table from end to end without a
//! reason (`cargo xtask sql`). The plans of SQLite are kept in `plans.txt`, so that a change of one is seen in review.
//!
//! The statements are found in the sources: what no test runs is prepared as well.

use std::{collections::BTreeMap, fmt::Write, path::Path, process::Command, sync::Arc};

use rusqlite::Connection;
use testkit::postgres::{Fsync, Postgres};

/// Tables that grow with people, rooms or time.
const LARGE: &[&str] = &[
    "accounts",
    "users",
    "devices",
    "tokens",
    "app_locks",
    "profiles",
    "rooms",
    "events",
    "pdus",
    "relations",
    "room_state",
    "members",
    "aliases",
    "network_rooms",
    "transactions",
    "account_data",
    "room_account_data",
    "receipts",
    "filters",
    "pushers",
    "device_keys",
    "one_time_keys",
    "one_time_key_claims",
    "fallback_keys",
    "cross_signing_keys",
    "key_signatures",
    "device_lists",
    "to_device",
    "to_device_transactions",
    "backups",
    "backup_keys",
    "media",
    "thumbnails",
    "deletions",
    "purged",
    "log",
];

/// Statements that read a large table from end to end, and why that is right.
const SCANS: &[(&str, &str)] = &[
    ("accounts::ACCOUNTS", "the operator's list of all accounts"),
    ("app_locks::FORGET_ALL_BIOMETRICS", "once, at start, where the hospital does not allow them"),
    ("deletions::ANY_OPEN", "the index holds only what may still be on the disk"),
    ("deletions::CLOSE", "the index holds only what may still be on the disk"),
    ("deletions::LAST", "from the end, one row"),
    ("media::DELETE_ALL_EXPIRED", "a daily job; the index holds only announced addresses"),
    (
        "profiles::ALL_FIELDS",
        "an hourly job, only when files are past their time: whose picture one of them is",
    ),
    ("profiles::SEARCH", "a part of a name is searched, among the people of one hospital"),
    ("purge::PURGED", "read once, at start"),
    ("push::ALL_PUSHERS", "read once, at start; there are as many as devices that are woken"),
    (
        "receipts::FORGET_OF_USER",
        "once, when an account is closed; an index would cost a write for each receipt",
    ),
    ("members::LOCAL_MEMBERS", "read once, at start"),
    ("directory::PUBLIC_ROOMS", "the index holds only rooms that the directory lists"),
    ("directory::ROOMS_OF_ALL_LISTS", "the index and the table hold only rooms that are listed"),
    ("to_device::FORGET_TRANSACTIONS", "a daily job"),
];

/// A statement as it stands in the sources.
struct Found {
    name: String,
    sqlite: String,
    postgres: String,
}

/// The statements of all files of the store, `chapter::NAME`.
fn statements() -> Vec<Found> {
    let mut files = vec![Path::new("src").to_path_buf()];
    let mut found = Vec::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path)
                    .expect("a folder")
                    .map(|entry| entry.expect("an entry").path()),
            );
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            let chapter = path.file_stem().expect("a name").to_string_lossy().into_owned();
            in_source(&chapter, &text, &mut found);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn in_source(chapter: &str, text: &str, found: &mut Vec<Found>) {
    for (at, _) in text.match_indices("stmt!(").chain(text.match_indices("stmt_pair!(")) {
        let starts_line =
            text[..at].rsplit('\n').next().is_some_and(|before| !before.contains("//"));
        if !starts_line {
            continue;
        }
        let body = &text[text[at..].find('(').map_or(at, |open| at + open + 1)..];
        let mut name = String::new();
        let mut texts = Vec::new();
        let mut rest = body;
        while let Some(next) = rest.chars().next() {
            match next {
                '"' => {
                    let (literal, after) = literal(&rest[1..]);
                    texts.push(literal);
                    rest = after;
                }
                ')' => break,
                '/' => rest = rest.split_once('\n').map_or("", |(_, after)| after),
                'A'..='Z' if name.is_empty() => {
                    let end = rest
                        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .unwrap_or(rest.len());
                    name = rest[..end].to_owned();
                    rest = &rest[end..];
                }
                other => rest = &rest[other.len_utf8()..],
            }
        }
        let (sqlite, postgres) = match texts.as_slice() {
            [both] => (both.clone(), both.clone()),
            [sqlite, postgres] => (sqlite.clone(), postgres.clone()),
            other => panic!("{chapter}::{name} has {} texts", other.len()),
        };
        found.push(Found { name: format!("{chapter}::{name}"), sqlite, postgres });
    }
}

/// A string literal up to its closing quote, unescaped, and what follows.
fn literal(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, '\n')) => {
                    let rest = chars.as_str().trim_start();
                    let (more, after) = literal(rest);
                    return (out + &more, after);
                }
                Some((_, other)) => out.push(other),
                None => break,
            },
            other => out.push(other),
        }
    }
    panic!("a literal does not end: {text:.60}");
}

/// The tables of a statement by the names under which its plan speaks of them.
fn aliases(sql: &str) -> BTreeMap<String, String> {
    let words: Vec<&str> = sql
        .split(|c: char| c.is_whitespace() || "(),".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut tables = BTreeMap::new();
    for (at, word) in words.iter().enumerate() {
        if !matches!(*word, "FROM" | "JOIN" | "UPDATE" | "INTO") {
            continue;
        }
        let Some(table) = words.get(at + 1) else { continue };
        tables.insert((*table).to_owned(), (*table).to_owned());
        let alias = words.get(at + 2).filter(|word| word.chars().all(|c| c.is_ascii_lowercase()));
        if let Some(alias) = alias {
            tables.insert((*alias).to_owned(), (*table).to_owned());
        }
    }
    tables
}

fn plan(database: &Connection, sql: &str) -> Vec<String> {
    let mut plan = database
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows = plan.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().expect("a plan") {
        lines.push(row.get::<_, String>(3).expect("a step"));
    }
    lines
}

/// The large table that a step of a plan reads from end to end, if so.
fn scanned<'a>(step: &str, tables: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let name = step.strip_prefix("SCAN ")?.split(' ').next()?;
    let table = tables.get(name)?;
    LARGE.contains(&table.as_str()).then_some(table.as_str())
}

async fn sqlite() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("konsil.db");
    let config = db::Config::Sqlite { path: path.clone() };
    let db = db::Db::open(config, &store::migrations(), Arc::new(())).await.expect("it opens");
    db.close().await;
    (directory, Connection::open(path).expect("it opens"))
}

#[tokio::test]
async fn no_statement_reads_a_large_table_from_end_to_end_without_a_reason() {
    let (_directory, database) = sqlite().await;
    let statements = statements();
    assert!(statements.len() > 100, "only {} statements were found", statements.len());
    let (mut page, mut scans) = (String::new(), BTreeMap::new());
    for Found { name, sqlite, .. } in &statements {
        let sql = sqlite.replace('$', "?");
        let tables = aliases(sqlite);
        let steps = plan(&database, &sql);
        for step in &steps {
            if let Some(table) = scanned(step, &tables) {
                scans.insert(name.as_str(), format!("{table}: {step}"));
            }
        }
        if !steps.is_empty() {
            writeln!(page, "{name}: {}", steps.join(" · ")).expect("text grows");
        }
    }
    let reasons: BTreeMap<_, _> = SCANS.iter().copied().collect();
    let without: Vec<_> = scans.iter().filter(|(name, _)| !reasons.contains_key(*name)).collect();
    assert!(without.is_empty(), "full scans without a reason: {without:#?}");

    let kept = Path::new("tests/plans.txt");
    if std::env::var_os("KONSIL_WRITE_DOCS").is_some() {
        std::fs::write(kept, &page).expect("the plans are written");
    }
    let kept = std::fs::read_to_string(kept).unwrap_or_default();
    let changed: Vec<_> =
        page.lines().filter(|line| !kept.lines().any(|kept| kept == *line)).collect();
    assert!(
        page == kept,
        "plans changed (KONSIL_WRITE_DOCS=1 cargo xtask sql keeps them): {changed:#?}"
    );
}

#[tokio::test]
async fn postgres_prepares_every_statement() {
    let server = Postgres::start(Fsync::Off);
    let schema = "konsil_plans".to_owned();
    let config = db::Config::Postgres { url: server.url(), schema: schema.clone() };
    let db = db::Db::open(config, &store::migrations(), Arc::new(())).await.expect("it opens");
    db.close().await;
    let mut script = format!("\\set ON_ERROR_STOP on\nSET search_path = {schema};\n");
    for (number, Found { name, postgres, .. }) in statements().iter().enumerate() {
        writeln!(script, "\\echo {name}\nPREPARE s{number} AS {postgres};").expect("text grows");
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("the script is written");
    let output = Command::new(server.psql())
        .arg(server.url())
        .args(["--quiet", "--no-psqlrc", "--file"])
        .arg(file.path())
        .output();
    let output = output.expect("psql starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().last().unwrap_or_default();
    assert!(output.status.success(), "{last}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn statements_and_tables_are_found_in_sources() {
    let source = "
stmt!(ONE, \"SELECT a FROM t x WHERE b = $1\");
// stmt!(NOT_THIS, \"SELECT\");
stmt_pair!(
    /// Why (with brackets).
    TWO,
    sqlite: \"SELECT \\\"a\\\" FROM t\",
    postgres: \"SELECT a
     FROM t\",
);
";
    let mut found = Vec::new();
    in_source("chapter", source, &mut found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].name, "chapter::ONE");
    assert_eq!(found[1].sqlite, "SELECT \"a\" FROM t");
    let tables = aliases(&found[0].sqlite);
    assert_eq!(tables["x"], "t");
    let large = BTreeMap::from([("e".to_owned(), "events".to_owned())]);
    assert_eq!(scanned("SCAN e USING COVERING INDEX events_timeline", &large), Some("events"));
    assert_eq!(scanned("SEARCH e USING INDEX events_timeline (room_nid=?)", &large), None);
}
