//! A chat on its way over, in the background: one message after the other, until all are queued, it is stopped, or the app ends.

use std::time::Duration;

use client::{
    ChatId,
    chat::ActionError,
    import::{Gone, Import, Imported, Item, LocalTime, Reading, ToImport},
};
use futures_util::future::{AbortHandle, Abortable};
use leptos::{prelude::*, task::spawn_local};

use super::prepare::{NotPrepared, Prepared, prepare};
use crate::{
    clock,
    context::{Desk, Frame, lang},
    i18n::Lang,
    pieces::Pieces,
    platform,
    route::Route,
    ui::{Icon, Picture, action_words, room_words},
};

/// The page is drawn and answers in between.
const BREATH: Duration = Duration::from_millis(1);
/// How often that is, in messages.
const BREATH_EVERY: usize = 8;

/// How far a chat is on its way over.
#[derive(Clone, PartialEq)]
pub struct Progress {
    /// What it is called.
    pub title: String,
    /// Where it goes.
    pub chat: ChatId,
    /// So many messages are done.
    pub done: usize,
    /// So many it has.
    pub all: usize,
    /// So many attachments could not be taken over.
    pub left_out: usize,
    /// Why it stands still.
    pub problem: Option<String>,
}

/// The one chat that is on its way over.
#[derive(Clone, Copy)]
pub struct Transfer {
    /// How far it is, as long as there is one.
    pub progress: RwSignal<Option<Progress>>,
    abort: StoredValue<Option<AbortHandle>, LocalStorage>,
}

impl Transfer {
    /// Nothing is on its way.
    pub fn none() -> Self {
        Self { progress: RwSignal::new(None), abort: StoredValue::new_local(None) }
    }

    /// Begins. `me`: the name under which the person has written there; `title`: that of the chat it goes into.
    pub fn begin(self, reading: Reading<Pieces>, chat: ChatId, me: Option<String>, title: String) {
        let all = reading.items.len();
        let progress =
            Progress { title, chat: chat.clone(), done: 0, all, left_out: 0, problem: None };
        self.progress.set(Some(progress));
        let (abort, registration) = AbortHandle::new_pair();
        self.abort.set_value(Some(abort));
        let going = Abortable::new(go(self, reading, chat, me), registration);
        spawn_local(async move {
            let _ = going.await;
        });
    }

    /// Stops it where it is; chosen again, the export goes on from there.
    pub fn stop(self) {
        if let Some(abort) = self.abort.try_update_value(Option::take).flatten() {
            abort.abort();
        }
        self.progress.try_set(None);
    }

    fn show(self, change: impl FnOnce(&mut Progress)) {
        self.progress.try_update(|progress| progress.as_mut().map(change));
    }
}

async fn go(transfer: Transfer, reading: Reading<Pieces>, chat: ChatId, me: Option<String>) {
    let frame = Frame::get();
    let lang = lang();
    let session = Desk::get().session();
    let mut import = match Import::begin(&session, &reading, &chat, me.clone()).await {
        Ok(import) => import,
        Err(error) => return transfer.show(|it| it.problem = Some(room_words(&error, lang))),
    };
    let mut left_out = 0;
    while let Some(item) = reading.items.get(import.state().done) {
        let done = import.state().done;
        transfer.show(|it| it.done = done);
        if done.is_multiple_of(BREATH_EVERY) {
            platform::sleep(BREATH).await;
        }
        match put(&mut import, &reading, item, me.as_deref(), lang).await {
            Ok(whole) => left_out += usize::from(!whole),
            Err(words) => return transfer.show(|it| it.problem = Some(words)),
        }
        transfer.show(|it| it.left_out = left_out);
    }
    transfer.progress.try_set(None);
    let messages = reading.items.iter().filter(|item| item.author.is_some()).count();
    frame.say(lang.chat_import_done(messages, left_out));
}

