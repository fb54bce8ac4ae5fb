//! Accepting an invitation (IV.b): who one is, a password of one's own, and in.

use client::{Session, lock::SignedIn, session::Credentials};
use leptos::{html, prelude::*, task::spawn_local};

use crate::{
    app::{Phase, Phases, settings},
    context::{Frame, lang},
    hospital,
    i18n::Lang,
    password::{Strength, strength},
    platform::{self, text_in},
    route::Route,
    ui::{Icon, Picture, Problem, Reveal},
};

/// Whom the link is for.
#[derive(Clone, PartialEq)]
struct Promise {
    /// The part of the user id before the colon.
    user: String,
    display_name: Option<String>,
}

/// Why the link leads no further.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closed {
    Used,
    Ended,
    Unknown,
    Taken,
    Unreachable,
}

#[derive(Clone, PartialEq)]
enum State {
    Looking,
    Open(Promise),
    Closed(Closed),
}

impl Closed {
    fn of(code: Option<&str>) -> Self {
        match code {
            Some("DE.KONSIL.INVITATION_USED") => Self::Used,
            Some("DE.KONSIL.INVITATION_ENDED") => Self::Ended,
            Some("M_USER_IN_USE") => Self::Taken,
            Some("M_NOT_FOUND") => Self::Unknown,
            _ => Self::Unreachable,
        }
    }

    /// A word for the page.
    fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
            Self::Taken => "taken",
            Self::Unreachable => "unreachable",
        }
    }

    fn words(self, lang: Lang) -> (&'static str, &'static str) {
        match self {
            Self::Used => (lang.invitation_used(), lang.invitation_used_hint()),
            Self::Ended => (lang.invitation_ended(), lang.invitation_ended_hint()),
            Self::Unknown => (lang.invitation_unknown(), lang.invitation_unknown_hint()),
            Self::Taken => (lang.invitation_taken(), lang.invitation_ended_hint()),
            Self::Unreachable => {
                (lang.invitation_unreachable(), lang.invitation_unreachable_hint())
            }
        }
    }
}

async fn look(token: &str) -> State {
    match platform::post("/_konsil/invitation", [("token", token)]).await {
        Ok(found) => {
            let user_id = text_in(&found, "user_id").unwrap_or_default();
            let user = user_id.trim_start_matches('@').split(':').next().unwrap_or_default();
            let display_name = text_in(&found, "display_name");
            State::Open(Promise { user: user.to_owned(), display_name })
        }
        Err(code) => State::Closed(Closed::of(code.as_deref())),
    }
}

/// The page behind an invitation's link.
#[component]
pub fn Invited(token: String) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let state = RwSignal::new(State::Looking);
    let token = StoredValue::new(token);
    let ask = move || {
        state.set(State::Looking);
        spawn_local(async move {
            let found = look(&token.get_value()).await;
            state.try_set(found);
        });
    };
    ask();
    view! {
        <main class="gate" data-testid="invited">
            <div class="gate-card">
                <div class="gate-head">
                    <div class="mark" aria-hidden="true">"K"</div>
                    <p data-testid="hospital-name">{move || frame.hospital.get()}</p>
                    {move || match state.get() {
                        State::Looking => view! { <h1>{lang.app_name()}</h1> }.into_any(),
                        State::Open(promise) => {
                            let name = promise.display_name.unwrap_or(promise.user);
                            view! { <h1 data-testid="invited-name">{lang.invitation_welcome(&name)}</h1> }.into_any()
                        }
                        State::Closed(why) => view! { <h1>{why.words(lang).0}</h1> }.into_any(),
                    }}
                </div>
                {move || match state.get() {
                    State::Looking => view! { <p role="status" class="note">{lang.invitation_looking()}</p> }.into_any(),
                    State::Open(promise) => view! { <Choose token promise state/> }.into_any(),
                    State::Closed(why) => view! { <WayOut why on_retry=Callback::new(move |()| ask())/> }.into_any(),
                }}
            </div>
        </main>
    }
}

