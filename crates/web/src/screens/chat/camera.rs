//! The camera inside the app: what it takes never reaches the phone's gallery (I.e).

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use std::time::Duration;

use crate::{
    by_name::{get, object},
    context::{Frame, lang},
    paper,
    photo::Photo,
    platform,
    recorder::{self, Recorder},
    ui::{Icon, Picture, Stage},
    video::{NotAVideo, Video},
    video_metadata::Container,
    wav,
};

/// What the camera has taken.
#[derive(Clone)]
pub enum Taken {
    /// A photo.
    Photo(Photo),
    /// A video.
    Video(Video),
    /// Photographed pages as one PDF.
    Document(web_sys::Blob),
}

/// What the shutter does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Photo,
    Video,
    Document,
}

/// Formats of a recording, the one that most devices play first.
const FORMATS: [(&str, Container); 4] = [
    ("video/mp4;codecs=avc1.42E01F,mp4a.40.2", Container::IsoMedia),
    ("video/mp4", Container::IsoMedia),
    ("video/webm;codecs=vp8,opus", Container::Matroska),
    ("video/webm", Container::Matroska),
];
/// Enough for a gait or a wound in motion; a minute is 19 MB.
const BITS_PER_SECOND: f64 = 2_500_000.0;

/// What the camera is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Starting,
    On,
    Refused,
    Missing,
}

/// Which way it looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Facing {
    Away,
    Us,
}

