//! Migrations, written once: `BIGINT`, `TEXT` and `BYTEA`, adapted to each database.

use crate::OpenError;

/// One step of the schema. Its place in the list is its version; its text never changes once it was released.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub name: &'static str,
    /// One or more statements. Types are `BIGINT`, `TEXT` and `BYTEA`. On SQLite every table is made `STRICT`;
    /// `WITHOUT ROWID` is for SQLite alone. What would act behind the back of a statement (triggers, views, `ON UPDATE CASCADE`) or
    /// after it (deferred constraints) is refused.
    pub sql: &'static str,
}

/// The tables that belong to this crate.
pub(crate) const OWN_TABLES: &str = "
CREATE TABLE migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, sql TEXT NOT NULL);
CREATE TABLE tenant (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    pos BIGINT NOT NULL,
    log_floor BIGINT NOT NULL,
    next_nid BIGINT NOT NULL
);
CREATE TABLE log (pos BIGINT PRIMARY KEY, kind BIGINT NOT NULL, subject BIGINT NOT NULL, object BIGINT NOT NULL);
INSERT INTO tenant (id, pos, log_floor, next_nid) VALUES (1, 0, 0, 1)";

/// What is still to be applied, with its version; versions count from 1. `applied` holds name and SQL of each.
pub(crate) fn pending<'m>(
    applied: &[(String, String)],
    migrations: &'m [Migration],
) -> Result<Vec<(i64, &'m Migration)>, OpenError> {
    if let Some((name, _)) = applied.get(migrations.len()) {
        return Err(OpenError::Newer { name: name.clone() });
    }
    for ((name, sql), migration) in applied.iter().zip(migrations) {
        if name != migration.name || sql != migration.sql {
            return Err(OpenError::ChangedMigration { name: name.clone() });
        }
    }
    Ok((1..).zip(migrations).skip(applied.len()).collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The statements of a migration in the words of one database.
pub(crate) fn adapt(sql: &str, dialect: Dialect) -> Result<Vec<String>, String> {
    statements(sql).into_iter().map(|tokens| adapt_statement(&tokens, dialect)).collect()
}

fn adapt_statement(tokens: &[&str], dialect: Dialect) -> Result<String, String> {
    let words: Vec<String> = tokens.iter().map(|token| token.to_ascii_uppercase()).collect();
    for (i, word) in words.iter().enumerate() {
        let next = words.get(i + 1).map(String::as_str);
        match word.as_str() {
            // What goes with a deleted parent can be read from the schema; what an update does in other tables is not.
            "CASCADE" if i > 1 && words[i - 2] == "ON" && words[i - 1] == "DELETE" => {}
            "DEFERRABLE" | "TRIGGER" | "CASCADE" | "VIEW" | "AUTOINCREMENT" => {
                return Err(format!(
                    "{word} is refused: the committer must know which tables a statement touches"
                ));
            }
            "SET"
                if matches!(next, Some("NULL" | "DEFAULT"))
                    && i > 0
                    && words[i - 1] == "DELETE" =>
            {
                return Err("ON DELETE SET is refused: the committer must know which tables a statement touches".into());
            }
            _ => {}
        }
    }
    let types: Vec<usize> = column_types(&words).collect();
    if let Some(foreign) = types
        .iter()
        .map(|&at| &words[at])
        .find(|word| !["BIGINT", "TEXT", "BYTEA"].contains(&word.as_str()))
    {
        return Err(format!("the type {foreign} is not portable; use BIGINT, TEXT or BYTEA"));
    }
    let without_rowid = words.len() > 2 && words[words.len() - 2..] == ["WITHOUT", "ROWID"];
    let body = if without_rowid { &tokens[..tokens.len() - 2] } else { tokens };
    let creates_table = words.starts_with(&["CREATE".to_owned(), "TABLE".to_owned()]);
    let mut out = String::new();
    for (at, token) in body.iter().enumerate() {
        let column_type = if types.contains(&at) { words[at].as_str() } else { "" };
        let adapted = match (dialect, column_type) {
            (Dialect::Sqlite, "BIGINT") => "INTEGER",
            (Dialect::Sqlite, "BYTEA") => "BLOB",
            // Without it text would be ordered by the cluster's locale, and SQLite orders by bytes.
            (Dialect::Postgres, "TEXT") => "TEXT COLLATE \"C\"",
            _ => token,
        };
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(adapted);
    }
    if creates_table && dialect == Dialect::Sqlite {
        out.push_str(if without_rowid { " STRICT, WITHOUT ROWID" } else { " STRICT" });
    }
    Ok(out)
}

/// Where a `CREATE TABLE` or `ALTER TABLE … ADD COLUMN` names the types of its columns.
fn column_types(words: &[String]) -> impl Iterator<Item = usize> {
    const CONSTRAINTS: [&str; 5] = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"];
    let creates = words.starts_with(&["CREATE".to_owned(), "TABLE".to_owned()]);
    let mut depth = 0;
    (2..words.len()).filter(move |&i| {
        match words[i - 2].as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let opens_column = creates && depth == 1 && matches!(words[i - 2].as_str(), "(" | ",");
        let adds_column =
            words[i - 2] == "COLUMN" && words[0] == "ALTER" && !words.contains(&"DROP".to_owned());
        (opens_column && !CONSTRAINTS.contains(&words[i - 1].as_str())) || adds_column
    })
}

/// Splits SQL into statements of tokens: words, quoted strings, single punctuation marks; comments fall away.
fn statements(sql: &str) -> Vec<Vec<&str>> {
    let mut all = vec![vec![]];
    for token in tokens(sql) {
        if token == ";" {
            all.push(vec![]);
        } else {
            all.last_mut().expect("there is always a current statement").push(token);
        }
    }
    all.retain(|statement| !statement.is_empty());
    all
}

pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start();
            match rest.strip_prefix("--") {
                Some(comment) => rest = comment.split_once('\n').map_or("", |(_, after)| after),
                None => break,
            }
        }
        let first = rest.chars().next()?;
        let length = match first {
            '\'' | '"' => quoted_length(rest, first),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            '<' | '>' | '=' | '!' | '|' => {
                rest.find(|c| !matches!(c, '<' | '>' | '=' | '!' | '|')).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The length of the quoted text at the start, a doubled quote being part of it.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = inside.next() {
        if c == quote {
            match inside.peek() {
                Some(&(_, next)) if next == quote => {
                    inside.next();
                }
                _ => return at + quote.len_utf8(),
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DDL: &str = "
        -- Rooms; one row each.
        CREATE TABLE rooms (nid BIGINT PRIMARY KEY, text TEXT NOT NULL DEFAULT 'a;''b', json BYTEA) ;
        CREATE TABLE pairs (a BIGINT, b BIGINT, PRIMARY KEY (a, b)) WITHOUT ROWID;
        CREATE INDEX rooms_text ON rooms (text) WHERE nid <> 3;";

    #[test]
    fn sqlite_gets_strict_tables_of_its_own_types() {
        assert_eq!(
            adapt(DDL, Dialect::Sqlite).unwrap(),
            [
                "CREATE TABLE rooms ( nid INTEGER PRIMARY KEY , text TEXT NOT NULL DEFAULT 'a;''b' , json BLOB ) STRICT",
                "CREATE TABLE pairs ( a INTEGER , b INTEGER , PRIMARY KEY ( a , b ) ) STRICT, WITHOUT ROWID",
                "CREATE INDEX rooms_text ON rooms ( text ) WHERE nid <> 3",
            ]
        );
    }

    #[test]
    fn postgresql_gets_byte_order_for_text_and_no_without_rowid() {
        let statements = adapt(DDL, Dialect::Postgres).unwrap();
        assert!(statements[0].contains("text TEXT COLLATE \"C\" NOT NULL"));
        assert!(statements[0].contains("json BYTEA"));
        assert!(statements[1].ends_with("PRIMARY KEY ( a , b ) )"));
    }

    #[test]
    fn only_new_migrations_are_pending_and_changed_or_unknown_ones_are_refused() {
        let [first, second] = ["first", "second"].map(|name| Migration { name, sql: "SELECT 1" });
        let applied = |name: &str, sql: &str| (name.to_owned(), sql.to_owned());
        let known = [applied("first", "SELECT 1")];
        let versions: Vec<_> = pending(&known, &[first, second])
            .unwrap()
            .iter()
            .map(|(version, _)| *version)
            .collect();
        assert_eq!(versions, [2]);
        let changed = [applied("first", "SELECT 2")];
        assert!(matches!(pending(&changed, &[first]), Err(OpenError::ChangedMigration { .. })));
        assert!(matches!(pending(&known, &[]), Err(OpenError::Newer { .. })));
    }

    #[test]
    fn what_would_differ_between_the_databases_is_refused() {
        for sql in [
            "CREATE TABLE t (a INTEGER)",
            "CREATE TABLE t (a BIGINT CHECK (a IN (1, 2)), b BOOLEAN)",
            "ALTER TABLE t ADD COLUMN a INTEGER",
            "CREATE TABLE t (a BIGINT REFERENCES u (b) ON UPDATE CASCADE)",
            "CREATE TABLE t (a BIGINT REFERENCES u (b) ON DELETE SET NULL)",
            "CREATE TABLE t (a BIGINT REFERENCES u (b) DEFERRABLE INITIALLY DEFERRED)",
            "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
        ] {
            assert!(adapt(sql, Dialect::Sqlite).is_err(), "{sql}");
            assert!(adapt(sql, Dialect::Postgres).is_err(), "{sql}");
        }
    }
}
