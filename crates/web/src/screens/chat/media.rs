//! Attachments in the chat: fetched and decrypted into memory, shown from there, let go with the chat.

use std::collections::HashMap;

use client::{
    Chat,
    chat::{FileView, ImageView, MediaError, MediaRef, OwnState, VideoView},
    large::{self, OnItsWay, Sink, Step},
};
use leptos::{prelude::*, task::spawn_local};

use super::Open;
use crate::{
    context::lang,
    i18n::Lang,
    platform,
    ui::{Icon, Picture},
    wav,
};

/// An attachment on its way from the server to the screen.
#[derive(Clone, PartialEq)]
pub enum Fetched {
    /// Being fetched; of what is large, percent of how many bytes have come.
    Loading(Option<(u64, u64)>),
    /// Here, under an address that only this page understands.
    Here(String),
    /// Not to be had.
    Failed(MediaError),
}

/// Attachments that were fetched for this chat.
#[derive(Clone, Copy)]
pub struct MediaCache {
    chat: StoredValue<Chat, LocalStorage>,
    known: StoredValue<HashMap<MediaRef, ArcRwSignal<Fetched>>, LocalStorage>,
}

impl MediaCache {
    /// Empty; everything in it is let go with the owner.
    pub fn new(chat: Chat) -> Self {
        let this = Self {
            chat: StoredValue::new_local(chat),
            known: StoredValue::new_local(HashMap::new()),
        };
        on_cleanup(move || {
            this.known.try_update_value(|known| {
                for fetched in known.drain().map(|(_, fetched)| fetched) {
                    if let Fetched::Here(url) = fetched.get_untracked() {
                        let _ = web_sys::Url::revoke_object_url(&url);
                    }
                }
            });
        });
        this
    }

    /// As [`MediaCache::fetch`], piece by piece if it is large: then only the browser holds it, outside of the app's own memory.
    pub fn fetch_sized(
        self,
        media: &MediaRef,
        mime: Option<&str>,
        size_bytes: Option<u64>,
    ) -> ArcRwSignal<Fetched> {
        let is_new = self.known.with_value(|known| !known.contains_key(media));
        if !is_new || size_bytes.is_none_or(|size| size < large::FROM_BYTES) {
            return self.fetch(media, mime);
        }
        let fetched = ArcRwSignal::new(Fetched::Loading(None));
        self.known.update_value(|known| drop(known.insert(media.clone(), fetched.clone())));
        let (chat, media, into) = (self.chat.get_value(), media.clone(), fetched.clone());
        let mime = harmless_or_bytes(mime).to_owned();
        let known = self.known;
        spawn_local(async move {
            let mut shown = Shown { whole: Whole::default(), into: into.clone(), known };
            let result = chat.media_in_pieces(&media, &mut shown).await;
            if known.try_with_value(|_| ()).is_none() {
                return;
            }
            let whole = shown.whole;
            let url = |whole: Whole| {
                web_sys::Url::create_object_url_with_blob(&whole.into_blob(&mime)?).ok()
            };
            into.set(match result {
                Ok(()) => url(whole).map_or(Fetched::Failed(MediaError::Damaged), Fetched::Here),
                Err(error) => Fetched::Failed(error),
            });
        });
        fetched
    }

    /// The attachment; fetched now if it was not before or could not be.
    pub fn fetch(self, media: &MediaRef, mime: Option<&str>) -> ArcRwSignal<Fetched> {
        if let Some(known) = self.known.with_value(|known| known.get(media).cloned()) {
            if matches!(known.get_untracked(), Fetched::Failed(MediaError::NoConnection)) {
                self.start(media, mime, known.clone());
            }
            return known;
        }
        let fetched = ArcRwSignal::new(Fetched::Loading(None));
        self.known.update_value(|known| drop(known.insert(media.clone(), fetched.clone())));
        self.start(media, mime, fetched.clone());
        fetched
    }

    fn start(self, media: &MediaRef, mime: Option<&str>, into: ArcRwSignal<Fetched>) {
        into.set(Fetched::Loading(None));
        let (chat, media, mime) = (self.chat.get_value(), media.clone(), mime.map(str::to_owned));
        let known = self.known;
        spawn_local(async move {
            let result = chat.media(&media).await;
            // A chat that was closed meanwhile would never let go of the address.
            if known.try_with_value(|_| ()).is_none() {
                return;
            }
            into.set(match result {
                Ok(bytes) => object_url(&bytes, mime.as_deref())
                    .map_or(Fetched::Failed(MediaError::Damaged), Fetched::Here),
                Err(error) => Fetched::Failed(error),
            });
        });
    }
}

/// The pieces of an attachment, each of which the browser holds.
#[derive(Default)]
pub struct Whole(js_sys::Array);

