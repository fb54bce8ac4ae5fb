//! Taking a chat over from another messenger (I.f): choosing the file, looking at what is in it, saying where it goes.

mod prepare;
mod transfer;

use std::sync::Arc;

use client::{
    ChatId,
    import::{Begun, DateOrder, Import, NotAnExport, Reading, Source, archive::ArchiveError},
    room_list::RoomRow,
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use transfer::Start;
pub use transfer::{Transfer, TransferBar};

use super::{
    choose_chat::{ChatRow, chats},
    directory::NameField,
    rooms::SearchField,
};
use crate::{
    context::{Desk, Frame, lang},
    i18n::Lang,
    pieces::Pieces,
    platform,
    route::Route,
    ui::{Icon, Picture, Problem, Sheet, room_words},
};

/// What a file is called that comes from a backup.
const GIVEN: &str = "chat.json";
/// So many authors can be chosen from to say who one is: those who have written most.
const AUTHORS: usize = 12;

/// What is shown of an export before it is taken over.
#[derive(Clone, PartialEq)]
struct Facts {
    title: String,
    source: Source,
    messages: usize,
    authors: Vec<(String, usize)>,
    first_ms: u64,
    last_ms: u64,
    attachments: (usize, u64, usize),
    order: Option<DateOrder>,
    is_ambiguous: bool,
}

impl Facts {
    fn of(reading: &Reading<Pieces>, lang: Lang) -> Self {
        let times = || reading.items.iter().map(|item| item.at_ms(transfer::moment));
        Self {
            title: reading.title.clone().unwrap_or_else(|| lang.chat_import_no_title().into()),
            source: reading.source,
            messages: reading.items.iter().filter(|item| item.author.is_some()).count(),
            authors: reading.authors(),
            first_ms: times().min().unwrap_or_default(),
            last_ms: times().max().unwrap_or_default(),
            attachments: reading.attachments(),
            order: reading.order,
            is_ambiguous: reading.is_ambiguous,
        }
    }
}

/// What made an export, as people call it.
pub fn source_words(source: Source, lang: Lang) -> &'static str {
    match source {
        Source::Whatsapp => "WhatsApp",
        Source::Matrix => "Matrix",
        Source::Konsil => lang.app_name(),
        Source::Other => lang.chat_import_other(),
    }
}

fn words(error: &NotAnExport, lang: Lang) -> String {
    match error {
        NotAnExport::Unknown => lang.chat_import_unknown().into(),
        NotAnExport::Empty => lang.chat_import_empty().into(),
        NotAnExport::Altered { number } => lang.chat_import_altered(*number),
        NotAnExport::Archive(ArchiveError::Gone) => lang.file_changed().into(),
        NotAnExport::Archive(_) => lang.chat_import_damaged().into(),
    }
}

