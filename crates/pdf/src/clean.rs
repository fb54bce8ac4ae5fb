//! What a PDF's file says beside its pages, taken out (ISO 32000-2).
//!
//! The file is written anew from what its pages need: only objects that are reached from the catalog are copied, so earlier
//! versions, leftovers, comments and what stands before or behind the file are not in it. Content streams, fonts and
//! the coded pixels of pictures stay byte for byte what they were.

use std::collections::{BTreeSet, HashMap, HashSet};

use lopdf::{
    Dictionary, Document, LoadOptions, Object, ObjectId, SaveOptions, Stream, decode_text_string,
    xref::{XrefEntry, XrefRecovery, XrefType},
};

use crate::picture;

/// What one packed part of a file may unpack to, in bytes. Beyond, a phone's memory is at stake.
const MAX_UNPACKED: usize = 128 * 1024 * 1024;

/// Kinds of what a file says beside its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Author, title, program, dates (14.3.3).
    DocumentInfo,
    /// XMP, of the file or of parts of it (14.3.2).
    Xmp,
    /// Earlier versions of the file (7.5.6), and parts that nothing uses any more.
    Revisions,
    /// Small pictures of the pages (12.3.4).
    Thumbnail,
    /// What programs keep for themselves (14.5).
    ApplicationData,
    /// Who wrote an annotation and when (12.5.2, 12.5.6.2).
    AnnotationAuthors,
    /// When something was changed.
    Time,
    /// The file's own number (14.4).
    Identifier,
    /// What a picture's own file says, where nobody can say what it is.
    Other,
}

impl Kind {
    /// Its name in the report of what was taken out.
    pub fn name(self) -> &'static str {
        match self {
            Self::DocumentInfo => "document_info",
            Self::Xmp => "xmp",
            Self::Revisions => "revisions",
            Self::Thumbnail => "thumbnail",
            Self::ApplicationData => "application_data",
            Self::AnnotationAuthors => "annotation_authors",
            Self::Time => "time",
            Self::Identifier => "identifier",
            Self::Other => "other",
        }
    }
}

/// Why a file is not written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsItIs {
    /// It is signed, and the signature covers its bytes (12.8).
    Signed,
    /// It is encrypted (7.6), with a password for reading or against changes.
    Protected,
    /// It is no PDF, or a damaged one.
    Unreadable,
}

impl AsItIs {
    /// Its name in the report of what was taken out.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Protected => "protected",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What was found in a file.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// What it says beside its pages.
    pub kinds: BTreeSet<Kind>,
    /// What stays in it all the same, because nobody could read it.
    pub stays: BTreeSet<Kind>,
    /// Segments that were cut out of its JPEG pictures, one after the other.
    pub cut: Vec<u8>,
    /// Names of the files that are attached to it. They stay, as they are.
    pub attached: Vec<String>,
}

/// The file without what it says beside its pages, or why it has to stay as it is; and what was found in it.
pub fn clean(file: &[u8]) -> (Result<Vec<u8>, AsItIs>, Found) {
    let mut found = Found::default();
    let options =
        LoadOptions { max_decompressed_size: Some(MAX_UNPACKED), ..LoadOptions::default() };
    let Ok(mut document) = Document::load_mem_with_options(file, options) else {
        return (Err(AsItIs::Unreadable), found);
    };
    if document.is_encrypted() {
        return (Err(AsItIs::Protected), found);
    }
    let Ok(root) = document.trailer.get(b"Root").and_then(Object::as_reference) else {
        return (Err(AsItIs::Unreadable), found);
    };
    note_trailer(&document, &mut found);
    let used = reached(&document, &Object::Reference(root));
    let signed = used.iter().filter_map(|id| document.objects.get(id)).any(is_signature);
    let as_it_is = match document.was_encrypted() {
        true => Some(AsItIs::Protected),
        false if signed => Some(AsItIs::Signed),
        false if !is_whole(&document, &used) => Some(AsItIs::Unreadable),
        false => None,
    };
    let mut walk = Walk::over(&document);
    for id in &used {
        if let Some(object) = document.objects.get_mut(id) {
            walk.object(object, &mut found);
        }
    }
    match as_it_is {
        // What was found is not all that is in it.
        Some(AsItIs::Unreadable) => (Err(AsItIs::Unreadable), Found::default()),
        Some(reason) => (Err(reason), found),
        None => (rewritten(document, root).ok_or(AsItIs::Unreadable), found),
    }
}

