//! Pictures and files, looked at once more before they are sent.

mod writing;

use std::rc::Rc;

use client::{
    chat::FileToSend,
    large::{self, LargeToSend},
    removal::AsItIs,
};
use leptos::{html, prelude::*, task::spawn_local};

use self::writing::Writing;
use super::{Open, Reference, Taken, actions::metadata_words, composer::recipient, editor::Editor};
use crate::{
    context::{Frame, lang},
    file_kind::FileKind,
    i18n::Lang,
    pdf::{self, Cleaned},
    photo::{self, Photo},
    pieces::Pieces,
    ui::{Icon, Picture, Stage, action_words},
    video::{NotAVideo, Video},
};

/// What waits for the last look.
#[derive(Clone)]
pub struct Outbox {
    items: Vec<Item>,
}

#[derive(Clone)]
enum Item {
    Photo { photo: Photo, url: String },
    Video { video: Video, url: String },
    Document { name: String, file: Paper },
}

/// A document's file.
#[derive(Clone)]
enum Paper {
    /// Sent as it is.
    Plain(web_sys::Blob),
    /// A PDF; what its file says beside its pages is still in it.
    Unread(web_sys::Blob),
    /// A PDF that was gone through.
    Read(Rc<Cleaned>),
}

impl Paper {
    fn blob(&self) -> &web_sys::Blob {
        match self {
            Self::Plain(file) | Self::Unread(file) => file,
            Self::Read(cleaned) => &cleaned.file,
        }
    }
}

impl Outbox {
    /// What the camera has taken.
    pub fn of(taken: Taken, lang: Lang) -> Self {
        let item = match taken {
            Taken::Photo(photo) => Item::of_photo(photo),
            Taken::Video(video) => Item::of_video(video),
            // Put together here, it says nothing beside its pages.
            Taken::Document(file) => Item::Document {
                name: format!("{}.pdf", lang.document()),
                file: Paper::Plain(file),
            },
        };
        Self { items: vec![item] }
    }
}

impl Item {
    fn of_photo(photo: Photo) -> Self {
        let url = web_sys::Url::create_object_url_with_blob(&photo.full).unwrap_or_default();
        Self::Photo { photo, url }
    }

    fn of_video(video: Video) -> Self {
        let url = web_sys::Url::create_object_url_with_blob(&video.file).unwrap_or_default();
        Self::Video { video, url }
    }

    /// The PDF that still has to be gone through.
    fn unread(&self) -> Option<&web_sys::Blob> {
        match self {
            Self::Document { file: Paper::Unread(file), .. } => Some(file),
            _ => None,
        }
    }

    /// The address under which the page shows it.
    fn url(&self) -> Option<&str> {
        match self {
            Self::Photo { url, .. } | Self::Video { url, .. } => Some(url),
            Self::Document { .. } => None,
        }
    }
}

/// Takes files that were chosen, dropped or pasted. Pictures are drawn anew, so nothing of the original's data remains.
pub fn take_files(open: Open, files: &web_sys::FileList) {
    let files: Vec<web_sys::File> = (0..files.length()).filter_map(|at| files.item(at)).collect();
    let frame = Frame::get();
    spawn_local(async move {
        let lang = frame.lang.get_untracked();
        let mut items = Vec::new();
        for file in files {
            if file.size() < 1.0 {
                frame.say(lang.file_empty());
                continue;
            }
            match FileKind::of(&file).await {
                FileKind::Video(container) => {
                    frame.say(lang.preparing_video());
                    match Video::from_file(container, &file, &file.name(), None).await {
                        Ok(video) => items.push(Item::of_video(video)),
                        Err(NotAVideo::NotShownHere(cleaned)) => items.push(Item::Document {
                            name: file.name(),
                            file: Paper::Plain(cleaned),
                        }),
                        Err(NotAVideo::Unreadable) => frame.say(lang.video_unreadable()),
                    }
                }
                FileKind::Picture => match Photo::from_file(&file, &file.name()).await {
                    Ok(photo) => items.push(Item::of_photo(photo)),
                    Err(photo::NotAPicture) => frame.say(lang.image_unreadable()),
                },
                FileKind::Pdf => {
                    let name = file.name();
                    items.push(Item::Document { name, file: Paper::Unread(file.into()) });
                }
                FileKind::Other => {
                    let name = file.name();
                    items.push(Item::Document { name, file: Paper::Plain(file.into()) });
                }
            }
        }
        if !items.is_empty() {
            open.outbox.try_set(Some(Outbox { items }));
        }
    });
}