/// Taking a chat over; `given` is read at once, instead of asking for a file. `on_begun`, instead of `on_close`, once it is under way.
#[component]
pub fn ImportChat(
    on_close: Callback<()>,
    #[prop(optional)] on_begun: Option<Callback<()>>,
    #[prop(optional)] given: Option<web_sys::Blob>,
) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let is_reading = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let facts = RwSignal::new(None::<Facts>);
    let begun = RwSignal::new(None::<Begun>);
    let reading = StoredValue::new_local(None::<Reading<Pieces>>);
    let read = move |file: web_sys::Blob, name: String| {
        problem.set(None);
        if desk.transfer.progress.with_untracked(Option::is_some) {
            return problem.set(Some(lang.chat_import_busy().into()));
        }
        is_reading.set(true);
        spawn_local(async move {
            platform::painted().await;
            match Reading::of(Pieces(file), &name).await {
                Ok(mut read) => {
                    let before = Import::begun(&desk.session(), &read).await;
                    // The rest is read as the beginning was.
                    if let Some(order) = before.as_ref().and_then(|before| before.order) {
                        read.set_order(order);
                    }
                    begun.try_set(before);
                    facts.try_set(Some(Facts::of(&read, lang)));
                    reading.try_set_value(Some(read));
                }
                Err(error) => drop(problem.try_set(Some(words(&error, lang)))),
            }
            is_reading.try_set(false);
        });
    };
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok());
        let Some(file) = input.and_then(|input| input.files()?.get(0)) else { return };
        let name = file.name();
        read(file.into(), name);
    };
    if let Some(given) = given {
        read(given, GIVEN.to_owned());
    }
    let reorder = Callback::new(move |order: DateOrder| {
        let read_again = reading.try_update_value(|reading| {
            let reading = reading.as_mut()?;
            reading.set_order(order);
            Some(Facts::of(reading, lang))
        });
        facts.set(read_again.flatten());
    });
    let begin = StoredValue::new_local(move |start: Start, title: String| {
        let Some(read) = reading.try_update_value(Option::take).flatten() else { return };
        let route = Route::Chat(start.chat().to_string());
        desk.transfer.begin(read, start, title);
        on_begun.unwrap_or(on_close).run(());
        Frame::get().nav.go(route);
    });
    let begin = move |start: Start, title: String| {
        begin.try_with_value(|begin| begin(start, title));
    };
    let is_read = Memo::new(move |_| facts.with(Option::is_some));
    let choose = move || {
        view! {
            <div class="body">
                <p>{lang.chat_import_explain()}</p>
                <p class="note flush">{lang.chat_import_duty()}</p>
                <label class="choice">
                    <span class="kind" aria-hidden="true">
                        <Picture icon=Icon::Import/>
                    </span>
                    <b>{lang.keys_choose()}</b>
                    <small>{lang.chat_import_choose_hint()}</small>
                    <input
                        type="file"
                        class="sr"
                        accept=".zip,.txt,.json,application/zip,text/plain,application/json"
                        data-testid="chat-import-file"
                        disabled=move || is_reading.get()
                        on:change=chosen
                    />
                </label>
                <Problem text=problem testid="chat-import-problem"/>
                {move || {
                    is_reading
                        .get()
                        .then(|| {
                            view! {
                                <div class="progress going" role="progressbar" aria-label=lang.chat_import_reading()>
                                    <i></i>
                                </div>
                                <p role="status">{lang.chat_import_reading()}</p>
                            }
                        })
                }}
            </div>
        }
    };
    view! {
        <Sheet title=lang.chat_import() on_close testid="chat-import">
            {move || match is_read.get() {
                false => choose().into_any(),
                true => view! { <Preview facts begun on_order=reorder begin/> }.into_any(),
            }}
        </Sheet>
    }
}

