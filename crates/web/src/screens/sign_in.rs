//! Before anybody is signed in.

use client::{
    Session,
    lock::SignedIn,
    session::{Credentials, LoginError, SessionEnd},
    tabs,
};
use leptos::{html, prelude::*, task::spawn_local};

use super::{
    invitation::InvitationLink,
    link::{ByOtherDevice, ShowCode},
    residents::BackToResidents,
};
use crate::{
    app::{Phase, Phases, restore, settings},
    context::{Frame, lang},
    i18n::Lang,
    lock, platform, residents,
    ui::{Icon, Picture, Problem, Reveal},
};

/// While the store is being opened.
#[component]
pub fn Splash() -> impl IntoView {
    view! {
        <main class="boot" role="status" data-testid="splash">
            <div class="mark" aria-hidden="true">"K"</div>
            <p class="boot-name">{lang().app_name()}</p>
            <p class="sr">{lang().loading()}</p>
        </main>
    }
}

/// By user name and password, or by the code that another device reads.
#[component]
pub fn SignIn(end: Option<SessionEnd>) -> impl IntoView {
    let by_code = RwSignal::new(false);
    let back = Callback::new(move |()| by_code.set(false));
    move || match by_code.get() {
        true => view! { <ShowCode on_back=back/> }.into_any(),
        false => view! { <Form end by_code/> }.into_any(),
    }
}

#[component]
fn Form(end: Option<SessionEnd>, by_code: RwSignal<bool>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let phases = Phases::get();
    let user = NodeRef::<html::Input>::new();
    let password = NodeRef::<html::Input>::new();
    let shown = RwSignal::new(false);
    let passing = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let reason = end.map(|end| match end {
        SessionEnd::LoggedOutByServer => lang.signed_out_by_hospital(),
        SessionEnd::LoginNeededAgain => lang.sign_in_again(),
        SessionEnd::AccountLocked => lang.lock_account(),
    });
    user.on_load(|input| {
        let _ = input.focus();
    });

    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (Some(user), Some(password_field)) = (user.get_untracked(), password.get_untracked())
        else {
            return;
        };
        let credentials =
            Credentials { user: user.value().trim().to_owned(), password: password_field.value() };
        if busy.get_untracked() {
            return;
        }
        if credentials.user.is_empty() || credentials.password.is_empty() {
            return problem.set(Some(lang.fill_in_both().into()));
        }
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            if passing.get_untracked() {
                tabs::release();
                residents::pass();
                tabs::elect(&residents::current()).await;
                match Session::login_passing(&settings(), &credentials).await {
                    Ok(session) => return phases.enter(Phase::SignedIn(session)),
                    Err(error) => {
                        tabs::release();
                        let tiles = residents::all().await;
                        residents::choose(&residents::new_store(&tiles));
                        busy.set(false);
                        return problem.set(Some(login_words(&error, lang)));
                    }
                }
            }
            if !lock::comes_to_own_store(&credentials.user).await {
                return phases.enter(Phase::OtherTab);
            }
            match Session::login(&settings(), &credentials).await {
                Ok(SignedIn::New(unprotected)) => phases.enter(Phase::SetPin(unprotected)),
                Ok(SignedIn::Again(locked)) => phases.enter(Phase::Locked(locked)),
                Err(error) => {
                    busy.set(false);
                    problem.set(Some(login_words(&error, lang)));
                    if error == LoginError::WrongCredentials {
                        password_field.select();
                        let _ = password_field.focus();
                    }
                }
            }
        });
    };

    view! {
        <main class="gate" data-testid="sign-in">
            <div class="gate-card">
                <div class="gate-head">
                    <div class="mark" aria-hidden="true">"K"</div>
                    <h1>{lang.app_name()}</h1>
                    <p data-testid="hospital-name">{move || frame.hospital.get()}</p>
                </div>
                {reason.map(|reason| view! { <p class="note" role="status" data-testid="signed-out-reason">{reason}</p> })}
                <form on:submit=submit novalidate>
                    <div class="field">
                        <label for="login-user">{lang.user_name()}</label>
                        <input
                            node_ref=user
                            id="login-user"
                            class="input"
                            data-testid="login-user"
                            name="username"
                            autocomplete="username"
                            autocapitalize="none"
                            spellcheck="false"
                            prop:writingSuggestions="false"
                            maxlength="255"
                        />
                    </div>
                    <div class="field">
                        <label for="login-password">{lang.password()}</label>
                        <div class="with-button">
                            <input
                                node_ref=password
                                id="login-password"
                                class="input"
                                data-testid="login-password"
                                type=move || if shown.get() { "text" } else { "password" }
                                name="password"
                                autocomplete="current-password"
                                maxlength="1024"
                            />
                            <Reveal shown/>
                        </div>
                    </div>
                    <label class="check">
                        <input
                            type="checkbox"
                            data-testid="keep-nothing"
                            on:change=move |event| passing.set(event_target_checked(&event))
                        />
                        <span>
                            {lang.keep_nothing()}
                            <span class="note">{lang.keep_nothing_hint()}</span>
                        </span>
                    </label>
                    <Problem text=problem testid="login-problem"/>
                    <button type="submit" class="button primary wide" data-testid="login-submit" disabled=move || busy.get()>
                        {move || busy.get().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                        {move || if busy.get() { lang.signing_in() } else { lang.sign_in() }}
                    </button>
                </form>
                <ByOtherDevice on_choose=Callback::new(move |()| by_code.set(true))/>
                <InvitationLink/>
                <p class="note">{lang.encrypted_hint()}</p>
                <div class="gate-foot">
                    <BackToResidents/>
                    <a class="button plain" href=format!("/privacy?lang={}", lang.tag()) target="_blank" rel="noreferrer" data-testid="login-privacy">
                        {lang.privacy()}
                    </a>
                    <LanguageButton to=if lang == Lang::De { Lang::En } else { Lang::De }/>
                </div>
            </div>
        </main>
    }
}

