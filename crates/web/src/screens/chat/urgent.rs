//! What somebody has to take over, and saying loudly when it does not go out.

use std::{sync::Arc, time::Duration};

use client::{
    Person,
    chat::{Body, OwnState, Row, UrgentView},
};
use leptos::{prelude::*, task::spawn_local};

use super::{Open, message_in};
use crate::{
    context::lang,
    platform,
    ui::{Icon, Picture},
};

/// After so long without the server having it, telephoning is quicker.
const LATE_MS: u64 = 30_000;

/// An urgent message in a bubble.
#[component]
pub fn UrgentBubble(urgent: Memo<Option<UrgentView>>, key: Arc<str>, me: bool) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let text = Memo::new(move |_| urgent.with(|urgent| urgent.as_ref().map(|it| it.text.clone())));
    let mine = Memo::new(move |_| urgent.with(|urgent| urgent.as_ref().is_some_and(|it| it.mine)));
    let count = move || {
        urgent.with(|urgent| {
            let urgent = urgent.as_ref()?;
            let taken = urgent.taken_by.len();
            Some(lang.confirmed_by_of(taken, taken + urgent.open.len()))
        })
    };
    let toggle = Callback::new(move |()| {
        let Some(message) = open.message(&key) else { return };
        open.attempt(async move |chat| chat.take_over(&message.id).await);
    });
    let lists = move || {
        urgent.with(|urgent| {
            let urgent = urgent.as_ref()?;
            Some(view! {
                <dl class="urgent-lists">
                    {people(lang.taken_over_by(), "urgent-taken", &urgent.taken_by, false)}
                    {people(lang.not_taken_yet(), "urgent-open", &urgent.open, me)}
                </dl>
            })
        })
    };
    view! {
        <p class="urgent-title">
            <Picture icon=Icon::Warning class="small"/>
            {lang.urgent_title()}
        </p>
        <div class="text" data-testid="message-text">{move || text.get()}</div>
        <div class="urgent-row">
            {move || {
                (!me)
                    .then(|| match mine.get() {
                        false => {
                            view! {
                                <button type="button" class="button danger" data-testid="take-over" on:click=move |_| toggle.run(())>
                                    {lang.take_over()}
                                </button>
                            }
                                .into_any()
                        }
                        true => {
                            view! {
                                <button type="button" class="button outline" data-testid="take-over-undo" on:click=move |_| toggle.run(())>
                                    {lang.take_over_undo()}
                                </button>
                            }
                                .into_any()
                        }
                    })
            }}
            <span class="urgent-count" data-testid="urgent-count">{count}</span>
        </div>
        {lists}
    }
}

fn people(
    title: &'static str,
    testid: &'static str,
    people: &[Person],
    with_phone: bool,
) -> Option<AnyView> {
    if people.is_empty() {
        return None;
    }
    let rows = people
        .iter()
        .map(|person| {
            let phone = person.phone.clone().filter(|_| with_phone);
            view! {
                <span class="urgent-person">
                    {person.name.clone()}
                    {phone.map(|phone| view! { <a href=format!("tel:{phone}")>{phone.clone()}</a> })}
                </span>
            }
        })
        .collect_view();
    Some(
        view! {
            <div data-testid=testid>
                <dt>{title}</dt>
                <dd>{rows}</dd>
            </div>
        }
        .into_any(),
    )
}

/// Above the composer while an urgent message of ours is not on the server after half a minute: whom to call instead.
#[component]
pub fn UrgentAlarm() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let now = RwSignal::new(js_sys::Date::now() as u64);
    let waiting = Memo::new(move |_| {
        let _ = open.rows.with(Vec::len);
        open.rows
            .with(|rows| rows.iter().filter_map(|row| row.row.with(|row| waits_since(row))).min())
    });
    Effect::new(move |_| {
        let Some(since) = waiting.get() else { return };
        let left = (since + LATE_MS).saturating_sub(js_sys::Date::now() as u64);
        spawn_local(async move {
            platform::sleep(Duration::from_millis(left + 20)).await;
            now.try_set(js_sys::Date::now() as u64);
        });
    });
    move || {
        let since = waiting.get()?;
        if now.get() < since + LATE_MS {
            return None;
        }
        let numbers = open.header.with(|header| {
            let others = header.members.iter().filter(|member| !member.is_me);
            let with_phone = others.filter_map(|member| {
                Some((member.person.name.clone(), member.person.phone.clone()?))
            });
            with_phone.collect::<Vec<_>>()
        });
        let links = numbers
            .into_iter()
            .map(|(name, phone)| {
                view! {
                    <a class="button danger" href=format!("tel:{phone}") data-testid="urgent-call">
                        <Picture icon=Icon::Phone class="small"/>
                        {format!("{name}: {phone}")}
                    </a>
                }
            })
            .collect_view();
        Some(view! {
            <div class="alarm" role="alert" data-testid="urgent-alarm">
                <b>{lang.urgent_not_sent()} " " {lang.please_call()} ":"</b>
                <div class="alarm-numbers">{links}</div>
            </div>
        })
    }
}

/// Since when an urgent message of ours waits.
fn waits_since(row: &Row) -> Option<u64> {
    let message = message_in(row)?;
    let waits = matches!(message.own, Some(OwnState::Queued { .. } | OwnState::Failed(_)));
    (waits && matches!(message.body, Body::Urgent(_))).then_some(message.at_ms)
}
