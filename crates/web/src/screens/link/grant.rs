//! On the device that is signed in: reading the new one's code, showing two digits, asking for the password.

use client::{
    contacts::code::{self, Code},
    link::{Ending, Grant, LinkError},
};
use leptos::{html, prelude::*, task::spawn_local};

use super::{link_words, reader::CodeReader};
use crate::{
    context::{Desk, Frame, lang},
    platform,
    route::Route,
    ui::{Icon, Picture, Problem, Reveal, Sheet},
};

/// How far it has come.
#[derive(Clone, PartialEq)]
enum Step {
    Reading,
    Greeting,
    Digits(String),
    /// The new device's name.
    Password(String),
    Arriving,
    Arrived(String),
    Failed(LinkError),
}

/// Which code is read; `Some` and empty while the camera looks for one.
#[derive(Clone, Copy)]
pub struct Linking(RwSignal<Option<String>>);

impl Linking {
    /// For all below.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }

    /// From any component below.
    pub fn get() -> Self {
        expect_context()
    }

    /// Opens the sheet.
    pub fn begin(self) {
        self.0.set(Some(String::new()));
    }
}

/// The sheet: asked for in the settings, or by the link that the phone's own camera has read.
#[component]
pub fn LinkDevice() -> impl IntoView {
    let frame = Frame::get();
    let Linking(code) = Linking::get();
    let route = frame.nav.route();
    Effect::new(move |_| {
        if let Route::Link(read) = route.get() {
            frame.nav.replace(Route::Settings);
            code.set(Some(read));
        }
    });
    let close = Callback::new(move |()| code.set(None));
    move || {
        let code = code.get()?;
        Some(view! { <LinkSheet code on_close=close/> })
    }
}

#[component]
fn LinkSheet(code: String, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let step = RwSignal::new(Step::Reading);
    let grant = StoredValue::new_local(None::<Grant>);
    let ending = StoredValue::new_local(None::<Ending>);
    // Whoever closes the sheet lets the other device know.
    on_cleanup(move || {
        if let Some(ending) = ending.try_get_value().flatten() {
            spawn_local(async move { ending.end().await });
        }
    });
    let greet = Callback::new(move |code: String| {
        if step.get_untracked() != Step::Reading {
            return;
        }
        step.set(Step::Greeting);
        let session = desk.session();
        spawn_local(async move {
            let introduced = async {
                let mut begun = Grant::begin(&session, &code).await?;
                ending.try_set_value(Some(begun.ending()));
                step.try_set(Step::Digits(begun.digits()));
                let name = begun.introduced().await?;
                grant.try_set_value(Some(begun));
                step.try_set(Step::Password(name));
                Ok::<(), LinkError>(())
            };
            if let Err(error) = introduced.await {
                step.try_set(Step::Failed(error));
            }
        });
    });
    if !code.is_empty() {
        greet.run(code);
    }
    let problem = RwSignal::new(None::<String>);
    let hand_over = Callback::new(move |(name, password): (String, String)| {
        let Some(mut held) = grant.try_update_value(Option::take).flatten() else { return };
        problem.set(None);
        step.set(Step::Arriving);
        spawn_local(async move {
            match held.hand_over(&password).await {
                Ok(()) => {}
                Err(
                    error @ (LinkError::WrongPassword
                    | LinkError::NoConnection
                    | LinkError::TooManyTries),
                ) => {
                    grant.try_set_value(Some(held));
                    problem.try_set(Some(link_words(&error, lang)));
                    step.try_set(Step::Password(name));
                    return;
                }
                Err(error) => {
                    step.try_set(Step::Failed(error));
                    return;
                }
            }
            let next = match held.arrived().await {
                Ok(_) => Step::Arrived(name),
                Err(error) => Step::Failed(error),
            };
            ending.try_set_value(None);
            step.try_set(next);
        });
    });
    let again = move |_| step.set(Step::Reading);
    view! {
        <Sheet title=lang.link_device() on_close testid="link-sheet">
            {move || match step.get() {
                Step::Reading => view! { <Read on_code=greet/> }.into_any(),
                Step::Greeting => busy(lang.link_greeting()).into_any(),
                Step::Digits(digits) => {
                    view! {
                        <div class="body centred">
                            <h3>{lang.link_show_digits()}</h3>
                            <p class="big-digits" translate="no" data-testid="link-shown-digits">{digits}</p>
                            <p class="note">{lang.link_show_digits_hint()}</p>
                        </div>
                    }
                        .into_any()
                }
                Step::Password(name) => view! { <Password name problem on_password=hand_over/> }.into_any(),
                Step::Arriving => busy(lang.link_arriving()).into_any(),
                Step::Arrived(name) => {
                    view! {
                        <div class="body centred" role="status" data-testid="link-done">
                            <Picture icon=Icon::Done class="big-done"/>
                            <h3>{lang.link_done(&name)}</h3>
                            <p>{lang.link_done_hint()}</p>
                        </div>
                        <div class="buttons">
                            <button type="button" class="button primary" data-testid="link-finish" on:click=move |_| on_close.run(())>{lang.done()}</button>
                        </div>
                    }
                        .into_any()
                }
                Step::Failed(error) => {
                    view! {
                        <div class="body">
                            <p role="alert" class="problem" data-testid="link-problem">{link_words(&error, lang)}</p>
                        </div>
                        <div class="buttons">
                            <button type="button" class="button primary" data-testid="link-again" on:click=again>{lang.retry()}</button>
                        </div>
                    }
                        .into_any()
                }
            }}
        </Sheet>
    }
}

