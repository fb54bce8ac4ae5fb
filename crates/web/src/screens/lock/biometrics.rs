//! Finger or face on the lock screen, beside the PIN.

use client::lock::{Biometrics, LockPolicy, LockedSession, PinNeeded, UnlockError};
use leptos::{html, prelude::*, task::spawn_local};

use super::pin_needed_words;
use crate::{
    app::{Phase, Phases},
    context::lang,
    passkey::{self, PasskeyError},
    ui::{Icon, Picture, Problem},
};

/// Whether finger or face are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Nobody has set them up here.
    None,
    /// They will do.
    Made,
    /// They were set up here, and only the PIN opens it now.
    Withdrawn(PinNeeded),
}

impl Offer {
    /// Before the server has said anything.
    pub fn at_start(locked: &LockedSession) -> Self {
        if locked.asks_biometrics().is_some() { Self::Made } else { Self::None }
    }

    /// Once the server has.
    pub fn after(self, said: Biometrics) -> Self {
        match (self, said) {
            (Self::None, _) => Self::None,
            (_, Biometrics::Ready) => Self::Made,
            (_, Biometrics::TooLong) => Self::Withdrawn(PinNeeded::TooLong),
            (_, Biometrics::NotSetUp) => Self::Withdrawn(PinNeeded::NotSetUp),
        }
    }
}

/// Opens the app by finger or face, or says why only the PIN does.
#[component]
pub fn ByBiometrics(
    locked: StoredValue<LockedSession, LocalStorage>,
    offer: RwSignal<Offer>,
    policy: RwSignal<Option<LockPolicy>>,
    /// Something is being opened.
    busy: RwSignal<bool>,
    /// No try is taken for the time being.
    #[prop(into)]
    waits: Signal<bool>,
    #[prop(into)] hidden: Signal<bool>,
    /// Is told what the server has answered, unless it has opened.
    answered: Callback<UnlockError>,
) -> impl IntoView {
    let lang = lang();
    let phases = Phases::get();
    let button = NodeRef::<html::Button>::new();
    let asking = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    button.on_load(|button| {
        let _ = button.focus();
    });
    let open = move |_| {
        let locked = locked.get_value();
        let Some((credential, input)) = locked.asks_biometrics() else {
            return offer.set(Offer::Withdrawn(PinNeeded::NotSetUp));
        };
        asking.set(true);
        problem.set(None);
        spawn_local(async move {
            let shown = passkey::secret_of(&credential, &input).await;
            asking.try_set(false);
            // Meanwhile somebody may have typed the PIN.
            if busy.try_get_untracked() != Some(false) {
                return;
            }
            let secret = match shown {
                Ok(secret) => secret,
                Err(error) => {
                    let words = match error {
                        PasskeyError::Refused => lang.biometrics_refused(),
                        PasskeyError::Unsupported => lang.biometrics_unsupported(),
                    };
                    problem.try_set(Some(words.into()));
                    return;
                }
            };
            busy.try_set(true);
            match locked.unlock_by_biometrics(&secret).await {
                Ok(session) => phases.enter(Phase::SignedIn(session)),
                Err(error) => {
                    busy.try_set(false);
                    match error {
                        UnlockError::PinNeeded(why) => {
                            offer.try_set(Offer::Withdrawn(why));
                        }
                        UnlockError::Wrong { .. } => {
                            offer.try_set(Offer::Withdrawn(PinNeeded::NotSetUp));
                        }
                        UnlockError::Store(_) | UnlockError::Failed(_) => {
                            problem.try_set(Some(super::unlock_words(&error, 0, lang)));
                        }
                        _ => {}
                    }
                    answered.run(error);
                }
            }
        });
    };
    let why = move |why: PinNeeded| {
        let policy = policy.get();
        let is_forbidden = policy.is_some_and(|policy| !policy.biometrics);
        let why =
            if why == PinNeeded::NotSetUp && is_forbidden { PinNeeded::NotAllowed } else { why };
        pin_needed_words(why, policy.map(|policy| policy.pin_hours), lang)
    };
    view! {
        <div class="by-biometrics" hidden=move || hidden.get() || offer.get() == Offer::None>
            {move || match offer.get() {
                Offer::None => ().into_any(),
                Offer::Withdrawn(needed) => view! { <p class="note" role="status" data-testid="unlock-biometrics-why">{move || why(needed)}</p> }.into_any(),
                Offer::Made => {
                    view! {
                        <button
                            node_ref=button
                            type="button"
                            class="button primary wide"
                            data-testid="unlock-biometrics"
                            disabled=move || asking.get() || busy.get() || waits.get()
                            on:click=open
                        >
                            {move || {
                                let icon = if asking.get() { Icon::Spinner } else { Icon::Fingerprint };
                                let class = if asking.get() { "small spin" } else { "small" };
                                view! { <Picture icon class/> }
                            }}
                            {lang.unlock_by_biometrics()}
                        </button>
                        <Problem text=problem testid="unlock-biometrics-problem"/>
                        <p class="note">{lang.or_by_pin()}</p>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}
