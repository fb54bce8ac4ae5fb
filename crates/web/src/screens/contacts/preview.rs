//! What would be taken over, what is there already, what cannot be read. Nothing is taken before the person agrees.

use std::sync::Arc;

use client::contacts::import::{Fate, Offer, Reading};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    context::{Desk, lang},
    ui::{Avatar, Empty, Icon, Picture, Problem},
};

/// How many are drawn at first.
const DRAWN: usize = 200;

/// The preview. `on_done` hears how many were taken.
#[component]
pub fn Preview(reading: Reading, on_done: Callback<usize>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let of = reading.drafts.len();
    let looked = RwSignal::new(0_usize);
    let offers = RwSignal::new(None::<Arc<Vec<Offer>>>);
    let chosen = RwSignal::new(Vec::<bool>::new());
    let all = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let Reading { drafts, unread, left_out } = reading;
    spawn_local(async move {
        let contacts = desk.session().contacts();
        let progress = |n| {
            looked.try_set(n);
        };
        let found = contacts.offers(&drafts, progress).await;
        chosen.try_set(found.iter().map(|offer| offer.fate != Fate::There).collect());
        offers.try_set(Some(Arc::new(found)));
    });
    let unread = StoredValue::new(unread);
    let left_out = StoredValue::new(left_out);
    let n_chosen =
        Memo::new(move |_| chosen.with(|chosen| chosen.iter().filter(|it| **it).count()));
    let take = move |_| {
        let Some(offers) = offers.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let taken: Vec<Offer> = chosen.with_untracked(|chosen| {
            let both = offers.iter().zip(chosen);
            both.filter(|(_, is_chosen)| **is_chosen).map(|(offer, _)| offer.clone()).collect()
        });
        spawn_local(async move {
            let result = desk.session().contacts().take(&taken).await;
            busy.try_set(false);
            match result {
                Ok(n) => drop(on_done.try_run(n)),
                Err(error) => drop(problem.try_set(Some(lang.contact_problem(error).into()))),
            }
        });
    };
    let unread_lines = move || {
        unread.with_value(|unread| {
            (!unread.is_empty()).then(|| {
                let lines = unread.iter().take(DRAWN).map(|it| {
                    view! { <li data-testid="import-unread">{lang.import_line(it.line, it.why)}</li> }
                });
                view! {
                    <h2 class="letter">{lang.import_unread()}</h2>
                    <ul class="not-read">{lines.collect_view()}</ul>
                }
            })
        })
    };
    let list = move |found: Arc<Vec<Offer>>| {
        let count =
            |is_so: &dyn Fn(&Fate) -> bool| found.iter().filter(|it| is_so(&it.fate)).count();
        let there = count(&|fate| *fate == Fate::There);
        let added = count(&|fate| matches!(fate, Fate::Adds(_)));
        let new = found.len() - there - added;
        let n_unread = unread.with_value(Vec::len);
        let can_take = new + added;
        let summary = lang.import_summary(new, added, there, n_unread);
        let rows = {
            let found = found.clone();
            move || {
                let most = if all.get() { usize::MAX } else { DRAWN };
                let to_take = found.iter().enumerate().filter(|(_, it)| it.fate != Fate::There);
                to_take
                    .take(most)
                    .map(|(at, offer)| view! { <Row at offer=offer.clone() chosen/> })
                    .collect_view()
            }
        };
        let known = move || {
            let known = found.iter().filter(|offer| offer.fate == Fate::There).take(DRAWN);
            known
                .map(|offer| {
                    let name = offer.contact.shown_name().to_owned();
                    view! {
                        <li class="row solo" data-testid="import-there">
                            <Avatar initials=offer.contact.initials() tint=offer.contact.tint()/>
                            <span class="name cut">{name}</span>
                        </li>
                    }
                })
                .collect_view()
        };
        view! {
            <p class="pane-note" role="status" data-testid="import-summary">{summary}</p>
            {left_out
                .with_value(|columns| {
                    (!columns.is_empty()).then(|| view! { <p class="note pane-note" data-testid="import-left-out">{lang.import_left_out(columns)}</p> })
                })}
            <div class="scroll">
                {(can_take == 0)
                    .then(|| view! { <Empty icon=Icon::Done title=lang.import_nothing() hint=lang.import_nothing_hint() testid="import-nothing"/> })}
                {unread_lines}
                {(can_take > 0)
                    .then(|| {
                        view! {
                            <h2 class="letter">{lang.import_will_be_new()}</h2>
                            {(can_take > 1).then(|| view! { <All chosen offers/> })}
                            {rows}
                        }
                    })}
                {move || {
                    (can_take > DRAWN && !all.get())
                        .then(|| {
                            view! {
                                <button type="button" class="button plain wide" data-testid="import-show-all" on:click=move |_| all.set(true)>
                                    {lang.import_show_all()}
                                </button>
                            }
                        })
                }}
                {(there > 0)
                    .then(|| {
                        view! {
                            <h2 class="letter">{lang.import_already()}</h2>
                            <ul>{known}</ul>
                        }
                    })}
            </div>
            <Problem text=problem testid="import-take-problem"/>
            <div class="pane-foot">
                <button
                    type="button"
                    class="button primary wide"
                    data-testid="import-take"
                    disabled=move || busy.get() || n_chosen.get() == 0
                    on:click=take
                >
                    {move || if busy.get() { lang.import_working().to_owned() } else { lang.import_take(n_chosen.get()) }}
                </button>
            </div>
        }
    };
    move || {
        match offers.get() {
        Some(found) => list(found).into_any(),
        None => view! {
            <p role="status" class="pane-note">{move || lang.import_looked(looked.get(), of)}</p>
            <div class="pane-note">
                <progress class="bar" max=of.max(1).to_string() prop:value=move || looked.get().to_string() aria-label=lang.import_reading()></progress>
            </div>
        }
        .into_any(),
    }
    }
}

