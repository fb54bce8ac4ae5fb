//! Which tables and columns a statement touches, read from its text: what may change places in a group.

use std::collections::HashSet;

use crate::migration::{Migration, tokens};
use crate::{Insert, Stmt};

/// The tables of the schema, and their foreign keys.
pub(super) struct Tables {
    names: Vec<String>,
    /// For each table its foreign keys.
    parents: Vec<Vec<Reference>>,
}

struct Reference {
    parent: usize,
    columns: Vec<String>,
    /// `ON DELETE CASCADE`: the row goes with its parent.
    cascades: bool,
}

impl Tables {
    pub(super) fn of<'m>(migrations: impl IntoIterator<Item = &'m Migration>) -> Self {
        let mut tables = Self { names: Vec::new(), parents: Vec::new() };
        for migration in migrations {
            tables.read(migration.sql);
        }
        tables
    }

    fn read(&mut self, sql: &str) {
        let words: Vec<String> = tokens(sql).map(normal).collect();
        let mut current = None;
        for (i, word) in words.iter().enumerate() {
            let word_at = |offset: usize| words.get(i + offset).map(String::as_str);
            match word.as_str() {
                "table" if i > 0 && matches!(words[i - 1].as_str(), "create" | "alter") => {
                    // CREATE TABLE [IF NOT EXISTS] name
                    let name = if word_at(1) == Some("if") { word_at(4) } else { word_at(1) };
                    current = name.map(|name| self.index_or_new(name));
                }
                "references" => {
                    if let (Some(child), Some(parent)) =
                        (current, word_at(1).and_then(|name| self.index(name)))
                    {
                        let listed = words[i + 2..].iter().take_while(|word| *word != ")");
                        let columns = match word_at(2) {
                            Some("(") => {
                                listed.skip(1).filter(|word| *word != ",").cloned().collect()
                            }
                            // The primary key, whichever it is.
                            _ => vec!["*".to_owned()],
                        };
                        self.parents[child].push(Reference { parent, columns, cascades: false });
                    }
                }
                "cascade" => {
                    let reference = current.and_then(|child| self.parents[child].last_mut());
                    if let Some(reference) = reference {
                        reference.cascades = true;
                    }
                }
                _ => {}
            }
        }
    }

    /// The tables that refer to this one.
    fn children(&self, parent: usize) -> impl Iterator<Item = (usize, &Reference)> {
        self.parents.iter().enumerate().flat_map(move |(child, references)| {
            references
                .iter()
                .filter(move |reference| reference.parent == parent)
                .map(move |reference| (child, reference))
        })
    }

    /// The tables that lose rows when this one does.
    fn cascade(&self, table: usize) -> Vec<usize> {
        let mut losing = vec![table];
        let mut next = 0;
        while let Some(&table) = losing.get(next) {
            for (child, reference) in self.children(table) {
                if reference.cascades && !losing.contains(&child) {
                    losing.push(child);
                }
            }
            next += 1;
        }
        losing
    }

    fn index_or_new(&mut self, name: &str) -> usize {
        self.index(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.parents.push(Vec::new());
            self.names.len() - 1
        })
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

/// What a statement reads and writes.
#[derive(Debug)]
pub(super) struct Footprint {
    tables: HashSet<usize>,
    words: HashSet<String>,
    written: Written,
    is_insert: bool,
}

#[derive(Debug)]
enum Written {
    Nothing,
    /// `UPDATE table SET columns`: which rows there are stays as it is.
    Columns(usize, Vec<String>),
    /// Rows come or go in these tables.
    Rows(Vec<usize>),
    /// Not understood: anything it names.
    Everything,
}

impl Footprint {
    pub(super) fn of_stmt(stmt: &Stmt, known: &Tables) -> Self {
        let words: Vec<String> = tokens(stmt.postgres).map(normal).collect();
        let word = |i: usize| words.get(i).map(String::as_str);
        let written = match (word(0), word(1), word(2)) {
            (Some("select"), ..) => Written::Nothing,
            (Some("update"), Some(table), _) => match (known.index(table), set_columns(&words)) {
                (Some(table), Some(columns)) => Written::Columns(table, columns),
                _ => Written::Everything,
            },
            (Some("insert"), Some("into"), Some(table)) => {
                known.index(table).map_or(Written::Everything, |table| Written::Rows(vec![table]))
            }
            (Some("delete"), Some("from"), Some(table)) => known
                .index(table)
                .map_or(Written::Everything, |table| Written::Rows(known.cascade(table))),
            _ => Written::Everything,
        };
        let named = words.iter().filter_map(|word| known.index(word)).collect();
        let mut footprint =
            Self { tables: named, words: words.into_iter().collect(), written, is_insert: false };
        let deletes = footprint.words.contains("delete");
        let touched = match &footprint.written {
            Written::Columns(table, _) => vec![*table],
            Written::Rows(tables) => tables.clone(),
            Written::Nothing | Written::Everything => vec![],
        };
        for table in touched {
            footprint.tables.insert(table);
            footprint.checks_parents(table, known);
            footprint.checks_children(table, known, deletes);
        }
        footprint
    }

