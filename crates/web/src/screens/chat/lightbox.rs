//! A picture over the whole screen: zoom, the next and the previous one; and files, as far as they can be shown.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use client::chat::{Body, FileView, MediaRef, Message, VideoView};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{
    Open,
    document::DocumentView,
    media::{Fetched, is_harmless, loading_words, media_words},
    message_in,
    save::SaveFile,
    writer::{writer_words, written_ms},
};
use crate::{
    clock,
    context::lang,
    i18n::Lang,
    platform,
    ui::{Icon, Picture, Stage},
};

/// How far a picture can be magnified.
const MOST: f64 = 6.0;
/// How far a finger goes to turn over or to put away.
const SWIPE_PX: f64 = 60.0;

/// Shows the row that was asked for.
#[component]
pub fn Lightbox() -> impl IntoView {
    let open = Open::get();
    let is_open = Memo::new(move |_| open.lightbox.with(Option::is_some));
    move || is_open.get().then(|| view! { <Shown/> })
}

fn pictures(open: Open) -> Vec<Arc<str>> {
    open.rows.with_untracked(|rows| {
        let is_picture = |row: &&crate::context::Keyed<client::chat::Row>| {
            row.row.with_untracked(|row| {
                message_in(row)
                    .is_some_and(|message| matches!(message.body, Body::Image(_) | Body::Video(_)))
            })
        };
        rows.iter().filter(is_picture).map(|row| row.key.clone()).collect()
    })
}

#[component]
fn Shown() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let close = Callback::new(move |()| open.lightbox.set(None));
    let turn = move |forward: bool| {
        let all = pictures(open);
        let here = open
            .lightbox
            .get_untracked()
            .and_then(|key| all.iter().position(|other| *other == key));
        let next =
            here.and_then(|here| if forward { here.checked_add(1) } else { here.checked_sub(1) });
        if let Some(key) = next.and_then(|next| all.get(next)) {
            open.lightbox.set(Some(key.clone()));
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "ArrowLeft" => turn(false),
        "ArrowRight" => turn(true),
        _ => {}
    };
    platform::listen::<web_sys::KeyboardEvent>(&window(), "keydown", on_key);
    let content = move || {
        let key = open.lightbox.get()?;
        let message = open.message(&key)?;
        let all = pictures(open);
        let here = all.iter().position(|other| *other == key);
        let written = platform::local_time(written_ms(&message));
        let exact = clock::exact(written, platform::now(), lang);
        let who = writer_words(&message, lang);
        let is_first = here.is_none_or(|here| here == 0);
        let is_last = here.is_none_or(|here| here + 1 == all.len());
        let caption = match &message.body {
            Body::Image(image) => image.caption.clone(),
            Body::Video(video) => video.caption.clone(),
            Body::File(file) => file.caption.clone(),
            _ => None,
        };
        Some(view! {
            <header>
                <button type="button" class="icon-button" aria-label=lang.close() data-testid="lightbox-close" on:click=move |_| close.run(())>
                    <Picture icon=Icon::Close/>
                </button>
                <span class="t">
                    <b class="cut">{who}</b>
                    <small>{exact}</small>
                </span>
                {here.filter(|_| all.len() > 1).map(|here| view! { <small data-testid="lightbox-count">{lang.picture_of(here + 1, all.len())}</small> })}
            </header>
            {content_of(&message, open, turn, close, lang)}
            <button type="button" class="icon-button arrow prev" aria-label=lang.previous_picture() hidden=is_first on:click=move |_| turn(false)>
                <Picture icon=Icon::Back/>
            </button>
            <button type="button" class="icon-button arrow next" aria-label=lang.next_picture() hidden=is_last on:click=move |_| turn(true)>
                <Picture icon=Icon::Forward/>
            </button>
            {caption.map(|caption| view! { <p class="caption">{caption}</p> })}
        })
    };
    view! {
        <Stage label=lang.open_picture() on_close=close testid="lightbox">
            {content}
        </Stage>
    }
}

