//! Exporting a chat, signed: as a file and on paper (II.b).

use client::{
    Chat,
    chat::{ActionError, Exported},
    export::{Entry, EntryState},
};
use futures_util::future::{AbortHandle, Abortable};
use leptos::{prelude::*, task::spawn_local};

use super::chat::Place;
use crate::{
    clock,
    context::{Desk, Frame, lang},
    i18n::Lang,
    platform, printed,
    ui::{Icon, Picture, Problem, Sheet, action_words},
};

/// Where it stands.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Ready,
    Loading(usize),
    Saved,
}

/// What becomes of the export.
#[derive(Clone, Copy)]
enum Goal {
    File,
    Paper,
}

/// What is exported, whether that is allowed, and how far it is.
#[component]
pub fn ExportSheet(
    chat: RwSignal<Option<Chat>, LocalStorage>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = lang();
    let allowed = RwSignal::new(None::<bool>);
    let state = RwSignal::new(State::Ready);
    let problem = RwSignal::new(None::<String>);
    let exported = StoredValue::new_local(None::<Exported>);
    let abort = StoredValue::new_local(None::<AbortHandle>);
    let session = Desk::get().session();
    let hospital = Frame::get().hospital;
    spawn_local(async move {
        let may = session.may_save().await;
        allowed.try_set(Some(may));
    });
    platform::on_gone(move || {
        if let Some(abort) = abort.try_get_value().flatten() {
            abort.abort();
        }
    });
    let begin = move |goal: Goal| {
        let Some(chat) = chat.get_untracked() else { return };
        problem.set(None);
        let (handle, registration) = AbortHandle::new_pair();
        abort.set_value(Some(handle));
        spawn_local(async move {
            let name = lang.export_file_name();
            // Asked within the click, as browsers want it.
            let place = match goal {
                Goal::File => match Place::ask(name).await {
                    Some(place) => Some(place),
                    None => return,
                },
                Goal::Paper => None,
            };
            state.try_set(State::Loading(0));
            let progress = move |events| {
                state.try_set(State::Loading(events));
            };
            let made = match exported.try_get_value().flatten() {
                // What is printed is what was saved.
                Some(exported) => Ok(Ok(exported)),
                None => Abortable::new(chat.export(progress), registration).await,
            };
            let end = match made {
                Ok(Ok(made)) => {
                    exported.try_set_value(Some(made.clone()));
                    finish(&made, place, name, &hospital.get_untracked(), lang).await
                }
                other => {
                    if let Some(place) = place {
                        place.give_up().await;
                    }
                    match other {
                        Ok(Err(ActionError::NotAllowed)) => {
                            Err(lang.export_not_confirmed().to_owned())
                        }
                        Ok(Err(error)) => Err(action_words(&error, lang)),
                        _ => Ok(State::Ready),
                    }
                }
            };
            match end {
                Ok(end) => {
                    state.try_set(end);
                }
                Err(words) => {
                    state.try_set(State::Ready);
                    problem.try_set(Some(words));
                }
            }
        });
    };
    let is_loading = move || matches!(state.get(), State::Loading(_));
    view! {
        <Sheet title=lang.export_chat() on_close testid="export-sheet">
            <div class="body">
                {move || match allowed.get() {
                    None => view! { <p role="status">{lang.loading()}</p> }.into_any(),
                    Some(false) => view! { <p data-testid="export-not-allowed">{lang.export_not_allowed()}</p> }.into_any(),
                    Some(true) => {
                        view! {
                            <p>{lang.export_explain()}</p>
                            <p>{lang.export_outside()}</p>
                            <Problem text=problem/>
                            {move || match state.get() {
                                State::Loading(events) => {
                                    view! { <p role="status" data-testid="export-progress">{lang.export_loaded(events)}</p> }.into_any()
                                }
                                State::Saved => view! { <p role="status" data-testid="export-done">{lang.export_done()}</p> }.into_any(),
                                State::Ready => ().into_any(),
                            }}
                            <button
                                type="button"
                                class="button primary wide"
                                data-testid="export-save"
                                disabled=is_loading
                                on:click=move |_| begin(Goal::File)
                            >
                                <Picture icon=Icon::Shield class="small"/>
                                {lang.export_save()}
                            </button>
                            <button
                                type="button"
                                class="button outline wide"
                                data-testid="export-print"
                                disabled=is_loading
                                on:click=move |_| begin(Goal::Paper)
                            >
                                <Picture icon=Icon::Printer class="small"/>
                                {lang.export_print()}
                            </button>
                        }
                            .into_any()
                    }
                }}
            </div>
        </Sheet>
    }
}

async fn finish(
    made: &Exported,
    place: Option<Place>,
    name: &str,
    hospital: &str,
    lang: Lang,
) -> Result<State, String> {
    let Some(place) = place else {
        printed::print(page(made, hospital, lang));
        return Ok(State::Ready);
    };
    let failed = || lang.save_failed().to_owned();
    place.write(made.json.as_bytes()).await.ok_or_else(failed)?;
    place.finish(name).await.ok_or_else(failed)?;
    Ok(State::Saved)
}

/// The printed page: what stands in the signed document.
fn page(made: &Exported, hospital: &str, lang: Lang) -> Vec<(&'static str, &'static str, String)> {
    let header = &made.header;
    let name = |user: &str| header.members.get(user).cloned().unwrap_or_else(|| user.to_owned());
    let when = |at_ms: u64| clock::stamp(platform::local_time(at_ms), lang);
    let by = format!("{}, {}, {hospital}", name(&header.exported_by), header.exported_by);
    let mut page = vec![
        ("h1", "", header.title.clone()),
        ("p", "", lang.export_by(&by, &when(header.exported_at_ms))),
    ];
    for (user, count) in &header.missing {
        page.push(("p", "", lang.messages_missing(&name(user), *count)));
    }
    for entry in &made.entries {
        let line = format!("{}. {}, {}", entry.number, name(&entry.sender), when(entry.at_ms));
        page.push(("h2", "printed-who", line));
        page.push(("p", "printed-text", words(entry, lang)));
        page.push(("p", "printed-hash", format!("{} {}", entry.event_id, entry.previous)));
    }
    page.push(("p", "", lang.export_sealed(made.entries.len(), &made.last)));
    page
}

/// What an entry says on paper; what is no message, by its type.
fn words(entry: &Entry, lang: Lang) -> String {
    match entry.state {
        EntryState::Deleted => return lang.export_deleted().to_owned(),
        EntryState::Unreadable => return lang.export_unreadable().to_owned(),
        EntryState::Confirmed | EntryState::NotConfirmed | EntryState::Clear => {}
    }
    if let Some(new) = entry.new_text() {
        return format!("{} {new}", lang.export_edited());
    }
    let said = entry.emoji().or_else(|| entry.text());
    said.map_or_else(|| format!("[{}]", entry.kind), str::to_owned)
}
