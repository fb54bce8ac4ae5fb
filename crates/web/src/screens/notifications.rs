//! Notifications on this device: on and off, why not, whether they really arrive, and when it shall be quiet (J.9).

use client::push::{PushError, QuietHours, Waking};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    context::{Desk, Frame, lang},
    i18n::Lang,
    platform,
    push::{self, Support, SwitchError, Wakes},
    ui::{Icon, Picture, Problem},
};

/// Where this device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Being asked.
    Looking,
    /// The server has to be asked and is away.
    Offline,
    /// It cannot be switched on, for this reason.
    Not(Why),
    Off,
    Switching,
    On(Check),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Hospital,
    Denied,
    FromHomeScreen,
    Unsupported,
}

/// Whether notifications arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// They did when it was switched on.
    Unasked,
    Waiting,
    Arrives,
    Silent,
}

impl State {
    /// A word for the page.
    fn name(self) -> &'static str {
        match self {
            Self::Looking => "looking",
            Self::Offline => "offline",
            Self::Not(Why::Hospital) => "hospital",
            Self::Not(Why::Denied) => "denied",
            Self::Not(Why::FromHomeScreen) => "home-screen",
            Self::Not(Why::Unsupported) => "unsupported",
            Self::Off => "off",
            Self::Switching => "switching",
            Self::On(Check::Unasked) => "on",
            Self::On(Check::Waiting) => "checking",
            Self::On(Check::Arrives) => "arrives",
            Self::On(Check::Silent) => "silent",
        }
    }

    fn words(self, lang: Lang) -> (&'static str, &'static str) {
        let off = lang.notifications_off();
        match self {
            Self::Looking => (lang.notifications_switching(), ""),
            Self::Switching => (lang.notifications_switching(), ""),
            Self::Offline => (lang.notifications_unknown(), lang.notifications_offline()),
            Self::Not(Why::Hospital) => (off, lang.notifications_hospital()),
            Self::Not(Why::Denied) => (off, lang.notifications_denied()),
            Self::Not(Why::FromHomeScreen) => (off, lang.notifications_home_screen()),
            Self::Not(Why::Unsupported) => (off, lang.notifications_unsupported()),
            Self::Off => (off, lang.notifications_off_hint()),
            Self::On(_) => (lang.notifications_on(), lang.notifications_on_hint()),
        }
    }
}

fn words_of(error: &SwitchError, lang: Lang) -> String {
    match error {
        SwitchError::Browser => lang.notifications_browser_refuses().into(),
        SwitchError::Server(PushError::NotAllowed) => lang.notifications_hospital_service().into(),
        SwitchError::Server(PushError::NoConnection) => lang.needs_network().into(),
        SwitchError::Server(PushError::Failed(code)) => lang.failed_with(code),
    }
}

/// What holds now. The hospital comes first: where it does not allow notifications, nothing else is of use.
async fn look(desk: Desk) -> (State, Option<String>) {
    let key = match desk.session().push().key().await {
        Err(_) => return (State::Offline, None),
        Ok(None) => return (State::Not(Why::Hospital), None),
        Ok(Some(key)) => key,
    };
    let state = match push::support() {
        Support::None => State::Not(Why::Unsupported),
        Support::FromHomeScreen => State::Not(Why::FromHomeScreen),
        Support::Denied => State::Not(Why::Denied),
        Support::Askable => State::Off,
        Support::Allowed => match push::subscription().await {
            Some(found) => State::On(match desk.session().push().state(&found).await {
                Ok(Waking::Active) => Check::Unasked,
                // The token that was to show it has not come back.
                Ok(_) => Check::Silent,
                Err(_) => return (State::Offline, None),
            }),
            None => State::Off,
        },
    };
    (state, Some(key))
}

