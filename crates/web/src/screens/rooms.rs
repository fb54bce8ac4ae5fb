//! The list of chats.

use std::sync::Arc;

use client::{
    room_list::{Membership, Preview, RoomKind, RoomRow, matches},
    search::Hit,
};
use leptos::prelude::*;

use super::{
    recovery::RecoveryBanner,
    search::{HitRow, found_messages},
    shell::{OpenCamera, follow_link},
    verify::ConfirmBanner,
};
use crate::{
    clock,
    context::{Desk, Frame, Keyed, carry_over, lang},
    platform,
    route::Route,
    text,
    ui::{Avatar, Empty, Icon, Picture, RowBones, preview_words, tick},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Unread,
    Archive,
}

/// The left column with all chats.
#[component]
pub fn Rooms() -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let desk = Desk::get();
    let OpenCamera(camera) = expect_context();
    let search = RwSignal::new(String::new());
    let filter = RwSignal::new(Filter::All);
    let rows = RwSignal::new(Vec::<Keyed<RoomRow>>::new());
    let unread_chats = Memo::new(move |_| {
        desk.rooms
            .with(|rooms| rooms.rows.iter().filter(|row| is_unread(row) && !row.archived).count())
    });
    let any_archived =
        Memo::new(move |_| desk.rooms.with(|rooms| rooms.rows.iter().any(|row| row.archived)));
    let hits = found_messages(search.into(), None);
    let to_hit = Callback::new(move |hit: Hit| {
        desk.jump.set(Some((hit.chat.clone(), hit.id.clone())));
        frame.nav.go(Route::Chat(hit.chat.to_string()));
    });

    Effect::new(move |_| {
        let shown: Vec<Arc<RoomRow>> = search.with(|search| {
            desk.rooms.with(|rooms| {
                let keep = |row: &&Arc<RoomRow>| {
                    // Who searches wants to find, wherever it lies.
                    let here = match filter.get() {
                        Filter::All => !row.archived || !search.is_empty(),
                        Filter::Unread => is_unread(row) && !row.archived,
                        Filter::Archive => row.archived,
                    };
                    here && matches(row, search)
                };
                rooms.rows.iter().filter(keep).cloned().collect()
            })
        });
        carry_over(rows, &shown, |row| row.id.as_str());
    });

    let chip = move |value: Filter, label: String, testid: &'static str| {
        view! {
            <button
                type="button"
                class="chip"
                aria-pressed=move || (filter.get() == value).to_string()
                data-testid=testid
                on:click=move |_| filter.set(value)
            >
                {label}
            </button>
        }
    };

    view! {
        <section class="pane" aria-label=lang.chats() data-testid="rooms">
            <header>
                <h1>{lang.chats()}</h1>
                <button type="button" class="icon-button" aria-label=lang.take_photo() title=lang.take_photo() data-testid="camera-first" on:click=move |_| camera.run(())>
                    <Picture icon=Icon::Camera/>
                </button>
                <button
                    type="button"
                    class="icon-button fill"
                    aria-label=lang.new_chat()
                    title=lang.new_chat()
                    data-testid="new-chat"
                    on:click=move |_| frame.nav.go(Route::NewChat)
                >
                    <Picture icon=Icon::Plus/>
                </button>
            </header>
            <SearchField text=search label=lang.search() testid="room-search"/>
            <div class="chips" role="group" aria-label=lang.filters()>
                {chip(Filter::All, lang.filter_all().into(), "filter-all")}
                {move || {
                    let label = match unread_chats.get() {
                        0 => lang.filter_unread().to_owned(),
                        n => format!("{} {n}", lang.filter_unread()),
                    };
                    chip(Filter::Unread, label, "filter-unread")
                }}
                {move || {
                    (any_archived.get() || filter.get() == Filter::Archive)
                        .then(|| chip(Filter::Archive, lang.filter_archive().into(), "filter-archive"))
                }}
            </div>
            <RecoveryBanner/>
            <ConfirmBanner/>
            <div class="scroll" data-testid="room-list">
                {move || {
                    let loading = desk.rooms.with(|rooms| rooms.loading && rooms.rows.is_empty());
                    let none = desk.rooms.with(|rooms| rooms.rows.is_empty());
                    let nothing_shown = rows.with(Vec::is_empty);
                    match () {
                        () if loading => view! { <RowBones/> }.into_any(),
                        () if none => {
                            view! {
                                <Empty icon=Icon::Chats title=lang.no_chats() hint=lang.no_chats_hint() testid="no-chats">
                                    <button type="button" class="button primary" on:click=move |_| frame.nav.go(Route::NewChat)>
                                        {lang.find_person()}
                                    </button>
                                </Empty>
                            }
                                .into_any()
                        }
                        () if nothing_shown && hits.with(|hits| hits.as_ref().is_some_and(|hits| !hits.is_empty())) => ().into_any(),
                        () if nothing_shown && !search.with(String::is_empty) => {
                            view! { <Empty icon=Icon::Search title=lang.nothing_found() hint=lang.nothing_found_chats()/> }.into_any()
                        }
                        () if nothing_shown && filter.get() == Filter::Archive => {
                            view! { <Empty icon=Icon::Archive title=lang.archive_empty() hint=lang.archive_empty_hint()/> }.into_any()
                        }
                        () if nothing_shown => {
                            view! { <Empty icon=Icon::Done title=lang.nothing_unread() hint=lang.nothing_unread_hint()/> }.into_any()
                        }
                        () => ().into_any(),
                    }
                }}
                <For each=move || rows.get() key=|row| row.key.clone() children=move |row| view! { <Row row=row.row/> }/>
                {move || {
                    let hits = hits.get().filter(|hits| !hits.is_empty())?;
                    Some(
                        view! {
                            <p class="letter" data-testid="messages-found">{lang.messages_found()}</p>
                            {hits.iter().map(|hit| view! { <HitRow hit=hit.clone() with_chat=true on_choose=to_hit/> }).collect_view()}
                        },
                    )
                }}
            </div>
        </section>
    }
}

