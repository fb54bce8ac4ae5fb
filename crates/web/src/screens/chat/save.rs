//! Saving a file on the device, where the hospital allows it (I.e): fetched and decrypted piece by piece, and there only once it is whole.

use client::{
    chat::{MediaError, MediaRef},
    large::Sink,
};
use futures_util::future::{AbortHandle, Abortable};
use js_sys::{Promise, Uint8Array};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{
    Open,
    media::{Whole, media_words},
};
use crate::{
    by_name::{call, get, object},
    context::{Desk, lang},
    i18n::Lang,
    platform,
};

/// Where a file is written.
pub(in crate::screens) enum Place {
    /// Into a file that the person has chosen. The browser puts it there when it is closed, and nothing if it is given up.
    Chosen(JsValue),
    /// Where the browser saves what is downloaded; it holds the pieces until then.
    Downloads(Whole),
}

impl Place {
    /// Asks for a place; `None` if the person wants none.
    pub async fn ask(name: &str) -> Option<Self> {
        if get(&window(), "showSaveFilePicker").is_undefined() {
            return Some(Self::Downloads(Whole::default()));
        }
        let options = object([("suggestedName", name.into())]);
        let handle =
            awaited(call(&window(), "showSaveFilePicker", &[options.into()])).await.ok()?;
        Some(Self::Chosen(awaited(call(&handle, "createWritable", &[])).await.ok()?))
    }

    pub async fn write(&self, piece: &[u8]) -> Option<()> {
        match self {
            Self::Chosen(file) => {
                let piece = Uint8Array::from(piece);
                awaited(call(file, "write", &[piece.into()])).await.ok().map(drop)
            }
            Self::Downloads(whole) => whole.add(piece),
        }
    }

    /// The file is whole: it is put in its place.
    pub async fn finish(self, name: &str) -> Option<()> {
        match self {
            Self::Chosen(file) => awaited(call(&file, "close", &[])).await.ok().map(drop),
            Self::Downloads(whole) => {
                let blob = whole.into_blob("application/octet-stream")?;
                let url = web_sys::Url::create_object_url_with_blob(&blob).ok()?;
                let link = document().create_element("a").ok()?;
                let link: web_sys::HtmlAnchorElement = link.dyn_into().ok()?;
                link.set_href(&url);
                link.set_download(name);
                link.click();
                // The browser reads it after this; it is let go of when that is surely done.
                spawn_local(async move {
                    platform::sleep(std::time::Duration::from_secs(600)).await;
                    let _ = web_sys::Url::revoke_object_url(&url);
                });
                Some(())
            }
        }
    }

    /// Nothing of it stays.
    pub async fn give_up(self) {
        if let Self::Chosen(file) = self {
            let _ = awaited(call(&file, "abort", &[])).await;
        }
    }
}

async fn awaited(promise: Result<JsValue, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::resolve(&promise?)).await
}

/// Where the saving stands.
#[derive(Clone, Debug, PartialEq)]
enum Saving {
    /// Nobody has asked for it.
    Not,
    Fetching {
        done_bytes: u64,
        size_bytes: u64,
        is_paused: bool,
    },
    Done,
    Failed(String),
}

const BEGUN: Saving = Saving::Fetching { done_bytes: 0, size_bytes: 0, is_paused: false };

impl Saving {
    fn is_fetching(&self) -> bool {
        matches!(self, Self::Fetching { .. })
    }
}

struct IntoPlace<'a> {
    place: &'a Place,
    state: RwSignal<Saving>,
}

impl Sink for IntoPlace<'_> {
    async fn take(
        &mut self,
        piece: Vec<u8>,
        done_bytes: u64,
        size_bytes: u64,
    ) -> Result<(), String> {
        self.place.write(&piece).await.ok_or("write")?;
        self.state.try_set(Saving::Fetching { done_bytes, size_bytes, is_paused: false });
        Ok(())
    }

    fn paused(&mut self) {
        self.state.try_update(|state| {
            if let Saving::Fetching { is_paused, .. } = state {
                *is_paused = true;
            }
        });
    }
}

