//! Attachments in the chat: fetched and decrypted into memory, shown from there, let go with the chat.

use std::collections::HashMap;

use client::{
    Chat,
    chat::{FileView, ImageView, MediaError, MediaRef, OwnState, VideoView},
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
    /// Being fetched.
    Loading,
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

    /// The attachment; fetched now if it was not before or could not be.
    pub fn fetch(self, media: &MediaRef, mime: Option<&str>) -> ArcRwSignal<Fetched> {
        if let Some(known) = self.known.with_value(|known| known.get(media).cloned()) {
            if matches!(known.get_untracked(), Fetched::Failed(MediaError::NoConnection)) {
                self.start(media, mime, known.clone());
            }
            return known;
        }
        let fetched = ArcRwSignal::new(Fetched::Loading);
        self.known.update_value(|known| drop(known.insert(media.clone(), fetched.clone())));
        self.start(media, mime, fetched.clone());
        fetched
    }

    fn start(self, media: &MediaRef, mime: Option<&str>, into: ArcRwSignal<Fetched>) {
        into.set(Fetched::Loading);
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

fn object_url(bytes: &[u8], mime: Option<&str>) -> Option<String> {
    // Only kinds that cannot run anything: SVG and HTML come as plain bytes.
    let mime = mime.filter(|mime| is_harmless(mime)).unwrap_or("application/octet-stream");
    let blob = platform::blob(bytes, mime)?;
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
                Fetched::Loading => view! { <span class="centre bone" aria-hidden="true"></span> }.into_any(),
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
                Some(Fetched::Loading) => view! { <span class="centre bone" aria-hidden="true"></span> }.into_any(),
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
) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let opened = key.clone();
    let size = file.size_bytes.map(|bytes| lang.size(bytes));
    let small = move || match own.get() {
        Some(OwnState::Queued { progress_percent: Some(percent) }) => lang.uploading(percent),
        _ => size.clone().unwrap_or_else(|| lang.file().to_owned()),
    };
    view! {
        <button type="button" class="file-card" data-testid="file" on:click=move |_| open.lightbox.set(Some(opened.clone()))>
            <span class="kind">
                <Picture icon=Icon::Document/>
            </span>
            <b class="cut" data-testid="file-name">{file.name.clone()}</b>
            <small>{small}</small>
        </button>
        <UploadBar own key/>
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