/// The form.
#[component]
fn Choose(token: StoredValue<String>, promise: Promise, state: RwSignal<State>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let phases = Phases::get();
    let field = NodeRef::<html::Input>::new();
    let typed = RwSignal::new(String::new());
    let shown = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let user = StoredValue::new(promise.user.clone());
    let names = StoredValue::new([promise.user, promise.display_name.unwrap_or_default()]);
    let judged = Memo::new(move |_| {
        let hospital = frame.hospital.get();
        names.with_value(|[user, name]| {
            typed.with(|typed| strength(typed, &[user.as_str(), name.as_str(), hospital.as_str()]))
        })
    });
    field.on_load(|input| {
        let _ = input.focus();
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let password = typed.get_untracked();
        if busy.get_untracked() {
            return;
        }
        if !judged.get_untracked().is_enough() {
            let words = match judged.get_untracked() {
                Strength::Empty => lang.password_rules(),
                judged => lang.password_strength(judged),
            };
            problem.set(Some(words));
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
            return;
        }
        busy.set(true);
        problem.set(None);
        let fields = (token.get_value(), password, user.get_value());
        spawn_local(async move {
            let (token, password, user) = fields;
            let body = [("token", token.as_str()), ("password", password.as_str())];
            if let Err(code) = platform::post("/_konsil/invitation/accept", body).await {
                busy.try_set(false);
                let words = match code.as_deref() {
                    Some("M_WEAK_PASSWORD") => lang.password_rules(),
                    Some("M_LIMIT_EXCEEDED") => lang.sign_in_limited().into(),
                    Some(code) if Closed::of(Some(code)) != Closed::Unreachable => {
                        return drop(state.try_set(State::Closed(Closed::of(Some(code)))));
                    }
                    Some(code) => lang.failed_with(code),
                    // Perhaps only the answer was lost: the same tap again then says that the link has been used.
                    None => lang.invitation_unreachable_hint().into(),
                };
                problem.try_set(Some(words));
                return;
            }
            let signed_in = Session::login(&settings(), &Credentials { user, password }).await;
            // The token has done its work: it leaves the address.
            frame.newcomer.set(signed_in.is_ok());
            frame.nav.replace(Route::Chats);
            match signed_in {
                Ok(SignedIn::New(unprotected)) => phases.enter(Phase::SetPin(unprotected)),
                // Whoever has just come was nowhere before.
                Ok(SignedIn::Again(locked)) => phases.enter(Phase::Locked(locked)),
                Err(_) => {
                    frame.say(lang.invitation_accepted());
                    phases.enter(Phase::SignedOut(None));
                }
            }
        });
    };
    view! {
        <p class="note">{lang.invitation_prepared()}</p>
        <form on:submit=submit novalidate>
            <div class="field">
                <label for="invited-user">{lang.user_name()}</label>
                <input
                    id="invited-user"
                    class="input"
                    data-testid="invited-user"
                    name="username"
                    autocomplete="username"
                    aria-describedby="invited-user-hint"
                    readonly
                    value=user.get_value()
                />
                <p class="note" id="invited-user-hint">{lang.invitation_user_hint()}</p>
            </div>
            <div class="field">
                <label for="invited-password">{lang.invitation_password()}</label>
                <div class="with-button">
                    <input
                        node_ref=field
                        id="invited-password"
                        class="input"
                        data-testid="invited-password"
                        type=move || if shown.get() { "text" } else { "password" }
                        name="password"
                        autocomplete="new-password"
                        aria-describedby="password-rules password-strength"
                        maxlength="512"
                        on:input=move |event| {
                            problem.set(None);
                            typed.set(event_target_value(&event));
                        }
                    />
                    <Reveal shown/>
                </div>
                <p class="note" id="password-rules">{lang.password_rules()}</p>
                <p class="strength" id="password-strength" role="status" data-testid="password-strength" data-enough=move || judged.get().is_enough().to_string()>
                    {move || {
                        let judged = judged.get();
                        let icon = if judged.is_enough() { Icon::Done } else { Icon::Info };
                        (judged != Strength::Empty)
                            .then(|| {
                                view! {
                                    <Picture icon class="small"/>
                                    <span>{lang.password_strength(judged)}</span>
                                }
                            })
                    }}
                </p>
            </div>
            <Problem text=problem testid="invited-problem"/>
            <button type="submit" class="button primary wide" data-testid="invited-submit" disabled=move || busy.get()>
                {move || busy.get().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                {move || if busy.get() { lang.invitation_setting_up() } else { lang.invitation_set_up() }}
            </button>
        </form>
        <p class="note">{lang.encrypted_hint()}</p>
    }
}

/// What to do where the link leads no further.
#[component]
fn WayOut(why: Closed, on_retry: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    // Whom people turn to, if the hospital has said so.
    let support = RwSignal::new(None::<String>);
    spawn_local(async move {
        support.try_set(hospital::support().await);
    });
    view! {
        <p role="alert" data-testid="invited-closed" data-why=why.name()>{why.words(lang).1}</p>
        {(why == Closed::Unreachable)
            .then(|| {
                view! {
                    <button type="button" class="button primary wide" on:click=move |_| on_retry.run(())>{lang.retry()}</button>
                }
            })}
        {move || {
            support
                .get()
                .filter(|_| why != Closed::Unreachable)
                .map(|address| {
                    view! {
                        <a class="button outline wide" href=address rel="noreferrer" data-testid="invited-support">
                            {lang.invitation_write_to_it()}
                        </a>
                    }
                })
        }}
        <button
            type="button"
            class=if why == Closed::Unreachable { "button plain wide" } else { "button primary wide" }
            data-testid="invited-to-sign-in"
            on:click=move |_| frame.nav.replace(Route::Chats)
        >
            {lang.invitation_to_sign_in()}
        </button>
    }
}

/// On the sign-in: the way in for a link that was copied, as on an iPhone from the browser to the home screen.
#[component]
pub fn InvitationLink() -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let shown = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let field = NodeRef::<html::Input>::new();
    field.on_load(|input| {
        let _ = input.focus();
    });
    let open = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        match Route::invitation_in(&field.value()) {
            Some(token) => frame.nav.go(Route::Invitation(token)),
            None => problem.set(Some(lang.invitation_link_wrong().into())),
        }
    };
    move || {
        if !shown.get() {
            return view! {
                <button type="button" class="button plain wide" data-testid="invitation-link-open" on:click=move |_| shown.set(true)>
                    {lang.invitation_have_one()}
                </button>
            }
            .into_any();
        }
        view! {
            <form on:submit=open novalidate>
                <div class="field">
                    <label for="invitation-link">{lang.invitation_link()}</label>
                    <input
                        node_ref=field
                        id="invitation-link"
                        class="input"
                        data-testid="invitation-link"
                        type="url"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        prop:writingSuggestions="false"
                        placeholder=lang.invitation_link_hint()
                    />
                </div>
                <Problem text=problem testid="invitation-link-problem"/>
                <button type="submit" class="button outline wide" data-testid="invitation-link-submit">{lang.next()}</button>
            </form>
        }
        .into_any()
    }
}
