//! The coloured disc with a person's initials; a rounded square for groups.

use client::Person;
use leptos::prelude::*;

/// How large it is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AvatarSize {
    /// 32 px, beside a message.
    Small,
    /// 40 px, in short lists.
    Middle,
    /// 48 px, in lists.
    #[default]
    Normal,
    /// 84 px, in the details.
    Large,
}

/// Draws an avatar. Whoever uses it writes the name beside it, so it is silent for screen readers.
#[component]
pub fn Avatar(
    #[prop(into)] initials: String,
    tint: u8,
    #[prop(optional)] size: AvatarSize,
    #[prop(optional)] group: bool,
    #[prop(optional)] outside: bool,
) -> impl IntoView {
    let size = match size {
        AvatarSize::Small => " s",
        AvatarSize::Middle => " m",
        AvatarSize::Normal => "",
        AvatarSize::Large => " l",
    };
    let shape = if group { " group" } else { "" };
    let ring = if outside { " outside" } else { "" };
    view! { <span class=format!("avatar c{}{size}{shape}{ring}", tint % 8 + 1) aria-hidden="true">{initials}</span> }
}

impl AvatarSize {
    /// The avatar of a person.
    pub fn of(self, person: &Person) -> AnyView {
        view! { <Avatar initials=person.initials() tint=person.tint() size=self/> }.into_any()
    }
}
