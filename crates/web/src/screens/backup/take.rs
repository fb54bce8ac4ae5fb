//! Taking a personal backup over.

use std::rc::Rc;

use client::backup::{BackedUpChat, BackupError, Contents, MAX_BACKUP_BYTES};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::words;
use crate::{
    clock,
    context::{Desk, lang},
    i18n::Lang,
    photo, platform,
    screens::{import_chat::ImportChat, recovery::KeyField},
    ui::{Icon, Picture, Problem, Sheet},
};

/// What an opened backup holds.
#[derive(Clone, PartialEq)]
struct Facts {
    of: String,
    holds: String,
    left_out: usize,
    unreadable: usize,
    chats: Vec<(BackedUpChat, bool)>,
}

/// What is to be said of a file that is read.
fn reading_words(error: &BackupError, lang: Lang) -> String {
    match error {
        BackupError::WrongKey => lang.backup_wrong_key().into(),
        error => words(error, lang),
    }
}

/// Choosing the file and its key, what is in it, and taking that over.
#[component]
pub fn TakeBackup(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let backup = StoredValue::new_local(Desk::get().session().backup());
    let opened = StoredValue::new_local(None::<Rc<Contents>>);
    let facts = RwSignal::new(None::<Facts>);
    let busy = RwSignal::new(None::<&'static str>);
    let done = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let chat = RwSignal::new_local(None::<web_sys::Blob>);
    let on_opened = Callback::new(move |()| {
        let Some(contents) = opened.get_value() else { return };
        let about = &contents.about;
        let when = clock::stamp(platform::local_time(about.made_at_ms), lang);
        facts.set(Some(Facts {
            of: lang.backup_of(&about.name, &when),
            holds: lang.backup_facts(about.chats.len(), about.contacts, about.lists),
            left_out: about.left_out,
            unreadable: about.unreadable,
            chats: backup.with_value(|backup| backup.chats(&contents)),
        }));
    });
    let is_busy = Memo::new(move |_| busy.with(Option::is_some));
    let take = move |_| {
        let Some(contents) = opened.get_value().filter(|_| !is_busy.get_untracked()) else {
            return;
        };
        problem.set(None);
        done.set(None);
        busy.set(Some(lang.backup_taking()));
        let backup = backup.get_value();
        spawn_local(async move {
            platform::painted().await;
            let taken = backup.restore(&contents, |_, _| {}).await;
            busy.try_set(None);
            match taken {
                Ok(taken) => {
                    let (contacts, lists, keys) = (taken.contacts, taken.lists, taken.keys.new);
                    let mut words = lang.backup_taken(contacts, lists, keys);
                    if taken.contacts_wait {
                        words = format!("{words} {}", lang.backup_contacts_wait());
                    }
                    done.try_set(Some(words));
                    let left = Some(taken.contacts_left).filter(|left| *left > 0);
                    problem.try_set(left.map(|left| lang.backup_contacts_left(left)));
                }
                Err(error) => drop(problem.try_set(Some(reading_words(&error, lang)))),
            }
        });
    };
    let desk = Desk::get();
    let take_chat = Callback::new(move |of: BackedUpChat| {
        let Some(contents) = opened.get_value().filter(|_| !is_busy.get_untracked()) else {
            return;
        };
        if desk.transfer.progress.with_untracked(Option::is_some) {
            return problem.set(Some(lang.chat_import_busy().into()));
        }
        problem.set(None);
        busy.set(Some(lang.backup_opening()));
        spawn_local(async move {
            platform::painted().await;
            let json = contents.chat(&of).await;
            busy.try_set(None);
            match json {
                Ok(json) => drop(chat.try_set(platform::blob(&json, "application/json"))),
                Err(error) => drop(problem.try_set(Some(reading_words(&error, lang)))),
            }
        });
    });
    let preview = move |facts: Facts| {
        view! {
            <div class="body" data-testid="backup-preview">
                <div class="import-facts">
                    <b data-testid="backup-of">{facts.of}</b>
                    <span data-testid="backup-holds">{facts.holds}</span>
                    {(facts.left_out > 0).then(|| view! { <span class="missing">{lang.backup_left_out(facts.left_out)}</span> })}
                    {(facts.unreadable > 0).then(|| view! { <span class="missing">{lang.backup_unreadable(facts.unreadable)}</span> })}
                </div>
                <Problem text=problem testid="backup-problem"/>
                {move || busy.get().map(|words| view! { <p role="status" data-testid="backup-busy">{words}</p> })}
                {move || done.get().map(|words| view! { <p role="status" data-testid="backup-taken">{words}</p> })}
                <button
                    type="button"
                    class="button primary wide"
                    data-testid="backup-take-submit"
                    disabled=is_busy
                    on:click=take
                >
                    {lang.backup_take_over()}
                </button>
                {(!facts.chats.is_empty()).then(|| view! { <h3>{lang.chats()}</h3> })}
                {facts.chats.into_iter().map(|(of, is_here)| chat_line(of, is_here, is_busy, take_chat, lang)).collect_view()}
            </div>
        }
    };
    view! {
        {move || match chat.get() {
            Some(given) => {
                let back = Callback::new(move |()| chat.set(None));
                view! { <ImportChat given on_close=back on_begun=on_close/> }.into_any()
            }
            None => {
                view! {
                    <Sheet title=lang.backup_take() on_close testid="backup-take">
                        {move || match facts.get() {
                            Some(facts) => preview(facts).into_any(),
                            None => view! { <OpenBackup opened on_opened/> }.into_any(),
                        }}
                    </Sheet>
                }
                    .into_any()
            }
        }}
    }
}

fn chat_line(
    of: BackedUpChat,
    is_here: bool,
    is_busy: Memo<bool>,
    take: Callback<BackedUpChat>,
    lang: Lang,
) -> impl IntoView {
    let (title, messages) = (of.title.clone(), lang.backup_messages(of.messages));
    let name = lang.backup_chat_take_named(&title);
    let of = StoredValue::new(of);
    view! {
        <div class="line" class:ok=is_here data-testid="backup-chat">
            <Picture icon=if is_here { Icon::Done } else { Icon::Chats }/>
            <span>
                <b>{title}</b>
                <span class="note">{messages}</span>
                {is_here.then(|| view! { <span class="note">{lang.backup_chat_here()}</span> })}
            </span>
            {(!is_here)
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="button plain"
                            aria-label=name
                            data-testid="backup-chat-take"
                            disabled=is_busy
                            on:click=move |_| take.run(of.get_value())
                        >
                            {lang.backup_chat_take()}
                        </button>
                    }
                })}
        </div>
    }
}

