//! Passwords and PINs, to be looked at while they are typed.

use leptos::prelude::*;

use super::{Icon, Picture};
use crate::context::lang;

/// Shows and hides what stands in the field of a password or PIN.
#[component]
pub fn Reveal(shown: RwSignal<bool>) -> impl IntoView {
    let lang = lang();
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=move || if shown.get() { lang.hide_typed() } else { lang.show_typed() }
            on:click=move |_| shown.update(|shown| *shown = !*shown)
        >
            {move || view! { <Picture icon=if shown.get() { Icon::EyeOff } else { Icon::Eye }/> }}
        </button>
    }
}
