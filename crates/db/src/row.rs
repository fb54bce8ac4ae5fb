use base::Pos;
use bytes::Bytes;

use crate::{Error, Value};

/// One row of an answer; its columns are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Vec<Value>);

impl Row {
    pub(crate) fn new(columns: Vec<Value>) -> Self {
        Self(columns)
    }

    /// The column at `index`. `&str` and `&[u8]` borrow from the row; [`Bytes`] shares its memory.
    ///
    /// # Errors
    /// [`Error::Column`] if there is no such column or it is of another type (NULL is only an `Option`).
    pub fn get<'r, T: FromValue<'r>>(&'r self, index: usize) -> Result<T, Error> {
        let (found, value) = match self.0.get(index) {
            Some(value) => (value.type_name(), T::from_value(value)),
            None => ("no column", None),
        };
        value.ok_or(Error::Column { index, expected: T::NAME, found })
    }

    /// Takes the text or the bytes out of the row without a copy, and leaves NULL.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn take<T: TryFrom<Value>>(&mut self, index: usize) -> Result<T, Error> {
        let value = self.0.get_mut(index).map(|value| std::mem::replace(value, Value::Null));
        let found = value.as_ref().map_or("no column", Value::type_name);
        value.and_then(|value| T::try_from(value).ok()).ok_or(Error::Column {
            index,
            expected: std::any::type_name::<T>(),
            found,
        })
    }

    pub fn columns(&self) -> &[Value] {
        &self.0
    }
}

/// A type that a column can be read as.
pub trait FromValue<'r>: Sized {
    /// What an error message calls the type.
    const NAME: &'static str;
    fn from_value(value: &'r Value) -> Option<Self>;
}

impl FromValue<'_> for i64 {
    const NAME: &'static str = "integer";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }
}
impl FromValue<'_> for u64 {
    const NAME: &'static str = "non-negative integer";
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(|value| value.try_into().ok())
    }
}
impl FromValue<'_> for bool {
    const NAME: &'static str = "0 or 1";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}
impl FromValue<'_> for Pos {
    const NAME: &'static str = "position";
    fn from_value(value: &Value) -> Option<Self> {
        u64::from_value(value).map(Pos::new)
    }
}
impl<'r> FromValue<'r> for &'r str {
    const NAME: &'static str = "text";
    fn from_value(value: &'r Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}
impl FromValue<'_> for String {
    const NAME: &'static str = "text";
    fn from_value(value: &Value) -> Option<Self> {
        <&str>::from_value(value).map(str::to_owned)
    }
}
impl<'r> FromValue<'r> for &'r [u8] {
    const NAME: &'static str = "bytes";
    fn from_value(value: &'r Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}
impl FromValue<'_> for Bytes {
    const NAME: &'static str = "bytes";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}
impl FromValue<'_> for Vec<u8> {
    const NAME: &'static str = "bytes";
    fn from_value(value: &Value) -> Option<Self> {
        <&[u8]>::from_value(value).map(<[u8]>::to_vec)
    }
}
impl FromValue<'_> for Value {
    const NAME: &'static str = "anything";
    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}
impl<'r, T: FromValue<'r>> FromValue<'r> for Option<T> {
    const NAME: &'static str = T::NAME;
    fn from_value(value: &'r Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl TryFrom<Value> for String {
    type Error = Value;
    fn try_from(value: Value) -> Result<Self, Value> {
        match value {
            Value::Text(text) => Ok(text),
            other => Err(other),
        }
    }
}
impl TryFrom<Value> for Bytes {
    type Error = Value;
    fn try_from(value: Value) -> Result<Self, Value> {
        match value {
            Value::Blob(bytes) => Ok(bytes),
            other => Err(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    fn row() -> Row {
        Row::new(params![7, "text", vec![1u8, 2], None::<i64>, -1].into())
    }

    #[test]
    fn columns_come_back_as_the_type_that_was_asked_for() {
        let row = row();
        assert_eq!(row.get::<i64>(0).unwrap(), 7);
        assert_eq!(row.get::<Pos>(0).unwrap(), Pos::new(7));
        assert_eq!(row.get::<&str>(1).unwrap(), "text");
        assert_eq!(row.get::<Bytes>(2).unwrap(), &[1, 2][..]);
        assert_eq!(row.get::<Option<i64>>(3).unwrap(), None);
        assert_eq!(row.get::<Option<String>>(1).unwrap().as_deref(), Some("text"));
    }

    #[test]
    fn a_type_mismatch_is_an_error_that_names_the_column() {
        let row = row();
        let error = row.get::<i64>(1).unwrap_err();
        assert_eq!(error.to_string(), "column 1 is text where integer was expected");
        assert!(row.get::<i64>(3).is_err(), "NULL is no integer");
        assert!(row.get::<u64>(4).is_err(), "-1 is not unsigned");
        assert!(row.get::<bool>(0).is_err(), "7 is no boolean");
        assert!(row.get::<i64>(5).is_err(), "there is no column 5");
    }

    #[test]
    fn taking_a_text_leaves_null() {
        let mut row = row();
        assert_eq!(row.take::<String>(1).unwrap(), "text");
        assert_eq!(row.get::<Option<String>>(1).unwrap(), None);
    }
}
