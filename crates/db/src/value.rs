use base::Pos;
use bytes::Bytes;

/// A position that a batch has reserved but not yet been given; [`crate::Committed::pos`] resolves it.
///
/// It is only good in the batch whose [`crate::Batch::change`] made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PosRef(pub(crate) u32);

/// A parameter of a statement, or a column of a row.
///
/// Both databases know the same three types: 64-bit integers, UTF-8 text without NUL, and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Bytes),
    /// Becomes the reserved position when the batch commits.
    Pos(PosRef),
    /// A number that no column can hold; whatever uses it is refused as invalid, on both databases alike.
    OutOfRange(u64),
}

impl Value {
    /// Why no database takes this value, if so.
    pub(crate) fn defect(&self) -> Option<&'static str> {
        match self {
            // PostgreSQL's text cannot hold NUL; SQLite's could, so we refuse it for both.
            Self::Text(text) if text.as_bytes().contains(&0) => Some("text contains NUL"),
            Self::OutOfRange(_) => Some("number exceeds 63 bits"),
            Self::Null | Self::Int(_) | Self::Text(_) | Self::Blob(_) | Self::Pos(_) => None,
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) | Self::OutOfRange(_) => "integer",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
            Self::Pos(_) => "reserved position",
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}
impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::OutOfRange(value), Self::Int)
    }
}
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}
impl From<Pos> for Value {
    fn from(value: Pos) -> Self {
        Self::from(value.get())
    }
}
impl From<PosRef> for Value {
    fn from(value: PosRef) -> Self {
        Self::Pos(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<Bytes> for Value {
    fn from(value: Bytes) -> Self {
        Self::Blob(value)
    }
}
impl From<&Bytes> for Value {
    fn from(value: &Bytes) -> Self {
        Self::Blob(value.clone())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value.into())
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(Bytes::copy_from_slice(value))
    }
}
impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Blob(Bytes::copy_from_slice(&value))
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of one statement: `params![room, since, 50]`.
///
/// Yields `[Value; N]`, so that filling a batch allocates nothing per statement; wherever parameters are taken, any
/// `impl IntoIterator<Item = Value>` will do.
#[macro_export]
macro_rules! params {
    () => { [$crate::Value::Null; 0] };
    ($($value:expr),+ $(,)?) => { [$($crate::Value::from($value)),+] };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_63_bits_is_a_defect_and_not_a_negative_number() {
        assert_eq!(Value::from(i64::MAX as u64), Value::Int(i64::MAX));
        assert!(Value::from(i64::MAX as u64 + 1).defect().is_some());
    }

    #[test]
    fn nul_in_text_is_a_defect_because_postgresql_cannot_store_it() {
        assert!(Value::from("a\0b").defect().is_some());
        assert!(Value::from("ab").defect().is_none());
    }

    #[test]
    fn an_absent_option_is_null() {
        assert_eq!(params![None::<i64>, Some("x")], [Value::Null, Value::Text("x".into())]);
        assert_eq!(params![].len(), 0);
    }
}
