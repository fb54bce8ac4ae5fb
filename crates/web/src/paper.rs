//! Photographed pages as one document: a PDF whose pages are the photos, as they are (ISO 32000-1, 7.4.8 `DCTDecode`).

use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};

/// DIN A4 in points (1/72 inch).
const SHORT_PT: f32 = 595.28;
const LONG_PT: f32 = 841.89;

/// A photographed page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The photo, in colour.
    pub jpeg: Vec<u8>,
    /// Its size in pixels.
    pub size_px: (u32, u32),
}

/// The document: each photo fills a sheet of A4, upright or lying, as far as its form lets it. It carries no author, no
/// title and no time.
pub fn document(pages: &[Page]) -> Vec<u8> {
    const PHOTO: Name<'static> = Name(b"P");
    let mut pdf = Pdf::new();
    let (catalog, tree) = (Ref::new(1), Ref::new(2));
    pdf.catalog(catalog).pages(tree);
    // Page, photo and content of each.
    let refs = |at: usize| [0, 1, 2].map(|part| Ref::new(3 + 3 * at as i32 + part));
    pdf.pages(tree).kids((0..pages.len()).map(|at| refs(at)[0])).count(pages.len() as i32);
    for (at, page) in pages.iter().enumerate() {
        let [page_ref, photo_ref, content_ref] = refs(at);
        let (width, height) = (page.size_px.0.max(1) as f32, page.size_px.1.max(1) as f32);
        let sheet = if width > height { (LONG_PT, SHORT_PT) } else { (SHORT_PT, LONG_PT) };
        let scale = (sheet.0 / width).min(sheet.1 / height);
        let (wide, high) = (width * scale, height * scale);

        let mut entry = pdf.page(page_ref);
        entry.parent(tree);
        entry.media_box(Rect::new(0.0, 0.0, sheet.0, sheet.1));
        entry.contents(content_ref);
        entry.resources().x_objects().pair(PHOTO, photo_ref);
        entry.finish();

        let mut photo = pdf.image_xobject(photo_ref, &page.jpeg);
        photo.filter(Filter::DctDecode);
        photo.width(page.size_px.0 as i32).height(page.size_px.1 as i32);
        photo.color_space().device_rgb();
        photo.bits_per_component(8);
        photo.finish();

        let mut content = Content::new();
        content.transform([wide, 0.0, 0.0, high, (sheet.0 - wide) / 2.0, (sheet.1 - high) / 2.0]);
        content.x_object(PHOTO);
        pdf.stream(content_ref, &content.finish());
    }
    pdf.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_photo_is_a_page_and_lies_in_it_as_it_is() {
        let upright = Page { jpeg: b"\xFF\xD8upright".to_vec(), size_px: (2400, 3200) };
        let lying = Page { jpeg: b"\xFF\xD8lying".to_vec(), size_px: (3200, 2400) };
        let file = document(&[upright, lying]);
        let has = |part: &[u8]| file.windows(part.len()).any(|window| window == part);
        assert!(file.starts_with(b"%PDF-"));
        assert!(has(b"\xFF\xD8upright") && has(b"\xFF\xD8lying"));
        assert!(has(b"/Count 2") && has(b"/DCTDecode"));
        assert!(has(b"[0 0 595.28 841.89]") && has(b"[0 0 841.89 595.28]"), "as the photos lie");
        for word in [&b"/Info"[..], b"Producer", b"CreationDate", b"/ID"] {
            assert!(!has(word), "{word:?}");
        }
    }
}
