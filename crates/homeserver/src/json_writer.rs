//! Writes JSON answers as bytes: stored events are spliced in as they are and never parsed again.

/// Writes a JSON string, with its quotes.
pub fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string is JSON, and a vector takes it");
}

/// Writes a whole number.
pub fn number(out: &mut Vec<u8>, number: u64) {
    use std::io::Write;
    write!(out, "{number}").expect("a vector takes it");
}

/// An object that is being written; it is closed when dropped.
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    /// Opens an object.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Begins a member: the value is what is written next.
    pub fn key(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(b',');
        }
        string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// A member whose value is JSON already.
    pub fn raw(&mut self, name: &str, json: &[u8]) {
        self.key(name).extend_from_slice(json);
    }

    /// A text member.
    pub fn text(&mut self, name: &str, text: &str) {
        string(self.key(name), text);
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, value: u64) {
        number(self.key(name), value);
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.raw(name, if value { b"true" } else { b"false" });
    }

    /// A member that is an object.
    pub fn object(&mut self, name: &str) -> Object<'_> {
        Object::new(self.key(name))
    }

    /// A member that is an array.
    pub fn array(&mut self, name: &str) -> Array<'_> {
        Array::new(self.key(name))
    }

    /// A member that is left out if nothing is written into it.
    pub fn object_unless_empty(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let (mark, was_empty) = (self.out.len(), self.is_empty);
        let mut object = self.object(name);
        fill(&mut object);
        let nothing = object.is_empty;
        drop(object);
        if nothing {
            self.out.truncate(mark);
            self.is_empty = was_empty;
        }
    }

    /// Makes room for what comes.
    pub fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.out.push(b'}');
    }
}

/// An array that is being written; it is closed when dropped.
pub struct Array<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Array<'a> {
    /// Opens an array.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, is_empty: true }
    }

    /// Begins an element: the value is what is written next.
    pub fn item(&mut self) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(b',');
        }
        self.out
    }
}

impl Drop for Array<'_> {
    fn drop(&mut self) {
        self.out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut out = Vec::new();
        {
            let mut object = Object::new(&mut out);
            object.text("text\"", "a \"quoted\"\nline");
            object.object_unless_empty("left_out", |_| {});
            object.object_unless_empty("kept", |object| object.number("number", 7));
            let mut array = object.array("events");
            array.item().extend_from_slice(b"{}");
            number(array.item(), u64::MAX);
            drop(array);
            object.flag("flag", true);
        }
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let expected = serde_json::json!({
            "text\"": "a \"quoted\"\nline", "kept": { "number": 7 }, "events": [{}, u64::MAX], "flag": true,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn what_is_left_out_first_leaves_no_comma() {
        let mut out = Vec::new();
        let mut object = Object::new(&mut out);
        object.object_unless_empty("left_out", |_| {});
        object.flag("flag", false);
        drop(object);
        assert_eq!(out, b"{\"flag\":false}");
    }
}