impl Whole {
    /// Adds a piece.
    pub fn add(&self, piece: &[u8]) -> Option<()> {
        self.0.push(&platform::blob(piece, "")?.into());
        Some(())
    }

    /// The attachment, once all is there.
    pub fn into_blob(self, mime: &str) -> Option<web_sys::Blob> {
        let options = web_sys::BlobPropertyBag::new();
        options.set_type(mime);
        web_sys::Blob::new_with_blob_sequence_and_options(&self.0, &options).ok()
    }
}

/// A large attachment on its way to the screen.
struct Shown {
    whole: Whole,
    into: ArcRwSignal<Fetched>,
    known: StoredValue<HashMap<MediaRef, ArcRwSignal<Fetched>>, LocalStorage>,
}

impl Sink for Shown {
    async fn take(
        &mut self,
        piece: Vec<u8>,
        done_bytes: u64,
        size_bytes: u64,
    ) -> Result<(), String> {
        // Nobody waits for it in a chat that was closed.
        self.known.try_with_value(|_| ()).ok_or("closed")?;
        self.whole.add(&piece).ok_or("memory")?;
        let percent = done_bytes * 100 / size_bytes.max(1);
        let now = Fetched::Loading(Some((percent, size_bytes)));
        if self.into.get_untracked() != now {
            self.into.set(now);
        }
        Ok(())
    }
}

/// What stands there while an attachment is fetched.
pub fn loading_words(progress: Option<(u64, u64)>, lang: Lang) -> String {
    match progress {
        Some((percent, size_bytes)) => lang.fetching(percent, size_bytes),
        None => lang.loading().to_owned(),
    }
}

/// Only kinds that cannot run anything: SVG and HTML come as plain bytes.
fn harmless_or_bytes(mime: Option<&str>) -> &str {
    mime.filter(|mime| is_harmless(mime)).unwrap_or("application/octet-stream")
}

fn object_url(bytes: &[u8], mime: Option<&str>) -> Option<String> {
    let blob = platform::blob(bytes, harmless_or_bytes(mime))?;
    web_sys::Url::create_object_url_with_blob(&blob).ok()
}

/// Kinds of files that the app shows by itself.
pub fn is_harmless(mime: &str) -> bool {
    let raster = matches!(
        mime,
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" | "image/avif" | "image/bmp"
    );
    raster || mime.starts_with("audio/") || mime.starts_with("video/")
}

/// Words for an attachment that cannot be had.
pub fn media_words(error: &MediaError, lang: Lang) -> String {
    match error {
        MediaError::NoConnection => lang.picture_offline().into(),
        MediaError::Gone => lang.picture_gone().into(),
        MediaError::Damaged => lang.picture_damaged().into(),
        MediaError::Failed(code) => lang.failed_with(code),
    }
}

/// Width to height of a place in a bubble. What is very long or wide is cut there, and whole in the big view.
fn ratio(size_px: Option<(u32, u32)>) -> f64 {
    let known = size_px.filter(|(width, height)| *width > 0 && *height > 0);
    let (width, height) = known.unwrap_or((4, 3));
    (f64::from(width) / f64::from(height)).clamp(0.66, 2.4)
}

/// A picture in a bubble. Its place is reserved before it is there.
#[component]
pub fn ImageBubble(
    image: ImageView,
    key: std::sync::Arc<str>,
    #[prop(into)] label: String,
) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let shown = image.thumbnail.clone().unwrap_or_else(|| image.full.clone());
    let fetched = StoredValue::new(open.media.fetch(&shown, Some("image/jpeg")));
    let ratio = ratio(image.size_px);
    let alt = image.caption.clone().unwrap_or_else(|| label.clone());
    let title = format!("{}: {alt}", lang.open_picture());
    let again = shown.clone();
    let click = move |_| match fetched.with_value(ArcRwSignal::get_untracked) {
        Fetched::Failed(MediaError::NoConnection) => {
            drop(open.media.fetch(&again, Some("image/jpeg")))
        }
        _ => open.lightbox.set(Some(key.clone())),
    };
    view! {
        <button
            type="button"
            class="picture"
            style:aspect-ratio=format!("{ratio}")
            aria-label=title
            data-testid="image"
            on:click=click
        >
            {move || match fetched.with_value(ArcRwSignal::get) {
                Fetched::Loading(_) => view! { <span class="centre bone" aria-hidden="true"></span> }.into_any(),
                Fetched::Here(url) => view! { <img src=url alt=alt.clone() draggable="false" data-testid="image-shown"/> }.into_any(),
                Fetched::Failed(error) => {
                    view! {
                        <span class="centre">
                            <Picture icon=Icon::Image/>
                            {media_words(&error, lang)}
                        </span>
                    }
                        .into_any()
                }
            }}
        </button>
    }
}