/// The button that saves a file, or why there is none.
#[component]
pub fn SaveFile(media: MediaRef, #[prop(into)] name: String) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let allowed = RwSignal::new(None::<bool>);
    let state = RwSignal::new(Saving::Not);
    let abort = StoredValue::new_local(None::<AbortHandle>);
    let session = Desk::get().session();
    spawn_local(async move {
        let may = session.may_save().await;
        allowed.try_set(Some(may));
    });
    let stop = move || {
        if let Some(abort) = abort.try_get_value().flatten() {
            abort.abort();
        }
    };
    // Whoever closes the view stops it.
    platform::on_gone(stop);
    let save = Callback::new(move |()| {
        let (chat, media, name) = (open.chat(), media.clone(), name.clone());
        let (handle, registration) = AbortHandle::new_pair();
        abort.set_value(Some(handle));
        spawn_local(async move {
            // Asked within the click, as browsers want it.
            let Some(place) = Place::ask(&name).await else { return };
            state.try_set(BEGUN);
            let mut sink = IntoPlace { place: &place, state };
            let fetch = Abortable::new(chat.media_in_pieces(&media, &mut sink), registration);
            let end = match fetch.await {
                Ok(Ok(())) => match place.finish(&name).await {
                    Some(()) => Saving::Done,
                    None => Saving::Failed(lang.save_failed().into()),
                },
                Ok(Err(error)) => {
                    place.give_up().await;
                    Saving::Failed(match &error {
                        MediaError::Damaged => lang.file_damaged().into(),
                        MediaError::Gone => lang.file_gone().into(),
                        MediaError::Failed(code) if code == "write" => lang.save_failed().into(),
                        error => media_words(error, lang),
                    })
                }
                Err(_) => {
                    place.give_up().await;
                    Saving::Not
                }
            };
            state.try_set(end);
        });
    });
    let is_fetching = Memo::new(move |_| state.with(Saving::is_fetching));
    move || {
        match allowed.get() {
        None => ().into_any(),
        Some(false) => view! { <p class="stage-note">{lang.file_stays_inside()}</p> }.into_any(),
        Some(true) if is_fetching.get() => going(state, Callback::new(move |()| stop()), lang),
        Some(true) => view! {
            {move || note(&state.get(), lang)}
            <button type="button" class="stage-button" data-testid="save-file" on:click=move |_| save.run(())>
                {lang.save_file()}
            </button>
        }
        .into_any(),
    }
    }
}

fn note(state: &Saving, lang: Lang) -> AnyView {
    match state {
        Saving::Done => {
            view! { <p class="stage-note" role="status" data-testid="save-done">{lang.saved()}</p> }
                .into_any()
        }
        Saving::Failed(words) => {
            view! { <p class="stage-note" role="alert" data-testid="save-problem">{words.clone()}</p> }
                .into_any()
        }
        Saving::Not | Saving::Fetching { .. } => {
            view! { <p class="stage-note">{lang.file_not_shown()}" "{lang.save_outside()}</p> }
                .into_any()
        }
    }
}

/// How far it is, and how to stop it.
fn going(state: RwSignal<Saving>, stop: Callback<()>, lang: Lang) -> AnyView {
    let percent = Memo::new(move |_| match state.get() {
        Saving::Fetching { done_bytes, size_bytes, .. } => done_bytes * 100 / size_bytes.max(1),
        _ => 0,
    });
    let words = move || match state.get() {
        Saving::Fetching { is_paused: true, .. } => lang.save_paused().to_owned(),
        Saving::Fetching { size_bytes, .. } if size_bytes > 0 => {
            lang.fetching(percent.get(), size_bytes)
        }
        _ => lang.loading().to_owned(),
    };
    view! {
        <p class="stage-note" role="status" data-testid="save-progress" data-percent=move || percent.get().to_string()>{words}</p>
        <div class="progress save" aria-hidden="true">
            <i style:transform=move || format!("scaleX({})", percent.get() as f64 / 100.0)></i>
        </div>
        <button type="button" class="stage-button" data-testid="save-cancel" on:click=move |_| stop.run(())>
            {lang.save_cancel()}
        </button>
    }
    .into_any()
}