/// The camera over the whole screen; one press of the shutter gives the photo. For a video it is pressed twice.
#[component]
pub fn Camera(on_taken: Callback<Taken>, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let video = NodeRef::<html::Video>::new();
    let state = RwSignal::new(State::Starting);
    let facing = RwSignal::new(Facing::Away);
    let mode = RwSignal::new(Mode::Photo);
    let several = RwSignal::new(false);
    let stream = StoredValue::new_local(None::<web_sys::MediaStream>);
    let recording = StoredValue::new_local(None::<(Recorder, Container)>);
    // Which start is the last one: an earlier one that the browser answers late must not switch on what is gone.
    let turn = StoredValue::new(0_u32);
    // When the recording began; none while nothing is recorded.
    let began_ms = RwSignal::new(None::<f64>);
    let elapsed_ms = RwSignal::new(0_u64);
    let stop = move || {
        recording.try_update_value(|recording| drop(recording.take()));
        began_ms.try_set(None);
        stream.try_update_value(|stream| {
            if let Some(stream) = stream.take() {
                recorder::end(&stream);
            }
        });
    };
    // The camera's light goes off with the screen, whatever way it is left.
    on_cleanup(stop);

    let start = move || {
        stop();
        state.set(State::Starting);
        turn.update_value(|turn| *turn += 1);
        let this = turn.get_value();
        let is_last = move || turn.try_get_value() == Some(this);
        spawn_local(async move {
            let wanted = mode.get_untracked();
            match open_stream(facing.get_untracked(), wanted).await {
                Ok((opened, with_sound)) => {
                    let here = video.try_get_untracked().flatten();
                    let Some(video) = here.filter(|_| is_last()) else {
                        // Closed, or asked for something else, while the browser was asking.
                        return recorder::end(&opened);
                    };
                    if wanted == Mode::Video && !with_sound {
                        frame.say(lang.video_without_sound());
                    }
                    video.set_src_object(Some(&opened));
                    stream.set_value(Some(opened));
                    if let Ok(playing) = video.play() {
                        let _ = JsFuture::from(playing).await;
                    }
                    if !is_last() {
                        return;
                    }
                    state.try_set(State::On);
                    several.try_set(camera_count().await > 1);
                }
                Err(failed) if is_last() => {
                    state.try_set(failed);
                }
                Err(_) => {}
            }
        });
    };
    video.on_load(move |_| start());

    let busy = RwSignal::new(false);
    let record = move || {
        let Some(stream) = stream.get_value() else { return };
        let format = FORMATS.into_iter().find(|(mime, _)| Recorder::supports(mime));
        let started = format.and_then(|(mime, container)| {
            let options =
                [("mimeType", mime.into()), ("videoBitsPerSecond", BITS_PER_SECOND.into())];
            Recorder::start(&stream, options).ok().map(|recorder| (recorder, container))
        });
        let Some(started) = started else { return frame.say(lang.video_missing()) };
        recording.set_value(Some(started));
        let began = js_sys::Date::now();
        began_ms.set(Some(began));
        elapsed_ms.set(0);
        spawn_local(async move {
            while began_ms.try_get_untracked().flatten() == Some(began) {
                elapsed_ms.try_set((js_sys::Date::now() - began) as u64);
                platform::sleep(Duration::from_millis(200)).await;
            }
        });
    };
    let finish = move || {
        let Some((recorder, container)) = recording.try_update_value(Option::take).flatten() else {
            return;
        };
        let began = began_ms.get_untracked().unwrap_or_default();
        let length_ms = (js_sys::Date::now() - began) as u64;
        began_ms.set(None);
        busy.set(true);
        spawn_local(async move {
            let video = match recorder.stop().await {
                Some(file) => {
                    Video::from_file(container, &file, lang.video(), Some(length_ms)).await
                }
                None => Err(NotAVideo::Unreadable),
            };
            match video {
                Ok(video) => drop(on_taken.try_run(Taken::Video(video))),
                Err(_) => frame.say(lang.action_failed()),
            }
            busy.try_set(false);
        });
    };
    let choose = move |chosen: Mode| {
        let before = mode.get_untracked();
        mode.set(chosen);
        // Photos and pages come from the same picture; a video's is smaller, and has sound.
        if (before == Mode::Video) != (chosen == Mode::Video) {
            start();
        }
    };
    let pages = RwSignal::new_local(Vec::<Photo>::new());
    let bind = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let mut photographed = Vec::new();
            for photo in pages.get_untracked() {
                photographed.extend(photo.page().await);
            }
            match platform::blob(&paper::document(&photographed), "application/pdf") {
                Some(file) => drop(on_taken.try_run(Taken::Document(file))),
                None => frame.say(lang.action_failed()),
            }
            busy.try_set(false);
        });
    };
    let shoot = move |_| {
        if mode.get_untracked() == Mode::Video && !busy.get_untracked() {
            return if began_ms.get_untracked().is_some() { finish() } else { record() };
        }
        let Some(video) = video.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match Photo::from_video(&video, "Foto.jpg").await {
                Ok(page) if mode.get_untracked() == Mode::Document => {
                    pages.try_update(|pages| pages.push(page));
                }
                Ok(photo) => drop(on_taken.try_run(Taken::Photo(photo))),
                Err(crate::photo::NotAPicture) => frame.say(lang.action_failed()),
            }
            busy.try_set(false);
        });
    };
    let turn = move |_| {
        facing.update(|facing| {
            *facing = if *facing == Facing::Away { Facing::Us } else { Facing::Away }
        });
        start();
    };
    view! {
        <Stage label=lang.camera() on_close testid="camera-stage">
            <header>
                <button type="button" class="icon-button" aria-label=lang.close() data-testid="camera-close" on:click=move |_| on_close.run(())>
                    <Picture icon=Icon::Close/>
                </button>
            </header>
            <div class="view">
                <video
                    node_ref=video
                    class:mirror=move || facing.get() == Facing::Us
                    hidden=move || !matches!(state.get(), State::On | State::Starting)
                    autoplay
                    muted
                    playsinline
                    aria-label=lang.camera()
                ></video>
                {move || {
                    began_ms
                        .get()
                        .map(|_| {
                            view! {
                                <p class="on-air" data-testid="recording-time">
                                    <span class="pulse" aria-hidden="true"></span>
                                    <time role="timer">{move || wav::length(elapsed_ms.get())}</time>
                                </p>
                            }
                        })
                }}
                {move || {
                    let (title, hint) = match state.get() {
                        State::On | State::Starting => return None,
                        State::Refused => (lang.camera_refused(), lang.camera_refused_hint()),
                        State::Missing => (lang.camera_missing(), lang.camera_missing_hint()),
                    };
                    Some(
                        view! {
                            <div class="stage-note" role="alert" data-testid="camera-problem">
                                <h2>{title}</h2>
                                <p>{hint}</p>
                                <button type="button" class="button primary" on:click=move |_| start()>{lang.retry()}</button>
                            </div>
                        },
                    )
                }}
            </div>
            <div class="modes" role="group" aria-label=lang.photo_or_video()>
                {[
                    (Mode::Photo, lang.photo(), "mode-photo"),
                    (Mode::Video, lang.video(), "mode-video"),
                    (Mode::Document, lang.document(), "mode-document"),
                ]
                    .map(|(this, words, testid)| {
                        view! {
                            <button
                                type="button"
                                class="tool"
                                aria-pressed=move || (mode.get() == this).to_string()
                                disabled=move || began_ms.get().is_some() || busy.get() || !pages.with(Vec::is_empty)
                                data-testid=testid
                                on:click=move |_| choose(this)
                            >
                                {words}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <div class="controls">
                {move || match pages.with(Vec::len) {
                    0 => view! { <span class="icon-button" aria-hidden="true"></span> }.into_any(),
                    count => {
                        view! {
                            <button type="button" class="stage-button" data-testid="page-undo" aria-label=lang.remove_last_page() title=lang.remove_last_page() disabled=move || busy.get() on:click=move |_| pages.update(|pages| drop(pages.pop()))>
                                <Picture icon=Icon::Undo class="small"/>
                                <span role="status" data-testid="page-count">{lang.pages(count)}</span>
                            </button>
                        }
                        .into_any()
                    }
                }}
                <button
                    type="button"
                    class="shutter"
                    class:record=move || mode.get() == Mode::Video
                    class:running=move || began_ms.get().is_some()
                    aria-label=move || match (mode.get(), began_ms.get()) {
                        (Mode::Photo, _) => lang.shutter(),
                        (Mode::Document, _) => lang.take_page(),
                        (Mode::Video, None) => lang.start_recording(),
                        (Mode::Video, Some(_)) => lang.stop_recording(),
                    }
                    data-testid="shutter"
                    disabled=move || state.get() != State::On || busy.get()
                    on:click=shoot
                ></button>
                {move || {
                    (!pages.with(Vec::is_empty))
                        .then(|| {
                            view! {
                                <button type="button" class="stage-button strong" data-testid="pages-done" disabled=move || busy.get() on:click=bind>
                                    {lang.done()}
                                </button>
                            }
                        })
                }}
                <button type="button" class="icon-button" hidden=move || !pages.with(Vec::is_empty) aria-label=lang.switch_camera() disabled=move || !several.get() || began_ms.get().is_some() on:click=turn>
                    {move || several.get().then(|| view! { <Picture icon=Icon::SwitchCamera/> })}
                </button>
            </div>
        </Stage>
    }
}

/// The camera's stream, and whether it has sound: for a video, where the microphone may be used.
async fn open_stream(facing: Facing, mode: Mode) -> Result<(web_sys::MediaStream, bool), State> {
    if mode == Mode::Video
        && let Ok(stream) = ask(facing, (1280.0, 720.0), true).await
    {
        return Ok((stream, true));
    }
    let size = if mode == Mode::Video { (1280.0, 720.0) } else { (2560.0, 1920.0) };
    Ok((ask(facing, size, false).await?, false))
}

async fn ask(
    facing: Facing,
    (width, height): (f64, f64),
    with_sound: bool,
) -> Result<web_sys::MediaStream, State> {
    let devices = window().navigator().media_devices().map_err(|_| State::Missing)?;
    let ideal = |value: f64| object([("ideal", value.into())]).into();
    let side = if facing == Facing::Away { "environment" } else { "user" };
    let video =
        object([("facingMode", side.into()), ("width", ideal(width)), ("height", ideal(height))]);
    let constraints = web_sys::MediaStreamConstraints::new();
    constraints.set_video(&video);
    if with_sound {
        constraints.set_audio(&true.into());
    }
    let promise =
        devices.get_user_media_with_constraints(&constraints).map_err(|_| State::Missing)?;
    JsFuture::from(promise).await.map(JsCast::unchecked_into).map_err(|error| {
        let name =
            error.dyn_into::<web_sys::DomException>().map(|error| error.name()).unwrap_or_default();
        if name == "NotAllowedError" { State::Refused } else { State::Missing }
    })
}

async fn camera_count() -> usize {
    let Ok(promise) =
        window().navigator().media_devices().and_then(|devices| devices.enumerate_devices())
    else {
        return 0;
    };
    let Ok(devices) = JsFuture::from(promise).await else { return 0 };
    let is_camera = |device: &JsValue| get(device, "kind") == "videoinput";
    js_sys::Array::from(&devices).iter().filter(is_camera).count()
}