fn content_of(
    message: &Message,
    open: Open,
    turn: impl Fn(bool) + Copy + Send + Sync + 'static,
    close: Callback<()>,
    lang: Lang,
) -> AnyView {
    match &message.body {
        Body::Image(image) => {
            let alt = image
                .caption
                .clone()
                .unwrap_or_else(|| lang.picture_from(&message.sender.person.name));
            let full = open.media.fetch(&image.full, Some("image/jpeg"));
            let preview = image
                .thumbnail
                .as_ref()
                .map(|thumbnail| open.media.fetch(thumbnail, Some("image/jpeg")));
            let shown = move || match (full.get(), preview.as_ref().map(ArcRwSignal::get)) {
                // The small one stands there until the large one has come.
                (Fetched::Loading(_), Some(Fetched::Here(url))) => Ok((url, false)),
                (Fetched::Here(url), _) => Ok((url, true)),
                (Fetched::Loading(progress), _) => Err(loading_words(progress, lang)),
                (Fetched::Failed(error), _) => Err(media_words(&error, lang)),
            };
            let shown = Memo::new(move |_| shown());
            (move || match shown.get() {
                Ok((url, is_whole)) => zoomable(url, is_whole, alt.clone(), turn, close).into_any(),
                Err(words) => view! { <div class="view"><p class="stage-note" role="status">{words}</p></div> }.into_any(),
            })
            .into_any()
        }
        Body::Video(video) => video_view(video, open, lang),
        Body::File(file) if is_pdf(file) => {
            view! { <DocumentView media=file.file.clone() name=file.name.clone()/> }.into_any()
        }
        Body::File(file) => {
            file_view(&file.file, file.name.clone(), file.mime.clone(), file.size_bytes, open, lang)
        }
        _ => ().into_any(),
    }
}

fn is_pdf(file: &FileView) -> bool {
    file.mime.as_deref() == Some("application/pdf") || file.name.to_lowercase().ends_with(".pdf")
}