    pub(super) fn of_insert(insert: &Insert, known: &Tables) -> Self {
        let table = known.index(insert.table);
        let mut footprint = Self {
            tables: table.into_iter().collect(),
            words: HashSet::new(),
            written: table.map_or(Written::Everything, |table| Written::Rows(vec![table])),
            is_insert: true,
        };
        if let Some(table) = table {
            footprint.checks_parents(table, known);
        }
        footprint
    }

    /// Foreign keys read the keys of the parents.
    fn checks_parents(&mut self, table: usize, known: &Tables) {
        for reference in &known.parents[table] {
            self.tables.insert(reference.parent);
            self.words.extend(reference.columns.iter().cloned());
        }
    }

    /// A parent that goes, or whose key changes, asks the children that refer to it.
    fn checks_children(&mut self, table: usize, known: &Tables, deletes: bool) {
        let key_changes = |columns: &[String]| match &self.written {
            Written::Columns(_, set) => {
                columns.iter().any(|column| column == "*" || set.contains(column))
            }
            _ => deletes,
        };
        let asked = known.children(table).filter(|(_, reference)| key_changes(&reference.columns));
        let asked: Vec<usize> = asked.map(|(child, _)| child).collect();
        if !asked.is_empty() {
            self.tables.extend(asked);
            self.words.insert("*".to_owned());
        }
    }

    /// Whether the two give the same result in either order. An insert that meets its own key fails in either order,
    /// and the group with it.
    pub(super) fn commutes_with(&self, other: &Self) -> bool {
        let makes_parent_of = |one: &Self, other: &Self| match (&one.written, &other.written) {
            (Written::Rows(made), Written::Rows(child)) => {
                made != child && made.iter().any(|table| other.tables.contains(table))
            }
            _ => true,
        };
        if self.is_insert && other.is_insert {
            // Two inserts may change places unless one makes the parent of the other.
            return !makes_parent_of(self, other) && !makes_parent_of(other, self);
        }
        !self.disturbs(other) && !other.disturbs(self)
    }

    fn disturbs(&self, other: &Self) -> bool {
        match &self.written {
            Written::Nothing => false,
            Written::Columns(table, columns) => {
                other.tables.contains(table)
                    && (other.words.contains("*")
                        || columns.iter().any(|column| other.words.contains(column)))
            }
            Written::Rows(tables) => tables.iter().any(|table| other.tables.contains(table)),
            Written::Everything => !self.tables.is_disjoint(&other.tables),
        }
    }
}

fn normal(token: &str) -> String {
    token.trim_matches('"').to_ascii_lowercase()
}

