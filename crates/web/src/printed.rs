//! Printing a page of its own; the style sheet hides the app meanwhile. Browsers offer to keep it as a PDF instead.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Prints these elements, one below the other: tag, class and text of each.
pub fn print(elements: impl IntoIterator<Item = (&'static str, &'static str, String)>) {
    let Some(body) = document().body() else { return };
    let Ok(page) = document().create_element("div") else { return };
    page.set_class_name("print-only");
    for (tag, class, text) in elements {
        let Ok(element) = document().create_element(tag) else { continue };
        element.set_class_name(class);
        element.set_text_content(Some(&text));
        let _ = page.append_child(&element);
    }
    let _ = body.append_child(&page);
    // A modal dialog lies above the page even on paper: it steps aside for the moment of printing.
    let dialog = document()
        .query_selector("dialog[open]")
        .ok()
        .flatten()
        .and_then(|dialog| dialog.dyn_into::<web_sys::HtmlDialogElement>().ok());
    if let Some(dialog) = &dialog {
        dialog.close();
    }
    let _ = window().print();
    if let Some(dialog) = dialog {
        let _ = dialog.show_modal();
    }
    page.remove();
}
