//! Settings: person, language, appearance, this device, recovery key, signing out.

use std::time::Duration;

use client::{
    Session,
    session::{LogoutError, LogoutMode},
    trust::{DeviceTrust, OwnDevice},
};
use leptos::{prelude::*, task::spawn_local};

use super::{
    backup::{MakeBackup, TakeBackup},
    contacts::OwnCode,
    import_chat::ImportChat,
    key_file::{GiveKeys, TakeKeys},
    link::Linking,
    lock_settings::AppLock,
    notifications::Notifications,
    privacy::NoticeSheet,
    recovery::{KeySheet, TestKey, state_words},
    shortcuts::ShortcutSheet,
    verify::{ConfirmSheet, is_unconfirmed},
};
use crate::{
    context::{Desk, Frame, follow, lang},
    crash,
    hospital::Hospital,
    i18n::Lang,
    platform::{self, Theme},
    route::Route,
    ui::{AvatarSize, Icon, Picture, Problem, Question},
};

/// How soon a new device of the person is shown.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What lies above the settings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Above {
    Nothing,
    OwnCode,
    Key,
    TestKey,
    TakeKeys,
    GiveKeys,
    MakeBackup,
    TakeBackup,
    ImportChat,
    Confirm,
    Shortcuts,
    Privacy,
    SignOut,
}

/// The left column with the settings.
#[component]
pub fn SettingsScreen() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let above = RwSignal::new(Above::Nothing);
    let close = Callback::new(move |()| above.set(Above::Nothing));
    view! {
        <section class="pane" aria-label=lang.settings() data-testid="settings">
            <header>
                <h1>{lang.settings()}</h1>
            </header>
            <div class="scroll">
                <div class="setting">
                    {move || {
                        let me = desk.me.get().person;
                        view! {
                            <div class="person" data-testid="me">
                                {AvatarSize::Normal.of(&me)}
                                <span class="grow">
                                    <b>{me.name.clone()}</b>
                                    <span class="note">{me.position()}</span>
                                </span>
                            </div>
                        }
                    }}
                    <div>
                        <button type="button" class="button outline" data-testid="own-code-settings" on:click=move |_| above.set(Above::OwnCode)>
                            <Picture icon=Icon::Code class="small"/>
                            {lang.own_code()}
                        </button>
                    </div>
                </div>
                <Language/>
                <Appearance/>
                <AppLock/>
                // Nothing wakes a page that is gone.
                {(!desk.session().is_passing()).then(|| view! { <Notifications/> })}
                <ThisDevice on_confirm=Callback::new(move |()| above.set(Above::Confirm))/>
                <Recovery
                    on_show=Callback::new(move |()| above.set(Above::Key))
                    on_test=Callback::new(move |()| above.set(Above::TestKey))
                />
                <div class="setting">
                    <h2>{lang.backup()}</h2>
                    <p class="note">{lang.backup_hint()}</p>
                    <div class="buttons start">
                        <button type="button" class="button outline" data-testid="backup-make-open" on:click=move |_| above.set(Above::MakeBackup)>
                            {lang.backup_make()}
                        </button>
                        <button type="button" class="button outline" data-testid="backup-take-open" on:click=move |_| above.set(Above::TakeBackup)>
                            {lang.backup_take()}
                        </button>
                    </div>
                </div>
                <div class="setting">
                    <h2>{lang.keys_setting()}</h2>
                    <p class="note">{lang.keys_setting_hint()}</p>
                    <div class="buttons start">
                        <button type="button" class="button outline" data-testid="keys-take-open" on:click=move |_| above.set(Above::TakeKeys)>
                            {lang.keys_take()}
                        </button>
                        <button type="button" class="button outline" data-testid="keys-give-open" on:click=move |_| above.set(Above::GiveKeys)>
                            {lang.keys_give()}
                        </button>
                    </div>
                </div>
                <div class="setting">
                    <h2>{lang.chat_import()}</h2>
                    <p class="note">{lang.chat_import_hint()}</p>
                    <div>
                        <button type="button" class="button outline" data-testid="chat-import-open" on:click=move |_| above.set(Above::ImportChat)>
                            <Picture icon=Icon::Import class="small"/>
                            {lang.keys_choose()}
                        </button>
                    </div>
                </div>
                <div class="setting">
                    <h2>{lang.privacy()}</h2>
                    <p class="note">{lang.privacy_explain()}</p>
                    <div>
                        <button type="button" class="button outline" data-testid="open-privacy" on:click=move |_| above.set(Above::Privacy)>
                            <Picture icon=Icon::Shield class="small"/>
                            {lang.privacy_read()}
                        </button>
                    </div>
                </div>
                {Hospital::kept().crash_reports.then(|| view! { <CrashReports/> })}
                <div class="setting desk-only">
                    <div>
                        <button type="button" class="button outline" data-testid="open-shortcuts" on:click=move |_| above.set(Above::Shortcuts)>
                            <Picture icon=Icon::Keyboard class="small"/>
                            {lang.shortcuts()}
                        </button>
                    </div>
                </div>
                <div class="setting">
                    <div>
                        <button type="button" class="button outline" data-testid="sign-out" on:click=move |_| above.set(Above::SignOut)>
                            <Picture icon=Icon::SignOut class="small"/>
                            {lang.sign_out()}
                        </button>
                    </div>
                </div>
                <div class="setting">
                    <h2>{lang.about()}</h2>
                    <p class="note">{format!("{} {}", lang.app_name(), crate::update::version())}</p>
                    <p class="note">{lang.about_purpose()}</p>
                </div>
            </div>
            {move || match above.get() {
                Above::Nothing => ().into_any(),
                Above::OwnCode => view! { <OwnCode on_close=close/> }.into_any(),
                Above::Key => view! { <KeySheet on_close=close/> }.into_any(),
                Above::TestKey => view! { <TestKey on_close=close/> }.into_any(),
                Above::TakeKeys => view! { <TakeKeys on_close=close/> }.into_any(),
                Above::ImportChat => view! { <ImportChat on_close=close/> }.into_any(),
                Above::GiveKeys => view! { <GiveKeys on_close=close/> }.into_any(),
                Above::MakeBackup => view! { <MakeBackup on_close=close/> }.into_any(),
                Above::TakeBackup => view! { <TakeBackup on_close=close/> }.into_any(),
                Above::Confirm => view! { <ConfirmSheet on_close=close/> }.into_any(),
                Above::Shortcuts => view! { <ShortcutSheet on_close=close/> }.into_any(),
                Above::Privacy => view! { <NoticeSheet on_close=close/> }.into_any(),
                Above::SignOut => view! { <SignOut on_close=close/> }.into_any(),
            }}
        </section>
    }
}