/// A video, from memory: it is decrypted whole before it plays.
fn video_view(video: &VideoView, open: Open, lang: Lang) -> AnyView {
    let mime = video.mime.clone().filter(|mime| is_harmless(mime));
    let mime = mime.as_deref().unwrap_or("video/mp4");
    let fetched = open.media.fetch_sized(&video.file, Some(mime), video.size_bytes);
    let poster = video.poster.as_ref().map(|poster| open.media.fetch(poster, Some("image/jpeg")));
    let unplayable = RwSignal::new(false);
    let shown = move || match fetched.get() {
        _ if unplayable.get() => Err(lang.video_not_playable().to_owned()),
        Fetched::Loading(progress) => Err(loading_words(progress, lang)),
        Fetched::Failed(error) => Err(media_words(&error, lang)),
        Fetched::Here(url) => Ok(url),
    };
    view! {
        <div class="view">
            {move || match shown() {
                Err(words) => view! { <p class="stage-note" role="status" data-testid="video-note">{words}</p> }.into_any(),
                Ok(url) => {
                    let poster = poster.as_ref().and_then(|poster| match poster.get_untracked() {
                        Fetched::Here(url) => Some(url),
                        _ => None,
                    });
                    view! {
                        <video
                            src=url
                            poster=poster
                            controls
                            autoplay
                            playsinline
                            // No list of ways to save it or to send it elsewhere.
                            controlslist="nodownload noremoteplayback"
                            disablepictureinpicture
                            disableremoteplayback
                            class="whole"
                            data-testid="lightbox-video"
                            on:error=move |_| unplayable.set(true)
                        ></video>
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}

/// Files that the browser itself can show stay inside; all others say so.
fn file_view(
    media: &MediaRef,
    name: String,
    mime: Option<String>,
    size_bytes: Option<u64>,
    open: Open,
    lang: Lang,
) -> AnyView {
    let shown_here = mime.clone().filter(|mime| is_harmless(mime));
    let Some(mime) = shown_here else {
        let saved_as = name.clone();
        return view! {
            <div class="view">
                <div class="paper">
                    <Picture icon=Icon::Document/>
                    <b>{name}</b>
                    <span>{size_bytes.map(|bytes| lang.size(bytes))}</span>
                    <SaveFile media=media.clone() name=saved_as/>
                </div>
            </div>
        }
        .into_any();
    };
    let fetched = open.media.fetch_sized(media, Some(&mime), size_bytes);
    view! {
        <div class="view">
            {move || match fetched.get() {
                Fetched::Loading(progress) => view! { <p class="stage-note" role="status">{loading_words(progress, lang)}</p> }.into_any(),
                Fetched::Failed(error) => view! { <p class="stage-note" role="alert">{media_words(&error, lang)}</p> }.into_any(),
                Fetched::Here(url) if mime.starts_with("image/") => view! { <img src=url alt=name.clone()/> }.into_any(),
                Fetched::Here(url) if mime.starts_with("audio/") => view! { <audio src=url controls></audio> }.into_any(),
                Fetched::Here(url) => view! { <video src=url controls playsinline></video> }.into_any(),
            }}
        </div>
    }
    .into_any()
}

/// Where the picture lies below the fingers.
#[derive(Clone, Copy, PartialEq)]
struct View {
    scale: f64,
    x: f64,
    y: f64,
}

const WHOLE: View = View { scale: 1.0, x: 0.0, y: 0.0 };

impl View {
    /// Magnifies around a point of the frame, which stays where it is.
    fn zoomed(self, by: f64, (x, y): (f64, f64)) -> Self {
        let scale = (self.scale * by).clamp(1.0, MOST);
        if scale <= 1.0 {
            return WHOLE;
        }
        let by = scale / self.scale;
        Self { scale, x: x - (x - self.x) * by, y: y - (y - self.y) * by }
    }

    fn moved(self, dx: f64, dy: f64, (width, height): (f64, f64)) -> Self {
        let within = |value: f64, length: f64| value.clamp(length * (1.0 - self.scale), 0.0);
        Self { x: within(self.x + dx, width), y: within(self.y + dy, height), ..self }
    }
}

#[derive(Default)]
struct Fingers {
    down: Vec<(i32, (f64, f64))>,
    start: Option<(f64, f64)>,
}

/// A picture that can be magnified. `is_whole`: it is no small one that stands in for it.
fn zoomable(
    url: String,
    is_whole: bool,
    alt: String,
    turn: impl Fn(bool) + Copy + 'static,
    close: Callback<()>,
) -> impl IntoView {
    let place = RwSignal::new(WHOLE);
    let fingers = StoredValue::new_local(Rc::new(RefCell::new(Fingers::default())));
    let frame_of = |event: &web_sys::MouseEvent| {
        let element = event.current_target().map(JsCast::unchecked_into::<web_sys::Element>);
        let frame = element.map(|element| element.get_bounding_client_rect());
        frame.map_or((0.0, 0.0, 1.0, 1.0), |frame| {
            (frame.left(), frame.top(), frame.width(), frame.height())
        })
    };
    let point_of = move |event: &web_sys::MouseEvent| {
        let (left, top, ..) = frame_of(event);
        (f64::from(event.client_x()) - left, f64::from(event.client_y()) - top)
    };
    let wheel = move |event: web_sys::WheelEvent| {
        event.prevent_default();
        let point = point_of(&event);
        place.update(|place| *place = place.zoomed((-event.delta_y() / 300.0).exp(), point));
    };
    let double = move |event: web_sys::MouseEvent| {
        let point = point_of(&event);
        place.update(|place| {
            *place = if place.scale > 1.0 { WHOLE } else { place.zoomed(2.5, point) }
        });
    };
    let down = move |event: web_sys::PointerEvent| {
        let element: Option<web_sys::Element> = event.current_target().map(JsCast::unchecked_into);
        if let Some(element) = element {
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        let fingers = fingers.get_value();
        let mut fingers = fingers.borrow_mut();
        let point = point_of(&event);
        fingers.down.push((event.pointer_id(), point));
        fingers.start = (fingers.down.len() == 1).then_some(point);
    };
    let moved = move |event: web_sys::PointerEvent| {
        let fingers = fingers.get_value();
        let mut fingers = fingers.borrow_mut();
        let point = point_of(&event);
        let Some(at) = fingers.down.iter().position(|(id, _)| *id == event.pointer_id()) else {
            return;
        };
        let before = fingers.down[at].1;
        let other =
            fingers.down.iter().find(|(id, _)| *id != event.pointer_id()).map(|(_, point)| *point);
        fingers.down[at].1 = point;
        let (_, _, width, height) = frame_of(&event);
        match other {
            Some(other) => {
                let apart =
                    |point: (f64, f64)| (point.0 - other.0).hypot(point.1 - other.1).max(1.0);
                place.update(|place| *place = place.zoomed(apart(point) / apart(before), other));
            }
            None if place.get_untracked().scale > 1.0 => {
                place.update(|place| {
                    *place = place.moved(point.0 - before.0, point.1 - before.1, (width, height))
                });
            }
            None => {}
        }
    };
    let up = move |event: web_sys::PointerEvent| {
        let fingers = fingers.get_value();
        let point = point_of(&event);
        let start = {
            let mut fingers = fingers.borrow_mut();
            fingers.down.retain(|(id, _)| *id != event.pointer_id());
            fingers.start.take()
        };
        let Some(start) = start.filter(|_| place.get_untracked().scale <= 1.0) else { return };
        let (dx, dy) = (point.0 - start.0, point.1 - start.1);
        if dx.abs() > SWIPE_PX && dx.abs() > dy.abs() {
            turn(dx < 0.0);
        } else if dy > SWIPE_PX * 1.5 && event.pointer_type() == "touch" {
            close.run(());
        }
    };
    view! {
        <div
            class="view"
            class:zoomed=move || place.get() != WHOLE
            on:wheel=wheel
            on:dblclick=double
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=up
            on:pointercancel=up
        >
            <img
                src=url
                alt=alt
                draggable="false"
                aria-busy=(!is_whole).then_some("true")
                data-testid="lightbox-image"
                style:transform=move || {
                    let View { scale, x, y } = place.get();
                    format!("translate({x}px, {y}px) scale({scale})")
                }
            />
        </div>
    }
}
