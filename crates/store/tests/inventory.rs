//! The inventory names every column that there is, and no other; its page is current.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use store::inventory;

/// `table.column` of a database that was just made.
async fn columns_of_the_database() -> BTreeSet<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("konsil.db");
    let config = db::Config::Sqlite { path: path.clone() };
    let db = db::Db::open(config, &store::migrations(), Arc::new(())).await.expect("it opens");
    db.close().await;
    let database = rusqlite::Connection::open(path).expect("it opens");
    let mut columns = database
        .prepare(
            "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
        )
        .expect("a query");
    let names = columns.query_map([], |row| row.get(0)).expect("rows");
    names.collect::<Result<_, _>>().expect("names")
}

#[tokio::test]
async fn every_column_has_its_entry_and_every_entry_its_column() {
    let entries: Vec<&str> = inventory::columns().map(|column| column.name).collect();
    let listed: BTreeSet<String> = entries.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(entries.len(), listed.len(), "a column is listed twice");
    let real = columns_of_the_database().await;
    let without: Vec<_> = real.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&real).collect();
    assert!(without.is_empty(), "columns without purpose and period: {without:?}");
    assert!(gone.is_empty(), "entries without a column: {gone:?}");
}

#[tokio::test]
async fn a_database_of_a_version_before_is_brought_up_to_date() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("konsil.db");
    let migrations = store::migrations();
    for steps in 1..=migrations.len() {
        let config = db::Config::Sqlite { path: path.clone() };
        let db = db::Db::open(config, &migrations[..steps], Arc::new(())).await.expect("it opens");
        db.close().await;
    }
    let database = rusqlite::Connection::open(path).expect("it opens");
    let count = |question: &str| -> i64 {
        database.query_row(question, [], |row| row.get(0)).expect("an answer")
    };
    let steps = i64::try_from(migrations.len()).expect("a few");
    assert_eq!(count("SELECT max(version) FROM migrations"), steps);
    assert_eq!(count("SELECT count(*) FROM uploads"), 0, "what came with the second step");
}

#[test]
fn the_page_in_docs_is_current() {
    let path = Path::new("../../docs/metadata-inventory.md");
    let page = inventory::document();
    if std::env::var_os("KONSIL_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).expect("the page is written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "docs/metadata-inventory.md is not current: KONSIL_WRITE_DOCS=1 cargo test -p store"
    );
}