/// Takes one message over. Tells whether its attachment came along, if it names one; an error stops all.
async fn put(
    import: &mut Import,
    reading: &Reading<Pieces>,
    item: &Item,
    me: Option<&str>,
    lang: Lang,
) -> Result<bool, String> {
    let mut imported = imported(reading, item, me, lang);
    let caption = Some(item.text.clone()).filter(|text| !text.is_empty());
    let Some(name) = &item.attachment else {
        let text = text_of(item, lang);
        put_text(import, &imported, text, lang).await?;
        return Ok(true);
    };
    let prepared = match reading.attachment(name) {
        Some((archive, entry, name)) => prepare(archive, entry, name, caption.clone(), lang).await,
        None => Err(NotPrepared::Unreadable),
    };
    let put = match prepared {
        Ok(Prepared::Whole(what)) => import.put(&imported, what).await,
        Ok(Prepared::Large(file, blob)) => import.put_large(&imported, file, &Pieces(blob)).await,
        Err(NotPrepared::Gone) => return Err(lang.file_changed().into()),
        Err(NotPrepared::Unreadable) => Err(ActionError::FileChanged),
    };
    match put {
        Ok(()) => Ok(true),
        // That one file cannot come is said in its place; the others go on.
        Err(ActionError::FileChanged | ActionError::TooLarge { .. }) => {
            imported.gone = Some(Gone::LeftOut);
            let base = name.rsplit('/').next().unwrap_or(name);
            let text = [Some(base.to_owned()), caption].into_iter().flatten();
            let text = text.collect::<Vec<_>>().join("\n");
            put_text(import, &imported, text, lang).await?;
            Ok(false)
        }
        Err(error) => Err(action_words(&error, lang)),
    }
}

async fn put_text(
    import: &mut Import,
    imported: &Imported,
    text: String,
    lang: Lang,
) -> Result<(), String> {
    let put = import.put(imported, ToImport::Text(text)).await;
    put.map_err(|error| action_words(&error, lang))
}

/// What other clients show of a message: also where there is nothing to read.
fn text_of(item: &Item, lang: Lang) -> String {
    match item.gone {
        Some(Gone::Deleted) if item.text.is_empty() => lang.message_deleted().into(),
        Some(Gone::LeftOut) if item.text.is_empty() => lang.chat_import_left_out().into(),
        _ => item.text.clone(),
    }
}

fn imported(reading: &Reading<Pieces>, item: &Item, me: Option<&str>, lang: Lang) -> Imported {
    let at_ms = item.at_ms(moment);
    let stamp = clock::stamp(platform::local_time(at_ms), lang);
    let prefix = match &item.author {
        Some(author) => format!("{author}, {stamp}: "),
        None => format!("{stamp}: "),
    };
    Imported {
        by_importer: item.author.is_some() && item.author.as_deref() == me,
        author: item.author.clone(),
        at_ms,
        source: reading.source,
        prefix,
        edited: item.edited,
        gone: item.gone,
    }
}

/// The moment at which the clock on this wall shows a time, in milliseconds since 1970.
pub fn moment(time: LocalTime) -> u64 {
    let date = js_sys::Date::new_with_year_month_day_hr_min_sec(
        u32::from(time.year),
        i32::from(time.month) - 1,
        i32::from(time.day),
        i32::from(time.hour),
        i32::from(time.minute),
        i32::from(time.second),
    );
    date.get_time().max(0.0) as u64
}

/// Says above everything that a chat is on its way over, how far it is, and what is wrong.
#[component]
pub fn TransferBar() -> impl IntoView {
    let lang = lang();
    let transfer = Desk::get().transfer;
    let is_there = Memo::new(move |_| transfer.progress.with(Option::is_some));
    let of = move |part: fn(&Progress) -> String| {
        move || transfer.progress.with(|progress| progress.as_ref().map(part).unwrap_or_default())
    };
    let percent = move || {
        transfer.progress.with(|it| it.as_ref().map_or(0, |it| it.done * 100 / it.all.max(1)))
    };
    let open = move |_| {
        if let Some(progress) = transfer.progress.get_untracked() {
            Frame::get().nav.go(Route::Chat(progress.chat.to_string()));
        }
    };
    move || {
        is_there.get().then(|| {
            view! {
                <div class="transfer" role="group" aria-label=lang.chat_import() data-testid="chat-import-bar">
                    <Picture icon=Icon::Import/>
                    <button type="button" class="transfer-text" data-testid="chat-import-open-chat" on:click=open>
                        <b class="cut">{of(|it| it.title.clone())}</b>
                        {move || {
                            let progress = transfer.progress.get()?;
                            Some(match progress.problem {
                                Some(problem) => view! { <span role="alert" data-testid="chat-import-problem">{problem}</span> }.into_any(),
                                None => view! { <span>{lang.chat_import_at(progress.done, progress.all)}</span> }.into_any(),
                            })
                        }}
                        <span class="progress" role="progressbar" aria-label=lang.chat_import() aria-valuemin="0" aria-valuemax="100" aria-valuenow=move || percent().to_string()>
                            <i style:transform=move || format!("scaleX({})", percent() as f64 / 100.0)></i>
                        </span>
                    </button>
                    <button type="button" class="button plain" data-testid="chat-import-stop" on:click=move |_| transfer.stop()>
                        {lang.chat_import_stop()}
                    </button>
                </div>
            }
        })
    }
}
