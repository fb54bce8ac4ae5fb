//! What can be done with a message: react, reply, edit, delete, look closer.

use std::sync::Arc;

use client::{
    chat::{Body, DeviceProof, Message, OwnState, Proof, Reach, Stage},
    removal::{EditKind, Metadata, RemovalReport},
};
use leptos::prelude::*;

use super::{Action, Open, Reference, forward::ForwardSheet, message::warning_words};
use crate::{
    clock,
    context::lang,
    i18n::Lang,
    platform,
    ui::{AvatarSize, EmojiGrid, Icon, Picture, QUICK_REACTIONS, Sheet, tick},
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
            Action::Details => view! { <Details message on_close=close/> }.into_any(),
            Action::Forward => {
                view! { <ForwardSheet message=message.id on_close=close/> }.into_any()
            }
            Action::Delete => view! { <Delete message on_close=close/> }.into_any(),
        })
    }
}

/// Deleting for all where that is ours to do, else on this device alone.
#[component]
fn Delete(message: Message, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let for_all = message.can_delete;
    let can_hide = message.id.event_id().is_some();
    let id = StoredValue::new(message.id);
    let delete = move |_| {
        on_close.run(());
        let id = id.get_value();
        open.attempt(async move |chat| chat.delete(&id).await);
    };
    let hide = move |_| {
        on_close.run(());
        let id = id.get_value();
        open.attempt(async move |chat| chat.hide(&id).await);
    };
    let title = if for_all { lang.delete_question() } else { lang.delete_for_me() };
    view! {
        <Sheet title on_close testid="question">
            <div class="body">
                {for_all.then(|| view! { <p>{lang.delete_consequence()}</p> })}
                {can_hide.then(|| view! { <p>{lang.delete_for_me_consequence()}</p> })}
            </div>
            <div class="buttons">
                <button type="button" class="button plain" data-testid="question-cancel" on:click=move |_| on_close.run(())>
                    {lang.cancel()}
                </button>
                {can_hide
                    .then(|| {
                        view! {
                            <button type="button" class="button outline" data-testid="delete-for-me" on:click=hide>
                                {lang.delete_for_me()}
                            </button>
                        }
                    })}
                {for_all
                    .then(|| {
                        view! {
                            <button type="button" class="button danger" data-testid="question-answer" on:click=delete>
                                {lang.delete_for_all()}
                            </button>
                        }
                    })}
            </div>
        </Sheet>
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
    let (to_react, to_details, to_forward, to_delete) = (go.clone(), go.clone(), go.clone(), go);
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
    let (reply_id, edit_id, retry_id, pin_id, poll_id) = (
        message.id.clone(),
        message.id.clone(),
        message.id.clone(),
        message.id.clone(),
        message.id.clone(),
    );
    let can_pin = message.can_reply && open.header.with_untracked(|header| header.can_pin);
    let pinned = message.pinned;
    let can_end = matches!(&message.body, Body::Poll(poll) if poll.can_end);
    let can_forward = message.can_forward;
    let can_remove = message.can_delete || message.id.event_id().is_some();
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
                {can_forward
                    .then(|| item(Icon::PassOn, lang.forward(), "action-forward", false, Box::new(move || to_forward(Action::Forward))))}
                {can_pin
                    .then(|| {
                        item(
                            Icon::Pin,
                            if pinned { lang.unpin() } else { lang.pin() },
                            "action-pin",
                            false,
                            Box::new(move || {
                                close.run(());
                                let id = pin_id.clone();
                                open.attempt(async move |chat| chat.pin(&id, !pinned).await);
                            }),
                        )
                    })}
                {can_end
                    .then(|| {
                        item(
                            Icon::Poll,
                            lang.poll_end(),
                            "action-end-poll",
                            false,
                            Box::new(move || {
                                close.run(());
                                let id = poll_id.clone();
                                open.attempt(async move |chat| chat.end_poll(&id, lang.poll_ended()).await);
                            }),
                        )
                    })}
                {item(Icon::Info, lang.message_details(), "action-details", false, Box::new(move || to_details(Action::Details)))}
                {can_remove
                    .then(|| {
                        let label = if failed { lang.discard() } else { lang.delete() };
                        item(Icon::Trash, label, "action-delete", true, Box::new(move || to_delete(Action::Delete)))
                    })}
            </div>
        </Sheet>
    }
}

