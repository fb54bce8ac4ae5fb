//! A chat on its way over, in the background: one message after the other, until all are queued, it is stopped, or the app ends.

use std::time::Duration;

use client::{
    ChatId,
    chat::ActionError,
    import::{Begun, Gone, Import, Imported, Item, Line, LocalTime, Reading, ToImport},
};
use futures_util::future::{AbortHandle, Abortable};
use leptos::{prelude::*, task::spawn_local};

use super::prepare::{NotPrepared, Prepared, prepare};
use crate::{
    clock,
    context::{Desk, Frame, lang},
    i18n::{Lang, SystemText},
    pieces::Pieces,
    platform,
    route::Route,
    ui::{Icon, Picture, action_words, room_words},
};

/// The page is drawn and answers in between.
const BREATH: Duration = Duration::from_millis(1);
/// How often that is, in messages.
const BREATH_EVERY: usize = 8;

/// How often somebody looks whether it shall go on.
const LOOK: Duration = Duration::from_millis(300);

/// Where a chat goes.
pub enum Start {
    /// Into a chat, from the beginning; with the name under which the person has written there.
    Anew(ChatId, Option<String>),
    /// Where it went earlier, from where it is.
    GoOn(Begun),
}

impl Start {
    /// Into which chat.
    pub fn chat(&self) -> &ChatId {
        match self {
            Self::Anew(chat, _) => chat,
            Self::GoOn(begun) => &begun.chat,
        }
    }

    fn me(&self) -> Option<String> {
        match self {
            Self::Anew(_, me) => me.clone(),
            Self::GoOn(begun) => begun.me.clone(),
        }
    }
}

/// How far a chat is on its way over.
#[derive(Clone, PartialEq)]
pub struct Progress {
    /// What the chat is called that it goes into.
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
    /// Counts the transfers of this session: one that was stopped may still be at its last message.
    turn: StoredValue<u64>,
    abort: StoredValue<Option<AbortHandle>, LocalStorage>,
}

impl Transfer {
    /// Nothing is on its way.
    pub fn none() -> Self {
        Self {
            progress: RwSignal::new(None),
            turn: StoredValue::new(0),
            abort: StoredValue::new_local(None),
        }
    }

    /// Begins. `title`: what the chat is called that it goes into.
    pub fn begin(self, reading: Reading<Pieces>, start: Start, title: String) {
        let all = reading.items.len();
        let chat = start.chat().clone();
        self.progress.set(Some(Progress { title, chat, done: 0, all, left_out: 0, problem: None }));
        let turn = self.turn.get_value() + 1;
        self.turn.set_value(turn);
        spawn_local(go(Going { transfer: self, turn, lang: lang() }, reading, start));
    }

    /// Stops it after the message that is being sent; chosen again, the export goes on from there.
    pub fn stop(self) {
        self.turn.update_value(|turn| *turn += 1);
        if let Some(abort) = self.abort.try_update_value(Option::take).flatten() {
            abort.abort();
        }
        self.progress.try_set(None);
    }

    /// Tries again what did not work.
    fn retry(self) {
        self.progress.try_update(|it| it.as_mut().map(|it| it.problem = None));
    }
}

/// One transfer, from its beginning to its end.
#[derive(Clone, Copy)]
struct Going {
    transfer: Transfer,
    turn: u64,
    lang: Lang,
}

/// It was stopped, or the app is gone.
struct Stopped;

/// What became of a message.
enum Put {
    Whole,
    /// Its attachment could not come along.
    WithoutFile,
    /// It is still to be put, and this is wrong.
    NotYet(String),
}

impl Going {
    fn is_stopped(self) -> bool {
        self.transfer.turn.try_get_value() != Some(self.turn)
    }

    fn show(self, change: impl FnOnce(&mut Progress)) {
        if !self.is_stopped() {
            self.transfer.progress.try_update(|progress| progress.as_mut().map(change));
        }
    }

    /// Waits for what may be dropped at any time.
    async fn unless_stopped<T>(self, what: impl Future<Output = T>) -> Result<T, Stopped> {
        let (abort, registration) = AbortHandle::new_pair();
        if self.is_stopped() || self.transfer.abort.try_set_value(Some(abort)).is_some() {
            return Err(Stopped);
        }
        Abortable::new(what, registration).await.map_err(|_| Stopped)
    }

    /// Says what is wrong, until the person wants to go on.
    async fn pause(self, problem: String) -> Result<(), Stopped> {
        self.show(|it| it.problem = Some(problem));
        loop {
            if self.is_stopped() {
                return Err(Stopped);
            }
            let waits = self
                .transfer
                .progress
                .try_with_untracked(|it| it.as_ref().is_some_and(|it| it.problem.is_some()));
            if waits != Some(true) {
                return Ok(());
            }
            platform::sleep(LOOK).await;
        }
    }