#[component]
fn LanguageButton(to: Lang) -> impl IntoView {
    let frame = Frame::get();
    let name = match to {
        Lang::De => to.german(),
        Lang::En => to.english(),
    };
    view! {
        <button
            type="button"
            class="button plain"
            lang=to.tag()
            data-testid="login-language"
            on:click=move |_| {
                platform::choose_language(to);
                frame.lang.set(to);
            }
        >
            {name}
        </button>
    }
}

pub(super) fn login_words(error: &LoginError, lang: Lang) -> String {
    match error {
        LoginError::WrongCredentials => lang.sign_in_wrong().into(),
        LoginError::Blocked => lang.sign_in_blocked().into(),
        LoginError::TooManyTries { retry_after_ms: Some(ms) } => {
            format!("{} {}.", lang.sign_in_limited(), lang.try_again_in(ms.div_ceil(1000)))
        }
        LoginError::TooManyTries { retry_after_ms: None } => lang.sign_in_limited().into(),
        LoginError::NoConnection if !platform::is_online() => lang.sign_in_offline().into(),
        LoginError::NoConnection => lang.sign_in_unreachable().into(),
        LoginError::Store(_) => lang.sign_in_store().into(),
        LoginError::Failed(code) => lang.failed_with(code),
    }
}

/// Another tab has the store.
#[component]
pub fn OtherTab() -> impl IntoView {
    let lang = lang();
    let phases = Phases::get();
    let take = move |_| {
        phases.enter(Phase::Starting);
        spawn_local(async move {
            tabs::take_over(&residents::current()).await;
            restore(phases).await;
        });
    };
    view! {
        <main class="boot" data-testid="other-tab">
            <div class="mark" aria-hidden="true">"K"</div>
            <h1 class="boot-name">{lang.other_tab()}</h1>
            <p class="boot-hint">{lang.other_tab_hint()}</p>
            <p><button type="button" class="button primary" data-testid="use-here" on:click=take>{lang.use_here()}</button></p>
            <p><button type="button" class="button plain" data-testid="lock-others" on:click=|_| tabs::lock_others(&residents::current())>{lang.lock_here()}</button></p>
            <p><AnotherResident/></p>
        </main>
    }
}

/// On a device of several people, another one may not have to wait.
#[component]
fn AnotherResident() -> impl IntoView {
    let lang = lang();
    // The page is loaded anew, since this tab waits for its turn at the one's store.
    let change = |_| {
        residents::let_choose();
        platform::start_anew(None);
    };
    view! {
        <button type="button" class="button plain" data-testid="other-resident" on:click=change>{lang.change_person()}</button>
    }
}

/// The store cannot be opened: damaged, or its key is gone.
#[component]
pub fn StoreBroken() -> impl IntoView {
    let lang = lang();
    let phases = Phases::get();
    let problem = RwSignal::new(None::<String>);
    let anew = move |_| {
        spawn_local(async move {
            match Session::forget(&settings()).await {
                Ok(()) => {
                    crate::push::end().await;
                    residents::remove();
                    phases.enter(Phase::SignedOut(None));
                }
                Err(_) => problem.set(Some(lang.sign_out_store().into())),
            }
        });
    };
    view! {
        <main class="gate" data-testid="store-broken">
            <div class="gate-card">
                <div class="gate-head">
                    <div class="mark" aria-hidden="true">"K"</div>
                    <h1>{lang.app_name()}</h1>
                </div>
                <p>{lang.store_broken()}</p>
                <Problem text=problem/>
                <button type="button" class="button primary wide" on:click=anew>{lang.start_anew()}</button>
            </div>
        </main>
    }
}
