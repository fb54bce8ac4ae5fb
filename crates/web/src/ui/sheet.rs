//! What lies above a screen: sheets, questions, and the black stage for pictures and camera.
//!
//! All are the browser's own modal dialogs: focus stays inside, what is below is inert, Escape and "back" close them.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::{Icon, Picture};
use crate::{context::Frame, i18n::Lang, platform};

/// Opens the dialog once it is there and lets "back" close it.
fn open_modally(dialog: NodeRef<html::Dialog>, on_close: Callback<()>) {
    let opener = document().active_element();
    dialog.on_load(move |dialog| {
        // Fails only if it is open already.
        let _ = dialog.show_modal();
    });
    Frame::get().nav.cover(move || on_close.run(()));
    let opener = StoredValue::new_local(opener);
    on_cleanup(move || {
        // The browser gives the focus back only to what opened the dialog itself and is still there.
        let opener = opener.try_get_value().flatten();
        if let Some(opener) =
            opener.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
        {
            leptos::task::spawn_local(async move {
                platform::sleep(std::time::Duration::from_millis(0)).await;
                let nothing_focused =
                    document().active_element().is_none_or(|active| active.tag_name() == "BODY");
                if nothing_focused && platform::has_keyboard() {
                    let _ = opener.focus();
                }
            });
        }
    });
}

/// A sheet: from below on a phone, in the middle on a desk. It closes by its cross, Escape, "back" or a tap beside it.
#[component]
pub fn Sheet(
    #[prop(into)] title: String,
    on_close: Callback<()>,
    #[prop(optional)] narrow: bool,
    #[prop(optional)] testid: &'static str,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    open_modally(dialog, on_close);
    let lang: Lang = crate::context::lang();
    let label = title.clone();
    view! {
        <dialog
            node_ref=dialog
            class="sheet"
            class:narrow=narrow
            aria-label=label
            data-testid=testid
            on:cancel=move |event: web_sys::Event| {
                event.prevent_default();
                on_close.run(());
            }
            on:click=move |event| {
                let is_beside = event.target() == event.current_target();
                if is_beside && !narrow_hit(&event) {
                    on_close.run(());
                }
            }
        >
            {(!narrow)
                .then(|| {
                    view! {
                        <header>
                            <h2>{title}</h2>
                            <button type="button" class="icon-button" aria-label=lang.close() data-testid="sheet-close" on:click=move |_| on_close.run(())>
                                <Picture icon=Icon::Close/>
                            </button>
                        </header>
                    }
                })}
            {children()}
        </dialog>
    }
}

/// Whether a click on the dialog itself fell inside its box (its padding), not beside it.
fn narrow_hit(event: &web_sys::MouseEvent) -> bool {
    let Some(dialog) =
        event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok())
    else {
        return false;
    };
    let frame = dialog.get_bounding_client_rect();
    let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
    (frame.left()..=frame.right()).contains(&x) && (frame.top()..=frame.bottom()).contains(&y)
}

/// A question with its consequence in words and one clear answer.
#[component]
pub fn Question(
    #[prop(into)] title: String,
    #[prop(into)] consequence: Vec<String>,
    #[prop(into)] answer: String,
    #[prop(optional)] danger: bool,
    on_answer: Callback<()>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = crate::context::lang();
    view! {
        <Sheet title on_close testid="question">
            <div class="body">{consequence.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}</div>
            <div class="buttons">
                <button type="button" class="button plain" data-testid="question-cancel" on:click=move |_| on_close.run(())>
                    {lang.cancel()}
                </button>
                <button
                    type="button"
                    class=if danger { "button danger" } else { "button primary" }
                    data-testid="question-answer"
                    on:click=move |_| on_answer.run(())
                >
                    {answer}
                </button>
            </div>
        </Sheet>
    }
}

/// The whole screen in black, for pictures and the camera.
#[component]
pub fn Stage(
    #[prop(into)] label: String,
    on_close: Callback<()>,
    #[prop(optional)] testid: &'static str,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    open_modally(dialog, on_close);
    view! {
        <dialog
            node_ref=dialog
            class="stage"
            aria-label=label
            data-testid=testid
            on:cancel=move |event: web_sys::Event| {
                event.prevent_default();
                on_close.run(());
            }
        >
            {children()}
        </dialog>
    }
}