/// How it stands with the recovery key.
#[component]
fn Recovery(on_show: Callback<()>, on_test: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let new_key = follow(desk.session().trust().new_recovery_key());
    view! {
        <div class="setting">
            <h2>{lang.recovery_key()}</h2>
            <p class="note">{lang.recovery_explain()}</p>
            {move || {
                let recovery = desk.trust.with(|trust| trust.recovery);
                let (words, is_well) = state_words(recovery, new_key.with(Option::is_none), lang);
                view! {
                    <div class="line" class:ok=is_well data-testid="recovery-state">
                        <Picture icon=if is_well { Icon::Done } else { Icon::Alert }/>
                        <span>{words}</span>
                    </div>
                }
            }}
            <div class="buttons start">
                <button type="button" class="button outline" data-testid="recovery-show-settings" on:click=move |_| on_show.run(())>
                    <Picture icon=Icon::Key class="small"/>
                    {lang.recovery_show()}
                </button>
                <button type="button" class="button outline" data-testid="recovery-test-open" on:click=move |_| on_test.run(())>
                    {lang.recovery_test()}
                </button>
            </div>
        </div>
    }
}

/// Whether the person is asked after a crash, where the hospital takes reports.
#[component]
fn CrashReports() -> impl IntoView {
    let lang = lang();
    let asks = RwSignal::new(crash::asks());
    let change = move |_| {
        crash::set_asks(!asks.get_untracked());
        asks.set(crash::asks());
    };
    view! {
        <div class="setting" data-testid="crash-setting">
            <h2>{lang.crash_setting()}</h2>
            <p class="note">{move || if asks.get() { lang.crash_setting_asks() } else { lang.crash_setting_never() }}</p>
            <div>
                <button type="button" class="button outline" data-testid="crash-setting-change" on:click=change>
                    {move || if asks.get() { lang.crash_never() } else { lang.crash_ask_again() }}
                </button>
            </div>
        </div>
    }
}