    /// Puts one message into the chat.
    async fn put(
        self,
        import: &mut Import,
        reading: &Reading<Pieces>,
        item: &Item,
        me: Option<&str>,
    ) -> Result<Put, Stopped> {
        let lang = self.lang;
        let words = |error: &ActionError| Put::NotYet(action_words(error, lang));
        if let Err(error) = self.unless_stopped(import.turn(item.attachment.is_some())).await? {
            return Ok(words(&error));
        }
        let mut imported = imported(reading, item, me, lang);
        let caption = Some(item.text.clone()).filter(|text| !text.is_empty());
        let Some(name) = &item.attachment else {
            return Ok(put_text(import, &imported, text_of(item, lang), lang).await);
        };
        let prepared = match reading.attachment(name) {
            Some((archive, entry, name)) => {
                let max_bytes = import.max_bytes().await;
                let preparing = prepare(archive, entry, name, max_bytes, caption.clone(), lang);
                self.unless_stopped(preparing).await?
            }
            None => Err(NotPrepared::Unreadable),
        };
        let put = match prepared {
            Ok(Prepared::Whole(what)) => import.put(&imported, what).await,
            Ok(Prepared::Large(file, blob)) => {
                import.put_large(&imported, file, &Pieces(blob)).await
            }
            Err(NotPrepared::Gone) => return Ok(Put::NotYet(lang.file_changed().into())),
            Err(NotPrepared::Unreadable | NotPrepared::TooLarge) => Err(ActionError::FileChanged),
        };
        match put {
            Ok(()) => Ok(Put::Whole),
            // That one file cannot come is said in its place; the others go on.
            Err(ActionError::FileChanged | ActionError::TooLarge { .. }) => {
                imported.gone = Some(Gone::LeftOut);
                let base = name.rsplit('/').next().unwrap_or(name);
                let text = [Some(base.to_owned()), caption].into_iter().flatten();
                let text = text.collect::<Vec<_>>().join("\n");
                Ok(match put_text(import, &imported, text, lang).await {
                    Put::Whole => Put::WithoutFile,
                    other => other,
                })
            }
            Err(error) => Ok(words(&error)),
        }
    }
}

async fn go(going: Going, reading: Reading<Pieces>, start: Start) {
    if let Ok((messages, left_out)) = all(going, &reading, start).await {
        going.transfer.progress.try_set(None);
        Frame::get().say(going.lang.chat_import_done(messages, left_out));
    }
}

/// Takes all of it over; tells how many messages there are, and how many attachments could not come along.
async fn all(
    going: Going,
    reading: &Reading<Pieces>,
    start: Start,
) -> Result<(usize, usize), Stopped> {
    let session = Desk::get().session();
    let me = start.me();
    let mut import = loop {
        let begun = match &start {
            Start::Anew(chat, me) => Import::begin(&session, reading, chat, me.clone()).await,
            Start::GoOn(begun) => Import::go_on(&session, reading, begun.clone()).await,
        };
        match begun {
            Ok(import) => break import,
            Err(error) => going.pause(room_words(&error, going.lang)).await?,
        }
    };
    let mut left_out = 0;
    while let Some(item) = reading.items.get(import.state().done) {
        let done = import.state().done;
        going.show(|it| (it.done, it.left_out) = (done, left_out));
        if done.is_multiple_of(BREATH_EVERY) {
            platform::sleep(BREATH).await;
        }
        match going.put(&mut import, reading, item, me.as_deref()).await? {
            Put::Whole => {}
            Put::WithoutFile => left_out += 1,
            Put::NotYet(problem) => going.pause(problem).await?,
        }
        if going.is_stopped() {
            return Err(Stopped);
        }
    }
    Ok((reading.items.iter().filter(|item| item.author.is_some()).count(), left_out))
}

async fn put_text(import: &mut Import, imported: &Imported, text: String, lang: Lang) -> Put {
    match import.put(imported, ToImport::Text(text)).await {
        Ok(()) => Put::Whole,
        Err(error) => Put::NotYet(action_words(&error, lang)),
    }
}

/// What other clients show of a message: also where there is nothing to read.
fn text_of(item: &Item, lang: Lang) -> String {
    if let Some(line) = &item.line {
        return lang.system_line(match line {
            Line::Joined { who } => SystemText::Joined { who },
            Line::Left { who } => SystemText::Left { who },
            Line::Invited { who, by } => SystemText::Invited { who, by },
            Line::Removed { who, by } => SystemText::Removed { who, by },
            Line::Renamed { from, to } => SystemText::NameChanged { from, to },
        });
    }
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
    let has_problem = Memo::new(move |_| {
        transfer.progress.with(|it| it.as_ref().is_some_and(|it| it.problem.is_some()))
    });
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
                    {move || {
                        has_problem
                            .get()
                            .then(|| {
                                view! {
                                    <button type="button" class="button plain" data-testid="chat-import-retry" on:click=move |_| transfer.retry()>
                                        {lang.chat_import_retry()}
                                    </button>
                                }
                            })
                    }}
                    <button type="button" class="button plain" data-testid="chat-import-stop" on:click=move |_| transfer.stop()>
                        {lang.chat_import_stop()}
                    </button>
                </div>
            }
        })
    }
}
