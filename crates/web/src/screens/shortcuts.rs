//! Keyboard shortcuts, and the sheet that lists them.

use std::cell::RefCell;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::{
    context::{Desk, Frame, lang},
    platform,
    route::Route,
    ui::Sheet,
};

thread_local! {
    /// How the open chat begins its search; there is one open chat at most.
    static SEARCH_CHAT: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// The open chat says how its search begins, until it is closed.
pub fn on_search_chat(begin: impl Fn() + 'static) {
    SEARCH_CHAT.with(|slot| *slot.borrow_mut() = Some(Box::new(begin)));
    platform::on_gone(|| SEARCH_CHAT.with(|slot| *slot.borrow_mut() = None));
}

/// Listens for shortcuts and shows the list of them when it is asked for.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let nav = Frame::get().nav;
    let desk = Desk::get();
    let shown = RwSignal::new(false);
    platform::listen::<web_sys::KeyboardEvent>(&window(), "keydown", move |event| {
        let command = event.ctrl_key() || event.meta_key();
        let dialog_open =
            document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some());
        if dialog_open || event.is_composing() {
            return;
        }
        match (command, event.alt_key(), event.shift_key(), event.key().as_str()) {
            (true, false, false, "k" | "K") => focus_search(nav),
            (true, false, true, "f" | "F") => {
                SEARCH_CHAT.with(|slot| {
                    if let Some(begin) = slot.borrow().as_ref() {
                        begin();
                    }
                });
            }
            (true, false, _, "/" | "7") => shown.set(true),
            (false, true, false, "n" | "N") => nav.go(Route::NewChat),
            (false, true, false, "ArrowDown") => step(desk, nav, true),
            (false, true, false, "ArrowUp") => step(desk, nav, false),
            _ => return,
        }
        event.prevent_default();
    });
    let close = Callback::new(move |()| shown.set(false));
    move || shown.get().then(|| view! { <ShortcutSheet on_close=close/> })
}

fn focus_search(nav: crate::navigation::Navigation) {
    let focus = || {
        let field = document().query_selector("[data-testid=\"room-search\"]").ok().flatten();
        match field.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
            Some(field) if field.offset_parent().is_some() => field.focus().is_ok(),
            _ => false,
        }
    };
    if focus() {
        return;
    }
    nav.go(Route::Chats);
    spawn_local(async move {
        platform::sleep(std::time::Duration::from_millis(60)).await;
        focus();
    });
}

/// The next or the previous chat of the list.
fn step(desk: Desk, nav: crate::navigation::Navigation, down: bool) {
    let here = nav.route().with_untracked(|route| route.chat().map(str::to_owned));
    let next = desk.rooms.with_untracked(|rooms| {
        let shown: Vec<_> = rooms.rows.iter().filter(|row| !row.archived).collect();
        let at = here.and_then(|here| shown.iter().position(|row| row.id.as_str() == here));
        let next = match (at, down) {
            (None, _) => Some(0),
            (Some(at), true) => at.checked_add(1),
            (Some(at), false) => at.checked_sub(1),
        };
        next.and_then(|next| shown.get(next)).map(|row| row.id.to_string())
    });
    if let Some(next) = next {
        nav.go(Route::Chat(next));
    }
}

/// All shortcuts.
#[component]
pub fn ShortcutSheet(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let (ctrl, alt) = (lang.key_ctrl(), lang.key_alt());
    let list = [
        (format!("{ctrl} K"), lang.shortcut_search()),
        (format!("{ctrl} ⇧ F"), lang.shortcut_search_chat()),
        (format!("{alt} N"), lang.shortcut_new()),
        (format!("{alt} ↓"), lang.shortcut_next()),
        (format!("{alt} ↑"), lang.shortcut_previous()),
        ("↑".to_owned(), lang.shortcut_edit()),
        ("↑ ↓".to_owned(), lang.shortcut_rows()),
        (lang.key_enter().to_owned(), lang.shortcut_menu()),
        (format!("{ctrl} /"), lang.shortcut_help()),
    ];
    let rows = list
        .into_iter()
        .map(|(keys, what)| {
            view! {
                <div>
                    <dt>{what}</dt>
                    <dd>
                        {keys.split(' ').map(|key| view! { <kbd>{key.to_owned()}</kbd> }).collect_view()}
                    </dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <Sheet title=lang.shortcuts() on_close testid="shortcuts">
            <dl class="shortcuts">{rows}</dl>
        </Sheet>
    }
}