/// A signature, or the rights that a program was given, with the bytes that it covers.
fn is_signature(object: &Object) -> bool {
    match object {
        Object::Dictionary(dictionary) => {
            dictionary.has(b"ByteRange") || dictionary.iter().any(|(_, value)| is_signature(value))
        }
        Object::Array(values) => values.iter().any(is_signature),
        _ => false,
    }
}

/// Notes what the file says about itself, and what its pages do not need.
fn note_trailer(document: &Document, found: &mut Found) {
    if document.trailer.has(b"ID") {
        found.kinds.insert(Kind::Identifier);
    }
    let used: HashSet<ObjectId> = ["Root", "Info", "Encrypt"]
        .iter()
        .filter_map(|key| document.trailer.get(key.as_bytes()).ok())
        .flat_map(|value| reached(document, value))
        .collect();
    // Containers of other objects, and what says where the first page's parts lie (annex F), are not content.
    let linearized = document.linearization.is_some();
    let is_structure = |object: &Object| match object {
        Object::Stream(stream) => {
            let hints = linearized && stream.dict.get(b"S").is_ok_and(|at| at.as_i64().is_ok());
            hints || stream.dict.has_type(b"ObjStm") || stream.dict.has_type(b"XRef")
        }
        Object::Dictionary(dictionary) => dictionary.has(b"Linearized"),
        _ => false,
    };
    let leftover = document
        .objects
        .iter()
        .any(|(id, object)| !used.contains(id) && !is_structure(object) && !object.is_null());
    if leftover || document.revision_count() > 1 {
        found.kinds.insert(Kind::Revisions);
    }
    if document.trailer.has(b"Info") {
        found.kinds.insert(Kind::DocumentInfo);
    }
}

/// Whether everything that the pages need was read.
fn is_whole(document: &Document, used: &[ObjectId]) -> bool {
    let listed = &document.reference_table.entries;
    let lost = |id: &ObjectId| match document.objects.get(id) {
        // A reference to what does not exist means nothing (7.3.10); what is listed and was not read is lost.
        None => matches!(
            listed.get(&id.0),
            Some(XrefEntry::Normal { .. } | XrefEntry::Compressed { .. })
        ),
        Some(Object::Stream(stream)) => {
            let length = stream.dict.get(b"Length").and_then(|length| document.dereference(length));
            let length = length.ok().and_then(|(_, length)| length.as_i64().ok()).unwrap_or(0);
            stream.content.is_empty() && length > 0
        }
        Some(_) => false,
    };
    // What was pieced together by searching the file can come from an earlier version.
    document.xref_recovery != Some(XrefRecovery::Reconstructed)
        && document.page_iter().next().is_some()
        && !used.iter().any(lost)
}

/// Everything that is referred to from here, whether it exists or not, in the order in which it is met.
fn reached(document: &Document, from: &Object) -> Vec<ObjectId> {
    fn references(object: &Object, note: &mut dyn FnMut(ObjectId)) {
        match object {
            Object::Reference(id) => note(*id),
            Object::Array(values) => values.iter().for_each(|value| references(value, note)),
            Object::Dictionary(dictionary) => {
                dictionary.iter().for_each(|(_, value)| references(value, note));
            }
            Object::Stream(stream) => {
                stream.dict.iter().for_each(|(_, value)| references(value, note));
            }
            _ => {}
        }
    }
    let (mut order, mut seen) = (Vec::new(), HashSet::new());
    let mut note = |id: ObjectId, order: &mut Vec<ObjectId>| {
        if seen.insert(id) {
            order.push(id);
        }
    };
    references(from, &mut |id| note(id, &mut order));
    let mut next = 0;
    while let Some(id) = order.get(next).copied() {
        if let Some(object) = document.objects.get(&id) {
            references(object, &mut |id| note(id, &mut order));
        }
        next += 1;
    }
    order
}

/// Goes through all objects and takes out of each what does not belong to a page.
struct Walk {
    /// What is drawn: a name in a page's list of pictures may be any word.
    drawn: HashSet<ObjectId>,
    /// Plain values that streams refer to for their filters.
    filters: HashMap<ObjectId, Object>,
    /// Attached files that were named already.
    attached: HashSet<Option<ObjectId>>,
}