/// A video in a bubble: a still out of it, and how long it is. It plays in the big view.
#[component]
pub fn VideoBubble(
    video: VideoView,
    key: std::sync::Arc<str>,
    #[prop(into)] label: String,
) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let poster = video.poster.as_ref().map(|poster| open.media.fetch(poster, Some("image/jpeg")));
    let poster = StoredValue::new(poster);
    let ratio = ratio(video.size_px);
    let length = video.duration_ms.map(wav::length);
    let size = video.size_bytes.map(|bytes| lang.size(bytes));
    let facts = [length, size].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let title = format!("{} {label}, {facts}", lang.play());
    view! {
        <button
            type="button"
            class="picture video"
            style:aspect-ratio=format!("{ratio}")
            aria-label=title
            data-testid="video"
            on:click=move |_| open.lightbox.set(Some(key.clone()))
        >
            {move || match poster.with_value(|poster| poster.as_ref().map(ArcRwSignal::get)) {
                Some(Fetched::Here(url)) => {
                    view! { <img src=url alt="" draggable="false" data-testid="video-still"/> }.into_any()
                }
                Some(Fetched::Loading(_)) => view! { <span class="centre bone" aria-hidden="true"></span> }.into_any(),
                // Without a still, a dark ground stands for it.
                Some(Fetched::Failed(_)) | None => ().into_any(),
            }}
            <span class="play" aria-hidden="true">
                <Picture icon=Icon::Play/>
            </span>
            <small class="facts" aria-hidden="true">{facts.clone()}</small>
        </button>
    }
}

/// A file in a bubble: name, size, and how far it is on its way.
#[component]
pub fn FileBubble(
    file: FileView,
    key: std::sync::Arc<str>,
    own: Memo<Option<OwnState>>,
    way: Memo<Option<OnItsWay>>,
) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let opened = key.clone();
    let size = file.size_bytes.map(|bytes| lang.size(bytes));
    let small = move || match (way.get(), own.get()) {
        (Some(way), _) => way_words(way, lang),
        (None, Some(OwnState::Queued { progress_percent: Some(percent) })) => {
            lang.uploading(percent)
        }
        _ => size.clone().unwrap_or_else(|| lang.file().to_owned()),
    };
    // What is on its way out can be opened where it came from.
    let click = move |_| {
        if way.with_untracked(Option::is_none) {
            open.lightbox.set(Some(opened.clone()));
        }
    };
    let step = move || way.get().map(|way| format!("{:?}", way.step).to_lowercase());
    view! {
        <button type="button" class="file-card" data-testid="file" data-step=step on:click=click>
            <span class="kind">
                <Picture icon=Icon::Document/>
            </span>
            <b class="cut" data-testid="file-name">{file.name.clone()}</b>
            <small data-testid="file-progress">{small}</small>
        </button>
        <UploadBar own key/>
    }
}

/// How far a large file is on its way out.
fn way_words(way: OnItsWay, lang: Lang) -> String {
    let percent = way.done_bytes * 100 / way.size_bytes.max(1);
    match way.step {
        Step::Sealing => lang.sealing(percent, way.size_bytes),
        Step::Waiting => lang.file_waits().to_owned(),
        Step::Sending => lang.sending_large(percent, way.size_bytes),
        Step::Paused => lang.paused_large(percent, way.size_bytes),
    }
}

/// How far an attachment is on its way out.
#[component]
pub fn UploadBar(own: Memo<Option<OwnState>>, key: std::sync::Arc<str>) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let waits = Memo::new(move |_| matches!(own.get(), Some(OwnState::Queued { .. })));
    let cancel = Callback::new(move |()| {
        let Some(message) = open.message(&key) else { return };
        open.attempt(async move |chat| chat.delete(&message.id).await);
    });
    let bar = move || match own.get() {
        Some(OwnState::Queued { progress_percent: Some(percent) }) => {
            let scale = format!("scaleX({})", f64::from(percent.min(100)) / 100.0);
            Some(view! {
                <div class="progress" role="progressbar" aria-label=lang.uploading(percent) aria-valuenow=percent.to_string() aria-valuemin="0" aria-valuemax="100">
                    <i style:transform=scale></i>
                </div>
            })
        }
        _ => None,
    };
    move || {
        waits
            .get()
            .then(|| {
                view! {
                    <div class="uploading">
                        <div class="grow">{bar}</div>
                        <button type="button" class="icon-button" aria-label=lang.cancel_upload() title=lang.cancel_upload() data-testid="upload-cancel" on:click=move |_| cancel.run(())>
                            <Picture icon=Icon::Close class="small"/>
                        </button>
                    </div>
                }
            })
    }
}