/// When, by whom, and how far it got with each of the others.
#[component]
fn Details(message: Message, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let exact = move |at_ms: u64| clock::exact(platform::local_time(at_ms), platform::now(), lang);
    let sender = &message.sender.person;
    let who = match sender.position() {
        Some(position) => format!("{}, {position}", sender.name),
        None => sender.name.clone(),
    };
    let sent_at = exact(message.at_ms);
    let warning = message.warning.map(|warning| warning_words(warning, lang));
    let reach = RwSignal::new(Vec::<Reach>::new());
    let is_own = message.own.is_some() && message.id.event_id().is_some();
    if is_own {
        let id = message.id.clone();
        let chat = open.chat();
        // Marks that come while the sheet is open change the rows too.
        Effect::new(move |_| {
            open.rows.track();
            open.header.track();
            let (chat, id) = (chat.clone(), id.clone());
            leptos::task::spawn_local(async move {
                reach.try_set(chat.reach(&id).await);
            });
        });
    }
    let per_person = move || {
        is_own.then(|| {
            let rows = reach
                .get()
                .into_iter()
                .map(|Reach { person, stage }| {
                    let (name, icon, words, at_ms) = match stage {
                        Stage::OnServer => ("server", Icon::TickSent, lang.reach_server(), None),
                        Stage::OnDevice => {
                            ("device", Icon::TickDelivered, lang.reach_device(), None)
                        }
                        Stage::Read { at_ms } => ("read", Icon::TickRead, lang.reach_read(), at_ms),
                    };
                    let filled = if stage == Stage::OnServer || stage == Stage::OnDevice {
                        "tick"
                    } else {
                        "tick read"
                    };
                    view! {
                        <li data-testid="reach" data-stage=name>
                            {AvatarSize::Small.of(&person)}
                            <span class="grow">
                                {person.name.clone()}
                                <small>{words}</small>
                            </span>
                            {at_ms.map(|at_ms| view! { <time>{exact(at_ms)}</time> })}
                            <Picture icon class=filled/>
                        </li>
                    }
                })
                .collect_view();
            view! {
                <div>
                    <dt>{lang.per_person()}</dt>
                    <dd>
                        <ul class="people">{rows}</ul>
                    </dd>
                </div>
            }
        })
    };
    let state = message.own.as_ref().map(|own| tick(own, lang));
    let proof = RwSignal::new(None::<Proof>);
    {
        let (chat, id) = (open.chat(), message.id.clone());
        leptos::task::spawn_local(async move {
            proof.try_set(chat.proof(&id).await);
        });
    }
    let report = match &message.body {
        Body::Image(image) => image.removal.as_ref(),
        Body::Video(video) => video.removal.as_ref(),
        Body::File(file) => file.removal.as_ref(),
        _ => None,
    };
    // A video from this app's own camera carried nothing.
    let report = report.map(|report| report_lines(report, lang)).filter(|lines| !lines.is_empty());
    let report = report.map(|lines| {
        let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
        view! {
            <div data-testid="removal-report">
                <dt>{lang.before_sending()}</dt>
                <dd>
                    <ul>{lines}</ul>
                </dd>
            </div>
        }
    });
    view! {
        <Sheet title=lang.message_details() on_close testid="message-details">
            <dl class="facts">
                <div>
                    <dt>{lang.sender()}</dt>
                    <dd>{who}</dd>
                    {warning.map(|words| view! { <dd class="note">{words}</dd> })}
                </div>
                <div>
                    <dt>{lang.sent_at()}</dt>
                    <dd class="stated">{sent_at} " " {state}</dd>
                </div>
                {report}
                {per_person}
                {move || proof.get().map(|proof| proof_view(proof, is_own, lang))}
            </dl>
        </Sheet>
    }
}

