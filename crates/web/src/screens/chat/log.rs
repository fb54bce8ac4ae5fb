//! The rows of a chat and where one is in them. What is being read never moves by itself.

use std::{cell::RefCell, rc::Rc, time::Duration};

use client::{
    Connection,
    chat::{Body, ScrollBack},
};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};

use super::{Open, message::RowView, message_in};
use crate::{
    context::{Desk, lang},
    platform,
    ui::{Icon, Picture},
};

/// So near to the end counts as the end.
const NEAR_END_PX: f64 = 80.0;
/// So near to the beginning older rows are fetched.
const NEAR_START_PX: f64 = 900.0;

/// Where one is in the log.
struct Position {
    /// The newest row is in sight and stays so.
    at_end: bool,
    /// How far down one was when last looked at.
    top_px: i32,
    /// The first row in sight and how far below the upper edge it begins.
    anchor: Option<(web_sys::Element, f64)>,
}

/// The log's elements, with the arithmetic of scrolling.
#[derive(Clone)]
struct Frame {
    outer: web_sys::HtmlElement,
    inner: web_sys::HtmlElement,
    position: Rc<RefCell<Position>>,
}

impl Frame {
    fn below(&self) -> f64 {
        f64::from(self.outer.scroll_height() - self.outer.scroll_top() - self.outer.client_height())
    }

    fn to_end(&self) {
        self.outer.set_scroll_top(self.outer.scroll_height());
        let mut position = self.position.borrow_mut();
        position.at_end = true;
        position.top_px = self.outer.scroll_top();
    }

    /// Remembers what is in sight.
    fn look(&self) {
        let top = self.outer.get_bounding_client_rect().top();
        let rows = self.inner.children();
        // Rows stand below each other, so the first in sight is found by halving.
        let (mut low, mut high) = (0, rows.length());
        while low < high {
            let middle = u32::midpoint(low, high);
            let above =
                rows.item(middle).is_some_and(|row| row.get_bounding_client_rect().bottom() <= top);
            if above { low = middle + 1 } else { high = middle }
        }
        let anchor = rows.item(low).map(|row| {
            let offset = row.get_bounding_client_rect().top() - top;
            (row, offset)
        });
        let top_px = self.outer.scroll_top();
        let mut position = self.position.borrow_mut();
        // Only going up leaves the end. Rows that came since the last look make the end recede, and then the browser
        // tells of an earlier movement before the new size: that is not going anywhere.
        let follows = position.at_end && top_px >= position.top_px;
        *position = Position { at_end: follows || self.below() < NEAR_END_PX, top_px, anchor };
    }

    /// Puts back what was in sight, after something changed its size or came above it.
    fn hold(&self) {
        let at_end = self.position.borrow().at_end;
        if at_end {
            return self.to_end();
        }
        let moved = match &self.position.borrow().anchor {
            Some((row, offset)) if row.is_connected() => {
                row.get_bounding_client_rect().top()
                    - self.outer.get_bounding_client_rect().top()
                    - offset
            }
            _ => 0.0,
        };
        if moved.abs() >= 1.0 {
            self.outer.set_scroll_top(self.outer.scroll_top() + moved.round() as i32);
        }
    }

    fn find(&self, key: &str) -> Option<web_sys::Element> {
        let rows = self.inner.children();
        (0..rows.length())
            .filter_map(|at| rows.item(at))
            .find(|row| row.get_attribute("data-key").as_deref() == Some(key))
    }
}