/// One of several, as a row of chips.
#[component]
fn Choice<T: Copy + PartialEq + Send + Sync + 'static>(
    title: &'static str,
    options: Vec<(T, &'static str, &'static str)>,
    chosen: Signal<T>,
    on_choose: Callback<T>,
) -> impl IntoView {
    view! {
        <div class="setting">
            <h2>{title}</h2>
            <div class="chips" role="radiogroup" aria-label=title>
                {options
                    .into_iter()
                    .map(|(value, name, testid)| {
                        view! {
                            <button
                                type="button"
                                class="chip"
                                role="radio"
                                aria-checked=move || (chosen.get() == value).to_string()
                                data-testid=testid
                                on:click=move |_| on_choose.run(value)
                            >
                                {name}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
        </div>
    }
}

#[component]
fn Language() -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let choose = Callback::new(move |lang| {
        platform::choose_language(lang);
        frame.lang.set(lang);
    });
    let options =
        vec![(Lang::De, lang.german(), "language-de"), (Lang::En, lang.english(), "language-en")];
    view! { <Choice title=lang.language() options chosen=frame.lang.into() on_choose=choose/> }
}

#[component]
fn Appearance() -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let choose = Callback::new(move |theme: Theme| {
        theme.choose();
        frame.theme.set(theme);
    });
    let options = vec![
        (Theme::System, lang.system(), "theme-system"),
        (Theme::Light, lang.light(), "theme-light"),
        (Theme::Dark, lang.dark(), "theme-dark"),
    ];
    view! { <Choice title=lang.appearance() options chosen=frame.theme.into() on_choose=choose/> }
}

#[component]
fn ThisDevice(on_confirm: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let name = crate::app::settings().device_name;
    let linking = Linking::get();
    let others = RwSignal::new(Vec::new());
    let trust = desk.session().trust();
    spawn_local(async move {
        // Again and again as long as somebody looks: a device that was just signed in is there once it has its PIN.
        while let Some(before) = others.try_get_untracked() {
            // Offline the other devices are not listed; this one is.
            if let Ok(devices) = trust.devices().await {
                let now: Vec<OwnDevice> =
                    devices.into_iter().filter(|device| !device.is_this).collect();
                if now != before {
                    others.try_set(now);
                }
            }
            platform::sleep(LOOK_AGAIN).await;
        }
    });
    view! {
        <div class="setting">
            <h2>{lang.this_device()}</h2>
            {move || {
                let confirmed = desk.trust.with(|trust| trust.this_device == DeviceTrust::Confirmed);
                let words = if confirmed { lang.device_confirmed_state() } else { lang.device_open_state() };
                view! {
                    <div class="line" class:ok=confirmed data-testid="device-state" data-confirmed=confirmed.to_string()>
                        <Picture icon=if confirmed { Icon::Done } else { Icon::Alert }/>
                        <span>
                            <b>{name.clone()}</b>
                            <span class="note">{words}</span>
                        </span>
                    </div>
                }
            }}
            {move || {
                is_unconfirmed(desk)
                    .then(|| {
                        view! {
                            <div>
                                <button type="button" class="button primary" data-testid="confirm-open" on:click=move |_| on_confirm.run(())>
                                    {lang.confirm_device()}
                                </button>
                            </div>
                        }
                    })
            }}
        </div>
        <div class="setting">
            <h2>{lang.my_devices()}</h2>
            {move || {
                others
                    .get()
                    .into_iter()
                    .map(|device| {
                        let state = if device.confirmed { lang.devices_confirmed() } else { lang.devices_open() };
                        view! {
                            <div class="line" class:ok=device.confirmed data-testid="other-device" data-confirmed=device.confirmed.to_string()>
                                <Picture icon=Icon::Phones/>
                                <span>
                                    <b>{device.name.unwrap_or_else(|| device.id.to_string())}</b>
                                    <span class="note">{state}</span>
                                </span>
                            </div>
                        }
                    })
                    .collect_view()
            }}
            <p class="note">{lang.link_device_hint()}</p>
            <div>
                <button type="button" class="button outline" data-testid="link-device" on:click=move |_| linking.begin()>
                    <Picture icon=Icon::Phones class="small"/>
                    {lang.link_device()}
                </button>
            </div>
        </div>
    }
}

#[component]
fn SignOut(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let frame = Frame::get();
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    // Losing keys is offered only after the careful way has failed.
    let careless = RwSignal::new(false);
    let run = move |mode: LogoutMode| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let session: Session = desk.session();
        spawn_local(async move {
            let result = session.logout(mode).await;
            busy.try_set(false);
            let words = match result {
                Ok(()) => {
                    crate::push::end().await;
                    crate::residents::remove();
                    frame.nav.leave_for(Route::Chats);
                    // The page still has the store open; starting anew lets it go, and what was read leaves the memory.
                    return platform::start_anew(None);
                }
                Err(LogoutError::KeysNotSafe) => lang.sign_out_keys(),
                Err(LogoutError::NoConnection) => lang.sign_out_offline(),
                Err(LogoutError::Store(_)) => lang.sign_out_store(),
            };
            problem.try_set(Some(words.into()));
            careless.try_set(true);
        });
    };
    let ask = Callback::new(move |()| run(LogoutMode::KeepKeys));
    view! {
        {move || {
            if !careless.get() && !busy.get() {
                return view! {
                    <Question
                        title=lang.sign_out_question()
                        consequence=vec![lang.sign_out_consequence().to_owned(), lang.sign_out_drafts().to_owned()]
                        answer=lang.sign_out()
                        danger=true
                        on_answer=ask
                        on_close
                    />
                }
                    .into_any();
            }
            view! {
                <crate::ui::Sheet title=lang.sign_out() on_close testid="sign-out-sheet">
                    <div class="body">
                        {move || busy.get().then(|| view! { <p role="status">{lang.signing_out()}</p> })}
                        <Problem text=problem testid="sign-out-problem"/>
                    </div>
                    <div class="buttons" hidden=move || busy.get()>
                        <button type="button" class="button plain" data-testid="sign-out-anyway" on:click=move |_| run(LogoutMode::LoseKeys)>
                            {lang.sign_out_anyway()}
                        </button>
                        <button type="button" class="button primary" on:click=move |_| run(LogoutMode::KeepKeys)>{lang.retry()}</button>
                    </div>
                </crate::ui::Sheet>
            }
                .into_any()
        }}
    }
}
