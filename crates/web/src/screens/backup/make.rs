//! Making a personal backup.

use client::{
    backup::{BackupError, Made, Sink, Step},
    trust::RecoveryKey,
};
use futures_util::future::{AbortHandle, Abortable};
use leptos::{prelude::*, task::spawn_local};

use super::words;
use crate::{
    context::{Desk, lang},
    i18n::Lang,
    platform,
    screens::{
        chat::Place,
        recovery::{KeyField, KeySheet},
    },
    ui::{Icon, Picture, Problem, Sheet},
};

/// Where it stands.
#[derive(Clone, PartialEq)]
enum State {
    Ready,
    Checking,
    Going(Step),
    Made(Made),
}

impl Sink for Place {
    async fn write(&self, bytes: &[u8]) -> Option<()> {
        Place::write(self, bytes).await
    }
}

/// What goes into it, whether that is allowed, and how far it is.
#[component]
pub fn MakeBackup(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let session = Desk::get().session();
    let backup = StoredValue::new_local(session.backup());
    let allowed = RwSignal::new(None::<bool>);
    let state = RwSignal::new(State::Ready);
    let typed = RwSignal::new(String::new());
    let key = StoredValue::new_local(None::<RecoveryKey>);
    let needs_key = RwSignal::new(false);
    let shows_key = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let abort = StoredValue::new_local(None::<AbortHandle>);
    let fails = move |error: BackupError| {
        if error == BackupError::KeyNeeded {
            needs_key.try_set(true);
        }
        state.try_set(State::Ready);
        problem.try_set(Some(words(&error, lang)));
    };
    spawn_local(async move {
        let may = session.may_save().await;
        allowed.try_set(Some(may));
        if !may {
            return;
        }
        // Before a place is asked for: choosing a file empties it.
        match session.backup().key("").await {
            Ok(known) => drop(key.try_set_value(Some(known))),
            Err(BackupError::KeyNeeded) => drop(needs_key.try_set(true)),
            // It is looked at again when it is needed.
            Err(_) => {}
        }
    });
    platform::on_gone(move || {
        if let Some(abort) = abort.try_get_value().flatten() {
            abort.abort();
        }
    });
    let is_busy =
        Memo::new(move |_| state.with(|it| matches!(it, State::Checking | State::Going(_))));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        problem.set(None);
        let (handle, registration) = AbortHandle::new_pair();
        abort.set_value(Some(handle));
        let (backup, entered) = (backup.get_value(), typed.get_untracked());
        let known = key.get_value();
        spawn_local(async move {
            let known = match known {
                Some(known) => known,
                None => {
                    state.try_set(State::Checking);
                    match backup.key(&entered).await {
                        Ok(known) => {
                            key.try_set_value(Some(known.clone()));
                            known
                        }
                        Err(error) => return fails(error),
                    }
                }
            };
            let now = platform::local_time(js_sys::Date::now() as u64);
            let date = format!("{}-{:02}-{:02}", now.year, now.month, now.day);
            let name = lang.backup_file_name(&date);
            state.try_set(State::Ready);
            // Asked within the click, as browsers want it.
            let Some(place) = Place::ask(&name).await else { return };
            state.try_set(State::Checking);
            platform::painted().await;
            let progress = move |step| {
                state.try_set(State::Going(step));
            };
            let made = backup.make(&known, &place, progress);
            let end = match Abortable::new(made, registration).await {
                Ok(Ok(made)) => match place.finish(&name).await {
                    Some(()) => Ok(made),
                    None => Err(BackupError::NotWritten),
                },
                Ok(Err(error)) => {
                    place.give_up().await;
                    Err(error)
                }
                // Nobody looks any more.
                Err(_) => return place.give_up().await,
            };
            match end {
                Ok(made) => {
                    typed.try_set(String::new());
                    needs_key.try_set(false);
                    state.try_set(State::Made(made));
                }
                Err(error) => fails(error),
            }
        });
    };
    let form = move || {
        view! {
            <form class="body" on:submit=submit novalidate>
                <p>{lang.backup_make_explain()}</p>
                <p>{lang.backup_key_explain()}</p>
                {move || match needs_key.get() {
                    true => view! { <KeyField testid="backup-key" value=typed hint=lang.backup_key_needed()/> }.into_any(),
                    false => {
                        view! {
                            <div>
                                <button type="button" class="button outline" data-testid="backup-show-key" on:click=move |_| shows_key.set(true)>
                                    <Picture icon=Icon::Key class="small"/>
                                    {lang.backup_show_key()}
                                </button>
                            </div>
                        }
                            .into_any()
                    }
                }}
                <Problem text=problem testid="backup-problem"/>
                {move || bar(state.get(), lang)}
                <p role="status" data-testid="backup-progress">{move || state.with(|state| progress(state, lang))}</p>
                {move || left(state.get(), lang)}
                <button type="submit" class="button primary wide" data-testid="backup-make-submit" disabled=move || is_busy.get()>
                    {lang.backup_make()}
                </button>
            </form>
        }
    };
    view! {
        {move || {
            if shows_key.get() {
                return view! { <KeySheet on_close=Callback::new(move |()| shows_key.set(false))/> }.into_any();
            }
            view! {
                <Sheet title=lang.backup_make() on_close testid="backup-make">
                    {move || match allowed.get() {
                        None => view! { <div class="body"><p role="status">{lang.loading()}</p></div> }.into_any(),
                        Some(false) => {
                            view! { <div class="body"><p data-testid="backup-not-allowed">{lang.backup_not_allowed()}</p></div> }.into_any()
                        }
                        Some(true) => form().into_any(),
                    }}
                </Sheet>
            }
                .into_any()
        }}
    }
}

/// How far it is, in words; said anew with each chat only.
fn progress(state: &State, lang: Lang) -> Option<String> {
    match state {
        State::Ready => None,
        State::Checking => Some(lang.recovery_checking().into()),
        State::Going(Step::Chat { number, of, .. }) => Some(lang.backup_chat(*number, *of)),
        State::Going(Step::Rest) => Some(lang.backup_rest().into()),
        State::Made(made) => {
            let facts = lang.backup_facts(made.chats, made.contacts, made.lists);
            Some(lang.backup_made(&facts))
        }
    }
}

/// How far it is, to be seen.
fn bar(state: State, lang: Lang) -> Option<impl IntoView> {
    let State::Going(step) = state else { return None };
    let (done, events) = match step {
        Step::Chat { number, of, events } => ((number - 1) * 100 / of, Some(events)),
        Step::Rest => (100, None),
    };
    Some(view! {
        <div
            class="progress"
            role="progressbar"
            aria-label=lang.backup_make()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=done.to_string()
        >
            <i style:width=format!("{done}%")></i>
        </div>
        {events.map(|events| view! { <p class="note">{lang.export_loaded(events)}</p> })}
    })
}

/// What is not in it.
fn left(state: State, lang: Lang) -> Option<impl IntoView> {
    let State::Made(made) = state else { return None };
    let chats = (made.left_out > 0).then(|| lang.backup_left_out(made.left_out));
    let messages = (made.unreadable > 0).then(|| lang.backup_unreadable(made.unreadable));
    Some(
        [chats, messages]
            .map(|words| words.map(|words| view! { <p data-testid="backup-left-out">{words}</p> }))
            .collect_view(),
    )
}
