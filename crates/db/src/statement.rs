//! Statements as data: each SQL text is a constant with a name, written once for both databases.

/// One SQL text for each database, made by [`stmt!`](crate::stmt) or [`stmt_pair!`](crate::stmt_pair).
#[derive(Debug)]
pub struct Stmt {
    pub name: &'static str,
    /// Placeholders are `?1`, `?2`, …
    pub sqlite: &'static str,
    /// Placeholders are `$1`, `$2`, …
    pub postgres: &'static str,
}

/// The type of a column; both databases store the same three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    Int,
    Text,
    Blob,
}

/// An insert as data, made by [`insert!`](crate::insert): a plain `INSERT` on SQLite, merged with its like from
/// other batches into one `INSERT … SELECT FROM unnest(…)` on PostgreSQL.
#[derive(Debug)]
pub struct Insert {
    pub name: &'static str,
    pub table: &'static str,
    pub columns: &'static [(&'static str, ColumnType)],
    pub sqlite: &'static str,
}

/// Turns `$1` into `?1`, at compile time: to SQLite `$1` is a *name*, numbered by first appearance, so
/// `WHERE b = $2 AND a = $1` would bind the wrong way round.
#[doc(hidden)]
pub const fn question_marks<const N: usize>(sql: &str) -> [u8; N] {
    let sql = sql.as_bytes();
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        let placeholder = sql[i] == b'$' && i + 1 < N && sql[i + 1].is_ascii_digit();
        out[i] = if placeholder { b'?' } else { sql[i] };
        i += 1;
    }
    out
}

#[doc(hidden)]
pub const fn utf8(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("an SQL text with its placeholders replaced is still UTF-8"),
    }
}

/// Declares a statement with one text for both databases, with placeholders `$1`, `$2`, …
///
/// ```
/// db::stmt!(
///     /// The newest events of a room, oldest first.
///     ROOM_EVENTS_AFTER,
///     "SELECT pos, json FROM events WHERE room_nid = $1 AND pos > $2 ORDER BY pos LIMIT $3"
/// );
/// assert_eq!(ROOM_EVENTS_AFTER.name, "ROOM_EVENTS_AFTER");
/// ```
#[macro_export]
macro_rules! stmt {
    ($(#[$meta:meta])* $name:ident, $sql:expr $(,)?) => {
        $crate::stmt_pair!($(#[$meta])* $name, sqlite: $sql, postgres: $sql);
    };
}

/// Declares a statement whose text differs between the databases; placeholders are `$1`, `$2`, … in both.
#[macro_export]
macro_rules! stmt_pair {
    ($(#[$meta:meta])* $name:ident, sqlite: $sqlite:expr, postgres: $postgres:expr $(,)?) => {
        $(#[$meta])*
        pub static $name: $crate::Stmt = {
            const SQLITE: &str = $sqlite;
            static TEXT: [u8; SQLITE.len()] = $crate::statement::question_marks(SQLITE);
            $crate::Stmt { name: stringify!($name), sqlite: $crate::statement::utf8(&TEXT), postgres: $postgres }
        };
    };
}

/// Declares an insert as data: `insert!(INSERT_EVENT, "events", [event_nid: int, json: blob, kind: text]);`
#[macro_export]
macro_rules! insert {
    ($(#[$meta:meta])* $name:ident, $table:literal, [$first:ident : $first_type:ident $(, $column:ident : $type:ident)* $(,)?]) => {
        $(#[$meta])*
        pub static $name: $crate::Insert = $crate::Insert {
            name: stringify!($name),
            table: $table,
            columns: &[
                (stringify!($first), $crate::insert!(@type $first_type)),
                $((stringify!($column), $crate::insert!(@type $type)),)*
            ],
            sqlite: concat!(
                "INSERT INTO ", $table, " (", stringify!($first) $(, ", ", stringify!($column))*,
                ") VALUES (?" $(, $crate::insert!(@placeholder $column))*, ")"
            ),
        };
    };
    (@type int) => { $crate::ColumnType::Int };
    (@type text) => { $crate::ColumnType::Text };
    (@type blob) => { $crate::ColumnType::Blob };
    (@placeholder $column:ident) => { ", ?" };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::stmt!(SWAPPED, "SELECT a FROM t WHERE b = $2 AND a = $1 AND price = '$'");
    crate::insert!(INSERT_T, "t", [a: int, b: text, c: blob]);

    #[test]
    fn placeholders_are_numbered_for_sqlite_and_nothing_else_changes() {
        assert_eq!(SWAPPED.sqlite, "SELECT a FROM t WHERE b = ?2 AND a = ?1 AND price = '$'");
        assert_eq!(SWAPPED.postgres, "SELECT a FROM t WHERE b = $2 AND a = $1 AND price = '$'");
    }

    #[test]
    fn an_insert_names_its_columns_in_order() {
        assert_eq!(INSERT_T.sqlite, "INSERT INTO t (a, b, c) VALUES (?, ?, ?)");
        assert_eq!(INSERT_T.columns[2], ("c", ColumnType::Blob));
    }
}
