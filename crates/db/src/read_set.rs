use crate::{Error, Stmt, Value};

/// Statements that are read together, from one consistent snapshot.
#[derive(Debug, Default)]
pub struct ReadSet {
    reads: Vec<(&'static Stmt, usize)>,
    /// The parameters of all statements, one after the other.
    values: Vec<Value>,
}

impl ReadSet {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement; its rows stand at its place in the answer.
    #[must_use]
    pub fn get(mut self, stmt: &'static Stmt, params: impl IntoIterator<Item = Value>) -> Self {
        self.push(stmt, params);
        self
    }

    /// As [`ReadSet::get`], where the statements are many and come from a loop.
    pub fn push(&mut self, stmt: &'static Stmt, params: impl IntoIterator<Item = Value>) {
        self.values.extend(params);
        self.reads.push((stmt, self.values.len()));
    }

    pub fn len(&self) -> usize {
        self.reads.len()
    }

    pub fn is_empty(&self) -> bool {
        self.reads.is_empty()
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = (&'static Stmt, &[Value])> {
        let mut start = 0;
        self.reads
            .iter()
            .map(move |&(stmt, end)| (stmt, &self.values[std::mem::replace(&mut start, end)..end]))
    }

    /// Refuses values that no database takes, on the caller's side.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (stmt, values) in self.statements() {
            let statement = stmt.name;
            if let Some(reason) = values.iter().find_map(Value::defect) {
                return Err(Error::BadValue { statement, reason });
            }
            if values.iter().any(|value| matches!(value, Value::Pos(_))) {
                let reason = "a read cannot use a reserved position".to_owned();
                return Err(Error::Invalid { statement, reason });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    crate::stmt!(ONE, "SELECT a FROM t WHERE a = $1");
    crate::stmt!(NONE, "SELECT a FROM t");

    #[test]
    fn each_statement_keeps_its_own_parameters() {
        let set = ReadSet::new().get(&ONE, params![1]).get(&NONE, params![]).get(&ONE, params![2]);
        let seen: Vec<_> =
            set.statements().map(|(stmt, values)| (stmt.name, values.to_vec())).collect();
        assert_eq!(
            seen,
            [("ONE", params![1].to_vec()), ("NONE", vec![]), ("ONE", params![2].to_vec())]
        );
    }
}
