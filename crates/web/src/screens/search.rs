//! Finding messages: at once in what this device has, and on request further back.

use std::{sync::Arc, time::Duration};

use client::{
    ChatId,
    search::{Hit, Older, OlderEnd, OlderSearch},
};
use leptos::{prelude::*, task::spawn_local};

use super::rooms::SearchField;
use crate::{
    clock,
    context::{Desk, follow_with, lang},
    i18n::Lang,
    platform::{self, Debounce},
    ui::{Icon, Picture, Sheet},
};

/// How long typing has to pause before messages are searched.
const PAUSE: Duration = Duration::from_millis(150);
/// Shorter texts would match nearly everything.
const SHORTEST: usize = 2;

/// Messages on this device for what is typed; `None` while nothing is searched.
pub fn found_messages(
    text: Signal<String>,
    within: Option<ChatId>,
) -> ReadSignal<Option<Arc<Vec<Hit>>>> {
    let (hits, set_hits) = signal(None);
    let search = StoredValue::new_local(Desk::get().session().search());
    let turn = StoredValue::new(0_u64);
    let debounce = Debounce::default();
    Effect::new(move |_| {
        let text = text.get();
        turn.update_value(|turn| *turn += 1);
        let this_turn = turn.get_value();
        if text.trim().chars().count() < SHORTEST {
            debounce.cancel();
            return set_hits.set(None);
        }
        let within = within.clone();
        debounce.run(PAUSE, move || {
            let Some(search) = search.try_get_value() else { return };
            spawn_local(async move {
                let found = search.messages(&text, within.as_ref()).await;
                if turn.try_get_value() == Some(this_turn) {
                    set_hits.try_set(Some(Arc::new(found)));
                }
            });
        });
    });
    hits
}

/// One message that was found.
#[component]
pub fn HitRow(hit: Hit, with_chat: bool, on_choose: Callback<Hit>) -> impl IntoView {
    let lang = lang();
    let words = clock::in_list(platform::local_time(hit.at_ms), platform::now(), lang);
    let (title, sender) = (hit.title.clone(), hit.sender.clone());
    let name = if with_chat { title.clone() } else { sender.clone() };
    let before = (with_chat && title != sender).then(|| format!("{sender}: "));
    let excerpt = hit.excerpt.clone();
    let at_ms = hit.at_ms;
    view! {
        <button type="button" class="hit" data-testid="search-hit" on:click=move |_| on_choose.run(hit.clone())>
            <b class="cut">{name}</b>
            <time datetime=platform::iso(at_ms)>{words}</time>
            <span class="excerpt">{before}{excerpt}</span>
        </button>
    }
}

/// Searching in one chat.
#[component]
pub fn ChatSearch(chat: ChatId, on_choose: Callback<Hit>, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let text = RwSignal::new(String::new());
    let hits = found_messages(text.into(), Some(chat.clone()));
    let older = RwSignal::new(None::<Older>);
    let running = StoredValue::new_local(None::<OlderSearch>);
    let owner = Owner::current();
    // Another text is another search.
    Effect::new(move |_| {
        text.track();
        running.set_value(None);
        older.set(None);
    });
    let look_back = move |_| {
        let search = Desk::get().session().search();
        let Some(started) = search.older(&text.get_untracked(), &chat) else { return };
        let view = started.view();
        older.set(Some(view.peek()));
        if let Some(owner) = &owner {
            owner.with(|| follow_with(view, move |view| drop(older.try_set(Some(view)))));
        }
        running.set_value(Some(started));
    };
    let choose = Callback::new(move |hit: Hit| {
        on_close.run(());
        on_choose.run(hit);
    });
    view! {
        <Sheet title=lang.search_chat() on_close testid="chat-search">
            <SearchField text label=lang.search_messages() testid="chat-search-input" focused=true/>
            {move || {
                hits.get()
                    .map(|hits| {
                        let none = hits.is_empty();
                        view! {
                            {none.then(|| view! { <p class="note" data-testid="no-hits">{lang.no_messages_found()}</p> })}
                            {hits.iter().map(|hit| view! { <HitRow hit=hit.clone() with_chat=false on_choose=choose/> }).collect_view()}
                        }
                    })
            }}
            {move || {
                let older = older.get()?;
                Some(
                    view! {
                        {older.hits.iter().map(|hit| view! { <HitRow hit=hit.clone() with_chat=false on_choose=choose/> }).collect_view()}
                        <p class="note" role="status" data-testid="older-progress" data-ended=older.end.is_some().to_string()>
                            {older.end.is_none().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                            {older_words(&older, lang)}
                        </p>
                    },
                )
            }}
            <div hidden=move || hits.with(Option::is_none) || older.with(Option::is_some)>
                <button type="button" class="button outline wide" data-testid="search-older" on:click=look_back>
                    {lang.search_older()}
                </button>
                <p class="note">{lang.search_kept_nothing()}</p>
            </div>
        </Sheet>
    }
}

fn older_words(older: &Older, lang: Lang) -> String {
    let place = older.down_to_ms.map(|at_ms| {
        let date = clock::exact(platform::local_time(at_ms), platform::now(), lang);
        lang.searched_down_to(older.looked_at, &date)
    });
    let place = place.unwrap_or_else(|| lang.searching().to_owned());
    match older.end {
        None => place,
        Some(OlderEnd::Beginning) => format!("{place}. {}", lang.search_all_looked_at()),
        Some(OlderEnd::Enough) => format!("{place}. {}", lang.search_enough()),
        Some(OlderEnd::Failed) => lang.search_failed().to_owned(),
    }
}
