//! Voice messages: recording one, and listening, also at one and a half times the speed.

use std::time::Duration;

use client::chat::{VoiceToSend, VoiceView};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::{
    Open, Reference,
    media::{Fetched, media_words},
};
use crate::{
    context::{Frame, lang},
    platform,
    sound::{NoMicrophone, Recording},
    ui::{Icon, Picture},
    wav,
};

/// Bars of a waveform.
const BARS: usize = 48;
/// Speeds in turn.
const SPEEDS: [f64; 3] = [1.0, 1.5, 2.0];

/// In the composer's place while something is recorded.
#[component]
pub fn Recorder(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let open = Open::get();
    let recording = StoredValue::new_local(None::<Recording>);
    let began = StoredValue::new(0.0_f64);
    let elapsed_ms = RwSignal::new(0_u64);
    let ready = RwSignal::new(false);
    spawn_local(async move {
        match Recording::start().await {
            Ok(started) => {
                began.try_set_value(js_sys::Date::now());
                if recording.try_update_value(|recording| *recording = Some(started)).is_none() {
                    return;
                }
                ready.try_set(true);
                while ready.try_get_untracked() == Some(true) {
                    platform::sleep(Duration::from_millis(200)).await;
                    let since = began.try_get_value().unwrap_or_default();
                    elapsed_ms.try_set((js_sys::Date::now() - since) as u64);
                }
            }
            Err(problem) => {
                frame.say(match problem {
                    NoMicrophone::Refused => lang.microphone_refused(),
                    NoMicrophone::Missing => lang.microphone_missing(),
                });
                on_close.try_run(());
            }
        }
    });
    let send = move |_| {
        let Some(taken) = recording.try_update_value(Option::take).flatten() else { return };
        let chat = open.chat();
        let sent = open.sent;
        let reply_to = match open.reference.get_untracked() {
            Some(Reference::Reply(id)) => Some(id),
            _ => None,
        };
        open.reference.set(None);
        on_close.run(());
        spawn_local(async move {
            let Some(samples) = taken.samples().await.filter(|samples| !samples.is_empty()) else {
                return frame.say(lang.voice_broken());
            };
            let voice = VoiceToSend {
                mime: "audio/wav".into(),
                name: format!("{}.wav", lang.voice_message()),
                bytes: wav::encode(&samples),
                duration_ms: samples.len() as u64 * 1000 / u64::from(wav::RATE),
                waveform: wav::waveform(&samples, BARS),
                reply_to,
            };
            match chat.send_voice(voice).await {
                Ok(()) => drop(sent.try_update(|sent| *sent += 1)),
                Err(error) => frame.say(crate::ui::action_words(&error, lang)),
            }
        });
    };
    view! {
        <div class="composer recorder" data-testid="recorder">
            <button type="button" class="icon-button" aria-label=lang.discard_recording() title=lang.discard_recording() data-testid="recorder-discard" on:click=move |_| on_close.run(())>
                <Picture icon=Icon::Trash/>
            </button>
            <div class="box">
                <span class="pulse" aria-hidden="true"></span>
                <span role="status">{lang.recording()}</span>
                <time class="grow">{move || wav::length(elapsed_ms.get())}</time>
            </div>
            <button
                type="button"
                class="icon-button fill send"
                aria-label=lang.stop_and_send()
                title=lang.stop_and_send()
                data-testid="recorder-send"
                disabled=move || !ready.get()
                on:click=send
            >
                <Picture icon=Icon::Send/>
            </button>
        </div>
    }
}