/// What is in the file, and what has to be said before it is taken over.
#[component]
fn Preview(
    facts: RwSignal<Option<Facts>>,
    begun: RwSignal<Option<Begun>>,
    on_order: Callback<DateOrder>,
    begin: impl Fn(Start, String) + Copy + 'static,
) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let Some(first) = facts.get_untracked() else { return ().into_any() };
    let my_name = desk.me.with_untracked(|me| me.person.name.clone());
    let known = first.authors.iter().map(|(author, _)| author);
    let same = known.into_iter().find(|author| author.eq_ignore_ascii_case(&my_name)).cloned();
    let me = RwSignal::new(same);
    let name = RwSignal::new(first.title.clone());
    let into_existing = RwSignal::new(false);
    let target = RwSignal::new(None::<(ChatId, String, bool)>);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let goes_on = Memo::new(move |_| begun.get().filter(|begun| begun.done < begun.all));
    let is_new = Memo::new(move |_| goes_on.with(Option::is_none));
    let was_whole =
        begun.with_untracked(|begun| begun.as_ref().is_some_and(|it| it.done >= it.all));
    let title = StoredValue::new(first.title.clone());
    let submit = move |_| {
        if busy.get_untracked() {
            return;
        }
        problem.set(None);
        if let Some(begun) = goes_on.get_untracked() {
            return begin(Start::GoOn(begun), title.get_value());
        }
        let me = me.get_untracked();
        if into_existing.get_untracked() {
            return match target.get_untracked() {
                Some((chat, title, _)) => begin(Start::Anew(chat, me), title),
                None => problem.set(Some(lang.chat_import_choose_chat().into())),
            };
        }
        busy.set(true);
        let rooms = desk.room_list();
        spawn_local(async move {
            let name = name.get_untracked();
            let created = rooms.create_own(&name).await;
            busy.try_set(false);
            match created {
                Ok(chat) => begin(Start::Anew(chat, me), name),
                Err(error) => drop(problem.try_set(Some(room_words(&error, lang)))),
            }
        });
    };
    Effect::new(move |_| {
        // What was missing is there.
        if target.with(Option::is_some) || !into_existing.get() {
            problem.set(None);
        }
    });
    let order = Memo::new(move |_| facts.with(|facts| facts.as_ref().and_then(|it| it.order)));
    let authors = StoredValue::new(first.authors.clone());
    view! {
        <div class="body" data-testid="chat-import-preview">
            {move || facts.get().map(|facts| facts_view(&facts, lang))}
            {was_whole.then(|| view! { <p class="note flush" role="note" data-testid="chat-import-again">{lang.chat_import_again()}</p> })}
            {(first.is_ambiguous).then(|| view! { <Order order on_order/> })}
            {move || match goes_on.get() {
                Some(begun) => {
                    view! {
                        <p role="note" data-testid="chat-import-begun">{lang.chat_import_begun(begun.done, begun.all)}</p>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <Who authors=authors.get_value() me/>
                        <Where name into_existing target/>
                    }
                        .into_any()
                }
            }}
            <Problem text=problem testid="chat-import-problem"/>
        </div>
        <div class="buttons">
            {move || {
                (!is_new.get())
                    .then(|| {
                        view! {
                            <button type="button" class="button plain" data-testid="chat-import-anew" on:click=move |_| begun.set(None)>
                                {lang.chat_import_anew()}
                            </button>
                        }
                    })
            }}
            <button type="button" class="button primary" class:wide=move || is_new.get() data-testid="chat-import-begin" disabled=move || busy.get() on:click=submit>
                {move || if is_new.get() { lang.chat_import_begin() } else { lang.chat_import_go_on() }}
            </button>
        </div>
    }
    .into_any()
}

fn facts_view(facts: &Facts, lang: Lang) -> AnyView {
    let date = |ms: u64| platform::local_time(ms).date(lang);
    let (first, last) = (date(facts.first_ms), date(facts.last_ms));
    let period = if first == last { first } else { format!("{first} – {last}") };
    let (there, bytes, missing) = facts.attachments;
    view! {
        <div class="import-facts">
            <b data-testid="chat-import-title">{facts.title.clone()}</b>
            <span class="note" data-testid="chat-import-period">{format!("{} · {period}", source_words(facts.source, lang))}</span>
            <span data-testid="chat-import-count">{lang.chat_import_count(facts.messages, facts.authors.len())}</span>
            {(there > 0).then(|| view! { <span data-testid="chat-import-attachments">{lang.chat_import_attachments(there, bytes)}</span> })}
            {(missing > 0).then(|| view! { <span class="missing" data-testid="chat-import-missing">{lang.chat_import_missing(missing)}</span> })}
        </div>
    }
    .into_any()
}

/// Asks how dates are meant that can be read in two ways.
#[component]
fn Order(order: Memo<Option<DateOrder>>, on_order: Callback<DateOrder>) -> impl IntoView {
    let lang = lang();
    let options = [
        (DateOrder::DayFirst, lang.chat_import_day_first(), "chat-import-day-first"),
        (DateOrder::MonthFirst, lang.chat_import_month_first(), "chat-import-month-first"),
    ];
    view! {
        <Chips title=lang.chat_import_date_order()>
            {options
                .map(|(value, words, testid)| {
                    view! { <Chip words is_chosen=Signal::derive(move || order.get() == Some(value)) testid on_choose=Callback::new(move |()| on_order.run(value))/> }
                })
                .collect_view()}
        </Chips>
    }
}

