//! Rows of lists: a person, and the skeleton that stands there while rows are being loaded.

use client::Person;
use leptos::prelude::*;

use super::{Avatar, AvatarSize, Icon, Picture};
use crate::{context::Desk, text};

/// A person with role and department. With `picked`, the row can be ticked.
#[component]
pub fn PersonRow(
    person: Person,
    on_choose: Callback<Person>,
    #[prop(optional)] picked: Option<Signal<bool>>,
) -> impl IntoView {
    let outside =
        text::is_outside(person.id.as_str(), Desk::get().me.get_untracked().person.id.as_str());
    let hospital =
        outside.then(|| text::server_of(person.id.as_str()).unwrap_or_default().to_owned());
    let position = person.position();
    let solo = position.is_none() && hospital.is_none();
    let id = person.id.to_string();
    let (name, initials, tint) = (person.name.clone(), person.initials(), person.tint());
    view! {
        <button
            type="button"
            class="row"
            class:solo=solo
            role=picked.map(|_| "checkbox")
            aria-checked=move || picked.map(|picked| picked.get().to_string())
            data-testid="directory-row"
            data-user=id
            on:click=move |_| on_choose.run(person.clone())
        >
            <Avatar initials tint size=AvatarSize::Normal outside/>
            <span class="name cut">{name}</span>
            {(!solo)
                .then(|| {
                    view! {
                        <span class="role cut" class:beside=picked.is_some()>
                            {hospital.map(|hospital| view! { <span class="away">{hospital}</span> })}
                            {position}
                        </span>
                    }
                })}
            {picked
                .map(|picked| {
                    view! {
                        <span class="picked" aria-hidden="true">
                            {move || picked.get().then(|| view! { <Picture icon=Icon::Check class="tiny"/> })}
                        </span>
                    }
                })}
        </button>
    }
}

/// Grey rows in the place of those being loaded.
#[component]
pub fn RowBones(#[prop(default = 7)] rows: usize) -> impl IntoView {
    let label = crate::context::lang().loading();
    view! {
        <div role="status" aria-label=label data-testid="skeleton">
            {(0..rows)
                .map(|_| {
                    view! {
                        <div class="row row-bones" aria-hidden="true">
                            <span class="bone"></span>
                            <span class="bone"></span>
                            <span class="bone"></span>
                            <span class="bone"></span>
                        </div>
                    }
                })
                .collect_view()}
        </div>
    }
}
