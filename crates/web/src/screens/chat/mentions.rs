//! Choosing whom to mention, while an `@` is being typed.

use client::Person;
use leptos::prelude::*;

use super::Open;
use crate::{context::lang, text, ui::AvatarSize};

/// Most names that are offered.
const MOST: usize = 6;

/// What is offered just now.
#[derive(Clone, Copy)]
pub struct Mentions {
    /// Where the `@` stands, and who fits.
    pub offered: RwSignal<Option<(usize, Vec<Person>)>>,
    /// Which of them is marked.
    pub at: RwSignal<usize>,
    /// Those that were chosen for this text.
    pub chosen: RwSignal<Vec<Person>>,
}

impl Mentions {
    /// Nothing is offered.
    pub fn new() -> Self {
        Self {
            offered: RwSignal::new(None),
            at: RwSignal::new(0),
            chosen: RwSignal::new(Vec::new()),
        }
    }

    /// Looks at what stands before the caret.
    pub fn look(self, open: Open, before_caret: &str) {
        let found = text::mention_query(before_caret).and_then(|(at, query)| {
            let fits = open.header.with_untracked(|header| {
                let others = header.members.iter().filter(|member| !member.is_me);
                let fits = others.filter(|member| text::fits_query(&member.person.name, query));
                fits.map(|member| member.person.clone()).take(MOST).collect::<Vec<_>>()
            });
            (!fits.is_empty()).then_some((at, fits))
        });
        if self.offered.with_untracked(|offered| *offered != found) {
            self.at.set(0);
            self.offered.set(found);
        }
    }

    /// Goes up or down in what is offered; tells whether something is.
    pub fn step(self, down: bool) -> bool {
        let Some(count) =
            self.offered.with_untracked(|offered| offered.as_ref().map(|(_, list)| list.len()))
        else {
            return false;
        };
        self.at.update(|at| *at = (*at + if down { 1 } else { count - 1 }) % count);
        true
    }

    /// The one that is marked, with the place of its `@`.
    pub fn marked(self) -> Option<(usize, Person)> {
        let at = self.at.get_untracked();
        self.offered.with_untracked(|offered| {
            let (place, list) = offered.as_ref()?;
            Some((*place, list.get(at)?.clone()))
        })
    }

    /// Those of the chosen that still stand in the text.
    pub fn standing_in(self, text: &str) -> Vec<Person> {
        let stands = |person: &&Person| text.contains(&format!("@{}", person.name));
        self.chosen.with_untracked(|chosen| chosen.iter().filter(stands).cloned().collect())
    }
}

/// The list above the composer.
#[component]
pub fn MentionList(mentions: Mentions, on_choose: Callback<(usize, Person)>) -> impl IntoView {
    let lang = lang();
    move || {
        let (place, list) = mentions.offered.get()?;
        let rows = list
            .into_iter()
            .enumerate()
            .map(|(at, person)| {
                let chosen = person.clone();
                view! {
                    <li
                        id=format!("mention-{at}")
                        role="option"
                        aria-selected=move || (mentions.at.get() == at).to_string()
                        data-testid="mention-option"
                        // Before the field loses its caret.
                        on:pointerdown=move |event| {
                            event.prevent_default();
                            on_choose.run((place, chosen.clone()));
                        }
                    >
                        {AvatarSize::Small.of(&person)}
                        <span class="grow cut">
                            {person.name.clone()}
                            <small>{person.position()}</small>
                        </span>
                    </li>
                }
            })
            .collect_view();
        Some(
            view! { <ul class="mentions" role="listbox" id="mention-list" aria-label=lang.mention() data-testid="mention-list">{rows}</ul> },
        )
    }
}
