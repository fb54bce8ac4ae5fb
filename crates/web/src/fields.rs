//! What is typed must not rest on the disk in clear (I.e): a browser writes the fields of its pages into the file by which it opens them again
//! after a crash, except those that say `autocomplete`.

use std::{fs, path::Path};

/// Fields in which nothing is typed.
const NOT_TYPED: [&str; 5] =
    ["type=\"file\"", "type=\"time\"", "type=\"checkbox\"", "type=\"radio\"", "type=\"range\""];

/// The tags of all fields in a source text.
fn fields(source: &str) -> Vec<&str> {
    let starts = source.match_indices("<textarea").chain(source.match_indices("<input"));
    let tag = |(at, _): (usize, &str)| {
        let rest = &source[at..];
        let ends = [rest.find("/>"), rest.find("></textarea>")].into_iter().flatten().min();
        ends.map(|ends| &rest[..ends])
    };
    starts.filter_map(tag).collect()
}

fn look(directory: &Path, forgotten: &mut Vec<String>, seen: &mut usize) {
    for entry in fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            look(&path, forgotten, seen);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("fields.rs") {
            let source = fs::read_to_string(&path).expect("it can be read");
            for field in fields(&source) {
                *seen += 1;
                let is_typed = !NOT_TYPED.iter().any(|kind| field.contains(kind));
                if is_typed && !field.contains("autocomplete=") {
                    forgotten.push(format!("{}: {field}", path.display()));
                }
            }
        }
    }
}

#[test]
fn no_field_lets_the_browser_write_down_what_is_typed() {
    let (mut forgotten, mut seen) = (Vec::new(), 0);
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut forgotten, &mut seen);
    assert!(seen > 20, "the fields are found");
    assert_eq!(forgotten, Vec::<String>::new());
}