/// The file and its key.
#[component]
fn OpenBackup(
    opened: StoredValue<Option<Rc<Contents>>, LocalStorage>,
    on_opened: Callback<()>,
) -> impl IntoView {
    let lang = lang();
    let file = RwSignal::new_local(None::<web_sys::File>);
    let key = RwSignal::new(String::new());
    let is_busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok());
        problem.set(None);
        file.set(input.and_then(|input| input.files()?.get(0)));
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(chosen) = file.get_untracked() else {
            return problem.set(Some(lang.backup_no_file().into()));
        };
        if is_busy.get_untracked() {
            return;
        }
        problem.set(None);
        if chosen.size() > MAX_BACKUP_BYTES as f64 {
            return problem.set(Some(reading_words(&BackupError::TooLarge, lang)));
        }
        is_busy.set(true);
        let entered = key.get_untracked();
        spawn_local(async move {
            platform::painted().await;
            let Some(bytes) = photo::bytes(&chosen).await else {
                is_busy.try_set(false);
                return drop(problem.try_set(Some(lang.backup_unread_file().into())));
            };
            let result = Contents::open(&bytes, &entered).await;
            is_busy.try_set(false);
            match result {
                Ok(contents) => {
                    key.try_set(String::new());
                    opened.try_set_value(Some(Rc::new(contents)));
                    on_opened.try_run(());
                }
                Err(error) => drop(problem.try_set(Some(reading_words(&error, lang)))),
            }
        });
    };
    view! {
        <form class="body" on:submit=submit novalidate>
            <p>{lang.backup_take_explain()}</p>
            <label class="choice">
                <span class="kind" aria-hidden="true">
                    <Picture icon=Icon::Import/>
                </span>
                <b class="cut">{move || file.get().map_or_else(|| lang.keys_choose().to_owned(), |file| file.name())}</b>
                <small>{lang.backup_choose_hint()}</small>
                <input type="file" class="sr" accept=".age" data-testid="backup-file" on:change=chosen/>
            </label>
            <KeyField testid="backup-key" value=key hint=lang.backup_key_then()/>
            <Problem text=problem testid="backup-problem"/>
            {move || is_busy.get().then(|| view! { <p role="status" data-testid="backup-busy">{lang.backup_opening()}</p> })}
            <button type="submit" class="button primary wide" data-testid="backup-open-submit" disabled=move || is_busy.get()>
                {lang.backup_open()}
            </button>
        </form>
    }
}
