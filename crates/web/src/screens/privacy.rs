//! The hospital's privacy notice: shown once at the first sign-in and after each change, and at any time from the settings (I.a).
//!
//! It informs and asks for nothing: whichever way the sheet is left, it was shown.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;

use crate::{
    context::{Desk, lang},
    i18n::Lang,
    platform::{self, list_in, text_in},
    ui::{Icon, Picture, RowBones, Sheet},
};

/// The notice in the app's language.
#[derive(Clone, PartialEq)]
pub struct Notice {
    version: String,
    title: String,
    sections: Vec<(String, Vec<String>)>,
}

impl Notice {
    async fn fetch(lang: Lang) -> Option<Self> {
        let data = platform::data(&format!("/_konsil/privacy?lang={}", lang.tag())).await?;
        let section = |section: &JsValue| {
            let paragraphs = list_in(section, "paragraphs");
            let paragraphs = paragraphs.iter().filter_map(JsValue::as_string).collect();
            Some((text_in(section, "heading")?, paragraphs))
        };
        Some(Self {
            version: text_in(&data, "version")?,
            title: text_in(&data, "title")?,
            sections: list_in(&data, "sections").iter().filter_map(section).collect(),
        })
    }
}

/// Whether there is a notice that this person was not shown yet.
#[derive(Clone, PartialEq)]
pub enum NoticeState {
    /// It is being asked.
    Looking,
    /// This one is new.
    New(Notice),
    /// It was shown before.
    Shown,
    /// Without network nobody knows; the next start asks again.
    Unknown,
}

impl NoticeState {
    /// A word for the page.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Looking => "looking",
            Self::New(_) => "new",
            Self::Shown => "shown",
            Self::Unknown => "unknown",
        }
    }
}

/// Asks whether there is a notice that this person was not shown yet.
pub fn look_for_notice(desk: Desk) -> RwSignal<NoticeState> {
    let state = RwSignal::new(NoticeState::Looking);
    let session = desk.session();
    let lang = lang();
    spawn_local(async move {
        let found = match (Notice::fetch(lang).await, session.shown_notice().await) {
            (Some(notice), Ok(shown)) if shown.as_deref() != Some(&notice.version) => {
                NoticeState::New(notice)
            }
            (Some(_), Ok(_)) => NoticeState::Shown,
            _ => NoticeState::Unknown,
        };
        state.try_set(found);
    });
    state
}

/// A notice that is new to this person.
#[component]
pub fn NewNotice(state: RwSignal<NoticeState>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let seen = Callback::new(move |()| {
        let NoticeState::New(notice) = state.get_untracked() else { return };
        state.set(NoticeState::Shown);
        let session = desk.session();
        spawn_local(async move {
            // If it cannot be recorded it is shown once more at the next start.
            let _ = session.notice_was_shown(&notice.version, js_sys::Date::now() as u64).await;
        });
    });
    move || {
        let NoticeState::New(notice) = state.get() else { return ().into_any() };
        view! {
            <Sheet title=notice.title.clone() on_close=seen testid="privacy-new">
                <div class="body notice" tabindex="0" role="group" aria-label=lang.privacy()>
                    <p>{lang.privacy_new()}</p>
                    <Sections notice/>
                </div>
                <div class="buttons">
                    <button type="button" class="button primary" data-testid="privacy-seen" on:click=move |_| seen.run(())>
                        {lang.privacy_seen()}
                    </button>
                </div>
            </Sheet>
        }
        .into_any()
    }
}

/// The notice, asked for by the person.
#[component]
pub fn NoticeSheet(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    // `None` while it is fetched, then the notice if there is one.
    let notice = RwSignal::new(None::<Option<Notice>>);
    spawn_local(async move {
        notice.try_set(Some(Notice::fetch(lang).await));
    });
    view! {
        <Sheet title=lang.privacy() on_close testid="privacy-sheet">
            <div class="body notice" tabindex="0" role="group" aria-label=lang.privacy()>
                {move || match notice.get() {
                    None => view! { <RowBones/> }.into_any(),
                    Some(None) => view! { <p role="alert" data-testid="privacy-failed">{lang.privacy_failed()}</p> }.into_any(),
                    Some(Some(notice)) => view! { <Sections notice/> }.into_any(),
                }}
            </div>
            <div class="buttons">
                <a class="button outline" href=format!("/privacy?lang={}", lang.tag()) target="_blank" rel="noreferrer" data-testid="privacy-page">
                    <Picture icon=Icon::Document class="small"/>
                    {lang.privacy_page()}
                </a>
            </div>
        </Sheet>
    }
}

#[component]
fn Sections(notice: Notice) -> impl IntoView {
    notice
        .sections
        .into_iter()
        .map(|(heading, paragraphs)| {
            view! {
                <section>
                    <h3>{heading}</h3>
                    {paragraphs.into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}
                </section>
            }
        })
        .collect_view()
}
