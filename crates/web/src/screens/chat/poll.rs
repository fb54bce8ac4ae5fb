//! Polls: asking, and answering in the chat.

use std::sync::Arc;

use client::chat::{PollToSend, PollView};
use leptos::prelude::*;

use super::Open;
use crate::{
    context::lang,
    ui::{Icon, Picture, Problem, Sheet},
};

/// Most answers that can be typed; the protocol allows twenty, nobody reads them.
const MOST: usize = 10;

/// Asking something.
#[component]
pub fn PollSheet(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let question = RwSignal::new(String::new());
    let answers = RwSignal::new(vec![RwSignal::new(String::new()), RwSignal::new(String::new())]);
    let several = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let filled = |text: &String| !text.trim().is_empty();
        let poll = PollToSend {
            question: question.get_untracked(),
            answers: answers
                .get_untracked()
                .into_iter()
                .map(|answer| answer.get_untracked())
                .filter(filled)
                .collect(),
            several: several.get_untracked(),
        };
        if !filled(&poll.question) || poll.answers.len() < 2 {
            return problem.set(Some(lang.poll_incomplete().into()));
        }
        on_close.run(());
        let sent = open.sent;
        open.attempt(async move |chat| {
            chat.ask(&poll).await?;
            sent.try_update(|sent| *sent += 1);
            Ok(())
        });
    };
    let field = move |at: usize, answer: RwSignal<String>| {
        let id = format!("poll-answer-{at}");
        view! {
            <div class="field">
                <label for=id.clone()>{format!("{} {}", lang.poll_answer(), at + 1)}</label>
                <input
                    id=id
                    class="input"
                    data-testid="poll-answer-input"
                    maxlength="200"
                    autocomplete="off"
                    prop:value=move || answer.get()
                    on:input=move |event| answer.set(event_target_value(&event))
                />
            </div>
        }
    };
    view! {
        <Sheet title=lang.poll() on_close testid="poll-sheet">
            <form class="body" on:submit=send>
                <div class="field">
                    <label for="poll-question">{lang.poll_question()}</label>
                    <input
                        id="poll-question"
                        class="input"
                        data-testid="poll-question-input"
                        maxlength="300"
                        autocomplete="off"
                        placeholder=lang.poll_question_hint()
                        prop:value=move || question.get()
                        on:input=move |event| question.set(event_target_value(&event))
                    />
                </div>
                <For each=move || answers.get().into_iter().enumerate() key=|(at, _)| *at children=move |(at, answer)| field(at, answer)/>
                <div>
                    <button
                        type="button"
                        class="button plain"
                        data-testid="poll-add-answer"
                        hidden=move || answers.with(|answers| answers.len() >= MOST)
                        on:click=move |_| answers.update(|answers| answers.push(RwSignal::new(String::new())))
                    >
                        <Picture icon=Icon::Plus class="small"/>
                        {lang.poll_add_answer()}
                    </button>
                </div>
                <label class="check">
                    <input
                        type="checkbox"
                        data-testid="poll-several"
                        prop:checked=move || several.get()
                        on:change=move |event| several.set(event_target_checked(&event))
                    />
                    {lang.poll_several()}
                </label>
                <Problem text=problem testid="poll-problem"/>
                <button type="submit" class="button primary wide" data-testid="poll-send">{lang.poll_send()}</button>
            </form>
        </Sheet>
    }
}

/// A poll in a bubble. What changes is drawn inside it, so that the focus stays on the answer that was chosen.
#[component]
pub fn PollBubble(poll: Memo<Option<PollView>>, key: Arc<str>) -> impl IntoView {
    let lang = lang();
    let question =
        Memo::new(move |_| poll.with(|poll| poll.as_ref().map(|it| it.question.clone())));
    let ids = Memo::new(move |_| {
        poll.with(|poll| {
            let answers = poll.iter().flat_map(|poll| poll.answers.iter());
            answers.map(|answer| answer.id.clone()).collect::<Vec<_>>()
        })
    });
    let several = Memo::new(move |_| poll.with(|poll| poll.as_ref().is_some_and(|it| it.several)));
    let foot = move || {
        poll.with(|poll| {
            let poll = poll.as_ref()?;
            let voters = lang.voters(poll.voters);
            Some(if poll.ended { format!("{voters} · {}", lang.poll_ended()) } else { voters })
        })
    };
    view! {
        <div class="poll" data-testid="poll">
            <p class="poll-question">
                <Picture icon=Icon::Poll class="small"/>
                <b class="text" data-testid="message-text">{move || question.get()}</b>
            </p>
            <div role=move || if several.get() { "group" } else { "radiogroup" } aria-label=move || question.get()>
                <For each=move || ids.get() key=|id| id.clone() children=move |id| view! { <Answer poll id key=key.clone()/> }/>
            </div>
            <p class="poll-foot" data-testid="poll-foot">{foot}</p>
        </div>
    }
}

#[component]
fn Answer(poll: Memo<Option<PollView>>, id: String, key: Arc<str>) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let own_id = id.clone();
    let answer = Memo::new(move |_| {
        poll.with(|poll| poll.as_ref()?.answers.iter().find(|answer| answer.id == own_id).cloned())
    });
    let ended = Memo::new(move |_| poll.with(|poll| poll.as_ref().is_none_or(|it| it.ended)));
    let several = move || poll.with(|poll| poll.as_ref().is_some_and(|it| it.several));
    let votes = move || answer.with(|answer| answer.as_ref().map_or(0, |it| it.by.len()));
    let mine = move || answer.with(|answer| answer.as_ref().is_some_and(|it| it.mine));
    let share = move || {
        let voters = poll.with(|poll| poll.as_ref().map_or(0, |it| it.voters)).max(1);
        format!("scaleX({})", votes() as f64 / voters as f64)
    };
    let names = move || {
        answer.with(|answer| {
            let by = answer.iter().flat_map(|it| it.by.iter());
            by.map(|person| person.name.clone()).collect::<Vec<_>>().join(", ")
        })
    };
    let label = move || {
        answer
            .with(|answer| answer.as_ref().map(|it| lang.answer_with_votes(&it.text, it.by.len())))
    };
    let choose = move |_| {
        let (Some(message), Some(view)) = (open.message(&key), poll.get_untracked()) else {
            return;
        };
        let chosen = |answer: &&client::chat::PollAnswer| answer.mine && answer.id != id;
        let mut answers: Vec<String> = match view.several {
            true => view.answers.iter().filter(chosen).map(|answer| answer.id.clone()).collect(),
            false => Vec::new(),
        };
        let was_mine = view.answers.iter().any(|answer| answer.id == id && answer.mine);
        if !was_mine {
            answers.push(id.clone());
        }
        open.attempt(async move |chat| chat.vote(&message.id, answers).await);
    };
    view! {
        <button
            type="button"
            class="poll-answer"
            role=move || if several() { "checkbox" } else { "radio" }
            aria-checked=move || mine().to_string()
            aria-label=label
            title=names
            disabled=move || ended.get()
            data-testid="poll-answer"
            data-votes=move || votes().to_string()
            on:click=choose
        >
            <span class="tick-box" aria-hidden="true">{move || mine().then(|| view! { <Picture icon=Icon::Check class="tiny"/> })}</span>
            <span class="grow">{move || answer.with(|answer| answer.as_ref().map(|it| it.text.clone()))}</span>
            <span class="votes">{votes}</span>
            <span class="bar" aria-hidden="true">
                <i style:transform=share></i>
            </span>
        </button>
    }
}
