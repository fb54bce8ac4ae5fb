//! Setting up what the device's authenticator is for: it is asked once, and the PIN is typed.

use client::lock::Authenticator;
use leptos::{html, prelude::*, task::spawn_local};

use crate::{
    context::{Desk, Frame, lang},
    i18n::Lang,
    passkey, platform,
    screens::lock::{PinField, passkey_words, unlock_words},
    ui::{Icon, Picture, Problem, Sheet},
};

/// What the authenticator is to be for. Each has one of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Opening without the server, beside the PIN.
    WithoutServer,
    /// Opening in between entries of the PIN, for so many hours after one.
    Biometrics { hours: u32 },
}

impl Purpose {
    fn title(self, lang: Lang) -> &'static str {
        match self {
            Self::WithoutServer => lang.offline_title(),
            Self::Biometrics { .. } => lang.biometrics_title(),
        }
    }

    fn explained(self, lang: Lang) -> Vec<String> {
        match self {
            Self::WithoutServer => vec![lang.offline_explain().into()],
            Self::Biometrics { hours } => vec![
                lang.biometrics_explain(hours),
                lang.biometrics_device_code().into(),
                lang.biometrics_stay().into(),
            ],
        }
    }

    fn done(self, lang: Lang) -> &'static str {
        match self {
            Self::WithoutServer => lang.offline_done(),
            Self::Biometrics { .. } => lang.biometrics_done(),
        }
    }

    /// The names of sheet, field, problem and button for tests.
    fn testids(self) -> [&'static str; 4] {
        match self {
            Self::WithoutServer => {
                ["offline-sheet", "offline-pin", "offline-problem", "offline-submit"]
            }
            Self::Biometrics { .. } => {
                ["biometrics-sheet", "biometrics-pin", "biometrics-problem", "biometrics-submit"]
            }
        }
    }
}

#[component]
pub fn SetUpAuthenticator(purpose: Purpose, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let frame = Frame::get();
    let field = NodeRef::<html::Input>::new();
    let digits = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let [sheet, pin, trouble, button] = purpose.testids();
    // Made once, however often the PIN is mistyped.
    let made = StoredValue::new(None::<Authenticator>);
    spawn_local(async move {
        if !passkey::is_available().await {
            problem.try_set(Some(lang.passkey_unsupported().into()));
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(input) = field.get_untracked() else { return };
        let pin = input.value();
        if busy.get_untracked() {
            return;
        }
        if pin.is_empty() {
            let _ = input.focus();
            return problem.set(Some(lang.enter_pin().into()));
        }
        busy.set(true);
        problem.set(None);
        let session = desk.session();
        spawn_local(async move {
            let authenticator = match made.get_value() {
                Some(made) => Ok(made),
                None => passkey::make().await,
            };
            let authenticator = match authenticator {
                Ok(authenticator) => authenticator,
                Err(error) => {
                    busy.try_set(false);
                    problem.try_set(Some(passkey_words(error, lang).into()));
                    return;
                }
            };
            made.try_set_value(Some(authenticator.clone()));
            platform::sleep(std::time::Duration::from_millis(40)).await;
            let set_up = match purpose {
                Purpose::WithoutServer => session.set_up_offline(&pin, authenticator).await,
                Purpose::Biometrics { .. } => session.set_up_biometrics(&pin, authenticator).await,
            };
            match set_up {
                Ok(()) => {
                    frame.say(purpose.done(lang));
                    on_close.run(());
                }
                Err(error) => {
                    busy.try_set(false);
                    problem.try_set(Some(unlock_words(&error, 0, lang)));
                    input.set_value("");
                }
            }
        });
    };
    view! {
        <Sheet title=purpose.title(lang) on_close testid=sheet>
            <form on:submit=submit novalidate>
                <div class="body">
                    {purpose.explained(lang).into_iter().map(|text| view! { <p>{text}</p> }).collect_view()}
                    <PinField label=lang.pin_or_passphrase() id=pin field digits/>
                    <Problem text=problem testid=trouble/>
                </div>
                <div class="buttons">
                    <button type="button" class="button plain" on:click=move |_| on_close.run(())>{lang.cancel()}</button>
                    <button type="submit" class="button primary" data-testid=button disabled=move || busy.get()>
                        {move || busy.get().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                        {lang.offline_set_up()}
                    </button>
                </div>
            </form>
        </Sheet>
    }
}
