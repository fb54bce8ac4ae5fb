//! Finger or face in between entries of the PIN, where the hospital allows it.

use leptos::{prelude::*, task::spawn_local};

use super::{
    super::lock::unlock_words,
    authenticator::{Purpose, SetUpAuthenticator},
};
use crate::{
    context::{Desk, Frame, lang},
    passkey,
    ui::{Icon, Picture},
};

/// How it stands on this device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is set up.
    On,
    /// It may be.
    Off,
    /// This device cannot.
    Unsupported,
}

#[component]
pub fn FingerOrFace(hours: u32) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let frame = Frame::get();
    let standing = RwSignal::new(None::<Standing>);
    let setting_up = RwSignal::new(false);
    let look = move || {
        let session = desk.session();
        spawn_local(async move {
            let now = if session.has_biometrics().await {
                Standing::On
            } else if passkey::is_available().await {
                Standing::Off
            } else {
                Standing::Unsupported
            };
            standing.try_set(Some(now));
        });
    };
    look();
    let end = move |_| {
        let session = desk.session();
        spawn_local(async move {
            match session.end_biometrics().await {
                Ok(()) => frame.say(lang.biometrics_ended()),
                Err(error) => frame.say(unlock_words(&error, 0, lang)),
            }
            look();
        });
    };
    let close = Callback::new(move |()| {
        setting_up.set(false);
        look();
    });
    view! {
        <div class="setting" data-testid="biometrics-setting">
            <h2>{lang.biometrics_title()}</h2>
            {move || match standing.get() {
                None => view! { <p class="note" role="status">{lang.offline_looking()}</p> }.into_any(),
                Some(Standing::Unsupported) => view! { <p class="note" data-testid="biometrics-unsupported">{lang.biometrics_unsupported()}</p> }.into_any(),
                Some(Standing::Off) => {
                    view! {
                        <p class="note">{lang.biometrics_explain(hours)}</p>
                        <div class="chips">
                            <button type="button" class="button outline" data-testid="biometrics-set-up" on:click=move |_| setting_up.set(true)>
                                <Picture icon=Icon::Fingerprint class="small"/>
                                {lang.biometrics_set_up()}
                            </button>
                        </div>
                    }
                        .into_any()
                }
                Some(Standing::On) => {
                    view! {
                        <p class="note" data-testid="biometrics-on">{lang.biometrics_explain(hours)}</p>
                        <div class="chips">
                            <button type="button" class="button outline" data-testid="biometrics-end" on:click=end>{lang.biometrics_end()}</button>
                        </div>
                    }
                        .into_any()
                }
            }}
        </div>
        {move || setting_up.get().then(|| view! { <SetUpAuthenticator purpose=Purpose::Biometrics { hours } on_close=close/> })}
    }
}
