//! The camera inside the app: what it takes never reaches the phone's gallery (I.e).

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{
    context::{Frame, lang},
    photo::Photo,
    ui::{Icon, Picture, Stage},
};

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

/// The camera over the whole screen; one press of the shutter gives the photo.
#[component]
pub fn Camera(on_photo: Callback<Photo>, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let video = NodeRef::<html::Video>::new();
    let state = RwSignal::new(State::Starting);
    let facing = RwSignal::new(Facing::Away);
    let several = RwSignal::new(false);
    let stream = StoredValue::new_local(None::<web_sys::MediaStream>);
    let stop = move || {
        stream.try_update_value(|stream| {
            if let Some(stream) = stream.take() {
                for track in stream.get_tracks() {
                    track.unchecked_into::<web_sys::MediaStreamTrack>().stop();
                }
            }
        });
    };
    // The camera's light goes off with the screen, whatever way it is left.
    on_cleanup(stop);

    let start = move || {
        stop();
        state.set(State::Starting);
        spawn_local(async move {
            match open_stream(facing.get_untracked()).await {
                Ok(opened) => {
                    let Some(video) = video.try_get_untracked().flatten() else {
                        // Closed while the browser was asking.
                        for track in opened.get_tracks() {
                            track.unchecked_into::<web_sys::MediaStreamTrack>().stop();
                        }
                        return;
                    };
                    video.set_src_object(Some(&opened));
                    stream.set_value(Some(opened));
                    if let Ok(playing) = video.play() {
                        let _ = JsFuture::from(playing).await;
                    }
                    state.try_set(State::On);
                    several.try_set(camera_count().await > 1);
                }
                Err(failed) => {
                    state.try_set(failed);
                }
            }
        });
    };
    video.on_load(move |_| start());

    let busy = RwSignal::new(false);
    let shoot = move |_| {
        let Some(video) = video.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match Photo::from_video(&video, "Foto.jpg").await {
                Ok(photo) => drop(on_photo.try_run(photo)),
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
            <div class="controls">
                <span class="icon-button" aria-hidden="true"></span>
                <button
                    type="button"
                    class="shutter"
                    aria-label=lang.shutter()
                    data-testid="shutter"
                    disabled=move || state.get() != State::On || busy.get()
                    on:click=shoot
                ></button>
                <button type="button" class="icon-button" aria-label=lang.switch_camera() disabled=move || !several.get() on:click=turn>
                    {move || several.get().then(|| view! { <Picture icon=Icon::SwitchCamera/> })}
                </button>
            </div>
        </Stage>
    }
}

async fn open_stream(facing: Facing) -> Result<web_sys::MediaStream, State> {
    let devices = window().navigator().media_devices().map_err(|_| State::Missing)?;
    let video = js_sys::Object::new();
    let set = |name: &str, value: &JsValue| drop(js_sys::Reflect::set(&video, &name.into(), value));
    set("facingMode", &(if facing == Facing::Away { "environment" } else { "user" }).into());
    set("width", &ideal(2560.0));
    set("height", &ideal(1920.0));
    let constraints = web_sys::MediaStreamConstraints::new();
    constraints.set_video(&video);
    let promise =
        devices.get_user_media_with_constraints(&constraints).map_err(|_| State::Missing)?;
    JsFuture::from(promise).await.map(JsCast::unchecked_into).map_err(|error| {
        let name =
            error.dyn_into::<web_sys::DomException>().map(|error| error.name()).unwrap_or_default();
        if name == "NotAllowedError" { State::Refused } else { State::Missing }
    })
}

fn ideal(value: f64) -> JsValue {
    let object = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&object, &"ideal".into(), &value.into());
    object.into()
}

async fn camera_count() -> usize {
    let Ok(promise) =
        window().navigator().media_devices().and_then(|devices| devices.enumerate_devices())
    else {
        return 0;
    };
    let Ok(devices) = JsFuture::from(promise).await else { return 0 };
    let is_camera = |device: &JsValue| {
        js_sys::Reflect::get(device, &"kind".into()).is_ok_and(|kind| kind == "videoinput")
    };
    js_sys::Array::from(&devices).iter().filter(is_camera).count()
}