/// Sends a large file in the background: it is shown at once, and is encrypted when those before it are.
fn send_large(open: Open, file: LargeToSend, blob: web_sys::Blob) {
    let (frame, chat, sent) = (Frame::get(), open.chat(), open.sent);
    sent.update(|sent| *sent += 1);
    spawn_local(async move {
        if let Err(error) = chat.send_large(file, &Pieces(blob)).await {
            frame.say(action_words(&error, frame.lang.get_untracked()));
        }
    });
}

fn is_large(blob: &web_sys::Blob) -> bool {
    blob.size() as u64 >= large::FROM_BYTES
}

/// What has to be known of a PDF before it is sent: why it goes as it is, what stays in it, what goes along.
fn notes_on(cleaned: &Cleaned, lang: Lang) -> Vec<String> {
    let report = &cleaned.report;
    let kept = metadata_words(&report.kept, lang);
    let mut notes = Vec::new();
    match report.as_it_is {
        Some(reason) => {
            notes.push(lang.goes_because(reason).to_owned());
            notes.push(match kept.is_empty() {
                true => lang.stays_unknown().to_owned(),
                false => lang.stays_in(&kept),
            });
        }
        None if !kept.is_empty() => notes.push(lang.stays_in(lang.pictures_unread())),
        None => {}
    }
    if !cleaned.attached.is_empty() {
        notes.push(lang.attached_go_along(&cleaned.attached.join(", ")));
    }
    notes
}

