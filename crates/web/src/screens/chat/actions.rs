//! What can be done with a message: react, reply, edit, delete, look closer.

use std::sync::Arc;

use client::chat::{Body, Message, OwnState};
use leptos::prelude::*;

use super::{Action, Open, Reference, message::warning_words};
use crate::{
    clock,
    context::lang,
    i18n::Lang,
    platform,
    ui::{AvatarSize, EmojiGrid, Icon, Picture, QUICK_REACTIONS, Question, Sheet, tick},
};

/// The sheet for the message that was asked for.
#[component]
pub fn MessageActions() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let close = Callback::new(move |()| open.action.set(None));
    move || {
        let (key, action) = open.action.get()?;
        let message = open.message(&key)?;
        Some(match action {
            Action::Menu => menu(message, key, open, close, lang).into_any(),
            Action::React => {
                let choose = react(open, message, close);
                view! {
                    <Sheet title=lang.react() on_close=close testid="react">
                        <EmojiGrid on_choose=choose/>
                    </Sheet>
                }
                .into_any()
            }
            Action::Details => details(&message, close, lang).into_any(),
            Action::Delete => {
                let id = StoredValue::new(message.id);
                let delete = Callback::new(move |()| {
                    close.run(());
                    let id = id.get_value();
                    open.attempt(async move |chat| chat.delete(&id).await);
                });
                view! {
                    <Question
                        title=lang.delete_question()
                        consequence=vec![lang.delete_consequence().to_owned()]
                        answer=lang.delete_for_all()
                        danger=true
                        on_answer=delete
                        on_close=close
                    />
                }
                .into_any()
            }
        })
    }
}

fn react(open: Open, message: Message, close: Callback<()>) -> Callback<String> {
    let id = message.id;
    Callback::new(move |emoji: String| {
        close.run(());
        let id = id.clone();
        open.attempt(async move |chat| chat.react(&id, &emoji).await);
    })
}

fn menu(
    message: Message,
    key: Arc<str>,
    open: Open,
    close: Callback<()>,
    lang: Lang,
) -> impl IntoView {
    let go = {
        let key = key.clone();
        move |action: Action| open.action.set(Some((key.clone(), action)))
    };
    let (to_react, to_details, to_delete) = (go.clone(), go.clone(), go);
    let refer = move |reference: Reference| {
        close.run(());
        open.reference.set(Some(reference));
    };
    let quick = message.can_reply.then(|| {
        let choose = react(open, message.clone(), close);
        let mine: Vec<String> = message.reactions.iter().filter(|reaction| reaction.mine).map(|reaction| reaction.emoji.clone()).collect();
        view! {
            <div class="quick-reactions" role="group" aria-label=lang.react()>
                {QUICK_REACTIONS
                    .into_iter()
                    .map(|emoji| {
                        let pressed = mine.iter().any(|other| other == emoji);
                        view! {
                            <button
                                type="button"
                                class="emoji"
                                aria-pressed=pressed.to_string()
                                data-testid="quick-reaction"
                                data-emoji=emoji
                                on:click=move |_| choose.run(emoji.into())
                            >
                                {emoji}
                            </button>
                        }
                    })
                    .collect_view()}
                <button type="button" class="icon-button" aria-label=lang.more_reactions() data-testid="more-reactions" on:click=move |_| to_react(Action::React)>
                    <Picture icon=Icon::Plus/>
                </button>
            </div>
        }
    });
    let failed = matches!(message.own, Some(OwnState::Failed(_)));
    let editable = message.can_edit && matches!(message.body, Body::Text { .. });
    let item = move |icon: Icon,
                     label: &'static str,
                     testid: &'static str,
                     danger: bool,
                     act: Box<dyn Fn()>| {
        view! {
            <button type="button" class:danger=danger data-testid=testid on:click=move |_| act()>
                <Picture icon/>
                {label}
            </button>
        }
    };
    let (reply_id, edit_id, retry_id) =
        (message.id.clone(), message.id.clone(), message.id.clone());
    view! {
        <Sheet title=lang.message() narrow=true on_close=close testid="message-actions">
            {quick}
            <div class="menu">
                {failed
                    .then(|| {
                        item(
                            Icon::Again,
                            lang.send_again(),
                            "action-retry",
                            false,
                            Box::new(move || {
                                close.run(());
                                let id = retry_id.clone();
                                open.attempt(async move |chat| chat.retry(&id).await);
                            }),
                        )
                    })}
                {message
                    .can_reply
                    .then(|| item(Icon::Reply, lang.reply(), "action-reply", false, Box::new(move || refer(Reference::Reply(reply_id.clone())))))}
                {editable
                    .then(|| item(Icon::Pencil, lang.edit(), "action-edit", false, Box::new(move || refer(Reference::Edit(edit_id.clone())))))}
                {item(Icon::Info, lang.message_details(), "action-details", false, Box::new(move || to_details(Action::Details)))}
                {message
                    .can_delete
                    .then(|| {
                        let label = if failed { lang.discard() } else { lang.delete_for_all() };
                        item(Icon::Trash, label, "action-delete", true, Box::new(move || to_delete(Action::Delete)))
                    })}
            </div>
        </Sheet>
    }
}

fn details(message: &Message, close: Callback<()>, lang: Lang) -> impl IntoView + use<> {
    let exact = move |at_ms: u64| clock::exact(platform::local_time(at_ms), platform::now(), lang);
    let readers = message
        .read_by
        .iter()
        .map(|reader| {
            view! {
                <li>
                    {AvatarSize::Small.of(&reader.person)}
                    <span>{reader.person.name.clone()}</span>
                    {reader.at_ms.map(|at_ms| view! { <time>{exact(at_ms)}</time> })}
                </li>
            }
        })
        .collect_view();
    let sender = &message.sender.person;
    let who = match sender.position() {
        Some(position) => format!("{}, {position}", sender.name),
        None => sender.name.clone(),
    };
    let nobody = message.read_by.is_empty();
    let sent_at = exact(message.at_ms);
    let warning = message.warning.map(|warning| warning_words(warning, lang));
    let state = message.own.as_ref().map(|own| tick(own, lang));
    view! {
        <Sheet title=lang.message_details() on_close=close testid="message-details">
            <dl class="facts">
                <div>
                    <dt>{lang.sender()}</dt>
                    <dd>{who}</dd>
                    {warning.map(|words| view! { <dd class="note">{words}</dd> })}
                </div>
                <div>
                    <dt>{lang.sent_at()}</dt>
                    <dd>{sent_at} " " {state}</dd>
                </div>
                <div>
                    <dt>{lang.read_by()}</dt>
                    <dd>
                        {nobody.then(|| lang.nobody_read_yet())}
                        <ul class="people">{readers}</ul>
                    </dd>
                </div>
            </dl>
        </Sheet>
    }
}
