//! What must always hold of this crate's own tables, for `konsil doctor`.

use std::collections::BTreeMap;

use crate::{Backend, Db, Error, ReadSet, Row, Stmt, params, stmt};

stmt!(
    LOG_EXTENT,
    "SELECT pos, log_floor, (SELECT count(*) FROM log), (SELECT min(pos) FROM log), (SELECT max(pos) FROM log)
     FROM tenant WHERE id = 1"
);
stmt!(
    LOG_GAP,
    "SELECT pos FROM log WHERE NOT EXISTS (SELECT 1 FROM log AS next WHERE next.pos = log.pos + 1) ORDER BY pos LIMIT 1"
);
static FILE_CHECK: Stmt =
    Stmt { name: "FILE_CHECK", sqlite: "PRAGMA integrity_check(20)", postgres: "" };
static FOREIGN_KEYS: Stmt =
    Stmt { name: "FOREIGN_KEYS", sqlite: "PRAGMA foreign_key_check", postgres: "" };

impl Db {
    /// Looks for damage: in SQLite's file and its foreign keys, and for gaps in the log. The answer names each
    /// violation in words, without the content of any row; it is empty if all is well.
    ///
    /// On SQLite it reads the whole file.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database does not answer. A file too damaged to be read is an error as well.
    pub async fn integrity_check(&self) -> Result<Vec<String>, Error> {
        let log = ReadSet::new().get(&LOG_EXTENT, params![]).get(&LOG_GAP, params![]);
        let rows = self.read(log).await?;
        let mut violations = log_violations(&rows)?;
        if let Backend::Sqlite(_) = self.inner.backend {
            let file = ReadSet::new().get(&FILE_CHECK, params![]).get(&FOREIGN_KEYS, params![]);
            let rows = self.read(file).await?;
            for row in &rows[0] {
                let finding: &str = row.get(0)?;
                if finding != "ok" {
                    violations.push(format!("the file is damaged: {finding}"));
                }
            }
            let mut orphans: BTreeMap<(&str, &str), u64> = BTreeMap::new();
            for row in &rows[1] {
                *orphans.entry((row.get(0)?, row.get(2)?)).or_default() += 1;
            }
            for ((child, parent), count) in orphans {
                violations.push(format!(
                    "{count} rows of {child} refer to rows of {parent} that do not exist"
                ));
            }
        }
        Ok(violations)
    }
}

/// Positions are unique, so their number and their ends show whether one is missing.
fn log_violations(rows: &[Vec<Row>]) -> Result<Vec<String>, Error> {
    let Some(extent) = rows[0].first() else {
        return Ok(vec!["the tenant's row is missing".to_owned()]);
    };
    let (pos, floor, count) = (extent.get::<i64>(0)?, extent.get::<i64>(1)?, extent.get::<i64>(2)?);
    let (first, last) = (extent.get::<Option<i64>>(3)?, extent.get::<Option<i64>>(4)?);
    let mut violations = Vec::new();
    if floor > pos {
        violations.push(format!("the log's floor {floor} lies above its last position {pos}"));
    }
    if let Some(first) = first.filter(|first| *first != floor + 1) {
        violations.push(format!("the log begins at {first} instead of {}", floor + 1));
    }
    if let Some(last) = last.filter(|last| *last != pos) {
        violations.push(format!("the log ends at {last} instead of {pos}"));
    }
    if count != pos - floor {
        let after = rows[1].first().map(|row| row.get::<i64>(0)).transpose()?;
        let place = after
            .filter(|after| *after < pos)
            .map(|after| format!(", the first after position {after}"));
        let missing = pos - floor - count;
        violations.push(format!(
            "{missing} positions of the log are missing{}",
            place.unwrap_or_default()
        ));
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(pos: i64, floor: i64, positions: &[i64]) -> Vec<String> {
        let ends = [positions.first(), positions.last()].map(|end| end.copied());
        let extent = Row::new(params![pos, floor, positions.len(), ends[0], ends[1]].into());
        let gap = positions.iter().find(|pos| !positions.contains(&(**pos + 1)));
        let gap = gap.map(|pos| Row::new(params![*pos].into()));
        log_violations(&[vec![extent], gap.into_iter().collect()]).unwrap()
    }

    #[test]
    fn a_gapless_log_from_its_floor_to_its_position_is_sound() {
        assert!(log(3, 0, &[1, 2, 3]).is_empty());
        assert!(log(3, 2, &[3]).is_empty());
        assert!(log(3, 3, &[]).is_empty());
    }

    #[test]
    fn gaps_and_wrong_ends_are_named() {
        assert_eq!(
            log(4, 0, &[1, 2, 4]),
            ["1 positions of the log are missing, the first after position 2"]
        );
        assert_eq!(log(3, 0, &[]), ["3 positions of the log are missing"]);
        assert_eq!(log(2, 0, &[1, 2, 3])[0], "the log ends at 3 instead of 2");
        assert_eq!(log(3, 1, &[1, 2, 3])[0], "the log begins at 1 instead of 2");
    }
}
