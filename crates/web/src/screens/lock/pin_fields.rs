//! The fields for a PIN or passphrase.

use leptos::{html, prelude::*};

use super::words::weak_words;
use crate::{context::lang, i18n::Lang, ui::Reveal};

/// A field for a PIN or passphrase.
#[component]
pub fn PinField(
    #[prop(into)] label: Signal<&'static str>,
    id: &'static str,
    field: NodeRef<html::Input>,
    digits: RwSignal<bool>,
    #[prop(into, optional)] disabled: Signal<bool>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    view! {
        <div class="field">
            <label for=id>{move || label.get()}</label>
            <div class="with-button">
                // "one-time-code" keeps the browser from offering to remember it: it would then open the app for anybody.
                <input
                    node_ref=field
                    id=id
                    class="input pin"
                    data-testid=id
                    type=move || if shown.get() { "text" } else { "password" }
                    inputmode=move || if digits.get() { "numeric" } else { "text" }
                    autocomplete="one-time-code"
                    autocapitalize="none"
                    spellcheck="false"
                    prop:writingSuggestions="false"
                    maxlength="128"
                    disabled=move || disabled.get()
                />
                <Reveal shown/>
            </div>
        </div>
    }
}

/// Chooses between the keyboards.
#[component]
pub fn KeyboardChoice(digits: RwSignal<bool>) -> impl IntoView {
    let lang = lang();
    view! {
        <button type="button" class="button plain" data-testid="pin-keyboard" on:click=move |_| digits.update(|digits| *digits = !*digits)>
            {move || if digits.get() { lang.use_passphrase() } else { lang.use_digits() }}
        </button>
    }
}

/// Two fields for a new PIN.
#[component]
pub fn NewPinFields(
    one: NodeRef<html::Input>,
    other: NodeRef<html::Input>,
    digits: RwSignal<bool>,
) -> impl IntoView {
    let lang = lang();
    let label =
        Signal::derive(move || if digits.get() { lang.pin_new() } else { lang.passphrase_new() });
    let again =
        Signal::derive(
            move || if digits.get() { lang.pin_again() } else { lang.passphrase_again() },
        );
    view! {
        <PinField label id="pin-new" field=one digits/>
        <PinField label=again id="pin-again" field=other digits/>
    }
}

/// The new PIN if both fields hold it, or what is wrong.
pub fn new_pin(
    one: NodeRef<html::Input>,
    other: NodeRef<html::Input>,
    min_length: u32,
    lang: Lang,
) -> Result<String, String> {
    let value = |field: NodeRef<html::Input>| {
        field.get_untracked().map(|field| field.value()).unwrap_or_default()
    };
    let pin = value(one);
    if let Some(weakness) = client::lock::weakness(&pin, min_length) {
        return Err(weak_words(weakness, min_length, lang));
    }
    if pin != value(other) {
        if let Some(field) = other.get_untracked() {
            field.select();
            let _ = field.focus();
        }
        return Err(lang.pin_differs().into());
    }
    Ok(pin)
}