impl Walk {
    fn over(document: &Document) -> Self {
        let is_drawn = |object: &Object| {
            let Object::Stream(stream) = object else { return false };
            let kind = stream.dict.get(b"Subtype").and_then(Object::as_name);
            matches!(kind, Ok(b"Image" | b"Form")) || stream.dict.has_type(b"XObject")
        };
        let drawn = document.objects.iter().filter(|(_, object)| is_drawn(object));
        let filters = document.objects.values().filter_map(|object| {
            let filter = object.as_stream().ok()?.dict.get(b"Filter").ok()?;
            let id = filter.as_reference().ok()?;
            Some((id, document.objects.get(&id)?.clone()))
        });
        Self {
            drawn: drawn.map(|(id, _)| *id).collect(),
            filters: filters.collect(),
            attached: HashSet::new(),
        }
    }

    fn object(&mut self, object: &mut Object, found: &mut Found) {
        match object {
            Object::Array(values) => values.iter_mut().for_each(|value| self.object(value, found)),
            Object::Dictionary(dictionary) => self.dictionary(dictionary, found),
            Object::Stream(stream) => {
                self.dictionary(&mut stream.dict, found);
                self.picture(stream, found);
                // Its length may have stood in another object.
                stream.dict.set("Length", stream.content.len() as i64);
            }
            _ => {}
        }
    }

    fn dictionary(&mut self, dictionary: &mut Dictionary, found: &mut Found) {
        let of_kind = |key: &[u8], kinds: &[&[u8]]| {
            dictionary.get(key).and_then(Object::as_name).is_ok_and(|name| kinds.contains(&name))
        };
        let is_annotation = dictionary.has(b"Rect") && of_kind(b"Subtype", &ANNOTATIONS);
        let is_widget = dictionary.has(b"Rect") && of_kind(b"Subtype", &[b"Widget"]);
        let is_page = of_kind(b"Type", &[b"Page"]);
        let is_attached = of_kind(b"Type", &[b"EmbeddedFile"]);
        let drawn = |value: &Object| value.as_reference().is_ok_and(|id| self.drawn.contains(&id));
        let keys: Vec<(Vec<u8>, Kind)> = dictionary
            .iter()
            .filter_map(|(key, value)| {
                let kind = match key.as_slice() {
                    b"Metadata" if !drawn(value) => Kind::Xmp,
                    b"PieceInfo" | b"SpiderInfo" | b"CreatorInfo" | b"DPM" if !drawn(value) => {
                        Kind::ApplicationData
                    }
                    b"LastModified" => Kind::Time,
                    b"Thumb" if is_page => Kind::Thumbnail,
                    b"ID" if is_page => Kind::Identifier,
                    b"T" | b"NM" if is_annotation => Kind::AnnotationAuthors,
                    b"M" | b"CreationDate" if is_annotation || is_widget => Kind::AnnotationAuthors,
                    // LaTeX writes the information of a PDF that it took in beside the drawing.
                    key if key.starts_with(b"PTEX.") => Kind::DocumentInfo,
                    key if key.starts_with(b"AAPL:") => Kind::ApplicationData,
                    _ => return None,
                };
                Some((key.clone(), kind))
            })
            .collect();
        for (key, kind) in keys {
            // In its place, since order can matter to readers.
            dictionary.as_hashmap_mut().shift_remove(&key);
            found.kinds.insert(kind);
        }
        if is_attached && let Ok(Object::Dictionary(facts)) = dictionary.get_mut(b"Params") {
            for key in [&b"CreationDate"[..], b"ModDate", b"Mac"] {
                if facts.remove(key).is_some() {
                    found.kinds.insert(Kind::Time);
                }
            }
        }
        if let Ok(Object::Dictionary(file)) = dictionary.get(b"EF") {
            let file = file.iter().find_map(|(_, file)| file.as_reference().ok());
            let name = ["UF", "F"]
                .iter()
                .find_map(|key| decode_text_string(dictionary.get(key.as_bytes()).ok()?).ok());
            if self.attached.insert(file) {
                found.attached.push(name.unwrap_or_default());
            }
        }
        dictionary.iter_mut().for_each(|(_, value)| self.object(value, found));
    }

