//! On the new device: its code, two digits, and in.

use client::{
    link::{Ending, LinkError, NewDevice},
    lock::SignedIn,
};
use leptos::{html, prelude::*, task::spawn_local};

use super::link_words;
use crate::{
    app::{Phase, Phases, settings},
    context::{Frame, lang},
    lock, platform,
    qr::{self, Drawing},
    route::Route,
    ui::{Icon, Picture, Problem},
};

/// How far it has come.
#[derive(Clone, PartialEq)]
enum Step {
    Making,
    Shown { drawing: Option<Drawing>, link: String },
    Digits,
    Waiting,
    Failed(LinkError),
}

/// The way to [`ShowCode`] from the sign-in.
#[component]
pub fn ByOtherDevice(on_choose: Callback<()>) -> impl IntoView {
    view! {
        <button type="button" class="button outline wide" data-testid="link-here" on:click=move |_| on_choose.run(())>
            <Picture icon=Icon::Phones class="small"/>
            {lang().link_here()}
        </button>
    }
}

/// The screen.
#[component]
pub fn ShowCode(on_back: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let phases = Phases::get();
    let step = RwSignal::new(Step::Making);
    let device = StoredValue::new_local(None::<NewDevice>);
    let ending = StoredValue::new_local(None::<Ending>);
    // Whoever turns back lets the other device know.
    on_cleanup(move || {
        if let Some(ending) = ending.try_get_value().flatten() {
            spawn_local(async move { ending.end().await });
        }
    });
    let begin = move || {
        step.set(Step::Making);
        spawn_local(async move {
            let shown = async {
                let mut new = NewDevice::show(&settings()).await?;
                ending.try_set_value(Some(new.ending()));
                let place = Route::Link(new.code().to_owned()).fragment();
                let link = format!("{}/{place}", platform::origin());
                step.try_set(Step::Shown { drawing: qr::draw(&link), link });
                new.scanned().await?;
                device.try_set_value(Some(new));
                step.try_set(Step::Digits);
                Ok::<(), LinkError>(())
            };
            if let Err(error) = shown.await {
                step.try_set(Step::Failed(error));
            }
        });
    };
    begin();
    let confirm = Callback::new(move |digits: String| {
        let Some(mut new) = device.try_update_value(Option::take).flatten() else { return };
        step.set(Step::Waiting);
        spawn_local(async move {
            let arrived = async {
                new.confirm(&digits, &settings().device_name).await?;
                let user = new.handed_over().await?;
                if !lock::comes_to_own_store(&user).await {
                    return Ok(None);
                }
                Ok::<_, LinkError>(Some(new.sign_in(&settings()).await?))
            };
            match arrived.await {
                Ok(Some(SignedIn::New(unprotected))) => {
                    // It is signed in: from here on nothing is ended.
                    ending.try_set_value(None);
                    phases.enter(Phase::SetPin(unprotected));
                }
                Ok(Some(SignedIn::Again(locked))) => {
                    ending.try_set_value(None);
                    phases.enter(Phase::Locked(locked));
                }
                Ok(None) => phases.enter(Phase::OtherTab),
                Err(error) => drop(step.try_set(Step::Failed(error))),
            }
        });
    });
    view! {
        <main class="gate" data-testid="link-code">
            <div class="gate-card">
                <div class="gate-head">
                    <h1>{lang.link_here()}</h1>
                    <p data-testid="hospital-name">{move || frame.hospital.get()}</p>
                </div>
                {move || match step.get() {
                    Step::Making => {
                        view! {
                            <p role="status" class="note">{lang.link_making()}</p>
                            <div class="qr" aria-hidden="true"></div>
                        }
                            .into_any()
                    }
                    Step::Shown { drawing, link } => view! { <Code drawing link/> }.into_any(),
                    Step::Digits => view! { <Digits on_digits=confirm/> }.into_any(),
                    Step::Waiting => {
                        view! {
                            <p role="status" class="waiting" data-testid="link-waiting">
                                <Picture icon=Icon::Spinner class="spin"/>
                                {lang.link_waiting()}
                            </p>
                        }
                            .into_any()
                    }
                    Step::Failed(error) => {
                        view! {
                            <p role="alert" class="problem" data-testid="link-problem">{link_words(&error, lang)}</p>
                            <button type="button" class="button primary wide" data-testid="link-again" on:click=move |_| begin()>{lang.link_new_code()}</button>
                        }
                            .into_any()
                    }
                }}
                <div class="gate-foot">
                    <button type="button" class="button plain" data-testid="link-back" on:click=move |_| on_back.run(())>
                        <Picture icon=Icon::Back class="small"/>
                        {lang.back()}
                    </button>
                </div>
            </div>
        </main>
    }
}

#[component]
fn Code(drawing: Option<Drawing>, link: String) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let copy = {
        let link = link.clone();
        move |_| {
            let promise = window().navigator().clipboard().write_text(&link);
            spawn_local(async move {
                let copied = wasm_bindgen_futures::JsFuture::from(promise).await.is_ok();
                frame.say(if copied { lang.copied() } else { lang.action_failed() });
            });
        }
    };
    view! {
        <ol class="numbered">
            <li>{lang.link_step_open()}</li>
            <li>{lang.link_step_settings()}</li>
            <li>{lang.link_step_read()}</li>
        </ol>
        {drawing
            .map(|Drawing { side, path }| {
                view! {
                    <div class="qr">
                        <svg viewBox=format!("0 0 {side} {side}") role="img" aria-label=lang.link_qr() shape-rendering="crispEdges" data-testid="link-qr" data-link=link>
                            <path d=path/>
                        </svg>
                    </div>
                }
            })}
        <button type="button" class="button plain wide" data-testid="link-copy" on:click=copy>
            <Picture icon=Icon::Copy class="small"/>
            {lang.link_copy()}
        </button>
    }
}

#[component]
fn Digits(on_digits: Callback<String>) -> impl IntoView {
    let lang = lang();
    let field = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    field.on_load(|input| {
        let _ = input.focus();
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(input) = field.get_untracked() else { return };
        let digits: String = input.value().chars().filter(char::is_ascii_digit).collect();
        if digits.len() != 2 {
            let _ = input.focus();
            return problem.set(Some(lang.link_digits_hint().into()));
        }
        on_digits.run(digits);
    };
    view! {
        <form on:submit=submit novalidate>
            <h2 class="centred">{lang.link_digits_title()}</h2>
            <p class="note centred" id="link-digits-hint">{lang.link_digits_hint()}</p>
            <input
                node_ref=field
                class="input digits"
                data-testid="link-digits"
                aria-label=lang.link_digits()
                aria-describedby="link-digits-hint"
                inputmode="numeric"
                autocomplete="one-time-code"
                maxlength="2"
            />
            <Problem text=problem testid="link-digits-problem"/>
            <button type="submit" class="button primary wide" data-testid="link-digits-submit">{lang.next()}</button>
        </form>
    }
}