/// Asks under which name the person has written.
#[component]
fn Who(authors: Vec<(String, usize)>, me: RwSignal<Option<String>>) -> impl IntoView {
    let lang = lang();
    let chip = move |author: Option<String>| {
        let words = author.clone().unwrap_or_else(|| lang.chat_import_nobody().into());
        let is_chosen = {
            let author = author.clone();
            Signal::derive(move || me.get() == author)
        };
        let on_choose = Callback::new(move |()| me.set(author.clone()));
        view! { <Chip words is_chosen testid="chat-import-author" on_choose/> }
    };
    let all = authors.into_iter().take(AUTHORS).map(|(author, _)| Some(author)).chain([None]);
    view! { <Chips title=lang.chat_import_who()>{all.map(chip).collect_view()}</Chips> }
}

#[component]
fn Chips(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="field">
            <span class="label">{title}</span>
            <div class="chips" role="radiogroup" aria-label=title>
                {children()}
            </div>
        </div>
    }
}

#[component]
fn Chip(
    #[prop(into)] words: String,
    is_chosen: Signal<bool>,
    testid: &'static str,
    on_choose: Callback<()>,
) -> impl IntoView {
    view! {
        <button type="button" class="chip" role="radio" aria-checked=move || is_chosen.get().to_string() data-testid=testid on:click=move |_| on_choose.run(())>
            {words}
        </button>
    }
}

/// Asks where the messages go.
#[component]
fn Where(
    name: RwSignal<String>,
    into_existing: RwSignal<bool>,
    target: RwSignal<Option<(ChatId, String, bool)>>,
) -> impl IntoView {
    let lang = lang();
    view! {
        <Chips title=lang.chat_import_where()>
            <Chip
                words=lang.chat_import_new()
                is_chosen=Signal::derive(move || !into_existing.get())
                testid="chat-import-new"
                on_choose=Callback::new(move |()| into_existing.set(false))
            />
            <Chip
                words=lang.chat_import_existing()
                is_chosen=into_existing.into()
                testid="chat-import-existing"
                on_choose=Callback::new(move |()| into_existing.set(true))
            />
        </Chips>
        {move || {
            if !into_existing.get() {
                return view! { <NameField id="chat-import-name" label=lang.chat_import_name() hint=lang.group_name_hint() name/> }.into_any();
            }
            match target.get() {
                None => view! { <Targets target/> }.into_any(),
                Some((_, title, outside)) => {
                    view! {
                        <div class="line">
                            <Picture icon=Icon::Chats/>
                            <span>
                                <b data-testid="chat-import-target">{title}</b>
                                <span class="note">{lang.chat_import_read_by_all()}</span>
                                {outside.then(|| view! { <span class="outside" data-testid="chat-import-outside">{lang.chat_import_outside()}</span> })}
                            </span>
                            <button type="button" class="button plain" on:click=move |_| target.set(None)>{lang.chat_import_other_chat()}</button>
                        </div>
                    }
                        .into_any()
                }
            }
        }}
    }
}

/// The chats to choose from.
#[component]
fn Targets(target: RwSignal<Option<(ChatId, String, bool)>>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let search = RwSignal::new(String::new());
    let choose = Callback::new(move |row: Arc<RoomRow>| {
        let rooms = desk.room_list();
        spawn_local(async move {
            let outside = rooms.has_outsiders(&row.id).await;
            target.try_set(Some((row.id.clone(), row.title.clone(), outside)));
        });
    });
    let rows = move || {
        let rows = chats(search).into_iter().take(40);
        rows.map(|row| view! { <ChatRow row testid="chat-import-to" on_choose=choose/> })
            .collect_view()
    };
    view! {
        <SearchField text=search label=lang.chat_import_choose_chat() testid="chat-import-search"/>
        {rows}
    }
}