/// A recording in a bubble.
#[component]
pub fn VoiceBubble(voice: VoiceView, who: String) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let open = Open::get();
    let audio = NodeRef::<html::Audio>::new();
    let playing = RwSignal::new(false);
    let place_ms = RwSignal::new(0_u64);
    let speed = RwSignal::new(0_usize);
    let url = RwSignal::new(None::<String>);
    let total_ms = voice.duration_ms.unwrap_or_default();
    let label = lang.recording_from(&who, &wav::length(total_ms));
    let media = StoredValue::new(voice.file.clone());
    let mime = StoredValue::new(voice.mime.clone());
    let play = move || {
        let Some(audio) = audio.get_untracked() else { return };
        audio.set_playback_rate(SPEEDS[speed.get_untracked()]);
        if let Ok(promise) = audio.play() {
            spawn_local(async move { drop(JsFuture::from(promise).await) });
        }
    };
    let toggle = move |_| {
        if playing.get_untracked() {
            if let Some(audio) = audio.get_untracked() {
                let _ = audio.pause();
            }
            return;
        }
        if url.with_untracked(Option::is_some) {
            return play();
        }
        let fetched = media
            .with_value(|media| mime.with_value(|mime| open.media.fetch(media, mime.as_deref())));
        spawn_local(async move {
            loop {
                match fetched.get_untracked() {
                    Fetched::Loading(_) => platform::sleep(Duration::from_millis(40)).await,
                    Fetched::Failed(error) => return frame.say(media_words(&error, lang)),
                    Fetched::Here(here) => {
                        url.try_set(Some(here));
                        // The element takes the new address first.
                        platform::sleep(Duration::ZERO).await;
                        return play();
                    }
                }
            }
        });
    };
    let quicker = move |_| {
        speed.update(|speed| *speed = (*speed + 1) % SPEEDS.len());
        if let Some(audio) = audio.get_untracked() {
            audio.set_playback_rate(SPEEDS[speed.get_untracked()]);
        }
    };
    let moved = move |_| {
        if let Some(audio) = audio.get_untracked() {
            place_ms.set((audio.current_time() * 1000.0) as u64);
        }
    };
    let jump = move |event: web_sys::MouseEvent| {
        let (Some(audio), Some(bars)) = (
            audio.get_untracked(),
            event.current_target().and_then(|it| it.dyn_into::<web_sys::Element>().ok()),
        ) else {
            return;
        };
        let frame = bars.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        audio.set_current_time(share.clamp(0.0, 1.0) * total_ms as f64 / 1000.0);
    };
    let waveform = if voice.waveform.is_empty() { vec![40; BARS] } else { voice.waveform.clone() };
    let count = waveform.len().max(1);
    let bars = waveform
        .into_iter()
        .enumerate()
        .map(|(at, value)| {
            let played =
                move || total_ms > 0 && place_ms.get() * count as u64 >= (at as u64 + 1) * total_ms;
            let height = format!("{}%", u32::from(value).clamp(8, 100));
            view! { <i class:played=played style:height=height></i> }
        })
        .collect_view();
    view! {
        <div class="voice" role="group" aria-label=label data-testid="voice" data-playing=move || playing.get().to_string()>
            <button
                type="button"
                class="icon-button fill"
                aria-label=move || if playing.get() { lang.pause() } else { lang.play() }
                data-testid="voice-play"
                on:click=toggle
            >
                {move || view! { <Picture icon=if playing.get() { Icon::Pause } else { Icon::Play }/> }}
            </button>
            <div class="wave" aria-hidden="true" on:click=jump>{bars}</div>
            <time data-testid="voice-time">
                {move || wav::length(if place_ms.get() > 0 { place_ms.get() } else { total_ms })}
            </time>
            <button type="button" class="speed" aria-label=move || format!("{}: {}", lang.speed(), speed_words(speed.get(), lang)) data-testid="voice-speed" on:click=quicker>
                {move || speed_words(speed.get(), lang)}
            </button>
            <audio
                node_ref=audio
                src=move || url.get()
                preload="none"
                on:play=move |_| playing.set(true)
                on:pause=move |_| playing.set(false)
                on:ended=move |_| {
                    playing.set(false);
                    place_ms.set(0);
                }
                on:timeupdate=moved
            ></audio>
        </div>
    }
}

fn speed_words(at: usize, lang: crate::i18n::Lang) -> String {
    let number = SPEEDS[at].to_string();
    let number = if lang == crate::i18n::Lang::De { number.replace('.', ",") } else { number };
    format!("{number}×")
}
