//! What is said of new versions: that one waits, and that this one is taken no more.

use leptos::{prelude::*, task::spawn_local};

use super::lock::EmergencyNumbers;
use crate::{
    app::Phases,
    context::{Frame, lang},
    hospital, residents,
    ui::{Icon, Picture},
    update::{self, NoUpdate},
};

/// Above everything: a newer version waits.
#[component]
pub fn UpdateBanner() -> impl IntoView {
    let updates = Frame::get().updates;
    let phases = Phases::get();
    let going = RwSignal::new(false);
    let shown = Memo::new(move |_| {
        updates.waiting.get() && !updates.put_off.get() && updates.too_old.get().is_none()
    });
    let go = move |_| {
        going.set(true);
        spawn_local(async move {
            let _ = update::update_now(phases).await;
            going.set(false);
        });
    };
    view! {
        <div role="status">
            {move || {
                let lang = Frame::get().lang.get();
                (shown.get() && !residents::is_passing())
                    .then(|| {
                        view! {
                            <div class="reminder update" data-testid="update">
                                <Picture icon=Icon::Again class="small"/>
                                <p>
                                    <b>{lang.update_there()}</b>
                                    <span class="reminder-more">{lang.update_hint()}</span>
                                </p>
                                <button type="button" class="button primary" data-testid="update-now" disabled=move || going.get() on:click=go>
                                    {move || if going.get() { lang.updating() } else { lang.update_now() }}
                                </button>
                                <button type="button" class="button plain" data-testid="update-later" on:click=move |_| updates.put_off.set(true)>
                                    {lang.update_later()}
                                </button>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// Instead of everything: the hospital takes no version as old as this one.
#[component]
pub fn TooOld(minimum: String) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let phases = Phases::get();
    let going = RwSignal::new(false);
    let failed = RwSignal::new(None::<NoUpdate>);
    let support = RwSignal::new(None::<String>);
    spawn_local(async move {
        support.try_set(hospital::support().await);
    });
    let go = move |_| {
        going.set(true);
        failed.set(None);
        spawn_local(async move {
            let why = update::update_now(phases).await;
            failed.try_set(Some(why));
            going.try_set(false);
        });
    };
    let kept = if residents::is_passing() { lang.too_old_passing() } else { lang.too_old_kept() };
    let has_numbers = move || frame.emergency_numbers.with(|numbers| !numbers.is_empty());
    view! {
        <main class="gate" data-testid="too-old">
            <div class="gate-card">
                <div class="gate-head">
                    <div class="mark" aria-hidden="true"><Picture icon=Icon::Again/></div>
                    <h1>{lang.too_old_title()}</h1>
                    <p>{move || frame.hospital.get()}</p>
                </div>
                <p data-testid="too-old-why">{lang.too_old(&minimum, &update::version())}</p>
                <p class="note">{kept}</p>
                {move || {
                    failed
                        .get()
                        .map(|why| {
                            let words = match why {
                                NoUpdate::NothingNewer => lang.too_old_same(),
                                NoUpdate::NoAnswer => lang.too_old_no_answer(),
                            };
                            view! { <p class="problem" role="alert" data-testid="too-old-problem">{words}</p> }
                        })
                }}
                <button type="button" class="button primary wide" data-testid="too-old-update" disabled=move || going.get() on:click=go>
                    {move || if going.get() { lang.updating() } else { lang.update_now() }}
                </button>
                {move || {
                    support
                        .get()
                        .filter(|_| failed.get() == Some(NoUpdate::NothingNewer))
                        .map(|address| {
                            view! {
                                <a class="button outline wide" href=address rel="noreferrer" data-testid="too-old-support">
                                    {lang.too_old_write()}
                                </a>
                            }
                        })
                }}
                {move || has_numbers().then(|| view! { <p class="note">{lang.too_old_urgent()}</p> })}
                <EmergencyNumbers/>
            </div>
        </main>
    }
}