    /// Takes out of a picture what its own file says.
    fn picture(&self, stream: &mut Stream, found: &mut Found) {
        let filter = stream.dict.get(b"Filter").cloned().unwrap_or(Object::Null);
        let filter = match filter {
            Object::Reference(id) => self.filters.get(&id).cloned().unwrap_or(Object::Null),
            filter => filter,
        };
        let filters = match filter {
            Object::Array(filters) => filters,
            Object::Null => return,
            one => vec![one],
        };
        let Some((last, before)) = filters.split_last() else { return };
        let is_jpeg = match last.as_name() {
            Ok(b"DCTDecode" | b"DCT") => true,
            Ok(b"JPXDecode") => false,
            _ => return,
        };
        // Some files pack what is packed already.
        let unpacked = (!before.is_empty()).then(|| {
            let mut outer = Stream::new(stream.dict.clone(), stream.content.clone());
            outer.dict.set("Filter", before.to_vec());
            outer.decompressed_content_with_limit(MAX_UNPACKED)
        });
        let file = match &unpacked {
            None => stream.content.as_slice(),
            Some(Ok(file)) => file,
            Some(Err(_)) => {
                found.stays.insert(Kind::Other);
                return;
            }
        };
        let mut cut = Vec::new();
        let cleaned = match is_jpeg {
            true => match picture::jpeg(file, &mut cut) {
                Some(cleaned) => (cleaned.len() < file.len()).then_some(cleaned),
                None => {
                    found.stays.insert(Kind::Other);
                    return;
                }
            },
            false => picture::jpeg2000(file),
        };
        let Some(cleaned) = cleaned else { return };
        // What cannot be named by its segments: small copies, what stood behind the end, boxes.
        if cut.is_empty() {
            found.kinds.insert(Kind::Other);
        } else if found.cut.len() < MOST_CUT {
            // Beyond, pictures of one camera say much the same.
            found.cut.append(&mut cut);
        }
        if !before.is_empty() {
            let parameters = stream.dict.remove(b"DecodeParms");
            let own = match parameters {
                Some(Object::Array(mut all)) if all.len() == filters.len() => all.pop(),
                _ => None,
            };
            if let Some(own) = own.filter(|own| !own.is_null()) {
                stream.dict.set("DecodeParms", own);
            }
            stream.dict.set("Filter", last.clone());
        }
        stream.set_content(cleaned);
    }
}

/// So many bytes are kept of what was cut out of pictures, to name it.
const MOST_CUT: usize = 1024 * 1024;

/// Annotations (12.5.6.1) that carry who wrote them. In the fields of forms, `T` is the field's name.
const ANNOTATIONS: [&[u8]; 26] = [
    b"Text",
    b"Link",
    b"FreeText",
    b"Line",
    b"Square",
    b"Circle",
    b"Polygon",
    b"PolyLine",
    b"Highlight",
    b"Underline",
    b"Squiggly",
    b"StrikeOut",
    b"Caret",
    b"Stamp",
    b"Ink",
    b"Popup",
    b"FileAttachment",
    b"Sound",
    b"Movie",
    b"Screen",
    b"PrinterMark",
    b"Watermark",
    b"3D",
    b"Redact",
    b"Projection",
    b"RichMedia",
];

/// A new file of what is reached from the catalog, numbered anew.
fn rewritten(mut old: Document, root: ObjectId) -> Option<Vec<u8>> {
    let order = reached(&old, &Object::Reference(root));
    let exists = order.into_iter().filter(|id| old.objects.contains_key(id));
    let numbers: HashMap<ObjectId, u32> =
        exists.enumerate().map(|(at, id)| (id, at as u32 + 1)).collect();
    let mut new = Document::new();
    for (id, number) in &numbers {
        let mut object = old.objects.remove(id)?;
        renumber(&mut object, &numbers);
        new.objects.insert((*number, 0), object);
    }
    new.max_id = numbers.len() as u32;
    new.trailer.set("Root", Object::Reference((*numbers.get(&root)?, 0)));
    // Whatever else stood in the first lines does not belong there.
    new.version = match old.version.as_bytes() {
        [major @ b'1'..=b'2', b'.', minor @ b'0'..=b'9'] => {
            format!("{}.{}", char::from(*major), char::from(*minor))
        }
        _ => "1.7".into(),
    };
    new.binary_mark = vec![0xE2, 0xE3, 0xCF, 0xD3];
    // As compact as it was.
    let packed = matches!(old.reference_table.cross_reference_type, XrefType::CrossReferenceStream);
    new.reference_table.cross_reference_type = old.reference_table.cross_reference_type;
    drop(old);
    let options = SaveOptions {
        use_object_streams: packed,
        use_xref_streams: packed,
        ..SaveOptions::default()
    };
    let mut file = Vec::new();
    new.save_with_options(&mut file, options).ok()?;
    Some(file)
}