/// A part of the settings.
#[component]
pub fn Notifications() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let wakes = expect_context::<Wakes>();
    let state = RwSignal::new(State::Looking);
    let problem = RwSignal::new(None::<String>);
    // The hospital's key, once it is known: without it nothing is switched on.
    let key = StoredValue::new(None::<String>);
    let refresh = move || {
        spawn_local(async move {
            let (found, hospital) = look(desk).await;
            key.try_set_value(hospital);
            state.try_set(found);
        });
    };
    refresh();
    // Who comes back from the browser's settings finds what holds now.
    platform::listen::<web_sys::Event>(&document(), "visibilitychange", move |_| {
        let waits = matches!(state.get_untracked(), State::Not(_) | State::Offline);
        if platform::is_visible() && waits {
            refresh();
        }
    });

    // The settings may be gone when an answer comes.
    let show = move |now: State| {
        state.try_set(now);
    };
    let arrives = move |before: u64| async move {
        state.try_set(State::On(Check::Waiting));
        let arrives = wakes.arrives_after(before).await;
        state.try_set(State::On(if arrives { Check::Arrives } else { Check::Silent }));
    };
    let switch_on = move |_| {
        let Some(key) = key.get_value() else { return };
        state.set(State::Switching);
        problem.set(None);
        spawn_local(async move {
            // First of all: browsers ask only within a click.
            match push::ask().await {
                Support::Allowed => {}
                Support::Askable => return show(State::Off),
                _ => return show(State::Not(Why::Denied)),
            }
            let before = wakes.acknowledged();
            match push::switch_on(&desk.session(), &key).await {
                Ok(Waking::Active) => show(State::On(Check::Unasked)),
                Ok(_) => arrives(before).await,
                Err(error) => {
                    problem.try_set(Some(words_of(&error, lang)));
                    state.try_set(State::Off);
                }
            }
        });
    };
    let switch_off = move |_| {
        state.set(State::Switching);
        problem.set(None);
        spawn_local(async move {
            // What the server still knows leads nowhere from here on.
            let _ = push::switch_off(&desk.session()).await;
            state.try_set(State::Off);
        });
    };
    let check = move |_| {
        state.set(State::On(Check::Waiting));
        problem.set(None);
        spawn_local(async move {
            let found = match wakes.check(&desk.session()).await {
                Ok(true) => Check::Arrives,
                Ok(false) => Check::Silent,
                Err(error) => {
                    problem.try_set(Some(words_of(&error, lang)));
                    Check::Unasked
                }
            };
            state.try_set(State::On(found));
        });
    };

    // Where nobody is ever woken, quiet hours would be an empty promise.
    let is_of_use = Memo::new(move |_| {
        !matches!(state.get(), State::Looking | State::Offline | State::Not(Why::Hospital))
    });

    view! {
        <div class="setting" data-testid="notifications" data-state=move || state.get().name()>
            <h2>{lang.notifications()}</h2>
            {move || {
                let now = state.get();
                let (title, hint) = now.words(lang);
                let is_on = matches!(now, State::On(_));
                view! {
                    <div class="line" class:ok=is_on>
                        <Picture icon=if is_on { Icon::Bell } else { Icon::Muted }/>
                        <span>
                            <b>{title}</b>
                            <span class="note">{hint}</span>
                        </span>
                    </div>
                }
            }}
            <div role="status">
                {move || {
                    let State::On(check) = state.get() else { return ().into_any() };
                    let (icon, words) = match check {
                        Check::Unasked => return ().into_any(),
                        Check::Waiting => (Icon::Spinner, lang.notifications_checking()),
                        Check::Arrives => (Icon::Done, lang.notifications_arrive()),
                        Check::Silent => (Icon::Alert, lang.notifications_do_not_arrive()),
                    };
                    let class = if check == Check::Waiting { "small spin" } else { "small" };
                    view! {
                        <p class=if check == Check::Silent { "problem" } else { "line note" } data-testid="notifications-check-result">
                            <Picture icon class/>
                            <span>{words}</span>
                        </p>
                    }
                        .into_any()
                }}
            </div>
            <Problem text=problem testid="notifications-problem"/>
            {move || match state.get() {
                State::Off => {
                    view! {
                        <div>
                            <button type="button" class="button primary" data-testid="notifications-on" on:click=switch_on>
                                {lang.notifications_switch_on()}
                            </button>
                        </div>
                    }
                        .into_any()
                }
                State::On(now) => {
                    view! {
                        <div class="buttons start">
                            <button
                                type="button"
                                class="button outline"
                                data-testid="notifications-check"
                                disabled=now == Check::Waiting
                                on:click=check
                            >
                                {lang.notifications_check()}
                            </button>
                            <button type="button" class="button plain" data-testid="notifications-off" on:click=switch_off>
                                {lang.notifications_switch_off()}
                            </button>
                        </div>
                    }
                        .into_any()
                }
                _ => ().into_any(),
            }}
        </div>
        {move || is_of_use.get().then(|| view! { <Quiet/> })}
    }
}