/// What shows that the message is the one that was sent.
fn proof_view(proof: Proof, is_own: bool, lang: Lang) -> impl IntoView {
    let trust = match proof.trust {
        // Nobody compares with themselves.
        DeviceProof::Compared if is_own => lang.proof_own().to_owned(),
        DeviceProof::Compared => format!("{} {}", lang.proof_confirmed(), lang.proof_compared()),
        DeviceProof::Confirmed => lang.proof_confirmed().to_owned(),
        DeviceProof::NotConfirmed => lang.proof_unconfirmed().to_owned(),
    };
    let device = proof.device.map(|device| format!("{device}, {trust}"));
    let fact = |name: &'static str, value: String| {
        view! {
            <p class="proof">
                <span>{name}</span>
                <code>{value}</code>
            </p>
        }
    };
    view! {
        <div data-testid="proof">
            <dt>{lang.proof()}</dt>
            <dd>
                {device.map(|device| fact(lang.proof_device(), device))}
                {proof.number.map(|number| fact(lang.proof_number(), number.to_string()))}
                {fact(lang.proof_event(), proof.event_id)}
                {proof.sha256.map(|sha256| fact(lang.proof_hash(), sha256))}
            </dd>
        </div>
    }
}

/// What was taken out of a file, and what stayed in it, in words.
fn report_lines(report: &RemovalReport, lang: Lang) -> Vec<String> {
    let count = |kind: EditKind| {
        report.edits.iter().filter(|edits| edits.kind == kind).map(|edits| edits.count).sum::<u32>()
    };
    let mut lines = Vec::new();
    let (blackened, pixelated) = (count(EditKind::Blackened), count(EditKind::Pixelated));
    if blackened > 0 {
        lines.push(lang.areas_blackened(blackened));
    }
    if pixelated > 0 {
        lines.push(lang.areas_pixelated(pixelated));
    }
    lines.extend(lang.other_edits(
        count(EditKind::Cropped) > 0,
        count(EditKind::Turned) > 0,
        count(EditKind::Arrow) + count(EditKind::Text) + count(EditKind::Other),
    ));
    let metadata = metadata_words(&report.metadata, lang);
    if !metadata.is_empty() {
        lines.push(lang.left_out(&metadata));
    }
    if report.drawn_anew {
        lines.push(lang.drawn_anew().to_owned());
    }
    let kept = metadata_words(&report.kept, lang);
    match report.as_it_is {
        Some(reason) => {
            lines.push(lang.went_because(reason).to_owned());
            if !kept.is_empty() {
                lines.push(lang.stays_in(&kept));
            }
        }
        None if !kept.is_empty() => lines.push(lang.stays_in(lang.pictures_unread())),
        None => {}
    }
    if report.attached_files > 0 {
        lines.push(lang.attached_went_along(report.attached_files));
    }
    lines
}

/// What a file can carry, as a list in words.
pub fn metadata_words(kinds: &[Metadata], lang: Lang) -> String {
    let words: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            Metadata::Exif => lang.meta_exif(),
            Metadata::Place => lang.meta_place(),
            Metadata::Thumbnail => lang.meta_thumbnail(),
            Metadata::Xmp => lang.meta_xmp(),
            Metadata::Iptc => lang.meta_iptc(),
            Metadata::Text => lang.meta_text(),
            Metadata::Time => lang.meta_time(),
            Metadata::ColourProfile => lang.meta_colours(),
            Metadata::DocumentInfo => lang.meta_document(),
            Metadata::Revisions => lang.meta_revisions(),
            Metadata::ApplicationData => lang.meta_programs(),
            Metadata::AnnotationAuthors => lang.meta_notes(),
            Metadata::Identifier => lang.meta_identifier(),
            Metadata::Other => lang.meta_other(),
        })
        .collect();
    words.join(", ")
}