fn renumber(object: &mut Object, numbers: &HashMap<ObjectId, u32>) {
    match object {
        Object::Reference(id) => match numbers.get(id) {
            Some(number) => *id = (*number, 0),
            None => *object = Object::Null,
        },
        Object::Array(values) => values.iter_mut().for_each(|value| renumber(value, numbers)),
        Object::Dictionary(dictionary) => {
            dictionary.iter_mut().for_each(|(_, value)| renumber(value, numbers));
        }
        Object::Stream(stream) => {
            stream.dict.iter_mut().for_each(|(_, value)| renumber(value, numbers));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
    const PAGES: &str = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
    const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>";
    const CONTENT: &str = "<</Length 27>>stream\n0 0 600 800 re f % a comment\nendstream";

    /// A file of these objects, numbered from 1, whose last version's trailer says this.
    fn file(objects: &[&str], trailer: &str) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n% secret comment\n".to_vec();
        let numbered: Vec<(usize, &str)> =
            objects.iter().enumerate().map(|(at, object)| (at + 1, *object)).collect();
        section(&mut file, &numbered, objects.len() + 1, &format!("/Root 1 0 R{trailer}"));
        file
    }

    /// Adds a version of some objects.
    fn section(file: &mut Vec<u8>, objects: &[(usize, &str)], size: usize, trailer: &str) {
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        for (number, object) in objects {
            table += &format!("{number} 1\n{:010} 00000 n \n", file.len());
            file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
        }
        let start = file.len();
        file.extend(table.bytes());
        file.extend(
            format!("trailer<</Size {size}{trailer}>>\nstartxref\n{start}\n%%EOF\n").bytes(),
        );
    }

    fn has(file: &[u8], word: &str) -> bool {
        file.windows(word.len()).any(|window| window == word.as_bytes())
    }

    fn cleaned(file: &[u8]) -> (Vec<u8>, Found) {
        let (result, found) = clean(file);
        (result.expect("it is written anew"), found)
    }

    #[test]
    fn what_stands_beside_the_pages_is_gone_and_named() {
        let xmp = "<</Type/Metadata/Subtype/XML/Length 6>>stream\nsecret\nendstream";
        let original = file(
            &[
                "<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R/PieceInfo<</X<</Private(secret)>>>>>>",
                PAGES,
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Thumb 7 0 R/LastModified(secret)\
                 /Resources<</XObject<</Metadata 8 0 R>>>>/Annots[\
                 <</Type/Annot/Subtype/Text/Rect[0 0 9 9]/T(secret)/M(secret)/Contents(Bitte lesen)>>\
                 <</Subtype/Widget/Rect[0 0 9 9]/FT/Tx/T(Feld)/M(secret)>>]>>",
                CONTENT,
                "<</Author(secret)/Producer(secret)>>",
                xmp,
                "<</Length 6>>stream\nsecret\nendstream",
                "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/PTEX.InfoDict<</Author(secret)>>/Metadata 6 0 R/Length 4>>stream\nq Q \nendstream",
            ],
            "/Info 5 0 R/ID[<736563726574><736563726574>]",
        );
        let (new, found) = cleaned(&original);
        assert!(has(&original, "secret") && !has(&new, "secret") && !has(&new, "736563726574"));
        for kept in ["0 0 600 800 re f % a comm", "(Feld)", "(Bitte lesen)", "q Q "] {
            assert!(has(&new, kept), "{kept} is lost");
        }
        let all = [
            Kind::DocumentInfo,
            Kind::Xmp,
            Kind::Thumbnail,
            Kind::ApplicationData,
            Kind::AnnotationAuthors,
            Kind::Time,
            Kind::Identifier,
        ];
        assert_eq!(found.kinds, BTreeSet::from(all));
        // A form that is called like a key is drawn all the same.
        assert!(has(&new, "/Metadata"));
        let (_, found) = cleaned(&new);
        assert_eq!(found, Found::default(), "a clean file has nothing more to give");
    }

    #[test]
    fn earlier_versions_and_leftovers_are_gone() {
        let first = CONTENT.replace("a comment", "secret123");
        let mut original = file(&[CATALOG, PAGES, PAGE, &first], "");
        let table = original.windows(5).position(|word| word == b"xref\n").expect("a table");
        section(&mut original, &[(4, CONTENT)], 5, &format!("/Root 1 0 R/Prev {table}"));
        let (new, found) = cleaned(&original);
        assert!(has(&original, "secret123") && !has(&new, "secret123") && has(&new, "a comm"));
        assert!(found.kinds.contains(&Kind::Revisions));

        let (new, found) = cleaned(&file(&[CATALOG, PAGES, PAGE, CONTENT, "(leftover)"], ""));
        assert!(!has(&new, "leftover"));
        assert_eq!(found.kinds, BTreeSet::from([Kind::Revisions]));
    }

    #[test]
    fn what_is_signed_or_damaged_stays_as_it_is() {
        let signed = CATALOG.replace("/Pages", "/AcroForm<</Fields[<</FT/Sig/V 5 0 R>>]>>/Pages");
        let signature = "<</Type/Sig/ByteRange[0 1 2 3]/Contents<00>/Name(Meyer)>>";
        let (result, found) =
            clean(&file(&[&signed, PAGES, PAGE, CONTENT, signature], "/ID[(a)(a)]"));
        assert_eq!(
            (result, found.kinds),
            (Err(AsItIs::Signed), BTreeSet::from([Kind::Identifier]))
        );

        let whole = file(&[CATALOG, PAGES, PAGE, CONTENT], "");
        assert_eq!(clean(b"%PDF-1.7\nno more").0, Err(AsItIs::Unreadable));
        assert_eq!(clean(&whole[..whole.len() / 2]).0, Err(AsItIs::Unreadable));
        // The content is listed, and something else stands there.
        let lost = String::from_utf8(whole.clone()).expect("text").replace("4 0 obj", "4 0 xyz");
        assert_eq!(clean(lost.as_bytes()).0, Err(AsItIs::Unreadable));
        for at in 0..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] ^= 0x15;
            let _ = clean(&wrong);
        }
    }

    #[test]
    fn attached_files_stay_and_are_named_once() {
        let catalog =
            "<</Type/Catalog/Pages 2 0 R/AF[5 0 R]/Names<</EmbeddedFiles<</Names[(x)5 0 R]>>>>>>";
        let spec = "<</Type/Filespec/F(labor.xml)/UF(labor.xml)/EF<</F 6 0 R/UF 6 0 R>>>>";
        let attached = "<</Type/EmbeddedFile/Params<</ModDate(secret)/Size 5>>/Length 5>>stream\n<xml>\nendstream";
        let (new, found) = cleaned(&file(&[catalog, PAGES, PAGE, CONTENT, spec, attached], ""));
        assert_eq!(found.attached, ["labor.xml"]);
        assert!(has(&new, "<xml>") && !has(&new, "secret"));
    }

    #[test]
    fn pictures_lose_what_their_files_say_also_when_they_are_packed_twice() {
        let jpeg = "FFD8FFE1000B457869660000736563FFDA000201FFD9>";
        let image = format!(
            "<</Subtype/Image/Width 1/Height 1/Filter[/ASCIIHexDecode/DCTDecode]/DecodeParms[null<</ColorTransform 0>>]/Length {}>>stream\n{jpeg}\nendstream",
            jpeg.len()
        );
        let page = PAGE.replace("/Contents", "/Resources<</XObject<</I 5 0 R>>>>/Contents");
        let (new, found) = cleaned(&file(&[CATALOG, PAGES, &page, CONTENT, &image], ""));
        assert_eq!(found.cut, b"\xFF\xE1\x00\x0BExif\0\0sec");
        let document = Document::load_mem(&new).expect("a PDF");
        let image = document.objects.values().find_map(|object| {
            let stream = object.as_stream().ok()?;
            stream.dict.has(b"Width").then_some(stream)
        });
        let image = image.expect("the picture");
        assert!(
            image.dict.get(b"Filter").and_then(Object::as_name).is_ok_and(|it| it == b"DCTDecode")
        );
        assert!(image.dict.get(b"DecodeParms").and_then(Object::as_dict).is_ok());
        assert!(image.content.ends_with(b"\xFF\xD9") && !has(&image.content, "Exif"));
    }
}
