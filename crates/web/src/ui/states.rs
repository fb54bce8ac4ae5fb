//! What stands where nothing is, or where something went wrong.

use leptos::prelude::*;

use super::{Icon, Picture};

/// Nothing here: why, and what to do.
#[component]
pub fn Empty(
    icon: Icon,
    #[prop(into)] title: String,
    #[prop(into, optional)] hint: String,
    #[prop(optional)] testid: &'static str,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty" data-testid=testid>
            <Picture icon/>
            <h2>{title}</h2>
            {(!hint.is_empty()).then(|| view! { <p>{hint}</p> })}
            {children.map(|children| children())}
        </div>
    }
}

/// Something went wrong: what happened and what to do, read out at once.
#[component]
pub fn Problem(
    #[prop(into)] text: Signal<Option<String>>,
    #[prop(optional)] testid: &'static str,
) -> impl IntoView {
    view! {
        <div role="alert">
            {move || {
                text.get()
                    .map(|text| {
                        view! {
                            <p class="problem" data-testid=testid>
                                <Picture icon=Icon::Alert/>
                                <span>{text}</span>
                            </p>
                        }
                    })
            }}
        </div>
    }
}