/// The log.
#[component]
pub fn Log() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let outer = NodeRef::<html::Div>::new();
    let inner = NodeRef::<html::Div>::new();
    let frame = StoredValue::new_local(None::<Frame>);
    let at_end = RwSignal::new(true);
    let news = RwSignal::new(0_usize);
    let with_frame = move |act: &dyn Fn(&Frame)| {
        if let Some(frame) = frame.try_get_value().flatten() {
            act(&frame);
        }
    };

    let read_up_to_here = move || {
        if at_end.get_untracked() && platform::is_visible() {
            news.set(0);
            let chat = open.chat();
            spawn_local(async move { chat.mark_read().await });
        }
    };
    let fetch_older = move || {
        if open.scroll_back.get_untracked() == ScrollBack::More {
            let chat = open.chat();
            spawn_local(async move { chat.load_older().await });
        }
    };
    let look = move || {
        with_frame(&|frame| {
            frame.look();
            let is_end = frame.position.borrow().at_end;
            if at_end.get_untracked() != is_end {
                at_end.set(is_end);
            }
            if is_end && news.get_untracked() > 0 {
                read_up_to_here();
            }
            if f64::from(frame.outer.scroll_top()) < NEAR_START_PX {
                fetch_older();
            }
        });
    };

    // Once both elements are there: start at what is new, else at the end; from then on hold what is in sight.
    Effect::new(move |_| {
        let (Some(outer), Some(inner)) = (outer.get(), inner.get()) else { return };
        if frame.with_value(Option::is_some) {
            return;
        }
        let position = Rc::new(RefCell::new(Position { at_end: true, top_px: 0, anchor: None }));
        let made = Frame { outer: outer.into(), inner: inner.into(), position };
        let watched = made.clone();
        let on_resize = Closure::<dyn FnMut()>::new(move || {
            watched.hold();
            look();
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(on_resize.as_ref().unchecked_ref()) {
            observer.observe(&made.inner);
            observer.observe(&made.outer);
            platform::on_gone(move || {
                observer.disconnect();
                drop(on_resize);
            });
        }
        if let Ok(Some(marker)) = made.inner.query_selector(".newline") {
            let into_sight = marker.get_bounding_client_rect().top()
                - made.outer.get_bounding_client_rect().top()
                - 80.0;
            made.outer.set_scroll_top(made.outer.scroll_top() + into_sight as i32);
            made.look();
        } else {
            made.to_end();
        }
        at_end.set(made.position.borrow().at_end);
        frame.set_value(Some(made));
        read_up_to_here();
    });
    platform::listen::<web_sys::Event>(&document(), "visibilitychange", move |_| read_up_to_here());

    // What comes: count it if it is out of sight, read it out, and tell the others that it was seen.
    let newest =
        StoredValue::new(open.rows.with_untracked(|rows| rows.last().map(|row| row.key.clone())));
    let announcement = Desk::get().announcement;
    Effect::new(move |_| {
        let (last, fresh) = open.rows.with(|rows| {
            let seen = newest.get_value();
            let after = seen
                .and_then(|seen| rows.iter().rposition(|row| row.key == seen))
                .map_or(rows.len(), |at| at + 1);
            let fresh: Vec<_> = rows[after..]
                .iter()
                .filter_map(|row| {
                    row.row.with_untracked(|row| {
                        // What comes from elsewhere is no news.
                        let is_news =
                            |it: &&client::chat::Message| !it.sender.is_me && it.imported.is_none();
                        message_in(row).filter(is_news).cloned()
                    })
                })
                .collect();
            (rows.last().map(|row| row.key.clone()), fresh)
        });
        newest.set_value(last);
        if let Some(message) = fresh.last() {
            let text = match &message.body {
                Body::Text { text, .. } => text.as_str(),
                Body::Image(_) => lang.photo(),
                Body::Video(_) => lang.video(),
                Body::File(_) => lang.file(),
                Body::Voice(_) => lang.voice_message(),
                Body::Poll(poll) => poll.question.as_str(),
                Body::Contact(person) => person.name.as_str(),
                Body::Urgent(urgent) => urgent.text.as_str(),
                _ => "",
            };
            announcement.set(format!(
                "{} {}: {text}",
                lang.new_message_from(),
                message.sender.person.name
            ));
        }
        if !fresh.is_empty() {
            news.update(|news| *news += fresh.len());
        }
        read_up_to_here();
    });

    Effect::new(move |before: Option<u64>| {
        let sent = open.sent.get();
        if before.is_some_and(|before| before != sent) {
            with_frame(&Frame::to_end);
        }
        sent
    });
    Effect::new(move |_| {
        let Some(key) = open.jump.get() else { return };
        with_frame(&|frame| {
            if let Some(row) = frame.find(&key) {
                frame.position.borrow_mut().at_end = false;
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Center);
                row.scroll_into_view_with_scroll_into_view_options(&options);
                frame.look();
            }
        });
        spawn_local(async move {
            platform::sleep(Duration::from_millis(1500)).await;
            open.jump.try_update(|jump| {
                if jump.as_ref() == Some(&key) {
                    *jump = None;
                }
            });
        });
    });
    // What could not be loaded without the server comes by itself once it answers again.
    let connection = Desk::get().connection;
    Effect::new(move |_| {
        let is_online = connection.get() == Connection::Online;
        if is_online && open.scroll_back.get_untracked() == ScrollBack::Failed {
            let chat = open.chat();
            spawn_local(async move { chat.load_older().await });
        }
    });
    // After older rows came there may still be room above.
    Effect::new(move |_| {
        if open.scroll_back.get() == ScrollBack::More {
            spawn_local(async move {
                platform::sleep(Duration::from_millis(60)).await;
                look();
            });
        }
    });

    view! {
        <div class="log-frame">
            <div
                node_ref=outer
                class="log"
                role="region"
                aria-label=lang.messages()
                tabindex="0"
                data-testid="log"
                on:scroll=move |_| look()
                on:keydown=move_between_rows
            >
                <div node_ref=inner class="log-inner">
                    <Above/>
                    <For each=move || open.rows.get() key=|row| row.key.clone() children=move |row| view! { <RowView keyed=row/> }/>
                </div>
            </div>
            {move || {
                (!at_end.get())
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="to-bottom"
                                class:news=move || news.get() != 0
                                title=lang.to_newest()
                                data-testid="to-bottom"
                                on:click=move |_| {
                                    with_frame(&Frame::to_end);
                                    look();
                                    read_up_to_here();
                                }
                            >
                                <Picture icon=Icon::Down class="small"/>
                                {move || match news.get() {
                                    0 => view! { <span class="sr">{lang.to_newest()}</span> }.into_any(),
                                    n => view! { <span>{lang.new_below(n)}</span> }.into_any(),
                                }}
                            </button>
                        }
                    })
            }}
        </div>
        <div class="typing" aria-live="polite" data-testid="typing">
            {move || {
                let names: Vec<String> = open.header.with(|header| header.typing.iter().map(|person| person.name.clone()).collect());
                (!names.is_empty())
                    .then(|| {
                        view! {
                            <span class="dots" aria-hidden="true">
                                <i></i>
                                <i></i>
                                <i></i>
                            </span>
                            <span class="cut">{lang.writing(&names)}</span>
                        }
                    })
            }}
        </div>
    }
}

