//! Where one writes.

use std::{cell::RefCell, rc::Rc, time::Duration};

use client::{
    MessageId, Person,
    chat::{Body, ChatHeader, Draft, Message, TextToSend},
    room_list::{Preview, RoomKind},
};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{
    Open, Reference,
    contact::ContactSheet,
    mentions::{MentionList, Mentions},
    message_in, outbox,
    poll::PollSheet,
    voice::Recorder,
    writer::writer_words,
};
use crate::{
    context::{Desk, Frame, lang},
    i18n::Lang,
    platform::{self, Debounce},
    text,
    ui::{EmojiGrid, Icon, Picture, Question, Sheet, action_words, preview_words},
};

/// How long after the last keystroke a draft is kept.
const DRAFT_PAUSE: Duration = Duration::from_millis(400);

/// The composer with the line that says whom it writes to.
#[component]
pub fn Composer() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let frame = Frame::get();
    let area = NodeRef::<html::Textarea>::new();
    let text = RwSignal::new(String::new());
    let attaching = RwSignal::new(false);
    let choosing_emoji = RwSignal::new(false);
    let photo_input = NodeRef::<html::Input>::new();
    let document_input = NodeRef::<html::Input>::new();

    let asking_poll = RwSignal::new(false);
    let choosing_contact = RwSignal::new(false);
    let recording = RwSignal::new(false);
    let asking_who = RwSignal::new(None::<String>);
    let mentions = Mentions::new();

    let drafts = Drafts::new(open, text);
    // Whatever changes the text, its height follows, once the browser has it.
    Effect::new(move |_| {
        text.track();
        spawn_local(async move {
            platform::sleep(Duration::ZERO).await;
            if let Some(area) = area.try_get_untracked().flatten() {
                fit(&area);
            }
        });
    });
    let focus = move || {
        if let Some(area) = area.get_untracked() {
            let _ = area.focus();
        }
    };

    // Choosing "reply" or "edit" on a message brings its text here and the caret with it.
    Effect::new(move |before: Option<Option<Reference>>| {
        let reference = open.reference.get();
        if before.is_some_and(|before| before != reference) {
            if let Some(Reference::Edit(id)) = &reference
                && let Some(message) = open.row_of(id).and_then(|row| open.message(&row))
                && let Body::Text { text: old, .. } = message.body
            {
                text.set(old);
            }
            drafts.keep_soon();
            if reference.is_some() {
                focus();
            }
        }
        reference
    });
    area.on_load(move |area| {
        fit(&area);
        if platform::has_keyboard() {
            let _ = area.focus();
        }
    });

    let go = move || {
        let what = text.get_untracked().trim().to_owned();
        if what.is_empty() {
            return;
        }
        let reference = open.reference.get_untracked();
        let urgent = open.urgent.get_untracked();
        let message = TextToSend {
            mentions: mentions.standing_in(&what).into_iter().map(|person| person.id).collect(),
            text: what.clone(),
            reply_to: match &reference {
                Some(Reference::Reply(id)) => Some(id.clone()),
                _ => None,
            },
            urgent,
        };
        text.set(String::new());
        open.reference.set(None);
        open.urgent.set(false);
        drafts.forget();
        let chat = open.chat();
        spawn_local(async move {
            chat.typing(false).await;
            let result = match &reference {
                Some(Reference::Edit(id)) => chat.edit(id, &message).await,
                _ => chat.send_text(&message).await,
            };
            match result {
                Ok(()) => {
                    mentions.chosen.try_set(Vec::new());
                    open.sent.try_update(|sent| *sent += 1);
                }
                Err(error) => {
                    // What was typed is never lost: it comes back where it was.
                    text.try_update(|now| {
                        if now.is_empty() {
                            *now = what;
                        }
                    });
                    open.reference.try_set(reference);
                    open.urgent.try_set(urgent);
                    frame.say(action_words(&error, lang));
                }
            }
        });
    };
    let look_alikes = look_alikes(open);
    let send = move || {
        let id = open.header.with_untracked(|header| header.id.clone());
        let asked = Desk::get().asked_who.with_value(|asked| asked.contains(&id));
        let usual = look_alikes.with_untracked(|list| {
            list.iter().find(|(_, is_usual)| *is_usual).map(|(person, _)| with_department(person))
        });
        match usual.filter(|_| !asked && text.with_untracked(|text| !text.trim().is_empty())) {
            Some(other) => asking_who.set(Some(other)),
            None => go(),
        }
    };
    let yes_them = Callback::new(move |()| {
        let id = open.header.with_untracked(|header| header.id.clone());
        Desk::get().asked_who.update_value(|asked| {
            asked.insert(id);
        });
        asking_who.set(None);
        go();
    });
    let look_for_mention = move || {
        let Some(area) = area.get_untracked() else { return };
        let value = area.value();
        // The browser counts UTF-16 units.
        let caret = area.selection_start().ok().flatten().unwrap_or_default() as usize;
        let before: Vec<u16> = value.encode_utf16().take(caret).collect();
        mentions.look(open, &String::from_utf16_lossy(&before));
    };
    let choose_mention = Callback::new(move |(place, person): (usize, Person)| {
        let value = text.get_untracked();
        let query_end = area
            .get_untracked()
            .and_then(|area| area.selection_start().ok().flatten())
            .map(|caret| {
                let before: Vec<u16> = value.encode_utf16().take(caret as usize).collect();
                String::from_utf16_lossy(&before).len()
            })
            .unwrap_or(value.len());
        let (Some(before), Some(after)) = (value.get(..place), value.get(query_end..)) else {
            return;
        };
        let mention = format!("{before}@{} ", person.name);
        let caret = mention.encode_utf16().count() as u32;
        text.set(format!("{mention}{}", after.trim_start()));
        mentions.offered.set(None);
        mentions.chosen.update(|chosen| {
            if !chosen.iter().any(|other| other.id == person.id) {
                chosen.push(person);
            }
        });
        drafts.keep_soon();
        spawn_local(async move {
            platform::sleep(Duration::ZERO).await;
            if let Some(area) = area.try_get_untracked().flatten() {
                let _ = area.focus();
                let _ = area.set_selection_range(caret, caret);
            }
        });
    });
    let typed = move |event: web_sys::Event| {
        text.set(event_target_value(&event));
        look_for_mention();
        drafts.keep_soon();
        let writing = text.with_untracked(|text| !text.is_empty());
        let chat = open.chat();
        spawn_local(async move { chat.typing(writing).await });
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let composing = event.is_composing() || event.key_code() == 229;
        let offers = mentions.offered.with_untracked(Option::is_some) && !composing;
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if offers => {
                event.prevent_default();
                mentions.step(event.key() == "ArrowDown");
            }
            "Enter" | "Tab" if offers && !event.shift_key() => {
                event.prevent_default();
                if let Some(marked) = mentions.marked() {
                    choose_mention.run(marked);
                }
            }
            "Escape" if offers => {
                event.prevent_default();
                mentions.offered.set(None);
            }
            "Enter"
                if !event.shift_key()
                    && !composing
                    && (platform::has_keyboard() || event.ctrl_key() || event.meta_key()) =>
            {
                event.prevent_default();
                send();
            }
            "Escape" if open.reference.with_untracked(Option::is_some) => {
                event.prevent_default();
                leave_reference(open, text);
            }
            "ArrowUp" if text.with_untracked(String::is_empty) => {
                if let Some(id) = last_own(open) {
                    event.prevent_default();
                    open.reference.set(Some(Reference::Edit(id)));
                }
            }
            _ => {}
        }
    };
    let pasted = move |event: web_sys::ClipboardEvent| {
        let files =
            event.clipboard_data().and_then(|data| data.files()).filter(|files| files.length() > 0);
        if let Some(files) = files {
            event.prevent_default();
            outbox::take_files(open, &files);
        }
    };
    let chosen = move |event: web_sys::Event| {
        let Some(input) =
            event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(files) = input.files() {
            outbox::take_files(open, &files);
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let insert = Callback::new(move |emoji: String| {
        choosing_emoji.set(false);
        text.update(|text| text.push_str(&emoji));
        drafts.keep_soon();
        focus();
    });
    let click = move |input: NodeRef<html::Input>| {
        attaching.set(false);
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let label = move || open.header.with(|header| recipient(header, &frame.hospital.get(), lang));

    view! {
        <MentionList mentions on_choose=choose_mention/>
        {move || open.reference.get().map(|reference| answering(&reference, open, text, lang))}
        {move || {
            open.urgent
                .get()
                .then(|| {
                    view! {
                        <div class="answering urgent-on" data-testid="urgent-on">
                            <Picture icon=Icon::Warning class="small"/>
                            <span class="grow">
                                <b>{lang.urgent()}</b>
                                <span>{lang.urgent_hint()}</span>
                            </span>
                            <button type="button" class="icon-button" aria-label=lang.cancel() data-testid="urgent-off" on:click=move |_| open.urgent.set(false)>
                                <Picture icon=Icon::Close class="small"/>
                            </button>
                        </div>
                    }
                })
        }}
        {move || {
            let words = look_alikes.with(|list| {
                let names: Vec<String> = list.iter().map(|(person, _)| with_department(person)).collect();
                (!names.is_empty()).then(|| lang.similar_name(&names.join(", ")))
            })?;
            Some(
                view! {
                    <p class="look-alike" data-testid="look-alike">
                        <Picture icon=Icon::Info class="small"/>
                        <span>{words}</span>
                    </p>
                },
            )
        }}
        <div class="to" data-testid="recipient-line" id="recipient-line">
            <Picture icon=Icon::Lock/>
            <span class="cut">{label}</span>
        </div>
        {move || {
            recording
                .get()
                .then(|| view! { <Recorder on_close=Callback::new(move |()| recording.set(false))/> })
        }}
        <form
            class="composer"
            hidden=move || recording.get()
            class:has-text=move || text.with(|text| !text.trim().is_empty())
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <button type="button" class="icon-button" aria-label=lang.attach() title=lang.attach() data-testid="attach" on:click=move |_| attaching.set(true)>
                <Picture icon=Icon::Plus/>
            </button>
            <div class="box">
                <textarea
                    node_ref=area
                    rows="1"
                    placeholder=lang.message()
                    aria-label=lang.message()
                    aria-describedby="recipient-line"
                    enterkeyhint=if platform::has_keyboard() { "send" } else { "enter" }
                    autocomplete="off"
                    aria-autocomplete="list"
                    aria-controls=move || mentions.offered.with(Option::is_some).then_some("mention-list")
                    aria-activedescendant=move || {
                        mentions.offered.with(Option::is_some).then(|| format!("mention-{}", mentions.at.get()))
                    }
                    data-testid="composer"
                    prop:value=move || text.get()
                    on:input=typed
                    on:keydown=on_key
                    on:paste=pasted
                    on:blur=move |_| mentions.offered.set(None)
                ></textarea>
                <button type="button" class="icon-button desk" aria-label=lang.emoji() title=lang.emoji() data-testid="emoji" on:click=move |_| choosing_emoji.set(true)>
                    <Picture icon=Icon::Smile/>
                </button>
            </div>
            <button
                type="button"
                class="icon-button camera"
                aria-label=lang.attach_camera()
                title=lang.attach_camera()
                data-testid="camera"
                on:click=move |_| open.camera.set(true)
            >
                <Picture icon=Icon::Camera/>
            </button>
            <button
                type="button"
                class="icon-button fill mic"
                aria-label=lang.record_voice()
                title=lang.record_voice()
                data-testid="record"
                on:click=move |_| recording.set(true)
            >
                <Picture icon=Icon::Microphone/>
            </button>
            <button
                type="submit"
                class="icon-button fill send"
                class:urgent=move || open.urgent.get()
                aria-label=move || if matches!(open.reference.get(), Some(Reference::Edit(_))) { lang.save_change() } else { lang.send() }
                title=lang.send()
                data-testid="send"
                disabled=move || text.with(|text| text.trim().is_empty())
            >
                {move || {
                    let editing = matches!(open.reference.get(), Some(Reference::Edit(_)));
                    view! { <Picture icon=if editing { Icon::Check } else { Icon::Send }/> }
                }}
            </button>
        </form>
        <input node_ref=photo_input type="file" class="sr" tabindex="-1" aria-hidden="true" accept="image/*" multiple data-testid="file-input" on:change=chosen/>
        <input node_ref=document_input type="file" class="sr" tabindex="-1" aria-hidden="true" multiple data-testid="document-input" on:change=chosen/>
        {move || {
            attaching
                .get()
                .then(|| {
                    let close = Callback::new(move |()| attaching.set(false));
                    view! {
                        <Sheet title=lang.attach() narrow=true on_close=close testid="attach-sheet">
                            <div class="menu">
                                <button type="button" data-testid="attach-camera" on:click=move |_| {
                                    attaching.set(false);
                                    open.camera.set(true);
                                }>
                                    <Picture icon=Icon::Camera/>
                                    {lang.attach_camera()}
                                </button>
                                <button type="button" data-testid="attach-photo" on:click=move |_| click(photo_input)>
                                    <Picture icon=Icon::Image/>
                                    {lang.attach_photo()}
                                </button>
                                <button type="button" data-testid="attach-document" on:click=move |_| click(document_input)>
                                    <Picture icon=Icon::Document/>
                                    {lang.attach_document()}
                                </button>
                                <button type="button" data-testid="attach-poll" on:click=move |_| {
                                    attaching.set(false);
                                    asking_poll.set(true);
                                }>
                                    <Picture icon=Icon::Poll/>
                                    {lang.poll()}
                                </button>
                                <button type="button" data-testid="attach-contact" on:click=move |_| {
                                    attaching.set(false);
                                    choosing_contact.set(true);
                                }>
                                    <Picture icon=Icon::Contact/>
                                    {lang.contact()}
                                </button>
                                <button type="button" data-testid="attach-urgent" on:click=move |_| {
                                    attaching.set(false);
                                    open.urgent.set(true);
                                    focus();
                                }>
                                    <Picture icon=Icon::Warning/>
                                    {lang.urgent_switch()}
                                </button>
                            </div>
                        </Sheet>
                    }
                })
        }}
        {move || {
            asking_poll.get().then(|| view! { <PollSheet on_close=Callback::new(move |()| asking_poll.set(false))/> })
        }}
        {move || {
            choosing_contact
                .get()
                .then(|| view! { <ContactSheet on_close=Callback::new(move |()| choosing_contact.set(false))/> })
        }}
        {move || {
            let other = asking_who.get()?;
            let who = open.header.with_untracked(|header| recipient(header, &frame.hospital.get_untracked(), lang));
            Some(
                view! {
                    <Question
                        title=lang.similar_title()
                        consequence=vec![who, lang.similar_name(&other)]
                        answer=lang.similar_answer()
                        on_answer=yes_them
                        on_close=Callback::new(move |()| asking_who.set(None))
                    />
                },
            )
        }}
        {move || {
            choosing_emoji
                .get()
                .then(|| {
                    let close = Callback::new(move |()| choosing_emoji.set(false));
                    view! {
                        <Sheet title=lang.emoji() on_close=close testid="emoji-sheet">
                            <EmojiGrid on_choose=insert/>
                        </Sheet>
                    }
                })
        }}
    }
}

/// People with a name similar to the other one's in a chat between two, and whether one usually writes to them.
fn look_alikes(open: Open) -> Memo<Vec<(Person, bool)>> {
    let desk = Desk::get();
    let other = Memo::new(move |_| {
        open.header.with(|header| match &header.kind {
            RoomKind::Direct { other: Some(other) } => Some(other.clone()),
            _ => None,
        })
    });
    Memo::new(move |_| {
        let Some(other) = other.get() else { return Vec::new() };
        let similar = desk.session().directory().similar(&other);
        desk.rooms.with(|rooms| {
            let is_usual = |person: &Person| {
                rooms.rows.iter().any(|row| match &row.kind {
                    RoomKind::Direct { other: Some(other) } => other.id == person.id,
                    _ => false,
                })
            };
            similar.into_iter().map(|person| (person.clone(), is_usual(&person))).collect()
        })
    })
}

fn with_department(person: &Person) -> String {
    match &person.department {
        Some(department) => format!("{}, {department}", person.name),
        None => person.name.clone(),
    }
}

/// Whom the chat writes to, in words.
pub fn recipient(header: &ChatHeader, hospital: &str, lang: Lang) -> String {
    match &header.kind {
        RoomKind::Direct { other: Some(other) } => {
            let outside = text::is_outside(
                other.id.as_str(),
                Desk::get().me.get_untracked().person.id.as_str(),
            );
            let hospital = if outside {
                text::server_of(other.id.as_str()).unwrap_or_default()
            } else {
                hospital
            };
            lang.to_recipient(&other.name, other.department.as_deref(), hospital)
        }
        RoomKind::Direct { other: None } => lang.to_recipient(&header.title, None, hospital),
        RoomKind::Group { members } => lang.to_group(&header.title, *members),
    }
}

/// As high as its text, up to the limit in the style sheet.
fn fit(area: &web_sys::HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(area);
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
}

fn leave_reference(open: Open, text: RwSignal<String>) {
    if matches!(open.reference.get_untracked(), Some(Reference::Edit(_))) {
        text.set(String::new());
    }
    open.reference.set(None);
}

fn last_own(open: Open) -> Option<MessageId> {
    open.rows.with_untracked(|rows| {
        rows.iter().rev().find_map(|row| {
            row.row.with_untracked(|row| {
                message_in(row)
                    .filter(|message| message.can_edit && matches!(message.body, Body::Text { .. }))
                    .map(|message| message.id.clone())
            })
        })
    })
}

/// The message the composer refers to, above it.
fn answering(reference: &Reference, open: Open, text: RwSignal<String>, lang: Lang) -> AnyView {
    let (Reference::Reply(id) | Reference::Edit(id)) = reference;
    let message = open.row_of(id).and_then(|row| open.message(&row));
    let (icon, title) = match reference {
        Reference::Edit(_) => (Icon::Pencil, lang.editing().to_owned()),
        Reference::Reply(_) => {
            let name = message.as_ref().map(|message| writer_words(message, lang));
            (Icon::Reply, format!("{} {}", lang.reply_to(), name.unwrap_or_default()))
        }
    };
    let line = message
        .map_or_else(|| lang.quote_not_loaded().to_owned(), |message| one_line(&message, lang));
    view! {
        <div class="answering" data-testid="answering">
            <Picture icon class="small"/>
            <span class="quote">
                <b class="cut">{title}</b>
                <span>{line}</span>
            </span>
            <button type="button" class="icon-button" aria-label=lang.cancel() data-testid="answering-cancel" on:click=move |_| leave_reference(open, text)>
                <Picture icon=Icon::Close class="small"/>
            </button>
        </div>
    }
    .into_any()
}

/// What a message says, in one line.
pub(super) fn one_line(message: &Message, lang: Lang) -> String {
    match &message.body {
        Body::Text { text, .. } => text.clone(),
        Body::Image(image) => {
            preview_words(&Preview::Image { caption: image.caption.clone() }, lang).1
        }
        Body::Video(video) => video.caption.clone().unwrap_or_else(|| lang.video().into()),
        Body::File(file) => file.name.clone(),
        Body::Poll(poll) => poll.question.clone(),
        Body::Contact(person) => person.name.clone(),
        Body::Urgent(urgent) => urgent.text.clone(),
        Body::Voice(_) => lang.voice_message().into(),
        _ => lang.message().into(),
    }
}

/// Keeps what is begun, also across reloads.
#[derive(Clone, Copy)]
struct Drafts {
    open: Open,
    text: RwSignal<String>,
    pause: StoredValue<Debounce, LocalStorage>,
    // Outlives the signals, for the moment when the chat is left.
    latest: StoredValue<Rc<RefCell<Draft>>, LocalStorage>,
}

impl Drafts {
    fn new(open: Open, text: RwSignal<String>) -> Self {
        let latest = Rc::new(RefCell::new(Draft::default()));
        let this = Self {
            open,
            text,
            pause: StoredValue::new_local(Debounce::default()),
            latest: StoredValue::new_local(latest.clone()),
        };
        let chat = open.chat();
        let kept = chat.clone();
        spawn_local(async move {
            let draft = chat.draft().await;
            let untouched = text.try_with_untracked(String::is_empty) == Some(true);
            if !untouched || draft == Draft::default() {
                return;
            }
            *latest.borrow_mut() = draft.clone();
            let Draft { text: begun, reply_to, editing } = draft;
            open.reference.try_set(editing.map(Reference::Edit).or(reply_to.map(Reference::Reply)));
            text.try_set(begun);
        });
        let latest = this.latest.get_value();
        let pause = this.pause.get_value();
        platform::on_gone(move || {
            pause.cancel();
            let draft = latest.borrow().clone();
            spawn_local(async move { kept.keep_draft(&draft).await });
        });
        this
    }

    fn note(self) -> Option<Draft> {
        let text = self.text.try_get_untracked()?;
        let (reply_to, editing) = match self.open.reference.try_get_untracked()? {
            Some(Reference::Reply(id)) => (Some(id), None),
            Some(Reference::Edit(id)) => (None, Some(id)),
            None => (None, None),
        };
        let draft = Draft { text, reply_to, editing };
        *self.latest.try_get_value()?.borrow_mut() = draft.clone();
        Some(draft)
    }

    fn keep_soon(self) {
        self.note();
        self.pause.get_value().run(DRAFT_PAUSE, move || self.keep());
    }

    fn keep(self) {
        let Some(draft) = self.note() else { return };
        let chat = self.open.chat();
        spawn_local(async move { chat.keep_draft(&draft).await });
    }

    fn forget(self) {
        self.pause.get_value().cancel();
        self.keep();
    }
}