/// Choosing all, or none.
#[component]
fn All(chosen: RwSignal<Vec<bool>>, offers: RwSignal<Option<Arc<Vec<Offer>>>>) -> impl IntoView {
    let lang = lang();
    let can = move || {
        let found = offers.get_untracked().unwrap_or_default();
        found.iter().map(|offer| offer.fate != Fate::There).collect::<Vec<bool>>()
    };
    let is_all = Memo::new(move |_| chosen.get() == can());
    let toggle = move |_| {
        let all = can();
        let none = vec![false; all.len()];
        chosen.set(if is_all.get_untracked() { none } else { all });
    };
    view! {
        <button type="button" class="row solo pick-all" role="checkbox" aria-checked=move || is_all.get().to_string() data-testid="import-all" on:click=toggle>
            <span class="name">{lang.import_all()}</span>
            <span class="picked" aria-hidden="true">
                {move || is_all.get().then(|| view! { <Picture icon=Icon::Check class="tiny"/> })}
            </span>
        </button>
    }
}

#[component]
fn Row(at: usize, offer: Offer, chosen: RwSignal<Vec<bool>>) -> impl IntoView {
    let lang = lang();
    let is_chosen =
        Memo::new(move |_| chosen.with(|chosen| chosen.get(at).copied().unwrap_or_default()));
    let toggle = move |_| {
        chosen.update(|chosen| {
            if let Some(it) = chosen.get_mut(at) {
                *it = !*it;
            }
        });
    };
    let contact = &offer.contact;
    let number = contact.phones.first().map(|phone| phone.number.clone());
    let number = number.or_else(|| contact.mails.first().cloned());
    let number = number.filter(|number| number != contact.shown_name());
    let facts = [Some(lang.import_fate(&offer.fate)), contact.position(), number];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    view! {
        <button type="button" class="row" role="checkbox" aria-checked=move || is_chosen.get().to_string() data-testid="import-row" on:click=toggle>
            <Avatar initials=contact.initials() tint=contact.tint() outside=super::is_outside(contact)/>
            <span class="name cut">{contact.shown_name().to_owned()}</span>
            <span class="role beside">{facts.join(" · ")}</span>
            <span class="picked" aria-hidden="true">
                {move || is_chosen.get().then(|| view! { <Picture icon=Icon::Check class="tiny"/> })}
            </span>
        </button>
    }
}