/// The columns between `SET` and `FROM`, `WHERE` or `RETURNING` that are assigned to; `None` if not understood.
fn set_columns(words: &[String]) -> Option<Vec<String>> {
    let start = words.iter().position(|word| word == "set")? + 1;
    let mut columns = Vec::new();
    let mut depth = 0;
    let mut expects_column = true;
    for (i, word) in words.iter().enumerate().skip(start) {
        match word.as_str() {
            // `SET (a, b) = …` is rare enough to be left out.
            "(" if expects_column => return None,
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => expects_column = true,
            "from" | "where" | "returning" if depth == 0 => break,
            column if expects_column => {
                if words.get(i + 1).map(String::as_str) != Some("=") {
                    return None;
                }
                columns.push(column.to_owned());
                expects_column = false;
            }
            _ => {}
        }
    }
    (!columns.is_empty()).then_some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Migration = Migration {
        name: "schema",
        sql: "CREATE TABLE rooms (nid BIGINT PRIMARY KEY, head BIGINT, bump BIGINT);
              CREATE TABLE events (nid BIGINT PRIMARY KEY, room BIGINT REFERENCES rooms (nid), json BYTEA);
              CREATE TABLE notes (nid BIGINT PRIMARY KEY);",
    };

    crate::insert!(INSERT_ROOM, "rooms", [nid: int, head: int, bump: int]);
    crate::insert!(INSERT_EVENT, "events", [nid: int, room: int, json: blob]);
    crate::insert!(INSERT_NOTE, "notes", [nid: int]);

    fn stmt(postgres: &'static str) -> Footprint {
        let stmt = Stmt { name: "TEST", sqlite: "", postgres };
        Footprint::of_stmt(&stmt, &Tables::of([&SCHEMA]))
    }

    fn insert(insert: &'static Insert) -> Footprint {
        Footprint::of_insert(insert, &Tables::of([&SCHEMA]))
    }

    #[test]
    fn a_guard_and_a_summary_of_the_same_room_commute_because_they_write_other_columns() {
        let guard = stmt("UPDATE rooms SET head = head + 1 WHERE nid = $1 AND head = $2");
        assert!(guard.commutes_with(&stmt("UPDATE rooms SET bump = $2 WHERE nid = $1")));
        assert!(!guard.commutes_with(&stmt("UPDATE rooms SET bump = head WHERE nid = $1")));
        assert!(!guard.commutes_with(&guard), "it reads what it writes");
    }

    #[test]
    fn a_statement_does_not_commute_with_rows_that_come_or_go_in_a_table_it_names() {
        let read =
            stmt("UPDATE notes SET nid = nid WHERE EXISTS (SELECT 1 FROM events WHERE room = $1)");
        assert!(!read.commutes_with(&insert(&INSERT_EVENT)));
        assert!(!read.commutes_with(&stmt("DELETE FROM events WHERE nid = $1")));
        assert!(read.commutes_with(&insert(&INSERT_ROOM)));
    }

    #[test]
    fn inserts_commute_unless_one_is_the_parent_of_the_other() {
        assert!(insert(&INSERT_EVENT).commutes_with(&insert(&INSERT_EVENT)));
        assert!(insert(&INSERT_EVENT).commutes_with(&insert(&INSERT_NOTE)));
        assert!(!insert(&INSERT_EVENT).commutes_with(&insert(&INSERT_ROOM)));
        assert!(!insert(&INSERT_EVENT).commutes_with(&stmt("DELETE FROM rooms WHERE nid = $1")));
        assert!(
            !insert(&INSERT_EVENT).commutes_with(&stmt("UPDATE rooms SET nid = $1 WHERE nid = $2"))
        );
        assert!(
            insert(&INSERT_EVENT).commutes_with(&stmt("UPDATE rooms SET head = $1 WHERE nid = $2"))
        );
    }

    #[test]
    fn foreign_keys_are_read_though_no_text_names_them() {
        let child =
            stmt("INSERT INTO events (nid, room) VALUES ($1, $2) ON CONFLICT (nid) DO NOTHING");
        assert!(!child.commutes_with(&insert(&INSERT_ROOM)));
        assert!(child.commutes_with(&stmt("UPDATE rooms SET head = $2 WHERE nid = $1")));
        let parent = stmt("DELETE FROM rooms WHERE nid = $1");
        assert!(!parent.commutes_with(&stmt("DELETE FROM events WHERE room = $1")));
        assert!(parent.commutes_with(&stmt("DELETE FROM notes WHERE nid = $1")));
    }

    #[test]
    fn a_delete_takes_the_rows_that_cascade_from_it() {
        let schema = Migration {
            name: "schema",
            sql: "CREATE TABLE media (id BIGINT PRIMARY KEY);
                  CREATE TABLE thumbnails (id BIGINT PRIMARY KEY, media BIGINT REFERENCES media (id) ON DELETE CASCADE);
                  CREATE TABLE crops (id BIGINT PRIMARY KEY, thumbnail BIGINT REFERENCES thumbnails (id) ON DELETE CASCADE);
                  CREATE TABLE others (id BIGINT PRIMARY KEY);",
        };
        let stmt = |postgres| {
            Footprint::of_stmt(&Stmt { name: "TEST", sqlite: "", postgres }, &Tables::of([&schema]))
        };
        let delete = stmt("DELETE FROM media WHERE id = $1");
        assert!(!delete.commutes_with(&stmt("SELECT 1 FROM thumbnails WHERE id = $1")));
        assert!(!delete.commutes_with(&stmt("SELECT 1 FROM crops WHERE id = $1")));
        assert!(delete.commutes_with(&stmt("SELECT 1 FROM others WHERE id = $1")));
    }

    #[test]
    fn what_is_not_understood_commutes_with_nothing_that_shares_a_table() {
        let with = stmt("WITH gone AS (DELETE FROM notes RETURNING nid) SELECT count(*) FROM gone");
        assert!(!with.commutes_with(&insert(&INSERT_NOTE)));
        let tuple = stmt("UPDATE rooms SET (head, bump) = ($1, $2)");
        assert!(!tuple.commutes_with(&stmt("SELECT bump FROM rooms")));
        assert!(tuple.commutes_with(&insert(&INSERT_NOTE)));
    }
}
