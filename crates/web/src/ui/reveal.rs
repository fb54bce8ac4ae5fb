//! Passwords, to be looked at while they are typed.

use leptos::prelude::*;

use super::{Icon, Picture};
use crate::context::lang;

/// Shows and hides what stands in a password's field.
#[component]
pub fn Reveal(shown: RwSignal<bool>) -> impl IntoView {
    let lang = lang();
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=move || if shown.get() { lang.hide_password() } else { lang.show_password() }
            on:click=move |_| shown.update(|shown| *shown = !*shown)
        >
            {move || view! { <Picture icon=if shown.get() { Icon::EyeOff } else { Icon::Eye }/> }}
        </button>
    }
}