fn busy(words: &'static str) -> impl IntoView {
    view! {
        <div class="body">
            <p role="status" class="waiting" data-testid="link-busy">
                <Picture icon=Icon::Spinner class="spin"/>
                {words}
            </p>
        </div>
    }
}

/// The camera, and the link for who has none.
#[component]
fn Read(on_code: Callback<String>) -> impl IntoView {
    let lang = lang();
    let field = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    let without_camera = RwSignal::new(false);
    let found = move |text: &str| match Route::link_in(text, &platform::origin()) {
        Some((code, true)) => on_code.run(code),
        Some((_, false)) => problem.set(Some(lang.link_elsewhere().into())),
        None => {
            let is_person = matches!(code::read(text), Code::Person(_) | Code::Card(_));
            let words = if is_person { lang.code_is_contact() } else { lang.link_wrong() };
            problem.set(Some(words.into()));
        }
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            found(&field.value());
        }
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="body">
                {move || match without_camera.get() {
                    true => view! { <p role="status" data-testid="link-no-camera">{lang.link_no_camera()}</p> }.into_any(),
                    false => {
                        view! {
                            <p>{lang.link_read_hint()}</p>
                            <div class="finder">
                                <CodeReader
                                    on_text=Callback::new(move |text: String| found(&text))
                                    on_missing=Callback::new(move |()| without_camera.set(true))
                                />
                            </div>
                        }
                            .into_any()
                    }
                }}
                <div class="field">
                    <label for="link-paste">{lang.link_paste()}</label>
                    <input
                        node_ref=field
                        id="link-paste"
                        class="input"
                        data-testid="link-paste"
                        type="url"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        prop:writingSuggestions="false"
                        placeholder=lang.link_paste_hint()
                    />
                </div>
                <Problem text=problem testid="link-read-problem"/>
            </div>
            <div class="buttons">
                <button type="submit" class="button outline" data-testid="link-paste-submit">{lang.next()}</button>
            </div>
        </form>
    }
}

#[component]
fn Password(
    name: String,
    problem: RwSignal<Option<String>>,
    on_password: Callback<(String, String)>,
) -> impl IntoView {
    let lang = lang();
    let field = NodeRef::<html::Input>::new();
    let shown = RwSignal::new(false);
    field.on_load(|input| {
        let _ = input.focus();
    });
    let question = lang.link_question(&name);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(input) = field.get_untracked() else { return };
        if input.value().is_empty() {
            let _ = input.focus();
            return;
        }
        on_password.run((name.clone(), input.value()));
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="body">
                <h3 data-testid="link-question">{question}</h3>
                <p>{lang.link_password_hint()}</p>
                <div class="field">
                    <label for="link-password">{lang.password()}</label>
                    <div class="with-button">
                        <input
                            node_ref=field
                            id="link-password"
                            class="input"
                            data-testid="link-password"
                            type=move || if shown.get() { "text" } else { "password" }
                            autocomplete="current-password"
                            maxlength="1024"
                        />
                        <Reveal shown/>
                    </div>
                </div>
                <Problem text=problem testid="link-password-problem"/>
            </div>
            <div class="buttons">
                <button type="submit" class="button primary" data-testid="link-confirm">{lang.link_confirm()}</button>
            </div>
        </form>
    }
}