/// What stands above the oldest row.
#[component]
fn Above() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let again = move |_| {
        let chat = open.chat();
        spawn_local(async move { chat.load_older().await });
    };
    move || {
        match open.scroll_back.get() {
        ScrollBack::More | ScrollBack::Beginning => ().into_any(),
        ScrollBack::Loading => view! {
            <div class="more" role="status" data-testid="loading-older">
                <Picture icon=Icon::Spinner class="spin"/>
                <span class="sr">{lang.loading()}</span>
            </div>
        }
        .into_any(),
        ScrollBack::Failed => view! {
            <p class="system" data-testid="older-failed">
                {lang.older_failed()}
                <button type="button" class="button plain" data-testid="older-retry" on:click=again>{lang.retry()}</button>
            </p>
        }
        .into_any(),
    }
    }
}

/// Arrow keys go from message to message; Enter on one opens what can be done with it.
fn move_between_rows(event: web_sys::KeyboardEvent) {
    let up = match event.key().as_str() {
        "ArrowUp" => true,
        "ArrowDown" => false,
        _ => return,
    };
    let Some(log) =
        event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok())
    else {
        return;
    };
    let Ok(rows) = log.query_selector_all("article") else { return };
    let focused = document().active_element();
    let row = |at: u32| rows.item(at).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
    let here = (0..rows.length()).find(|at| {
        row(*at)
            .is_some_and(|row| focused.as_ref().is_some_and(|focused| row.contains(Some(focused))))
    });
    let next = match (here, up) {
        (None, true) => rows.length().checked_sub(1),
        (None, false) => None,
        (Some(at), true) => at.checked_sub(1),
        (Some(at), false) => Some(at + 1),
    };
    if let Some(next) = next.and_then(row) {
        event.prevent_default();
        let _ = next.focus();
    }
}