/// Quiet hours until something else is chosen.
fn usual_hours() -> QuietHours {
    QuietHours { from: "20:00".into(), to: "06:30".into(), time_zone: platform::time_zone() }
}

#[component]
fn Quiet() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    // `None` while it is being asked.
    let hours = RwSignal::new(None::<Option<QuietHours>>);
    // What the server has, while something else may be on its way.
    let kept = StoredValue::new(None::<QuietHours>);
    // Which change is the last one.
    let turn = StoredValue::new(0_u32);
    let problem = RwSignal::new(None::<String>);
    spawn_local(async move {
        if let Ok(found) = desk.session().push().quiet_hours().await {
            kept.try_set_value(found.clone());
            hours.try_set(Some(found));
        }
    });
    let keep = move |wanted: Option<QuietHours>| {
        if hours.get_untracked().as_ref() == Some(&wanted) {
            return;
        }
        hours.set(Some(wanted.clone()));
        problem.set(None);
        turn.update_value(|turn| *turn += 1);
        let own_turn = turn.get_value();
        spawn_local(async move {
            match desk.session().push().set_quiet_hours(wanted.as_ref()).await {
                Ok(()) => {
                    kept.try_set_value(wanted);
                    Frame::get().say(lang.quiet_hours_kept());
                }
                // Where something else was chosen since, that says how it went.
                Err(error) if turn.try_get_value() == Some(own_turn) => {
                    problem.try_set(Some(words_of(&SwitchError::Server(error), lang)));
                    if let Some(kept) = kept.try_get_value() {
                        hours.try_set(Some(kept));
                    }
                }
                Err(_) => {}
            }
        });
    };
    // A time that is only half typed is not kept.
    let change = move |part: fn(&mut QuietHours) -> &mut String, value: String| {
        let Some(Some(mut wanted)) = hours.get_untracked() else { return };
        if value.len() == "00:00".len() {
            *part(&mut wanted) = value;
            wanted.time_zone = platform::time_zone();
            keep(Some(wanted));
        }
    };
    let is_on = Memo::new(move |_| hours.with(|hours| matches!(hours, Some(Some(_)))));
    let time = move |read: fn(&QuietHours) -> &String| {
        hours.with(|hours| hours.iter().flatten().next().map(read).cloned().unwrap_or_default())
    };
    let chip = move |on: bool, name: &'static str, testid: &'static str| {
        view! {
            <button
                type="button"
                class="chip"
                role="radio"
                aria-checked=move || (hours.with(Option::is_some) && is_on.get() == on).to_string()
                data-testid=testid
                on:click=move |_| {
                    if hours.with_untracked(Option::is_some) && is_on.get_untracked() != on {
                        keep(on.then(usual_hours));
                    }
                }
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="setting" data-testid="quiet-hours">
            <h2>{lang.quiet_hours()}</h2>
            <p class="note">{lang.quiet_hours_hint()}</p>
            <div class="chips" role="radiogroup" aria-label=lang.quiet_hours()>
                {chip(false, lang.quiet_hours_off(), "quiet-off")}
                {chip(true, lang.quiet_hours_on(), "quiet-on")}
            </div>
            {move || {
                is_on
                    .get()
                    .then(|| {
                        view! {
                            <div class="times">
                                <label for="quiet-from">{lang.quiet_hours_from()}</label>
                                <input
                                    id="quiet-from"
                                    class="input"
                                    type="time"
                                    data-testid="quiet-from"
                                    prop:value=move || time(|hours| &hours.from)
                                    on:change=move |event| change(|hours| &mut hours.from, event_target_value(&event))
                                />
                                <label for="quiet-to">{lang.quiet_hours_to()}</label>
                                <input
                                    id="quiet-to"
                                    class="input"
                                    type="time"
                                    data-testid="quiet-to"
                                    prop:value=move || time(|hours| &hours.to)
                                    on:change=move |event| change(|hours| &mut hours.to, event_target_value(&event))
                                />
                            </div>
                        }
                    })
            }}
            <Problem text=problem testid="quiet-problem"/>
        </div>
    }
}