/// The last look: the picture large, whom it goes to, a caption, send.
#[component]
pub fn OutboxStage(outbox: Outbox) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let open = Open::get();
    let caption = NodeRef::<html::Textarea>::new();
    let at = RwSignal::new(0_usize);
    let count = outbox.items.len();
    let items = StoredValue::new_local(outbox.items);
    on_cleanup(move || {
        items.try_with_value(|items| {
            for url in items.iter().filter_map(Item::url) {
                let _ = web_sys::Url::revoke_object_url(url);
            }
        });
    });
    let close = Callback::new(move |()| open.outbox.set(None));
    // One PDF after the other. Whoever closes the stage ends what is under way.
    let unread =
        RwSignal::new(items.with_value(|items| items.iter().filter_map(Item::unread).count()));
    let worker = StoredValue::new_local(None::<Rc<pdf::Worker>>);
    on_cleanup(move || {
        worker.try_with_value(|worker| worker.as_ref().map(|worker| worker.end()));
    });
    spawn_local(async move {
        let next = || {
            items.try_with_value(|items| {
                let at = items.iter().position(|item| item.unread().is_some())?;
                Some((at, items[at].unread()?.clone()))
            })
        };
        while let Some((at, file)) = next().flatten() {
            let cleaned = match pdf::Worker::new().map(Rc::new) {
                Some(one) => {
                    worker.try_set_value(Some(one.clone()));
                    one.clean(&file).await
                }
                None => Cleaned::as_it_is(&file, AsItIs::Unreadable),
            };
            items.try_update_value(|items| {
                if let Some(Item::Document { file, .. }) = items.get_mut(at) {
                    *file = Paper::Read(Rc::new(cleaned));
                }
            });
            worker.try_set_value(None);
            unread.try_update(|unread| *unread -= 1);
        }
    });
    let is_reading = move || unread.get() > 0;
    let send = move || {
        if unread.get_untracked() > 0 {
            return;
        }
        let caption = caption
            .get_untracked()
            .map(|area| area.value().trim().to_owned())
            .filter(|caption| !caption.is_empty());
        let reply_to = match open.reference.get_untracked() {
            Some(Reference::Reply(id)) => Some(id),
            _ => None,
        };
        let items = items.get_value();
        let chat = open.chat();
        let sent = open.sent;
        open.reference.set(None);
        close.run(());
        spawn_local(async move {
            for (at, item) in items.into_iter().enumerate() {
                // Caption and reply belong to the first; the others follow it.
                let (caption, reply_to) =
                    if at == 0 { (caption.clone(), reply_to.clone()) } else { (None, None) };
                let result = match item {
                    Item::Photo { photo, .. } => match photo.to_send(caption, reply_to).await {
                        Ok(image) => chat.send_image(image).await,
                        Err(photo::NotAPicture) => {
                            frame.say(lang.image_unreadable());
                            continue;
                        }
                    },
                    Item::Video { video, .. } if is_large(&video.file) => {
                        let file = video.to_send_large(caption, reply_to).await;
                        send_large(open, file, video.file);
                        continue;
                    }
                    Item::Video { video, .. } => match video.to_send(caption, reply_to).await {
                        Some(video) => chat.send_video(video).await,
                        None => {
                            frame.say(lang.action_failed());
                            continue;
                        }
                    },
                    Item::Document { name, file } => {
                        let removal = match &file {
                            Paper::Read(cleaned) => Some(cleaned.report.clone()),
                            Paper::Plain(_) | Paper::Unread(_) => None,
                        };
                        let file = file.blob().clone();
                        let mime = Some(file.type_()).filter(|mime| !mime.is_empty());
                        let mime = mime.unwrap_or_else(|| "application/octet-stream".into());
                        if is_large(&file) {
                            let (video, imported) = (None, None);
                            let to_send = LargeToSend {
                                name,
                                mime,
                                caption,
                                reply_to,
                                video,
                                removal,
                                imported,
                            };
                            send_large(open, to_send, file);
                            continue;
                        }
                        let Some(bytes) = photo::bytes(&file).await else {
                            frame.say(lang.action_failed());
                            continue;
                        };
                        let file = FileToSend { name, mime, bytes, caption, reply_to, removal };
                        chat.send_file(file).await
                    }
                };
                match result {
                    Ok(()) => {
                        sent.try_update(|sent| *sent += 1);
                    }
                    Err(error) => frame.say(action_words(&error, lang)),
                }
            }
        });
    };
    // Counts the edits that were finished, to show what they made.
    let edits = RwSignal::new(0_usize);
    let editing = RwSignal::new(false);
    let is_photo = move || {
        edits.track();
        items.with_value(|items| matches!(items.get(at.get()), Some(Item::Photo { .. })))
    };
    let writing = Writing::look(items, at, editing);
    let edited = Callback::new(move |photo: Photo| {
        editing.set(false);
        items.update_value(|items| {
            if let Some(item) = items.get_mut(at.get_untracked()) {
                if let Item::Photo { url, .. } = item {
                    let _ = web_sys::Url::revoke_object_url(url);
                }
                *item = Item::of_photo(photo);
            }
        });
        writing.changed(at.get_untracked(), editing);
        edits.update(|edits| *edits += 1);
    });
    let stop = Callback::new(move |()| editing.set(false));
    let hint = move || {
        let place = writing.shown(at.get())?;
        let (words, action) = match place == at.get() {
            true => (lang.writing_hint().to_owned(), lang.blacken()),
            false => (lang.writing_hint_on(place + 1), lang.show()),
        };
        let act = move |_| match place == at.get_untracked() {
            true => editing.set(true),
            false => at.set(place),
        };
        Some(view! {
            <div class="outbox-notes" data-testid="outbox-writing">
                <Picture icon=Icon::Words class="small"/>
                <p class="grow">{words}</p>
                <button type="button" class="stage-button strong" data-testid="outbox-blacken" on:click=act>
                    {action}
                </button>
            </div>
        })
    };
    let shown = move || {
        edits.track();
        unread.track();
        items.with_value(|items| match items.get(at.get()) {
            Some(Item::Photo { url, photo }) => {
                view! { <img src=url.clone() alt=photo.name.clone() data-testid="outbox-picture"/> }
                    .into_any()
            }
            Some(Item::Video { url, video }) => view! {
                <video src=url.clone() aria-label=video.name.clone() controls playsinline data-testid="outbox-video"></video>
            }
            .into_any(),
            Some(Item::Document { name, file }) => view! {
                <div class="paper">
                    <Picture icon=Icon::Document/>
                    <b data-testid="outbox-file">{name.clone()}</b>
                    <span>{lang.size(file.blob().size() as u64)}</span>
                    {match file {
                        Paper::Plain(_) => ().into_any(),
                        Paper::Unread(_) => {
                            view! {
                                <div class="progress going" role="progressbar" aria-label=lang.preparing_pdf()>
                                    <i></i>
                                </div>
                                <span role="status" data-testid="outbox-preparing">{lang.preparing_pdf()}</span>
                            }
                                .into_any()
                        }
                        Paper::Read(cleaned) => {
                            let removed = metadata_words(&cleaned.report.metadata, lang);
                            (!removed.is_empty())
                                .then(|| view! { <p class="removed" data-testid="outbox-removed">{lang.left_out(&removed)}</p> })
                                .into_any()
                        }
                    }}
                </div>
            }
            .into_any(),
            None => ().into_any(),
        })
    };
    // What goes out as it is, of all that is sent, whichever is looked at.
    let notes = move || {
        unread.track();
        let notes: Vec<_> = items.with_value(|items| {
            items
                .iter()
                .filter_map(|item| match item {
                    Item::Document { name, file: Paper::Read(cleaned) } => Some((name, cleaned)),
                    _ => None,
                })
                .map(|(name, cleaned)| (name.clone(), notes_on(cleaned, lang)))
                .filter(|(_, notes)| !notes.is_empty())
                .collect()
        });
        let note = |(name, notes): (String, Vec<String>)| {
            let name = (count > 1).then(|| view! { <b>{name}</b> });
            let notes = notes.into_iter().map(|note| view! { <p>{note}</p> }).collect_view();
            view! { <li>{name} {notes}</li> }
        };
        (!notes.is_empty()).then(|| {
            let notes = notes.into_iter().map(note).collect_view();
            view! {
                <div class="outbox-notes" role="status" tabindex="0" data-testid="outbox-notes">
                    <Picture icon=Icon::Warning class="small"/>
                    <ul>{notes}</ul>
                </div>
            }
        })
    };
    view! {
        <Stage label=lang.send() on_close=close testid="outbox">
            <header>
                <button type="button" class="icon-button" aria-label=lang.discard() data-testid="outbox-discard" on:click=move |_| close.run(())>
                    <Picture icon=Icon::Close/>
                </button>
                <span class="t">{move || (count > 1).then(|| lang.picture_of(at.get() + 1, count))}</span>
                {move || {
                    is_photo()
                        .then(|| {
                            view! {
                                <button type="button" class="stage-button" title=lang.edit_picture() data-testid="outbox-edit" on:click=move |_| editing.set(true)>
                                    <Picture icon=Icon::Pencil class="small"/>
                                    {lang.edit()}
                                </button>
                            }
                        })
                }}
            </header>
            <div class="view">
                {shown}
                {(count > 1)
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="icon-button arrow prev"
                                aria-label=lang.previous_picture()
                                hidden=move || at.get() == 0
                                on:click=move |_| at.update(|at| *at -= 1)
                            >
                                <Picture icon=Icon::Back/>
                            </button>
                            <button
                                type="button"
                                class="icon-button arrow next"
                                aria-label=lang.next_picture()
                                hidden=move || at.get() + 1 >= count
                                on:click=move |_| at.update(|at| *at += 1)
                            >
                                <Picture icon=Icon::Forward/>
                            </button>
                        }
                    })}
            </div>
            <div role="status" data-testid="outbox-hint" data-looked=move || writing.is_known(at.get()).to_string()>
                {hint}
            </div>
            {notes}
            <div class="to" data-testid="outbox-recipient">
                <Picture icon=Icon::Lock/>
                <span class="cut">{move || open.header.with(|header| recipient(header, &frame.hospital.get(), lang))}</span>
            </div>
            <form
                class="composer has-text"
                on:submit=move |event| {
                    event.prevent_default();
                    send();
                }
            >
                <div class="box">
                    <textarea
                        node_ref=caption
                        rows="1"
                        placeholder=lang.add_caption()
                        aria-label=lang.add_caption()
                        autocomplete="off"
                        data-testid="caption"
                        on:keydown=move |event| {
                            if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                                event.prevent_default();
                                send();
                            }
                        }
                    ></textarea>
                </div>
                <button type="submit" class="icon-button fill send" aria-label=lang.send() title=lang.send() disabled=is_reading data-testid="outbox-send">
                    <Picture icon=Icon::Send/>
                </button>
            </form>
        </Stage>
        {move || {
            editing.get().then(|| {
                let photo = items.with_value(|items| match items.get(at.get_untracked()) {
                    Some(Item::Photo { photo, .. }) => Some(photo.clone()),
                    _ => None,
                })?;
                Some(view! { <Editor photo on_done=edited on_close=stop/> })
            })
        }}
    }
}