/// A field to search in what the screen shows.
#[component]
pub fn SearchField(
    text: RwSignal<String>,
    label: &'static str,
    testid: &'static str,
    #[prop(optional)] focused: bool,
) -> impl IntoView {
    let lang = lang();
    let input = NodeRef::<leptos::html::Input>::new();
    if focused && platform::has_keyboard() {
        input.on_load(|input| {
            let _ = input.focus();
        });
    }
    view! {
        <div class="search" role="search">
            <Picture icon=Icon::Search class="small"/>
            <input
                node_ref=input
                type="search"
                placeholder=label
                aria-label=label
                autocomplete="off"
                spellcheck="false"
                prop:writingSuggestions="false"
                data-testid=testid
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
            {move || {
                (!text.with(String::is_empty))
                    .then(|| {
                        view! {
                            <button type="button" class="icon-button" aria-label=lang.clear_search() on:click=move |_| text.set(String::new())>
                                <Picture icon=Icon::Close class="small"/>
                            </button>
                        }
                    })
            }}
        </div>
    }
}

fn is_unread(row: &RoomRow) -> bool {
    row.unread > 0 || matches!(row.membership, Membership::Invited { .. })
}

#[component]
fn Row(row: ArcRwSignal<Arc<RoomRow>>) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let first = row.get_untracked();
    let id = first.id.to_string();
    let route = Route::Chat(id.clone());
    let href = route.fragment();
    let unread = {
        let row = row.clone();
        move || row.with(|row| is_unread(row))
    };
    let here = {
        let id = id.clone();
        Memo::new(move |_| nav.route().with(|route| route.chat() == Some(id.as_str())))
    };
    view! {
        <a
            class="row"
            class:unread=unread
            href=href
            aria-current=move || here.get().then_some("true")
            data-testid="room-row"
            data-room=id
            on:click=move |event| follow_link(&event, route.clone())
        >
            {move || row_content(&row.get(), here.get(), lang)}
        </a>
    }
}

fn row_content(row: &RoomRow, here: bool, lang: crate::i18n::Lang) -> impl IntoView + use<> {
    let me = Desk::get().me.get_untracked().person.id;
    let outside = match &row.kind {
        RoomKind::Direct { other: Some(other) } => text::is_outside(other.id.as_str(), me.as_str()),
        _ => false,
    };
    let group = matches!(row.kind, RoomKind::Group { .. });
    let time = row.last.as_ref().and_then(|last| last.at_ms).map(|at_ms| {
        let words = clock::in_list(platform::local_time(at_ms), platform::now(), lang);
        view! { <time datetime=platform::iso(at_ms)>{words}</time> }
    });
    let count = match row.unread {
        0 => None,
        unread => Some(
            view! { <span class="count" class:quiet=row.muted data-testid="unread-count" aria-label=lang.unread_messages(unread)>{unread.min(999)}</span> },
        ),
    };
    view! {
        <Avatar initials=row.initials.clone() tint=row.tint group outside/>
        <b class="name cut">{row.title.clone()}</b>
        {time.map_or_else(|| view! { <span></span> }.into_any(), IntoAny::into_any)}
        <span class="preview">{preview(row, group, here, lang)}</span>
        <span class="marks">
            {row.favourite.then(|| view! { <Picture icon=Icon::Star class="tiny"/><span class="sr">{lang.favourite()}</span> })}
            {row.muted.then(|| view! { <Picture icon=Icon::Muted class="tiny"/><span class="sr">{lang.muted()}</span> })}
            {count}
        </span>
    }
}

fn preview(row: &RoomRow, group: bool, here: bool, lang: crate::i18n::Lang) -> AnyView {
    if !row.typing.is_empty() {
        let words = if group { lang.writing(&row.typing) } else { lang.is_writing().to_owned() };
        return view! { <span class="cut draft">{words}</span> }.into_any();
    }
    if let Membership::Invited { by } = &row.membership {
        let words =
            by.as_ref().map_or_else(|| lang.invited().to_owned(), |by| lang.invited_by(&by.name));
        return view! { <span class="cut">{words}</span> }.into_any();
    }
    if let Some(draft) = row.draft.as_ref().filter(|_| row.unread == 0 && !here) {
        return view! {
            <span class="cut" data-testid="draft-mark">
                <span class="draft">{lang.draft()} " "</span>
                {draft.clone()}
            </span>
        }
        .into_any();
    }
    let Some(last) = &row.last else {
        return view! { <span class="cut">{row.subtitle.clone()}</span> }.into_any();
    };
    let (icon, words) = preview_words(&last.preview, lang);
    let is_system = matches!(last.preview, Preview::System(_));
    let who = match &last.sender {
        Some(sender) if group && !is_system => format!("{sender}: "),
        _ => String::new(),
    };
    view! {
        {last.own.as_ref().map(|own| tick(own, lang))}
        {icon.map(|icon| view! { <Picture icon/> })}
        <span class="cut">{who}{words}</span>
    }
    .into_any()
}
